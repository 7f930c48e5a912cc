"""The story of a station around a time: all that is on record, gathered from every feature."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from operator import attrgetter

from csms import (
    commands,
    faults,
    journal,
    meters,
    payments,
    profiles,
    registers,
    stations,
    tariffs,
    tokens,
    transactions,
)
from csms.kit.db import Conn
from csms.vocabulary import FrameMark, MeterReading, Payment, Story, Transaction, TransactionStep

FAR = timedelta(days=1)
"""How far beyond its start and stop a transaction's readings may lie: device clocks jump when they are set."""
LAST = timedelta(microseconds=1)
"""A reading at the moment of the stop belongs to it."""


async def gather(
    conn: Conn, station: str, since: datetime, until: datetime, *, asked_tokens: Sequence[str] = (),
    references: Sequence[str] = (), orders: Sequence[str] = (),
) -> Story:
    """Raises NotFound when there is no such station."""
    about = await stations.find(conn, station)
    sessions = await with_energy(conn, await transactions.at_station(conn, station, since, until))
    readings = await _readings(conn, station, sessions, since, until)
    paid = await _payments(conn, station, since, until, asked_tokens, references, orders)
    neighbours = await stations.site_stations(conn, about.site, station) if about.site else []
    return Story(
        station=about, since=since, until=until, transactions=tuple(sessions),
        readings=tuple(_belonging(readings, sessions)),
        statuses=tuple(await stations.statuses_between(conn, station, since, until)),
        steps=tuple(await _steps(conn, station, since, until)),
        faults=tuple(await faults.between(conn, station, since, until)),
        authorizations=tuple(await tokens.authorizations_between(conn, station, since, until)),
        commands=tuple(await commands.between(conn, station, since, until)),
        connections=tuple(await stations.connections_between(conn, [station], since, until)),
        boots=tuple(await stations.boots_between(conn, station, since, until)),
        frames=tuple(await _marks(conn, station, since, until)),
        payments=tuple(paid),
        tariffs=tuple(await tariffs.versions(conn, about.tariff)) if about.tariff else (),
        elsewhere=tuple(await _elsewhere(conn, station, asked_tokens, since, until)),
        neighbours=tuple(await stations.connections_between(conn, neighbours, since, until)) if neighbours else (),
        last_status_before=await stations.statuses_before(conn, station, since),
        other_stations=tuple(await stations.find_many(conn, neighbours)) if neighbours else (),
        limits=tuple(await profiles.between(conn, station, sessions, since, until)),
    )


async def with_energy(conn: Conn, found: Sequence[Transaction]) -> list[Transaction]:
    """Their energy, by what the registers of each model mean; without a stop value the last register heard gives it."""
    unstopped = [(t.id, t.station, t.said, t.started_at) for t in found if t.energy_wh is None]
    running = {t.id: t.evse for t in found if t.state == "open" and t.evse}
    last = await meters.last_energy(conn, unstopped, running)
    means = await registers.of_stations(conn, (t.station for t in found))
    return [transactions.meant(t, last.get(t.id), means.get(t.station, transactions.PLAIN)) for t in found]


async def readings_of(conn: Conn, transaction: Transaction) -> list[MeterReading]:
    until = transaction.stopped_at or transaction.started_at + 30 * FAR
    found = await _readings(conn, transaction.station, [transaction], transaction.started_at, until)
    return [r for r in _belonging(found, [transaction]) if r.transaction == transaction.id]


async def _readings(
    conn: Conn, station: str, sessions: Sequence[Transaction], since: datetime, until: datetime
) -> list[MeterReading]:
    first = min([since, *(t.started_at for t in sessions)])
    last = max([until, *(t.stopped_at + LAST for t in sessions if t.stopped_at)])
    named = list({t.said for t in sessions})
    return await _meant(conn, station, await meters.around(conn, station, first, last, far=FAR, named=named))


async def _meant(conn: Conn, station: str, found: list[MeterReading]) -> list[MeterReading]:
    if any(r.evse == 0 for r in found) and (only := await stations.only_plug(conn, station)):
        found = [replace(r, evse=only) if r.evse == 0 else r for r in found]
    means = await registers.of_stations(conn, [station])
    return [transactions.reading_meant(r, means[station]) for r in found] if station in means else found


