"""The journal over HTTP."""

from __future__ import annotations

from csms.rest import shapes
from tests.csms.rest.conftest import Http
from tests.csms.rest.test_transactions import session

READER = {"Authorization": "Bearer auditor"}


async def test_history_comes_in_once_and_wrong_lines_are_named(http: Http) -> None:
    lines = session("CS-1", 7, 0)
    checked = await http.journal(*lines, "{", dry_run=True)
    assert (checked["accepted"], [r["line"] for r in checked["rejected"]]) == (len(lines), [len(lines) + 1])
    assert (await http("GET", "/stations"))[1]["items"] == []
    report = await http.journal(*lines, "{", '{"station": 7}')
    shapes.ImportShape.model_validate(report)
    assert (report["accepted"], report["duplicates"]) == (len(lines), 0)
    assert [r["line"] for r in report["rejected"]] == [len(lines) + 1, len(lines) + 2]
    again = await http.journal(*lines)
    assert again == {"accepted": 0, "duplicates": len(lines), "rejected": []}
    assert len((await http("GET", "/transactions"))[1]["items"]) == 1


async def test_what_goes_out_comes_in_again(http: Http) -> None:
    await http("PUT", "/stations/CS-1", {})
    plug = await http.plug("CS-1")
    await plug.say("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
    await http.journal(*session("CS-2", 7, 0))
    answer = await http.client.get("/api/v1/journal/export", headers=READER)
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    lines = answer.text.splitlines()
    assert len(lines) == 3 + len(session("CS-2", 7, 0))
    assert await http.journal(*lines) == {"accepted": 0, "duplicates": len(lines), "rejected": []}
    one = await http.client.get("/api/v1/journal/export?station=CS-2&to=2026-11-22T01:01:00Z", headers=READER)
    assert len(one.text.splitlines()) == 2
    assert (await http("GET", "/journal/export?station=CS-9"))[0] == 404


async def test_an_altered_row_is_named(http: Http) -> None:
    await http.journal(*session("CS-1", 7, 0), *session("CS-2", 7, 0))
    _, whole = await http("GET", "/journal/verify")
    shapes.VerifiedShape.model_validate(whole)
    assert (whole["intact"], whole["rows"], whole["broken"]) == (True, 20, [])
    await http.centre.db.execute("update frames set frame = replace(frame, '3000', '2000') where station = 'CS-2'")
    _, broken = await http("GET", "/journal/verify")
    assert broken["broken"] == [{"station": "CS-2", "seq": 9, "why": "altered"}]
    assert (await http("GET", "/journal/verify?station=CS-1"))[1]["intact"]
    assert (await http("GET", "/journal/verify?station=CS-9"))[0] == 404


async def test_only_ndjson_is_taken(http: Http) -> None:
    status, problem = await http("POST", "/journal", {"station": "CS-1"})
    assert status == 415
    assert "application/x-ndjson" in problem["detail"]


async def test_a_large_journal_is_read_while_it_comes(http: Http) -> None:
    async def lines():
        for n in range(20_000):
            yield b'{"station":"CS-%d","at":"2026-11-22T01:00:00.000Z","kind":"connected"}\n' % n

    answer = await http.client.post(
        "/api/v1/journal?dry_run=true", content=lines(),
        headers={"Authorization": "Bearer integration", "Content-Type": "application/x-ndjson"},
    )
    assert answer.json() == {"accepted": 20_000, "duplicates": 0, "rejected": []}


async def test_what_was_odd_is_shown(http: Http) -> None:
    """A transaction that ends before it began, and text that is no JSON."""
    lines = [
        {"station": "CS-1", "at": "2026-11-22T01:00:00Z", "kind": "received", "frame": '[2,"x","Heartbeat",{}'},
        {"station": "CS-1", "at": "2026-11-22T01:00:00Z", "kind": "received", "frame": [
            2, "b", "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}]},
        {"station": "CS-1", "at": "2026-11-22T01:00:01Z", "kind": "received", "frame": [
            2, "e", "StopTransaction", {"transactionId": 99, "meterStop": 5, "timestamp": "2026-11-22T01:00:00Z"}]},
    ]
    await http.journal(*lines)
    _, odd = await http("GET", "/suspects?station=CS-1")
    shapes.Listing[shapes.SuspectShape].model_validate(odd)
    assert [s["code"] for s in odd["items"]] == ["orphan_stop"]
    assert (await http("GET", "/suspects?code=other"))[1]["items"] == []
    _, mended = await http("GET", "/repairs")
    shapes.Listing[shapes.RepairShape].model_validate(mended)
    assert mended["items"]
    await http.centre.db.execute(
        "insert into quarantine select station, received_at, seq, action, 'why', frame from frames where seq <= 2"
    )
    _, page = await http("GET", "/quarantine?limit=1")
    shapes.Listing[shapes.QuarantineShape].model_validate(page)
    _, rest = await http("GET", f"/quarantine?station=CS-1&limit=1&cursor={page['next_cursor']}")
    assert [q["seq"] for q in page["items"] + rest["items"]] == [2, 1]
