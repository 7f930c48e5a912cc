"""What stations' codes mean: shipped, brought in as CSV, and listed where nobody has explained them yet."""

from __future__ import annotations

import csv
from importlib import resources
from typing import Any

import httpx
import pytest

from complaints import fault_codes
from tests.complaints.desk import Bench
from tests.complaints.test_rest_complaints import Caller, call, is_problem

__all__ = ["call"]

HEADER = "family,code,name,meaning_en,meaning_zh,severity,who,source,basis,note\n"
VENDOR = HEADER + 'vendor.hualian,E17,Fan,"The fan, left",左侧风扇故障,S3,CH,Hualian manual 2.1,seen,\n'


async def bring(call: Caller, text: str | bytes, role: str = "supervisor", kind: str = "text/csv") -> httpx.Response:
    headers = {"Authorization": f"Bearer {call.tokens[role]}", "Content-Type": kind}
    content = text.encode() if isinstance(text, str) else text
    return await call.http.post("/api/v1/fault-codes", content=content, headers=headers)


async def seeded(bench: Bench) -> int:
    async with bench.db.acquire() as conn, conn.transaction():
        return await fault_codes.seed(conn, bench.clock())


async def test_the_shipped_codes_are_there_once_and_readable_in_both_languages(bench: Bench, call: Caller) -> None:
    assert await seeded(bench) == 331
    assert await seeded(bench) == 0
    found = (await call("GET", "/fault-codes?limit=1000", role="agent")).json()
    assert len(found["items"]) == 331
    assert all(one["meaning"]["en"] and one["meaning"]["zh"] and one["source"] for one in found["items"])
    assert all(any("\u4e00" <= c <= "\u9fff" for c in one["meaning"]["zh"]) for one in found["items"])
    ground = (await call("GET", "/fault-codes?code=groundfailure")).json()["items"]
    assert [(one["family"], one["severity"], one["who"][0]) for one in ground] == [("ocpp16.errorCode", "S1", "EV")]
    assert len((await call("GET", "/fault-codes?q=急停")).json()["items"]) > 3


async def test_pages_of_the_list_join_without_gap_or_overlap(bench: Bench, call: Caller) -> None:
    await seeded(bench)
    seen: list[Any] = []
    path = "/fault-codes?limit=100"
    while path:
        body = (await call("GET", path)).json()
        seen += [(one["family"], one["code"]) for one in body["items"]]
        path = f"/fault-codes?limit=100&cursor={body['next_cursor']}" if body["next_cursor"] else ""
    assert len(seen) == len(set(seen)) == 331


async def test_a_vendors_table_is_taken_and_a_new_release_leaves_it_alone(bench: Bench, call: Caller) -> None:
    await seeded(bench)
    own = "ocpp16.errorCode,WeakSignal,,,信号差,,,our own experience,,\n"
    answer = await bring(call, VENDOR + own)
    assert answer.json() == {"accepted": 2, "families": ["ocpp16.errorCode", "vendor.hualian"]}
    async with bench.db.acquire() as conn:
        await conn.execute("update knowledge set checksum = 'an older edition'")
        await conn.execute("insert into fault_codes select 'gone', code, name, meaning_en, meaning_zh, severity, who,"
                           " source, basis, note, 'product', updated_at, 'product' from fault_codes limit 1")
    assert await seeded(bench) == 331
    fan = (await call("GET", "/fault-codes?code=E17")).json()["items"][0]
    assert (fan["meaning"]["en"], fan["who"], fan["origin"], fan["updated_by"]) == (
        "The fan, left", ["CH"], "import", "supervisor")
    weak = (await call("GET", "/fault-codes?code=WeakSignal&family=ocpp16.errorCode")).json()["items"][0]
    assert weak["meaning"] == {"en": "信号差", "zh": "信号差"}
    assert (await call("GET", "/fault-codes?family=gone")).json()["items"] == []


@pytest.mark.parametrize(("text", "field", "words"), [
    ("", "row 1", "empty"),
    ("family,code\n", "row 1, source", "missing"),
    ("family,code,source,meaning_en,colour\n", "row 1, colour", "no column"),
    (HEADER + "v,1,,On fire,,S9,,manual,,\n", "row 2, severity", "S1, S2, S3, S4"),
    (HEADER + "v,1,,Hot,,S1,,manual,,\n\nv,2,,,,,,manual,,\n", "row 4, meaning_zh", "a meaning is needed"),
    (HEADER + "v,1,,Hot,,,XX,manual,,\n", "row 2, who", "XX is none of"),
    (HEADER + "v,1,,Hot,,,,manual,,\nv,1,,Cold,,,,manual,,\n", "row 3, code", "already"),
    (HEADER + "v,1,Hot\n", "row 2", "has 3 cells"),
    (HEADER + ",1,,Hot,,,,manual,,\n", "row 2, family", "must not be empty"),
])
async def test_mistakes_are_named_by_row_and_column_and_nothing_is_stored(
    bench: Bench, call: Caller, text: str, field: str, words: str
) -> None:
    body = is_problem(await bring(call, text), 422)
    assert body["errors"][0]["field"].startswith(field)
    assert words in body["errors"][0]["message"]
    assert (await call("GET", "/fault-codes")).json()["items"] == []


async def test_what_is_no_csv_and_who_may_not_is_refused(bench: Bench, call: Caller) -> None:
    is_problem(await bring(call, VENDOR, role="agent"), 403)
    is_problem(await bring(call, VENDOR, kind="application/json"), 415)
    is_problem(await bring(call, "family,code\n\xff".encode("latin-1")), 422, "body")
    is_problem(await call("GET", "/fault-codes?cursor=WzFd"), 422, "cursor")


async def test_codes_nobody_has_explained_are_listed_until_somebody_does(bench: Bench, call: Caller) -> None:
    await seeded(bench)
    await bench.add_station("CS-1")
    await bench.csms.put_station("CS-1", {"vendor": "Hualian", "model": "DC60"}, ())
    rows: list[Any] = [(-60, "connected")]
    for n, (code, vendor) in enumerate([("OtherError", "E17"), ("GroundFailure", "CX002"), ("OtherError", "E17")]):
        body = {"connectorId": 1 + n % 2, "errorCode": code, "vendorErrorCode": vendor, "status": "Faulted",
                "info": "fan", "timestamp": bench.at(-50 + n)}
        rows.append((-50 + n, "received", [2, f"f{n}", "StatusNotification", body]))
    await bench.tell("CS-1", rows)
    found = (await call("GET", "/fault-codes/unknown", role="technician")).json()["items"]
    assert [(one["code"], one["vendor"], one["model"], one["example"]) for one in found] == [
        ("E17", "Hualian", "DC60", "CS-1")]
    await bring(call, VENDOR, role="technician")
    assert (await call("GET", "/fault-codes/unknown")).json()["items"] == []


def test_the_shipped_table_passes_its_own_rules() -> None:
    text = resources.files("complaints.fault_codes").joinpath("codes.csv").read_text("utf-8")
    codes, wrong = fault_codes.read(text)
    assert not wrong
    assert len(codes) == len(list(csv.reader(text.splitlines()))) - 1