def _belonging(readings: Iterable[MeterReading], sessions: Sequence[Transaction]) -> list[MeterReading]:
    """Each reading with the transaction it belongs to: the one it names, else the one its plug was in."""
    by_said: dict[str, list[Transaction]] = {}
    by_evse: dict[int | None, list[Transaction]] = {}
    for t in sessions:
        by_said.setdefault(t.said, []).append(t)
        if _began(t):
            by_evse.setdefault(t.evse, []).append(t)
    return [_owned(r, _owner(r, by_said.get(r.said or "\0", ()), by_evse.get(r.evse, ()))) for r in readings]


_FIELDS = tuple(f.name for f in fields(MeterReading))
_BEFORE = attrgetter(*_FIELDS[: _FIELDS.index("transaction")])
_AFTER = attrgetter(*_FIELDS[_FIELDS.index("transaction") + 1 :])


def _owned(reading: MeterReading, transaction: str | None) -> MeterReading:
    """Thousands in a story: several times cheaper than `replace`."""
    if reading.transaction == transaction:
        return reading
    values = (*_BEFORE(reading), transaction, *_AFTER(reading))
    return MeterReading(*values)


def _owner(reading: MeterReading, called: Sequence[Transaction], here: Sequence[Transaction]) -> str | None:
    """`called`: those that go by the id it names; `here`: those that began at its plug."""
    named = [t for t in called if _near(reading, t)]
    if named and _during(reading, named[-1]):
        return named[-1].id
    during = [t for t in here if _during(reading, t)]
    if named and during:  # a stale id: whoever charges there now (lbbrhzn#1749)
        return during[-1].id
    if named:
        return named[-1].id
    if called:
        return None
    unnamed = reading.said is None or reading.said in ("", "0", "-1")
    foreign = [t for t in during if "foreign_transaction" in t.suspect]
    return during[-1].id if unnamed and during else foreign[-1].id if foreign else None


def _began(t: Transaction) -> bool:
    """An orphan stop has no start that a reading could lie after."""
    return "orphan_stop" not in t.suspect


def _near(reading: MeterReading, t: Transaction) -> bool:
    return t.started_at - FAR <= reading.at and (t.stopped_at is None or reading.at <= t.stopped_at + FAR)


def _during(reading: MeterReading, t: Transaction) -> bool:
    return t.started_at <= reading.at and (t.stopped_at is None or reading.at <= t.stopped_at)


async def _payments(
    conn: Conn, station: str, since: datetime, until: datetime, asked_tokens: Sequence[str],
    references: Sequence[str], orders: Sequence[str],
) -> list[Payment]:
    """Those of the station and the customer in the window, those asked for, and whatever belongs with them."""
    return await payments.find(
        conn, references=references, orders=orders, tokens=asked_tokens, station=station, since=since, until=until
    )


async def _steps(conn: Conn, station: str, since: datetime, until: datetime) -> list[TransactionStep]:
    return [
        TransactionStep(
            said=row["said"], seq_no=row["seq_no"], type=row["type"], at=row["at"], received_at=row["received_at"],
            trigger=row["trigger"], charging_state=row["charging_state"], offline=row["offline"],
            frame=f"{station}:{row['seq']}", token=row["token"],
        )
        for row in await transactions.steps_between(conn, station, since, until)
    ]


async def _marks(conn: Conn, station: str, since: datetime, until: datetime) -> list[FrameMark]:
    return [
        FrameMark(f"{station}:{row['seq']}", row["received_at"], row["kind"], row["action"])
        for row in await journal.marks(conn, station, since, until)
    ]


async def _elsewhere(
    conn: Conn, station: str, asked_tokens: Sequence[str], since: datetime, until: datetime
) -> list[Transaction]:
    """The customer's sessions at other stations."""
    if not asked_tokens:
        return []
    found = await transactions.of_tokens(conn, asked_tokens, since, until)
    return await with_energy(conn, [t for t in found if t.station != station])
