"""Charging profiles and imposed limits: what was installed when, and which limit was in force at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from csms.kit.clock import parse_time
from csms.kit.db import Conn, Row
from csms.vocabulary import (
    ClearProfiles,
    CompositeTold,
    Limit,
    LimitImposed,
    LimitLifted,
    LimitPeriod,
    Profile,
    ProfilesReported,
    Schedule,
    Transaction,
    UpdateLimit,
)
from csms.vocabulary.heard import Heard, record_id

INSTALL = """
    insert into profiles (id, station, evse, profile_id, purpose, stack, kind, recurrency, valid_from, valid_to, said,
        remote_start_id, schedules, source, installed_at, seq)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) on conflict do nothing
"""

# A profile takes the place of one with its id, or of one for the same purpose on the same level (2.0.1 K01.FR.05).
REPLACE = """
    update profiles set cleared_at = $2, cleared_seq = $3
    where station = $1 and cleared_at is null and source = $4
      and (profile_id = $5 or (evse = $6 and purpose = $7 and stack = $8 and said is not distinct from $9))
"""

CLEAR = """
    update profiles set cleared_at = $2, cleared_seq = $3
    where station = $1 and cleared_at is null and source = 'csms'
      and ($4::int is null or profile_id = $4) and ($5::int is null or evse = $5)
      and ($6::text is null or purpose = $6) and ($7::int is null or stack = $7)
"""

LIFT = """
    update profiles set cleared_at = $2, cleared_seq = $3
    where station = $1 and cleared_at is null and source = $4 and ($5::int is null or evse = $5)
"""

ONE = "select * from profiles where station = $1 and profile_id = $2 and cleared_at is null and source = 'csms'"

ACTIVE = "select * from profiles where station = $1 and cleared_at is null order by installed_at, id"

BETWEEN = """
    select * from profiles where station = $1 and installed_at < $3 and coalesce(cleared_at, 'infinity') > $2
    order by installed_at, id
"""

LIST = """
    select * from profiles
    where station = $1 and ($2::boolean is null or (cleared_at is null) = $2)
      and ($3::timestamptz is null or (installed_at, id) < ($3, $4::uuid))
    order by installed_at desc, id desc limit $5
"""

KEEP_COMPOSITE = """
    insert into composites (station, evse, start_at, schedule, received_at, seq) values ($1, $2, $3, $4, $5, $6)
    on conflict do nothing
"""

COMPOSITES = "select distinct on (evse) * from composites where station = $1 order by evse, received_at desc"

MOST_EDGES = 5000
CYCLES = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}
WHOLE_STATION = frozenset({"station_max", "external", "priority", "local_generation"})
START_SOON = timedelta(minutes=10)
"""A profile that came with a remote start is for the transaction that begins within this time."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A profile as the station has or had it."""

    id: str
    station: str
    evse: int
    profile: Profile
    source: str
    installed_at: datetime
    cleared_at: datetime | None
    seq: int
    remote_start_id: int | None = None

    @property
    def rank(self) -> tuple[bool, int, datetime]:
        """Of an EVSE's own and the whole station's defaults the own one counts, then the higher level."""
        return self.evse != 0, self.profile.stack, self.installed_at


# --- rules ------------------------------------------------------------------------------------------


def in_force(
    installed: Iterable[Installed], evse: int, at: datetime, session: Transaction | None = None
) -> list[tuple[Installed, Schedule, LimitPeriod]]:
    """Which limits hold on an EVSE (0: on the station as a whole) at a time; the lowest of them is felt.

    Of each purpose the highest level that says something then; a transaction's own in place of the defaults.
    """
    holding: dict[str, tuple[Installed, Schedule, LimitPeriod]] = {}
    for one in installed:
        purpose = one.profile.purpose
        if not _applies(one, evse, at, session):
            continue
        found = period_at(one, at, session.started_at if session else None)
        key = f"{purpose} {one.source}" if purpose == "external" else purpose
        if found and (key not in holding or one.rank > holding[key][0].rank):
            holding[key] = (one, *found)
    if "tx" in holding:
        holding.pop("tx_default", None)
    return list(holding.values())


def _applies(one: Installed, evse: int, at: datetime, session: Transaction | None) -> bool:
    profile = one.profile
    if at < one.installed_at or (one.cleared_at is not None and at >= one.cleared_at):
        return False
    if (profile.valid_from and at < profile.valid_from) or (profile.valid_to and at >= profile.valid_to):
        return False
    if profile.purpose in WHOLE_STATION:
        return one.evse == evse
    if session is None or one.evse not in (0, evse):
        return False
    return profile.purpose != "tx" or _is_of(one, session)


def _is_of(one: Installed, session: Transaction) -> bool:
    if one.profile.transaction is not None:
        return one.profile.transaction == session.said
    if one.remote_start_id is not None and session.remote_start_id is not None:
        return one.remote_start_id == session.remote_start_id
    running = session.started_at <= one.installed_at and (
        session.stopped_at is None or one.installed_at < session.stopped_at
    )
    return running or timedelta(0) <= session.started_at - one.installed_at <= START_SOON


