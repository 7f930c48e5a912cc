"""A case's scenario tells the same story without whom, where and when: same findings, same verdict, same bill."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from complaints import scenario
from complaints.intake.form import read
from csms.errors import BadInput
from csms.kit.clock import SetClock
from csms.kit.db import connect
from tests.complaints.case_player import play
from tests.complaints.desk import WANG, Bench
from tests.complaints.test_rest_complaints import Caller, call, filed
from tests.database import Databases

__all__ = ["call"]

HERE = Path(__file__).parents[1] / "cases"
BESIDE = Path(__file__).parents[3] / "shared" / "cases" / "dev"
CASES = sorted([*HERE.glob("**/*.yaml"), *BESIDE.glob("*.yaml")])


def gist(judgement: Any) -> dict[str, Any]:
    """What has to come out the same."""
    bill, matched = judgement["bill"], judgement["transaction"]
    return {
        "findings": {f["code"]: f["stance"] for f in judgement["findings"]},
        "verdict": judgement["verdict"], "liability": judgement["liability"],
        "bill": bill and {name: bill[name] for name in ("currency", "expected", "charged", "held")},
        "matched": bool(matched), "steps": judgement["steps"],
        "remedies": [(r["kind"], r.get("amount")) for r in judgement["remedies"]],
    }


def speaks(judgement: Any) -> None:
    """Three sentences for the driver, a paragraph for the agent, every finding: in three languages."""
    for words in [judgement["explanation"], judgement["agent_note"], *(f["summary"] for f in judgement["findings"])]:
        assert all(words[language] for language in ("en", "zh", "zh-Hant"))
        assert not re.search(r"None|nan|[{}]", words["en"] + words["zh"]), words
    assert 2 <= len(re.findall(r"[。？！]", judgement["explanation"]["zh"])) <= 5


async def told_again(databases: Databases, text: str) -> tuple[dict[str, Any], scenario.Scenario]:
    """The judgement of the replayed complaint in an empty database."""
    found = scenario.read(text)
    dsn = await databases.create()
    db = await connect(dsn, most=4)
    try:
        clock = SetClock(found.filed_at)
        bench = Bench(db, clock)
        await scenario.load(bench.csms, found)
        view = await bench.desk.file(found.complaint, by="replay", strict=False)
        clock.now = found.assessed_at
        again = await bench.desk.assess(view.case.number, always=True)
        return dict(again.judgement), found
    finally:
        await db.close()
        await databases.drop(dsn)


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
async def test_a_case_told_again_is_judged_the_same(bench: Bench, databases: Databases, path: Path) -> None:
    view = await bench.desk.file(await play(bench, path), by="wang", strict=False)
    first = await bench.desk.assessment(view.case.number)
    assert first is not None
    speaks(first.judgement)
    made = await scenario.make(bench.desk, view.case.number)
    again, found = await told_again(databases, scenario.as_yaml(made))
    assert gist(again) == gist(first.judgement)
    assert gist(again)["findings"] == found.expect["findings"]


async def test_no_name_number_or_day_of_the_original_is_left(bench: Bench, call: Caller) -> None:
    """Everything that tells who, where or when: in facts, in free text of frames, in ids."""
    await bench.add_station("ZHONGSHAN-ROAD-7")
    await bench.csms.put_station("ZHONGSHAN-ROAD-7", {"site": "Zhongshan Plaza", "name": "Plaza north"}, ())
    boot = {"chargePointVendor": "V", "chargePointModel": "M", "chargePointSerialNumber": "SN-778899", "iccid": "8986"}
    start = bench.session(-90, -82, number=7788, meter=180220, wh=12, token="04AABBCCDD1122")
    note = {"connectorId": 1, "errorCode": "OtherError", "status": "Faulted", "timestamp": bench.at(-83),
            "info": "tag 04AABBCCDD1122 at ZHONGSHAN-ROAD-7", "vendorErrorCode": "77"}
    extra = {"vendorId": "V", "data": "driver Zhang Wei 13812345678"}
    await bench.tell("ZHONGSHAN-ROAD-7", [
        (-300, "connected"), (-300, "received", [2, "b-ZHONGSHAN-ROAD-7", "BootNotification", boot]), *start,
        (-83, "received", [2, "n1", "StatusNotification", note]), (-81, "received", [2, "d1", "DataTransfer", extra]),
        (-80, "received", '[2,"x","StatusNotification",{"info":"04AABBCCDD1122 ' + bench.at(-80)),
    ])
    await bench.pay("PAY-556677", "30.00", -91, station="ZHONGSHAN-ROAD-7", evse=1, token="04AABBCCDD1122",
                    order="ORD-990011", payer="13812345678")
    given = {
        "channel": "wechat", "text": "我是张伟,电话13812345678,付了30没充上电", "station": "ZHONGSHAN-ROAD-7",
        "evse": 1, "occurred_at": bench.at(-90), "payment_reference": "PAY-556677", "order": "ORD-990011",
        "customer": {"name": "张伟", "phone": "13812345678", "email": "zhang@corp.cn", "token": "04AABBCCDD1122",
                     "plate": "粤B55667"},
    }
    number = (await bench.desk.file(read(given), by="wang")).case.number
    as_json = await call("GET", f"/complaints/{number}/scenario", role="integration")
    headers = {"Authorization": f"Bearer {call.tokens['auditor']}", "Accept": "application/yaml"}
    as_yaml = await call.http.get(f"/api/v1/complaints/{number}/scenario", headers=headers)
    assert as_yaml.headers["content-type"].startswith("application/yaml")
    for text in (as_json.text, as_yaml.text):
        for real in ("ZHONGSHAN", "Zhongshan", "Plaza", "04AABBCCDD1122", "7788", "SN-77", "8986", "1381234", "PAY-55",
                     "ORD-99", "张伟", "Zhang", "corp.cn", "粤B", number, "2026-"):
            assert real not in text, real
    readable = yaml.safe_load(as_yaml.text)
    assert readable["complaint"]["text"] != given["text"]
    assert [json.loads(line) for line in readable["journal"].splitlines()] == as_json.json()["journal"]


async def test_a_decision_over_the_rules_is_not_what_the_replay_has_to_find(bench: Bench, call: Caller) -> None:
    number = await filed(bench, call)
    await call("PATCH", f"/complaints/{number}", {"verdict": "not_upheld", "reason": "x"})
    made = (await call("GET", f"/complaints/{number}/scenario")).json()
    assert made["expect"]["verdict"] == "upheld"


async def test_the_scenario_of_old_evidence_needs_no_journal(bench: Bench, databases: Databases) -> None:
    """Retention may have taken the journal: what was frozen is enough for what it proves."""
    await bench.a_dead_session()
    number = (await bench.desk.file(read(bench.dead_complaint()), by="wang")).case.number
    async with bench.db.acquire() as conn:
        await conn.execute("delete from frames")
    again, _ = await told_again(databases, scenario.as_yaml(await scenario.make(bench.desk, number)))
    assert again["verdict"] == "upheld"
    assert "energy.none" in {f["code"] for f in again["findings"]}


async def test_it_is_given_to_nobody_unknown_and_of_nothing_that_was_not_judged(bench: Bench, call: Caller) -> None:
    number = await filed(bench, call)
    assert (await call.http.get(f"/api/v1/complaints/{number}/scenario")).status_code == 401
    assert (await call("GET", "/complaints/C20990101-000001/scenario")).status_code == 404
    assert (await call("GET", f"/complaints/{number}/scenario?version=7")).status_code == 404
    assert WANG.role == "agent"


@pytest.mark.parametrize(("text", "field"), [
    ("{", "scenario"), ("[]", "format"), ("format: other/1", "format"),
    ("format: ohmbudsman-scenario/1\nfiled_at: '2024-01-08T00:00:00Z'", "assessed_at"),
])
def test_a_file_that_is_none_is_refused_by_name(text: str, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        scenario.read(text)
    assert refused.value.field == field
