"""Plays complaint cases (YAML) against a running product over HTTP, and says what differs from the expected.

A case is what one or more stations sent, in minutes before the complaint is filed, what was paid, what the
driver wrote, and what a fair and competent reader concludes from those records and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import yaml

HERE = Path(__file__).parent
GIVEN = HERE.parents[2] / "shared" / "cases" / "dev"
"""Cases that others wrote; they lie beside some checkouts."""
TOLERANCE = Decimal("0.011")
_WALL_CLOCK = re.compile(r"d-(\d+)@(\d\d):(\d\d)(?::(\d\d))?([+-])(\d\d):?(\d\d)")
_UNPROVEN = ("records.silent", "fault.none_reported", "payment.not_ours")
"""Findings that may stand without references: that nothing is there is all they say."""


def case_files() -> list[Path]:
    return sorted(HERE.glob("*.yaml")) + sorted(GIVEN.glob("*.yaml"))


@dataclass
class Performance:
    """One playing of one case: names of its own, and times relative to its filing."""

    case: dict[str, Any]
    filed: datetime = field(default_factory=lambda: datetime.now(UTC))
    key: str = field(default_factory=lambda: secrets.token_hex(4))

    def station(self, name: str) -> str:
        return f"{name}-{self.key}"

    def moment(self, spec: float | str) -> datetime:
        """-90: ninety minutes before filing; "d-1@23:30+08:00": yesterday at that wall clock."""
        if not isinstance(spec, str):
            return self.filed + timedelta(minutes=spec)
        found = _WALL_CLOCK.fullmatch(spec)
        assert found, f"not a time: {spec}"
        days, hour, minute, second = (int(part or 0) for part in found.groups()[:4])
        offset = timedelta(hours=int(found[6]), minutes=int(found[7]))
        zone = timezone(-offset if found[5] == "-" else offset)
        day = self.filed.astimezone(zone).date() - timedelta(days=days)
        return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=zone)

    def filled(self, value: Any) -> Any:
        """With names and times put in."""
        match value:
            case dict():
                return {key: self.filled(one) for key, one in value.items()}
            case list():
                return [self.filled(one) for one in value]
            case str():
                value = re.sub(r"\{t([+-]?[\d.]+)\}", lambda m: _iso(self.moment(float(m[1]))), value)
                value = re.sub(r"\{(d-\d+@[^}]+)\}", lambda m: _iso(self.moment(m[1])), value)
                value = re.sub(r"\{id:(\w+)\}", lambda m: self.station(m[1]), value)
                return value.replace("{tok}", f"T{self.key}").replace("{pay}", f"P{self.key}-")
        return value

    def setting(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What is entered before: (path, body) of tariffs and stations."""
        for name, given in self.case["stations"].items():
            body = self.filled({k: v for k, v in given.items() if k not in ("protocol", "tariff")})
            if "tariff" in given:
                body["tariff"] = f"tariff-{self.station(name)}"
                yield f"/tariffs/{body['tariff']}", {"valid_from": "2020-01-01T00:00:00Z", **given["tariff"]}
            yield f"/stations/{self.station(name)}", body

    def journal(self) -> list[dict[str, Any]]:
        """The case's rows as lines of a journal; our usual answers put in where it names none."""
        rows = self.case["journal"]
        lines: list[dict[str, Any]] = []
        asked: dict[tuple[str, str], str] = {}
        for number, (at, name, kind, *rest) in enumerate(rows):
            line = {"station": self.station(name), "at": _iso(self.moment(at))}
            said = self.filled(rest)
            match kind:
                case "connected":
                    lines.append(line | {"kind": kind, "protocol": self.case["stations"][name]["protocol"]})
                case "disconnected":
                    lines.append(line | {"kind": kind, "code": rest[0] if rest else 1006})
                case "raw":
                    lines.append(line | {"kind": "received", "frame": said[0]})
                case "in":
                    asked[name, "in"] = f"in{number}"
                    payload = said[1] if len(said) > 1 else {}
                    lines.append(line | {"kind": "received", "frame": [2, f"in{number}", said[0], payload]})
                    if not (number + 1 < len(rows) and rows[number + 1][1:3] == [name, "answer"]):
                        usual = self._usual(name, said[0], line["at"])
                        lines.append(line | {"kind": "sent", "frame": [3, f"in{number}", usual]})
                case "answer":
                    lines.append(line | {"kind": "sent", "frame": [3, asked[name, "in"], said[0]]})
                case "out":
                    asked[name, "out"] = f"out{number}"
                    payload = said[1] if len(said) > 1 else {}
                    by = {"by": said[2]} if len(said) > 2 else {}
                    lines.append(line | by | {"kind": "sent", "frame": [2, f"out{number}", said[0], payload]})
                case "reply":
                    lines.append(line | {"kind": "received", "frame": [3, asked[name, "out"], said[0]]})
                case _:
                    raise AssertionError(f"unknown kind of row: {kind}")
        return lines

    def _usual(self, name: str, action: str, at: str) -> dict[str, Any]:
        assert action != "StartTransaction", "the answer to a start has to be in the case"
        if action == "Authorize":
            old = self.case["stations"][name]["protocol"] == "ocpp1.6"
            return {"idTagInfo" if old else "idTokenInfo": {"status": "Accepted"}}
        return {
            "BootNotification": {"currentTime": at, "interval": 300, "status": "Accepted"},
            "Heartbeat": {"currentTime": at},
            "DataTransfer": {"status": "Accepted"},
        }.get(action, {})

    def payments(self) -> list[dict[str, Any]]:
        return [self._placed(p) for p in self.case.get("payments", [])]

    def complaint(self) -> dict[str, Any]:
        return self._placed(self.case["complaint"])

    def _placed(self, given: dict[str, Any]) -> dict[str, Any]:
        found = self.filled(given)
        return found | {"station": self.station(given["station"])} if "station" in given else found


