"""Writes docs/ocpp-coverage.md: what each OCPP message does here, found out by doing it.

Every message of every version is brought in as the official schema's example, as a station would say it or
answer it, and the tables that change are read off PostgreSQL's own counters. Nothing in the table is claimed
by hand.

    python -m tools.coverage
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from csms.commands import EFFECT_WITHIN, KINDS
from csms.importer import import_lines
from csms.kit.db import Conn, Db, connect
from csms.kit.migrate import migrate
from csms.kit.postgres import EmbeddedPostgres
from csms.ocpp import TRANSLATORS, schemas
from csms.vocabulary import OtherCommand
from tools.examples import example

PAGE = Path(__file__).parent.parent / "docs" / "ocpp-coverage.md"
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)

# Kept of every message and command whatever it says: no state of its own.
ALWAYS = frozenset({"frames", "heads", "events", "commands", "connections", "stations", "migrations", "suspects",
                    "repairs"})
STATION_COLUMNS = ("vendor", "firmware", "booted_at", "boot_status", "firmware_status", "upload_status",
                   "clock_offset_s")


@dataclass(frozen=True, slots=True)
class Row:
    action: str
    meaning: str
    state: tuple[str, ...]
    effect: str | None = None


# --- doing it ---------------------------------------------------------------------------------------


async def touched(db: Db, before: list[dict[str, Any]], lines: list[dict[str, Any]]) -> tuple[str, ...]:
    """The tables that these lines change, beside those that every line changes."""
    await import_lines(db, lambda: NOON, [orjson.dumps(line) for line in before])
    async with db.acquire() as conn:
        was, station = await _counts(conn), await _station(conn)
        await import_lines(_Held(conn), lambda: NOON, [orjson.dumps(line) for line in lines])
        now, after = await _counts(conn), await _station(conn)
        quarantined = await conn.fetchval("select error from quarantine limit 1")
    assert quarantined is None, f"{lines[-1]!r}: {quarantined}"
    tables = {name for name, count in now.items() if count != was.get(name, 0)}
    columns = {f"stations.{name}" for name in STATION_COLUMNS if station[name] != after[name]}
    return tuple(sorted((_plain(tables) - ALWAYS) | columns))


def _plain(tables: set[str]) -> set[str]:
    """Partitions by the name of what they are parts of."""
    return {next((t for t in ("frames", "readings", "steps") if name.startswith(t + "_")), name) for name in tables}


async def _counts(conn: Conn) -> dict[str, int]:
    await conn.execute("select pg_stat_force_next_flush()")
    return {row["relname"]: row["touched"] for row in await conn.fetch(
        "select relname, n_tup_ins + n_tup_upd + n_tup_del as touched from pg_stat_user_tables"
    )}


async def _station(conn: Conn) -> Any:
    return await conn.fetchrow("select * from stations where id = 'CS-1'")


class _Held:
    """A pool of one connection: its counters are flushed before they are read."""

    def __init__(self, conn: Conn) -> None:
        self.conn = conn

    def acquire(self, **_: Any) -> _Held:
        return self

    async def __aenter__(self) -> Conn:
        return self.conn

    async def __aexit__(self, *_: object) -> None:
        return None


def _line(second: int, kind: str, **more: Any) -> dict[str, Any]:
    at = (NOON - timedelta(hours=1) + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")
    return {"station": "CS-1", "at": at, "kind": kind, **more}


# What has to be there first for a message to take away or to carry on.
AFTER = {
    "ClearChargingProfile": "SetChargingProfile", "CancelReservation": "ReserveNow",
    "ReservationStatusUpdate": "ReserveNow", "CertificateSigned": "SignCertificate",
    "DeleteCertificate": "GetInstalledCertificateIds", "ClearDisplayMessage": "SetDisplayMessage",
    "ClearVariableMonitoring": "SetVariableMonitoring", "SetMonitoringBase": "SetVariableMonitoring",
    "ClearedChargingLimit": "NotifyChargingLimit", "FirmwareStatusNotification": "UpdateFirmware",
    "SignedFirmwareStatusNotification": "SignedUpdateFirmware",
    "PublishFirmwareStatusNotification": "PublishFirmware", "NotifyDERStartStop": "SetDERControl",
    "ClearDERControl": "SetDERControl", "ClosePeriodicEventStream": "OpenPeriodicEventStream",
    "AdjustPeriodicEventStream": "OpenPeriodicEventStream", "ClearTariffs": "SetDefaultTariff",
    "UpdateDynamicSchedule": "SetChargingProfile",
}


async def said(db: Db, protocol: str) -> list[Row]:
    found = []
    for action in sorted(schemas.SAID[protocol]):
        message = TRANSLATORS[protocol].read(action, example(protocol, action, True))
        found.append(Row(action, type(message).__name__, await _tried(db, protocol, action, said=True)))
    return found


async def asked(db: Db, protocol: str) -> list[Row]:
    found = []
    for action in sorted(schemas.ASKED[protocol]):
        command = TRANSLATORS[protocol].read_command(action, example(protocol, action, True))
        meaning = "-" if isinstance(command, OtherCommand) else type(command).__name__
        state = await _tried(db, protocol, action, said=False)
        found.append(Row(action, meaning, state, seen_by(KINDS[type(command)])))
    return found


# Each table that is truncated costs a file: those of two hundred messages only where there is something.
FILLED = """
    select string_agg(format('select %L as name where exists (select from %I)', tablename, tablename), ' union all ')
    from pg_tables where schemaname = 'public' and tablename <> 'migrations'
