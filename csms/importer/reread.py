"""Reading our own journal again: every projection computed anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from csms import journal, stations
from csms.errors import Conflict
from csms.importer.lines import Row
from csms.importer.teller import Teller
from csms.inbox import POISON, Entry, Policy, Recall, Settlement, project
from csms.kit.db import Conn, Db
from csms.ocpp import TRANSLATORS
from csms.transactions import Vouched

FORGET = """
    truncate readings, steps, statuses, transactions, faults, authorizations, boots, connections, security_events,
        progress, variables, transfers, suspects, quarantine, repairs, profiles, composites, reservations, local_lists,
        local_list_entries, monitors, displays, certificates, certificate_requests, installed_certificates,
        firmware_updates, customer_information, notices, network_profiles, told_costs, grid_controls, event_streams,
        stream_values, battery_swaps, station_tariffs, settlements;
    update connectors set status = null, status_at = null, received_at = null;
"""

STRICT = "select strict from stations where id = $1"
WHOLE_JOURNAL = "select seq, received_at, kind, frame, action, by, repairs from frames where station = $1 order by seq"


async def rebuild(db: Db, policy: Policy | None = None) -> int:
    """Recompute every projection from the journal, in one transaction; the number of lines read.

    What a station said is repaired, or not, as its strict mode is set now.

    The journal is not touched. What people decided (stations, tokens, tariffs, payments, and commands with
    who asked for them and why) is no projection and stays.
    """
    lines = 0
    async with db.acquire() as conn, conn.transaction():
        if since := await conn.fetchval(journal.NEWEST_ANCHOR):
            raise Conflict(f"frames have gone by policy ({since:%Y-%m-%d}): a rebuild would lose what came of them")
        await conn.execute(FORGET)
        for group in _grouped([row["station"] for row in await conn.fetch(journal.STATIONS, None)]):
            tellers = [await _from_journal(conn, station) for station in group]
            lines += sum(len(t.rows) for t in tellers)
            await _retell(conn, [t for t in tellers if t.rows], policy or Policy())
    return lines


def _grouped(stations: Sequence[str], size: int = 50) -> list[Sequence[str]]:
    return [stations[i:i + size] for i in range(0, len(stations), size)]


async def _from_journal(conn: Conn, station: str) -> Teller:
    rows = [
        Row(row["seq"], station, row["received_at"], row["kind"], row["frame"],
            row["action"] if row["kind"] == "connected" and row["action"] in TRANSLATORS else None, row["by"],
            code=int(row["frame"]) if row["kind"] == "disconnected" and row["frame"] else None,
            repairs=tuple(row["repairs"] or ()))
        for row in await conn.fetch(WHOLE_JOURNAL, station)
    ]
    protocol = (await stations.find(conn, station)).protocol
    return Teller(station, rows, protocol, strict=await conn.fetchval(STRICT, station))


async def _retell(conn: Conn, tellers: Sequence[Teller], policy: Policy) -> None:
    running, vouched = list(tellers), Vouched()
    while running:
        batch = []
        for teller in running:
            seq = teller.rows[0].number
            entry = teller.next(seq)
            entry.seq = seq
            # Commands are on record with more than the journal knows of them.
            if isinstance(entry.then, Recall):
                entry.then = None
            elif isinstance(entry.then, Settlement):
                entry.then = replace(entry.then, on_record=True)
            batch.append(entry)
        await _project_again(conn, batch, policy, vouched)
        running = [t for t in running if t.rows]


async def _project_again(
    conn: Conn, batch: Sequence[Entry], policy: Policy, vouched: Vouched
) -> None:
    try:
        async with conn.transaction():
            await project(conn, batch, policy, vouched)
    except POISON as error:
        if len(batch) == 1:
            line = batch[0].line
            await journal.keep_quarantined(conn, line, batch[0].seq, f"{type(error).__name__}: {error}")
            return
        for entry in batch:
            await _project_again(conn, [entry], policy, vouched)