def period_at(
    one: Installed, at: datetime, session_start: datetime | None
) -> tuple[Schedule, LimitPeriod] | None:
    """The period of a profile that a time falls into."""
    for schedule in one.profile.schedules:
        offset = _offset(one, schedule, at, session_start)
        if offset < 0 or (schedule.duration_s is not None and offset >= schedule.duration_s):
            continue
        begun = [p for p in schedule.periods if p.start_s <= offset]
        if begun and begun[-1].limit is not None:
            return schedule, begun[-1]
    return None


def _offset(one: Installed, schedule: Schedule, at: datetime, session_start: datetime | None) -> float:
    """Seconds since the schedule began (1.6 section 3.13.3)."""
    profile = one.profile
    if profile.kind == "recurring" and schedule.start:
        cycle = CYCLES.get(profile.recurrency or "daily", CYCLES["daily"])
        return (at - schedule.start) % cycle / timedelta(seconds=1)
    if profile.kind == "relative":
        return (at - (session_start or one.installed_at)).total_seconds()
    return (at - (schedule.start or one.installed_at)).total_seconds()


def stretches(
    installed: Sequence[Installed], sessions: Sequence[Transaction], since: datetime, until: datetime
) -> list[Limit]:
    """Every limit that was in force between two times, in order; one profile gives several where its limit changes."""
    found: list[Limit] = []
    for evse in sorted({0, *(one.evse for one in installed), *(t.evse for t in sessions if t.evse)}):
        own = [t for t in sessions if t.evse == evse and evse]
        edges = _edges(installed, own, since, until)
        latest: dict[str, Limit] = {}
        for start, end in pairwise(edges):
            session = next((t for t in reversed(own) if _runs(t, start)), None)
            fresh = {
                one.id: _limit(one, schedule, period, evse, start, end)
                for one, schedule, period in in_force(installed, evse, start, session)
            }
            latest = {id: _joined(latest.get(id), limit, found) for id, limit in fresh.items()}
    return sorted(found, key=lambda limit: (limit.since, limit.evse, limit.id))


def _runs(session: Transaction, at: datetime) -> bool:
    return session.started_at <= at and (session.stopped_at is None or at < session.stopped_at)


def _joined(before: Limit | None, now: Limit, found: list[Limit]) -> Limit:
    if before is not None and replace(before, since=now.since, until=now.until) == now and before.until == now.since:
        found.remove(before)
        now = replace(now, since=before.since)
    found.append(now)
    return now


def _limit(
    one: Installed, schedule: Schedule, period: LimitPeriod, evse: int, since: datetime, until: datetime
) -> Limit:
    return Limit(
        id=one.id, station=one.station, evse=evse, purpose=one.profile.purpose, source=one.source, since=since,
        until=until, limit_w=period.limit if schedule.unit == "W" else None,
        limit_a=period.limit if schedule.unit == "A" else None, phases=period.phases, profile=one.profile.id,
        stack=one.profile.stack, frame=f"{one.station}:{one.seq}",
    )


def _edges(
    installed: Sequence[Installed], sessions: Sequence[Transaction], since: datetime, until: datetime
) -> list[datetime]:
    """The times at which a limit may change."""
    edges = {since, until}
    for t in sessions:
        edges |= {t.started_at, t.stopped_at or until}
    for one in installed:
        edges |= {at for at in (one.installed_at, one.cleared_at, one.profile.valid_from, one.profile.valid_to) if at}
        for schedule in one.profile.schedules:
            offsets = [p.start_s for p in schedule.periods]
            offsets += [schedule.duration_s] if schedule.duration_s is not None else []
            for origin in _origins(one, schedule, sessions, since, until):
                edges |= {origin + timedelta(seconds=s) for s in offsets}
    return sorted(at for at in edges if since <= at <= until)[:MOST_EDGES]


def _origins(
    one: Installed, schedule: Schedule, sessions: Sequence[Transaction], since: datetime, until: datetime
) -> list[datetime]:
    if one.profile.kind == "relative":
        return [one.installed_at, *(t.started_at for t in sessions)]
    if one.profile.kind != "recurring" or schedule.start is None:
        return [schedule.start or one.installed_at]
    cycle = CYCLES.get(one.profile.recurrency or "daily", CYCLES["daily"])
    first = since - (since - schedule.start) % cycle
    return [first + n * cycle for n in range(min(int((until - first) / cycle) + 1, 400))]


# --- what stations take and tell ---------------------------------------------------------------------


async def install(
    conn: Conn, station: str, evse: int, profile: Profile, *, source: str, at: datetime, seq: int, part: int = 0,
    remote_start_id: int | None = None,
) -> None:
    await conn.execute(
        REPLACE, station, at, seq, source, profile.id, evse, profile.purpose, profile.stack, profile.transaction
    )
    await conn.execute(
        INSTALL, record_id("profile", station, seq, part), station, evse, profile.id, profile.purpose, profile.stack,
        profile.kind, profile.recurrency, profile.valid_from, profile.valid_to, profile.transaction, remote_start_id,
        [asdict(schedule) for schedule in profile.schedules], source, at, seq,
    )