"""


async def _tried(db: Db, protocol: str, action: str, *, said: bool) -> tuple[str, ...]:
    """On an empty database, with what has to be there first."""
    async with db.acquire() as conn:
        if filled := await conn.fetch(await conn.fetchval(FILLED)):
            await conn.execute(f"truncate {', '.join(row['name'] for row in filled)} cascade")
    before = [_line(0, "connected", protocol=protocol)]
    if first := AFTER.get(action):
        before += _told(protocol, first, 1, said=first in schemas.SAID[protocol])
    return await touched(db, before, _told(protocol, action, 10, said=said))


def _told(protocol: str, action: str, second: int, *, said: bool) -> list[dict[str, Any]]:
    question = [2, str(second), action, example(protocol, action, True)]
    if said:
        return [_line(second, "received", frame=question)]
    answer = [3, str(second), example(protocol, action, True, answer=True)]
    return [_line(second, "sent", frame=question), _line(second + 1, "received", frame=answer)]


EFFECTS = {
    "reset": "the socket drops, the station boots, its connectors report",
    "unlock": "the connector reports Available",
    "start": "the transaction begins",
    "stop": "the transaction ends",
    "trigger": "the message comes",
    "set_availability": "the connectors report it",
    "fetch_log": "the file is here, or the station says that it failed",
    "reserve": "the connector reports Reserved",
    "cancel_reservation": "the connector reports another status",
    "write_variables": "the values read back, or the reboot that was wanted came",
    "report_variables": "the last part of the report",
    "report_profiles": "the last part of the report",
    "report_monitors": "the last part of the report",
    "report_displays": "the last part of the report",
    "ask_customer": "the last part of what is told",
    "update_firmware": "Installed, or a boot with another version; its failures are told too",
    "publish_firmware": "Published, or its failures",
    "set_priority": "NotifyPriorityCharging",
    "report_grid_controls": "the last part of the report",
    "swap_battery": "BatteryOut; BatteryOutTimeout is told too",
}


def seen_by(kind: str) -> str | None:
    assert set(EFFECTS) == set(EFFECT_WITHIN), "every effect that is waited for is described, and no other"
    return f"{EFFECTS[kind]} ({_short(EFFECT_WITHIN[kind])})" if kind in EFFECTS else None


def _short(time: timedelta) -> str:
    seconds = int(time.total_seconds())
    return f"{seconds // 3600} h" if seconds >= 3600 else f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"


# --- writing it down --------------------------------------------------------------------------------

INTRODUCTION = """# What each OCPP message does here

