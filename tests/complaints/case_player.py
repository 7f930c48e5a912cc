"""Plays a complaint case (YAML, the format of the black-box cases) into a bench: stations, journal, payments, words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from complaints.intake.form import ComplaintIn, read
from csms.kit.clock import iso
from tests.complaints.case_story import TOPICS, Told
from tests.complaints.desk import Bench

CATEGORY = {topic: category for category, names in TOPICS.items() for topic in names.split()}
ANSWERS: dict[str, Any] = {
    "BootNotification": lambda at: {"currentTime": at, "interval": 300, "status": "Accepted"},
    "Heartbeat": lambda at: {"currentTime": at},
    "DataTransfer": lambda at: {"status": "Accepted"},
}


class Told2(Told):
    """Only what filling in needs: the story itself comes from the real central system."""

    def __init__(self, path: Path, bench: Bench) -> None:
        self.case = yaml.safe_load(path.read_text())
        self.filed = bench.clock()

    def lines(self) -> list[str]:
        rows, asked, sent = [], {}, {}
        journal = self.case["journal"]
        for n, (at, name, kind, *rest) in enumerate(journal):
            base: dict[str, Any] = {"station": name, "at": iso(self.moment(at))}
            rest = [self.fill(part) for part in rest]
            match kind:
                case "connected":
                    rows.append(base | {"kind": kind, "protocol": self.case["stations"][name]["protocol"]})
                case "disconnected":
                    rows.append(base | {"kind": kind, "code": rest[0] if rest else 1006})
                case "raw":
                    rows.append(base | {"kind": "received", "frame": rest[0]})
                case "in":
                    asked[name] = f"m{n}"
                    frame = [2, f"m{n}", rest[0], rest[1] if len(rest) > 1 else {}]
                    rows.append(base | {"kind": "received", "frame": frame})
                    following = journal[n + 1] if n + 1 < len(journal) else [None] * 3
                    if following[1:3] != [name, "answer"]:
                        usual = self.usual(rest[0], base["at"], name)
                        rows.append(base | {"kind": "sent", "frame": [3, f"m{n}", usual]})
                case "answer":
                    rows.append(base | {"kind": "sent", "frame": [3, asked[name], rest[0]]})
                case "out":
                    sent[name] = f"c{n}"
                    frame = [2, f"c{n}", rest[0], rest[1] if len(rest) > 1 else {}]
                    rows.append(base | {"kind": "sent", "frame": frame, "by": rest[2] if len(rest) > 2 else "system"})
                case "reply":
                    rows.append(base | {"kind": "received", "frame": [3, sent[name], rest[0]]})
        return [json.dumps(row, ensure_ascii=False) for row in rows]

    def usual(self, action: str, at: str, name: str) -> Any:
        if action == "Authorize":
            key = "idTagInfo" if self.case["stations"][name]["protocol"] == "ocpp1.6" else "idTokenInfo"
            return {key: {"status": "Accepted"}}
        return ANSWERS.get(action, lambda _: {})(at)

    def complaint(self) -> ComplaintIn:
        """With the topic the case expects: what is tried here is the evidence, not the reading of words."""
        body, expect = self.fill(self.case["complaint"]), self.case["expect"]
        topic, level = expect.get("topic", "other"), expect.get("level", 2)
        body["topic"] = topic[0] if isinstance(topic, list) else topic
        body["level"] = level[0] if isinstance(level, list) else level
        return read(body)


async def play(bench: Bench, path: Path) -> ComplaintIn:
    """Everything of the case on record; what is to be filed."""
    told = Told2(path, bench)
    for name, station in told.case["stations"].items():
        fields = told.fill({k: v for k, v in station.items() if k not in ("protocol", "tariff", "connectors")})
        if "tariff" in station:
            await bench.csms.put_tariff(f"tf-{name}", {"valid_from": "2020-01-01T00:00:00Z"} | station["tariff"])
            fields["tariff"] = f"tf-{name}"
        await bench.csms.put_station(name, fields, station.get("connectors", ()))
    report = await bench.csms.archive.import_lines(told.lines())
    assert not report.rejected, report.rejected
    for payment in told.payments:
        await bench.csms.record_payment(payment)
    return told.complaint()