async def update(conn: Conn, station: str, asked: UpdateLimit, at: datetime, seq: int) -> None:
    """Another limit for a dynamic profile, from now on; what held before stays on record (2.1 K28)."""
    row, limit = await conn.fetchrow(ONE, station, asked.profile), asked.values.get("limit")
    if row is None or limit is None:
        return
    was = _installed(row)
    schedules = was.profile.schedules or (Schedule("W", ()),)
    phases = schedules[0].periods[-1].phases if schedules[0].periods else None
    now = Schedule(schedules[0].unit, (LimitPeriod(0, float(limit), phases),))
    await install(
        conn, station, was.evse, replace(was.profile, schedules=(now,)), source="csms", at=at, seq=seq,
        remote_start_id=was.remote_start_id,
    )


async def dynamic_limit(conn: Conn, station: str, profile: int, at: datetime) -> float | None:
    """What holds of a dynamic profile that the station has from us."""
    row = await conn.fetchrow(ONE, station, profile)
    if row is None or row["kind"] != "dynamic":
        return None
    found = period_at(_installed(row), at, None)
    return found[1].limit if found else None


async def clear(conn: Conn, station: str, asked: ClearProfiles, at: datetime, seq: int) -> None:
    await conn.execute(CLEAR, station, at, seq, asked.id, asked.evse, asked.purpose, asked.stack)


async def note_reported(conn: Conn, heards: Sequence[Heard[ProfilesReported]]) -> None:
    """What the station says it has: what we knew of stays as old as it is."""
    for heard in heards:
        said = heard.said
        active = [_installed(row) for row in await conn.fetch(ACTIVE, heard.station)]
        for part, profile in enumerate(said.profiles):
            if not any(
                one.source == said.source and one.evse == said.evse and one.profile == profile for one in active
            ):
                await install(
                    conn, heard.station, said.evse, profile, source=said.source, at=heard.received_at, seq=heard.seq,
                    part=part,
                )


async def note_imposed(conn: Conn, heards: Sequence[Heard[LimitImposed]]) -> None:
    for heard in heards:
        said = heard.said
        profile = Profile(None, "external", 0, "absolute", said.schedules)
        await install(
            conn, heard.station, said.evse, profile, source=said.source, at=heard.received_at, seq=heard.seq
        )


async def note_lifted(conn: Conn, heards: Sequence[Heard[LimitLifted]]) -> None:
    for heard in heards:
        await conn.execute(LIFT, heard.station, heard.received_at, heard.seq, heard.said.source, heard.said.evse)


async def keep_composite(conn: Conn, station: str, told: CompositeTold, at: datetime, seq: int) -> None:
    schedule = told.schedule
    await conn.execute(KEEP_COMPOSITE, station, told.evse, schedule.start or at, asdict(schedule), at, seq)


# --- facts ------------------------------------------------------------------------------------------


def _installed(row: Row) -> Installed:
    profile = Profile(
        row["profile_id"], row["purpose"], row["stack"], row["kind"], tuple(map(_schedule, row["schedules"])),
        row["recurrency"], row["valid_from"], row["valid_to"], row["said"],
    )
    return Installed(
        str(row["id"]), row["station"], row["evse"], profile, row["source"], row["installed_at"], row["cleared_at"],
        row["seq"], row["remote_start_id"],
    )


def _schedule(kept: Mapping[str, Any]) -> Schedule:
    periods = tuple(LimitPeriod(p["start_s"], p["limit"], p["phases"]) for p in kept["periods"])
    start = parse_time(kept["start"]) if kept["start"] else None
    return Schedule(kept["unit"], periods, start, kept["duration_s"])


async def between(
    conn: Conn, station: str, sessions: Sequence[Transaction], since: datetime, until: datetime
) -> list[Limit]:
    """The limits in force at a station between two times, given the transactions of that time."""
    installed = [_installed(row) for row in await conn.fetch(BETWEEN, station, since, until)]
    return stretches(installed, sessions, since, until) if installed else []


async def limit_at(
    conn: Conn, station: str, evse: int, at: datetime, sessions: Sequence[Transaction] = ()
) -> list[Limit]:
    """The limits in force on an EVSE at a time, its station's among them; the lowest is what could be felt."""
    moment = timedelta(microseconds=1)
    found = await between(conn, station, sessions, at, at + moment)
    return [limit for limit in found if limit.evse in (0, evse)]


async def listing(
    conn: Conn, station: str, *, active: bool | None = None, after: tuple[datetime, str] | None = None,
    limit: int = 100,
) -> list[Row]:
    return list(await conn.fetch(LIST, station, active, *(after or (None, None)), limit))


async def composites(conn: Conn, station: str) -> list[Row]:
    """The latest composite schedule each EVSE told."""
    return list(await conn.fetch(COMPOSITES, station))
