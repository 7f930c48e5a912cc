"""What a person decides over the rules: with a reason, as a version of his own, and counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.complaints.desk import Bench
from tests.complaints.test_rest_complaints import Caller, call, filed, is_problem

__all__ = ["call"]


async def assessment(call: Caller, number: str) -> dict[str, Any]:
    found: dict[str, Any] = (await call("GET", f"/complaints/{number}/assessment")).json()
    return found


async def test_a_verdict_is_put_over_the_rules_and_says_who_why_and_instead_of_what(bench: Bench, call: Caller) -> None:
    number = await filed(bench, call)
    decided = {
        "verdict": "partly_upheld", "liability": "vehicle", "reason": "the car's timer was set",
        "remedies": [{"kind": "goodwill", "amount": "5", "currency": "CNY"}, {"kind": "apologise", "note": "kindly"}],
    }
    assert (await call("PATCH", f"/complaints/{number}", decided, role="finance")).status_code == 200
    found = await assessment(call, number)
    assert (found["version"], found["asked_by"], found["reason"]) == (2, "finance", "the car's timer was set")
    assert (found["verdict"], found["liability"]) == ("partly_upheld", "vehicle")
    assert found["remedies"][0] == {"kind": "goodwill", "amount": "5.00", "currency": "CNY"}
    assert found["overridden"]["verdict"]["rules"] == "upheld"
    assert found["overridden"]["verdict"]["by"] == "finance"
    assert {"verdict", "liability", "remedies"} <= {change["field"] for change in found["changed"]}
    entries = (await call("GET", f"/complaints/{number}")).json()["entries"]
    assert [e["author"] for e in entries if e["type"] == "override"] == ["finance"]


async def test_a_decision_stands_when_records_come_later_and_can_be_given_back(bench: Bench, call: Caller) -> None:
    number = await filed(bench, call)
    await call("PATCH", f"/complaints/{number}", {"verdict": "inconclusive", "reason": "a witness said otherwise"})
    bench.clock.move(timedelta(minutes=20))
    await bench.pay("P-2", "30.00", 0, station="CS-1", evse=1, token="T1", transaction="9001")
    await bench.worker.round()
    await bench.worker.round()
    found = await assessment(call, number)
    assert (found["version"], found["verdict"], found["bill"]["charged"]) == (3, "inconclusive", "60.00")
    assert found["overridden"]["verdict"]["rules"] == "upheld"
    await call("PATCH", f"/complaints/{number}", {"verdict": None, "reason": "the witness was mistaken"})
    found = await assessment(call, number)
    assert (found["verdict"], found["overridden"]) == ("upheld", {})


async def test_another_transaction_is_decided_and_everything_judged_by_it(bench: Bench, call: Caller) -> None:
    number = await filed(bench, call)
    await bench.tell("CS-1", bench.session(-70, -40, number=9002, meter=200, wh=9000, token="T2", evse=2))
    other = next(t for t in await bench.csms.transactions(station="CS-1") if t.number == 9002)
    answer = await call("PATCH", f"/complaints/{number}", {"transaction": other.id, "reason": "he showed the screen"})
    assert answer.json()["transaction"] == other.id
    found = await assessment(call, number)
    assert found["transaction"]["id"] == other.id
    assert found["transaction"]["because"][0] == "a person decided so"
    assert "energy.none" not in {f["code"] for f in found["findings"]}
    assert found["overridden"]["transaction"]["rules"] != other.id
    await call("PATCH", f"/complaints/{number}", {"transaction": "none", "reason": "it was another day"})
    assert (await assessment(call, number))["transaction"] is None


async def test_what_may_not_be_decided_is_refused_and_named(bench: Bench, call: Caller) -> None:
    number = await filed(bench, call)
    path = f"/complaints/{number}"
    is_problem(await call("PATCH", path, {"verdict": "upheld"}), 422, "reason")
    is_problem(await call("PATCH", path, {"verdict": "maybe", "reason": "x"}), 422, "verdict")
    is_problem(await call("PATCH", path, {"transaction": "9001", "reason": "x"}), 422, "transaction")
    nobody = "00000000-0000-0000-0000-000000000000"
    is_problem(await call("PATCH", path, {"transaction": nobody, "reason": "x"}), 422, "transaction")
    is_problem(await call("PATCH", path, {"remedies": [{"kind": "gold"}], "reason": "x"}), 422)
    is_problem(await call("PATCH", path, {"remedies": [{"kind": "refund"}], "reason": "x"}), 422, "remedies[0].amount")
    is_problem(await call("PATCH", path, {"verdict": "upheld", "reason": "x"}, role="integration"), 403)
    danger = {"topic": "safety", "remedies": [{"kind": "reset"}], "reason": "x"}
    await call("PATCH", path, {"topic": "safety", "level": 1, "reason": "sparks, he says now"})
    is_problem(await call("PATCH", path, danger), 422, "remedies")
    assert (await assessment(call, number))["overridden"] == {}


async def test_how_often_each_finding_is_overruled_is_a_report(bench: Bench, call: Caller) -> None:
    numbers = [await filed(bench, call) for _ in range(4)]
    empty = (await call("GET", "/reports/overrides", role="supervisor")).json()
    assert (empty["cases"], empty["overridden"], empty["rate"]) == (4, 0, 0.0)
    await call("PATCH", f"/complaints/{numbers[0]}", {"verdict": "not_upheld", "reason": "x"})
    await call("PATCH", f"/complaints/{numbers[1]}", {"verdict": "upheld", "reason": "I agree with the rules"})
    await call("PATCH", f"/complaints/{numbers[2]}", {"liability": "vehicle", "reason": "x"})
    await call("PATCH", f"/complaints/{numbers[2]}", {"liability": None, "reason": "back"})
    found = (await call("GET", "/reports/overrides", role="auditor")).json()
    assert (found["cases"], found["overridden"], found["rate"]) == (4, 1, 0.25)
    lines = {line["code"]: line for line in found["items"]}
    assert lines["energy.none"]["cases"] == 4
    assert (lines["energy.none"]["overridden"], lines["energy.none"]["rate"]) == (1, 0.25)
    assert lines["energy.none"]["fields"] == {"verdict": 1}
    assert lines["energy.none"]["overridden_decisive"] == 1 or lines["payment.exceeds_bill"]["overridden_decisive"] == 1
    none = (await call("GET", "/reports/overrides?from=2030-01-01T00:00:00Z")).json()
    assert (none["cases"], none["rate"], none["items"]) == (0, None, [])
    is_problem(await call("GET", "/reports/overrides", role="technician"), 403)