Written by `python -m tools.coverage`, which brings in every message as the official schema's fullest example and
reads off which tables change; `tests/csms/test_coverage.py` keeps it current. Every message is journalled, checked
against the schema of its version and answered as the specification asks; every question may be asked over
`POST /api/v1/stations/{id}/commands`, and its row (`commands`) follows the answer. The column *state* names what
changes beyond that; *the command alone*: the row with its payload and the answer is all there is to keep, for the
reason given at the end. In an example ids fit nothing that is on record, so a message that ends or changes something
may show fewer tables than it moves in life.
"""


# Of questions that leave nothing behind but their own row.
WHY_NOTHING = {
    "ClearCache": "the cache is the station's own; what is in it is never told",
    "Transfer": "only the vendor knows what it means",
    "Trigger": "what comes of it is a message like any other",
    "Reset": "its end is its effect; how resets of a model go is reckoned from the rows (`GET /resets`)",
    "Unlock": "the connector reports what came of it",
    "Stop": "the transaction is the state",
    "SetAvailability": "the connectors report it",
    "FetchLog": "the upload is the state (`GET /uploads`)",
    "AskCustomer": "NotifyCustomerInformation brings it",
    "ReportVariables": "NotifyReport brings it",
    "ReportProfiles": "ReportChargingProfiles brings it",
    "ReportMonitors": "NotifyMonitoringReport brings it",
    "ReportDisplays": "NotifyDisplayMessages brings it",
    "ReportGridControls": "ReportDERControl brings it",
    "AskTransactionStatus": "a transaction that it denies is doubted (`suspects`), none is changed",
    "UnpublishFirmware": "the update's own history stands",
    "SetPriority": "NotifyPriorityCharging brings it, as a notice of the transaction",
    "SignalBalance": "a signal holds until the next one; the rows are the series",
    "AllowTransfers": "the vehicle decides; NotifyEVChargingNeeds brings what it chose",
    "AnnouncePayment": "it passes by itself after its own time-out",
}


def _reasons(left: set[str]) -> str:
    assert left == WHY_NOTHING.keys(), f"why does nothing remain of {sorted(left ^ WHY_NOTHING.keys())}?"
    rows = [f"| {meaning} | {WHY_NOTHING[meaning]} |" for meaning in sorted(left)]
    return "\n".join(["## Why nothing else remains of some", "", "| meaning | |", "|---|---|", *rows, ""])


async def page(db: Db) -> str:
    parts, left = [INTRODUCTION], set[str]()
    for protocol in TRANSLATORS:
        version = protocol.removeprefix("ocpp")
        rows = await said(db, protocol)
        assert all(r.state or r.action == "Heartbeat" for r in rows), "whatever a station says leaves something behind"
        parts.append(f"## OCPP {version}: from the station ({len(rows)})\n")
        parts.append("| message | meaning | state |\n|---|---|---|")
        parts += [f"| {r.action} | {r.meaning} | {_state(r)} |" for r in rows]
        rows = await asked(db, protocol)
        parts.append(f"\n## OCPP {version}: to the station ({len(rows)})\n")
        parts.append("| message | meaning | state, once accepted | effect observed (within) |\n|---|---|---|---|")
        parts += [f"| {r.action} | {r.meaning} | {_state(r)} | {r.effect or '-'} |" for r in rows]
        parts.append("")
        left |= {r.meaning for r in rows if not r.state}
    return "\n".join([*parts, _reasons(left)])


def _state(row: Row) -> str:
    if row.action == "Heartbeat":
        return "last_heard_at"
    return ", ".join(row.state) or "the command alone"


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ohmbudsman-coverage-", ignore_cleanup_errors=True) as folder:
        server = EmbeddedPostgres(Path(folder))
        dsn = await server.start()
        try:
            await migrate(dsn)
            db = await connect(dsn)
            PAGE.write_text(await page(db), "utf-8")
            await db.close()
        finally:
            await server.stop()


if __name__ == "__main__":
    asyncio.run(main())

