"""Recorded conversations of real station stacks come in whole, go out again, and prove that nobody edited them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from csms import faults, journal, transactions
from csms.importer import export_lines, import_lines, rebuild
from csms.kit.clock import system_clock
from csms.kit.db import Db, connect
from tests.database import Databases

RECORDINGS = Path(__file__).parent / "recordings"
FILES = ("microocpp-16", "microocpp-201", "vcp")

# What a reader finds in the recordings: EVSE, register at start and stop in Wh, stop reason.
READ_BY_EYE: dict[str, list[tuple[Any, ...]]] = {
    "MO-A": [
        (1001, 1, 0, 28, "Local"), (1002, 2, 0, 12, "Remote"), (1003, 1, 28, 53, "Local"), (1004, 1, 53, 78, "Local"),
        (1005, 1, 78, 96, "Local"), (1006, 1, 96, 25, "Local"), (1007, 1, 25, 41, "Local"),
        (1008, 1, 0, 6, "SoftReset"), (1009, 1, 0, 15, "EVDisconnected"),
        (None, 1, 15, None, None),  # its start was answered with a CALLERROR; the station went on charging
    ],
    "MO-B": [
        ("D389DD3AB5E31BA058E3AED7BE4D72CBD1", 1, None, None, None),
        ("65096B0F4E04297DCF37220B811D5E64C4", 1, None, None, "Remote"),
        ("58E14C100BB0F045ACF7C25505B46B841A", 1, None, None, None),
        ("288D2B4B66B00B9D9A55681508F87C7091", 1, None, None, None),
        ("7549C7B3870A9B394A10E25A6EEF669774", 1, None, None, "ImmediateReset"),
    ],
    "VCP16": [(1001, 1, 0, 2000, "Local"), (1002, 1, 0, 20, None)],
    "VCP201": [("239b0c0d-4575-4e3b-b21f-9910571084e5", 1, 0, 170.17, None)],
    "VCP21": [("d32107dc-485e-438c-9042-de951234b1be", 1, 0, None, None)],
}
FAULTS = {
    ("MO-A", 1, "GroundFailure", "ground"), ("MO-A", 1, "OverCurrentFailure", "overcurrent"),
    ("VCP16", 1, "GroundFailure", "ground"), ("VCP201", 0, "Connector.Problem", "other"),
}

TABLES = ("transactions", "readings", "statuses", "steps", "faults", "authorizations", "boots", "connections")


def lines(name: str) -> list[bytes]:
    return (RECORDINGS / f"{name}.ndjson").read_bytes().splitlines()


async def brought_in(db: Db) -> None:
    for name in FILES:
        report = await import_lines(db, system_clock, lines(name))
        assert report.rejected == []
        assert report.accepted == len(lines(name))


async def rows(db: Db, table: str) -> list[dict[str, Any]]:
    """A projection without what a new numbering changes."""
    local = ("id", "seq", "start_seq", "stop_seq", "cleared_seq")
    found = [{k: v for k, v in row.items() if k not in local} for row in await db.fetch(f"select * from {table}")]
    return sorted(found, key=repr)


async def test_every_line_of_the_recordings_is_taken_and_gives_what_a_reader_finds(db: Db) -> None:
    await brought_in(db)
    async with db.acquire() as conn:
        for station, expected in READ_BY_EYE.items():
            found = sorted(await transactions.search(conn, station=station), key=lambda t: t.started_at)
            assert [
                (t.number if t.reference is None else t.reference, t.evse, t.meter_start_wh, t.meter_stop_wh,
                 t.stop_reason) for t in found
            ] == expected
        seen = await faults.listing(conn)
    assert {(f.station, f.evse, f.code, f.kind) for f in seen} == FAULTS


async def test_a_meter_that_went_backwards_is_noted_not_refused(db: Db) -> None:
    await brought_in(db)
    async with db.acquire() as conn:
        odd = await transactions.named(conn, "MO-A", "1006")
    assert odd is not None
    assert "energy_negative" in odd.suspect
    assert await db.fetchval("select count(*) from suspects where code = 'energy_negative'") == 1


async def test_bringing_in_the_same_lines_again_changes_nothing(db: Db) -> None:
    await brought_in(db)
    before = {table: await rows(db, table) for table in TABLES}
    for name in FILES:
        report = await import_lines(db, system_clock, lines(name))
        assert (report.accepted, report.duplicates) == (0, len(lines(name)))
    assert {table: await rows(db, table) for table in TABLES} == before


async def test_what_is_taken_out_gives_the_same_in_an_empty_database(db: Db, databases: Databases) -> None:
    await brought_in(db)
    taken_out = [line for station in READ_BY_EYE async for line in export_lines(db, station)]
    other_dsn = await databases.create()
    other = await connect(other_dsn)
    try:
        report = await import_lines(other, system_clock, taken_out)
        assert report.rejected == []
        for table in TABLES:
            assert await rows(other, table) == await rows(db, table), table
    finally:
        await other.close()
        await databases.drop(other_dsn)


async def test_projections_can_be_recomputed_from_the_journal(db: Db) -> None:
    await brought_in(db)
    before = {table: await rows(db, table) for table in TABLES}
    ids = await db.fetch("select id from transactions order by id")
    await db.execute("delete from readings; update transactions set meter_stop_wh = 1; delete from faults")
    assert await rebuild(db) == sum(len(lines(name)) for name in FILES)
    assert {table: await rows(db, table) for table in TABLES} == before
    assert await db.fetch("select id from transactions order by id") == ids


@pytest.mark.parametrize(("edit", "seq", "why"), [
    ("update frames set frame = replace(frame, '3', '8') where station = 'MO-A' and seq = 9", 9, "altered"),
    ("update frames set received_at = received_at + interval '1 s' where station = 'MO-A' and seq = 9", 9, "altered"),
    ("delete from frames where station = 'MO-A' and seq = 9", 9, "removed"),
    ("insert into frames select * from frames where station = 'MO-A' and seq = 9", 9, "inserted"),
])
async def test_an_edited_journal_is_found_out(db: Db, edit: str, seq: int, why: str) -> None:
    await brought_in(db)
    async with db.acquire() as conn:
        assert (await journal.verify(conn))[1] == []
        before = await conn.fetchval("select frame from frames where station = 'MO-A' and seq = 9")
        await conn.execute(edit)
        if edit.startswith("update frames set frame"):
            assert before != await conn.fetchval("select frame from frames where station = 'MO-A' and seq = 9")
        _, broken = await journal.verify(conn)
    assert [(b.station, b.seq, b.why) for b in broken] == [("MO-A", seq, why)]


async def test_a_journal_cut_off_at_its_end_is_found_out(db: Db) -> None:
    await brought_in(db)
    async with db.acquire() as conn:
        await conn.execute("delete from frames f using heads h where f.station = 'MO-B' and h.station = 'MO-B' "
                           "and f.seq > h.seq - 3")
        _, broken = await journal.verify(conn)
    assert [(b.station, b.why) for b in broken] == [("MO-B", "cut off")]


@pytest.mark.parametrize(("line", "field"), [
    (b"not json", "line"),
    (b'{"station": "A", "kind": "received", "frame": []}', "at"),
    (b'{"station": "A", "at": "yesterday", "kind": "received", "frame": []}', "at"),
    (b'{"station": "", "at": "2026-11-22T01:00:00Z", "kind": "connected"}', "station"),
    (b'{"station": "A", "at": "2026-11-22T01:00:00Z", "kind": "heard"}', "kind"),
    (b'{"station": "A", "at": "2026-11-22T01:00:00Z", "kind": "received", "frame": 7}', "frame"),
    (b'{"station": "A", "at": "2026-11-22T01:00:00Z", "kind": "connected", "protocol": "ocpp9"}', "protocol"),
])
async def test_a_wrong_line_is_named_and_the_others_come_in(db: Db, line: bytes, field: str) -> None:
    good = b'{"station": "A", "at": "2026-11-22T01:00:00Z", "kind": "connected", "protocol": "ocpp1.6"}'
    report = await import_lines(db, system_clock, [line, good])
    assert report.accepted == 1
    assert report.rejected[0]["line"] == 1
    assert report.rejected[0]["message"].startswith(field)


async def test_a_dry_run_only_checks(db: Db) -> None:
    report = await import_lines(db, system_clock, lines("vcp"), dry_run=True)
    assert report.accepted == len(lines("vcp"))
    assert await db.fetchval("select count(*) from frames") == 0


async def test_a_frame_that_was_no_json_is_kept_as_it_came(db: Db) -> None:
    raw = '[2,"x","StatusNotification",{"connectorId":1,'
    line = orjson.dumps({"station": "A", "at": "2026-11-22T01:00:00Z", "kind": "received", "frame": raw})
    await import_lines(db, system_clock, [line])
    assert await db.fetchval("select frame from frames") == raw
    assert [orjson.loads(out)["frame"] async for out in export_lines(db, "A")] == [raw]
