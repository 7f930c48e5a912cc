"""Transactions and their readings over HTTP."""

from __future__ import annotations

from csms.rest import shapes
from tests.csms.rest.conftest import Http


def moment(minute: int) -> str:
    return f"2026-11-22T01:{minute:02d}:00.000Z"


def session(station: str, number: int, start: int, *, token: str = "CARD", stop: bool = True) -> list[dict]:
    """A 1.6 session of ten minutes, as a journal has it."""
    def told(minute: int, id: str, action: str, payload: dict, answer: dict) -> list[dict]:
        base = {"station": station, "at": moment(minute)}
        return [base | {"kind": "received", "frame": [2, f"{id}{number}", action, payload]},
                base | {"kind": "sent", "frame": [3, f"{id}{number}", answer]}]

    lines = told(start, "s", "StartTransaction", {
        "connectorId": 1, "idTag": token, "meterStart": 1000, "timestamp": moment(start)
    }, {"transactionId": number, "idTagInfo": {"status": "Accepted"}})
    for n in (1, 2, 3):
        lines += told(start + n, f"r{n}-", "MeterValues", {"connectorId": 1, "transactionId": number, "meterValue": [
            {"timestamp": moment(start + n), "sampledValue": [
                {"value": str(1000 + 500 * n)}, {"value": "30", "measurand": "Power.Active.Import", "unit": "kW"}]}
        ]}, {})
    if stop:
        lines += told(start + 10, "e", "StopTransaction", {
            "transactionId": number, "meterStop": 3000, "timestamp": moment(start + 10), "reason": "Local"
        }, {})
    return lines


async def test_transactions_are_found_by_station_token_state_and_time(http: Http) -> None:
    report = await http.journal(
        *session("CS-1", 7, 0), *session("CS-1", 8, 20, token="OTHER"), *session("CS-2", 7, 30, stop=False)
    )
    assert report["rejected"] == []
    _, page = await http("GET", "/transactions")
    shapes.Listing[shapes.TransactionShape].model_validate(page)
    assert [(t["station"], t["number"]) for t in page["items"]] == [("CS-2", 7), ("CS-1", 8), ("CS-1", 7)]
    for query, found in {
        "station=CS-1": [8, 7], "token=OTHER": [8], "state=open": [7], "state=closed&station=CS-1": [8, 7],
        f"from={moment(20)}&to={moment(30)}": [8], "from=2026-11-22T09:20:00+08:00&station=CS-1": [8],
        "station=CS-9": [],
    }.items():
        _, page = await http("GET", f"/transactions?{query}")
        assert [t["number"] for t in page["items"]] == found, query
    seen, cursor = [], ""
    while cursor is not None:
        _, page = await http("GET", f"/transactions?limit=1{cursor and '&cursor=' + cursor}")
        seen += [t["number"] for t in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [7, 8, 7]


async def test_a_transaction_is_told_with_its_readings(http: Http) -> None:
    await http.journal(*session("CS-1", 7, 0), *session("CS-1", 8, 20, stop=False))
    _, page = await http("GET", "/transactions")
    going, ended = page["items"]
    assert (ended["energy_wh"], ended["stop_reason"], ended["state"], ended["stopped_at"]) == (
        2000, "Local", "closed", moment(10)
    )
    assert (going["energy_wh"], going["stopped_at"], going["state"]) == (1500, None, "open")
    assert (await http("GET", f"/transactions/{ended['id']}"))[1] == ended
    _, page = await http("GET", f"/transactions/{ended['id']}/readings")
    shapes.Listing[shapes.ReadingShape].model_validate(page)
    assert [(r["at"], r["energy_wh"], r["power_w"]) for r in page["items"]] == [
        (moment(n), 1000 + 500 * n, 30000) for n in (1, 2, 3)
    ]
    _, first = await http("GET", f"/transactions/{ended['id']}/readings?limit=2")
    _, rest = await http("GET", f"/transactions/{ended['id']}/readings?limit=2&cursor={first['next_cursor']}")
    assert first["items"] + rest["items"] == page["items"]
    assert rest["next_cursor"] is None


async def test_bad_questions_are_told_so(http: Http) -> None:
    assert await http.refused("GET", "/transactions?state=half") == (422, ["state"])
    assert await http.refused("GET", "/transactions?from=monday") == (422, ["from"])
    assert await http.refused("GET", "/transactions?to=2026-13-01T00:00:00Z") == (422, ["to"])
    assert await http.refused("GET", "/transactions?limit=1001") == (422, ["limit"])
    assert await http.refused("GET", "/transactions?cursor=WyJhIiwiYiJd") == (422, ["cursor"])
    assert await http.refused("GET", "/transactions?station=a%00b") == (422, ["station"])
    for id in ("7", "00000000-0000-0000-0000-000000000000"):
        assert (await http("GET", f"/transactions/{id}"))[0] == 404
        assert (await http("GET", f"/transactions/{id}/readings"))[0] == 404