@dataclass(frozen=True)
class Answers:
    """What the product said to one case."""

    filed: dict[str, Any]
    assessment: dict[str, Any]
    transaction: dict[str, Any] | None


async def play(client: httpx.AsyncClient, case: dict[str, Any]) -> Answers:
    """Loads the case, files its complaint, waits for the assessment."""
    run = Performance(case)
    for path, body in run.setting():
        await _call(client, "PUT", path, json=body)
    lines = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in run.journal())
    taken = await _call(client, "POST", "/journal", content=lines, headers={"Content-Type": "application/x-ndjson"})
    assert not taken["rejected"], taken["rejected"]
    for payment in run.payments():
        await _call(client, "POST", "/payments", json=payment)
    filed = await _call(client, "POST", "/complaints", json=run.complaint())
    assessment = await _assessed(client, filed["number"])
    matched = assessment["transaction"]
    transaction = await _call(client, "GET", f"/transactions/{matched['id']}") if matched else None
    return Answers(filed, assessment, transaction)


def differences(expect: dict[str, Any], found: Answers) -> list[str]:
    """What is not as expected, one line each; only what `expect` names is looked at."""
    return [*_reading(expect, found), *_matching(expect, found), *_findings(expect, found), *_ruling(expect, found)]


def read(path: Path) -> dict[str, Any]:
    case: dict[str, Any] = yaml.safe_load(path.read_text())
    return case


def _reading(expect: dict[str, Any], found: Answers) -> Iterator[str]:
    for name in ("category", "topic", "level", "department"):
        if name in expect and not _fits(found.filed[name], expect[name]):
            yield f"{name}: {found.filed[name]}, expected {expect[name]}"


def _matching(expect: dict[str, Any], found: Answers) -> Iterator[str]:
    if "transaction" not in expect:
        return
    t = found.transaction
    names = [t["number"], t["reference"]] if t else [None]
    wanted = expect["transaction"] if isinstance(expect["transaction"], list) else [expect["transaction"]]
    if not any(name in wanted and (name is not None or t is None) for name in names):
        yield f"transaction: {names}, expected {expect['transaction']}"


def _findings(expect: dict[str, Any], found: Answers) -> Iterator[str]:
    stances = {f["code"]: f["stance"] for f in found.assessment["findings"]}
    for code, stance in expect.get("findings", {}).items():
        if code not in stances:
            yield f"finding {code}: missing"
        elif stance != "any" and not _fits(stances[code], stance):
            yield f"finding {code}: {stances[code]}, expected {stance}"
    for code in expect.get("not_findings", []):
        if code in stances:
            yield f"finding {code}: must not be"
    for finding in found.assessment["findings"]:
        if not finding["refs"] and finding["code"] not in _UNPROVEN:
            yield f"finding {finding['code']}: without references"


def _ruling(expect: dict[str, Any], found: Answers) -> Iterator[str]:
    ruling = found.assessment
    for name in ("verdict", "liability"):
        if name in expect and not _fits(ruling[name], expect[name]):
            yield f"{name}: {ruling[name]}, expected {expect[name]}"
    for name, amount in expect.get("bill", {}).items():
        if not _equal((ruling["bill"] or {}).get(name), amount):
            yield f"bill {name}: {(ruling['bill'] or {}).get(name)}, expected {amount}"
    proposed = {r["kind"]: r for r in ruling["remedies"]}
    for remedy in expect.get("remedies", []):
        if remedy["kind"] not in proposed:
            yield f"remedy {remedy['kind']}: missing, proposed {sorted(proposed)}"
        elif "amount" in remedy and not _equal(proposed[remedy["kind"]].get("amount"), remedy["amount"]):
            yield f"remedy {remedy['kind']}: {proposed[remedy['kind']].get('amount')}, expected {remedy['amount']}"
    yield from (f"remedy {kind}: must not be" for kind in expect.get("not_remedies", []) if kind in proposed)
    allowed = {r["action"]: r["allowed"] for r in ruling["remote"]}
    for action, want in expect.get("remote", {}).items():
        if allowed.get(action) is not want:
            yield f"remote {action}: allowed={allowed.get(action)}, expected {want}"


async def _assessed(client: httpx.AsyncClient, number: str) -> dict[str, Any]:
    """Ready within 2 s of filing by contract; a busy machine may take longer."""
    for _ in range(100):
        answer = await client.get(f"/complaints/{number}/assessment")
        assert answer.status_code in (200, 404), answer.text
        found: dict[str, Any] = answer.json()
        if answer.status_code == 200:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"no assessment of {number}")


async def _call(client: httpx.AsyncClient, method: str, path: str, **more: Any) -> Any:
    answer = await client.request(method, path, **more)
    assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:400]}"
    return answer.json()


def _fits(found: Any, wanted: Any) -> bool:
    return found in wanted if isinstance(wanted, list) else bool(found == wanted)


def _equal(found: str | None, wanted: str) -> bool:
    return found is not None and abs(Decimal(found) - Decimal(wanted)) <= TOLERANCE


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
