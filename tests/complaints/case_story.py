"""Turns a complaint case (YAML, the format of the black-box cases) straight into a claim and a story.

A stand-in for csms so that rules can be tried on whole situations without a database: it projects the
journal of 1.6 and 2.0.1 in the simplest way that is right for well-behaved traffic.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from complaints.claim import Claim
from csms.vocabulary import (
    Authorization,
    Boot,
    CommandFact,
    Connection,
    Connector,
    Fault,
    FrameMark,
    IdleFee,
    MeterReading,
    Payment,
    Period,
    Station,
    StatusChange,
    Story,
    Tariff,
    Transaction,
    TransactionStep,
)

KINDS = {
    "ConnectorLockFailure": "lock", "ConnectorPlugRetentionLock": "lock", "GroundFailure": "ground", "RCD": "ground",
    "GroundIsolationProtection": "ground", "HighTemperature": "temperature", "TemperatureSensor": "temperature",
    "PowerMeterFailure": "meter", "FiscalMetering": "meter", "ReaderFailure": "reader", "TokenReader": "reader",
    "EVCommunicationError": "vehicle_communication", "EmergencyStop": "emergency", "EmergencyStopSensor": "emergency",
    "OverCurrentFailure": "overcurrent", "OverCurrentProtection": "overcurrent", "OverVoltage": "voltage",
    "UnderVoltage": "voltage", "InternalError": "internal", "PowerSwitchFailure": "internal", "Controller": "internal",
}
COMMANDS = {
    "Reset": "reset", "UnlockConnector": "unlock",
    "RemoteStartTransaction": "start", "RequestStartTransaction": "start",
    "RemoteStopTransaction": "stop", "RequestStopTransaction": "stop", "TriggerMessage": "trigger",
    "ChangeAvailability": "set_availability", "GetDiagnostics": "fetch_log", "GetLog": "fetch_log",
}
TROUBLE = ("Problem", "Tripped", "Active", "Overload")
FIELDS = {
    "Energy.Active.Import.Register": "energy_wh", "Power.Active.Import": "power_w", "Current.Import": "current_a",
    "Current.Offered": "offered_a", "Voltage": "voltage_v", "SoC": "soc_percent", "Temperature": "temperature_c",
}


class Told:
    """One case, read: `claim(topic)` and `story`."""

    def __init__(self, path: Path, filed: datetime = datetime(2026, 3, 10, 12, tzinfo=UTC)) -> None:
        self.case = yaml.safe_load(path.read_text())
        self.filed = filed
        self.books = {name: Book(self, name) for name in self.case["stations"]}
        for row in self.case["journal"]:
            self.books[row[1]].take(self.moment(row[0]), row[2], [self.fill(v) for v in row[3:]])

    def moment(self, spec: float | str) -> datetime:
        if isinstance(spec, int | float):
            return self.filed + timedelta(minutes=spec)
        days, hh, mm, ss, oh, om = re.fullmatch(r"d-(\d+)@(\d\d):(\d\d)(?::(\d\d))?([+-]\d\d):?(\d\d)", spec).groups()
        zone = timezone(timedelta(hours=int(oh), minutes=int(om)))
        day = (self.filed.astimezone(zone) - timedelta(days=int(days))).date()
        return datetime(day.year, day.month, day.day, int(hh), int(mm), int(ss or 0), tzinfo=zone).astimezone(UTC)

    def fill(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {k: self.fill(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.fill(v) for v in value]
        if not isinstance(value, str):
            return value
        value = re.sub(r"\{t([+-]?[\d.]+)?\}", lambda m: self.moment(float(m[1] or 0)).isoformat(), value)
        value = re.sub(r"\{(d-\d+@[^}]+)\}", lambda m: self.moment(m[1]).isoformat(), value)
        value = re.sub(r"\{id:(\w+)\}", r"\1", value)
        return value.replace("{tok}", "T1").replace("{pay}", "P1-")

    @property
    def expect(self) -> dict[str, Any]:
        return self.case["expect"]

    @property
    def topics(self) -> list[tuple[str, str]]:
        """Every (category, topic) the case accepts."""
        topics, known = self.expect["topic"], self.expect["category"]
        pairs = []
        for topic in topics if isinstance(topics, list) else [topics]:
            home = next(c for c, names in TOPICS.items() if topic in names.split())
            if home in (known if isinstance(known, list) else [known]):
                pairs.append((home, topic))
        return pairs

    def claim(self, category: str, topic: str) -> Claim:
        body = self.fill(self.case["complaint"])
        customer, level = body.get("customer", {}), self.expect.get("level", 2)
        amount = body.get("amount_disputed")
        return Claim(
            number="C20260310-000001", channel=body["channel"], text=body["text"], language=body.get("language", "en"),
            category=category, topic=topic, level=level[0] if isinstance(level, list) else level,
            filed_at=self.filed, station=body.get("station"), evse=body.get("evse"),
            occurred_at=when(body["occurred_at"]) if "occurred_at" in body else None,
            payment_reference=body.get("payment_reference"), order=body.get("order"),
            amount_disputed=Decimal(amount) if amount else None, currency=body.get("currency"),
            token=customer.get("token"), plate=customer.get("plate"), phone=customer.get("phone"),
        )

    @property
    def payments(self) -> tuple[Payment, ...]:
        found = [self.fill(p) for p in self.case.get("payments", [])]
        return tuple(
            Payment(**{**p, "amount": Decimal(p["amount"]), "at": when(p["at"])})
            for p in sorted(found, key=lambda p: p["at"])
        )

    @property
    def story(self) -> Story:
        name = self.case["complaint"].get("station") or next(iter(self.case["stations"]))
        book, payments = self.books[name], self.payments
        tokens = {p.token for p in payments} | {self.fill(self.case["complaint"]).get("customer", {}).get("token")}
        site = book.station.site
        others = [b for n, b in self.books.items() if n != name]
        since = min((b.first for b in self.books.values()), default=self.filed)
        return book.story(
            since, self.filed, payments,
            elsewhere=tuple(t for b in others for t in b.transactions.values() if t.token in tokens),
            neighbours=tuple(c for b in others if site and b.station.site == site for c in b.connections),
            others=tuple(b.station for b in others if site and b.station.site == site),
        )


TOPICS = {
    "equipment": "cannot_start stopped_early slow connector_stuck cannot_insert screen_or_reader station_down"
    " status_wrong damaged cannot_stop safety",
    "payment": "charged_no_energy start_failed_charged overcharged double_charged hold_not_released idle_fee"
    " wrong_tariff not_my_session energy_too_high discount_missing refund_missing invoice",
    "service": "attitude no_answer slow_handling",
    "environment": "bay_blocked site_closed dirty_or_dark parking_fee noise",
    "other": "suggestion account privacy fraud car_damage other",
}


def when(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


class Book:
    """What one station's journal amounts to."""

    def __init__(self, told: Told, name: str) -> None:
        spec = told.fill(told.case["stations"][name])
        self.name, self.spec, self.count = name, spec, 0
        self.v16 = spec["protocol"] == "ocpp1.6"
        self.first = told.filed
        self.station = Station(
            name, vendor=spec.get("vendor"), model=spec.get("model"), site=spec.get("site"), protocol=spec["protocol"],
            max_power_w=spec.get("max_power_w"), tariff="tariff" if "tariff" in spec else None,
            connectors=tuple(Connector(**c) for c in spec.get("connectors", [])),
        )
        self.transactions: dict[str, Transaction] = {}
        self.readings: list[MeterReading] = []
        self.statuses: list[StatusChange] = []
        self.steps: list[TransactionStep] = []
        self.faults: list[Fault] = []
        self.authorizations: list[Authorization] = []
        self.commands: list[CommandFact] = []
        self.connections: list[Connection] = []
        self.boots: list[Boot] = []
        self.frames: list[FrameMark] = []
        self.pending: tuple[str, dict[str, Any], datetime, str] | None = None

    # The journal, row by row

    def take(self, at: datetime, kind: str, rest: list[Any]) -> None:
        self.count += 1
        self.first = min(self.first, at)
        frame = f"{self.name}:{self.count}"
        if kind != "answer" and self.pending:
            self.settle({})
        if kind == "connected":
            self.connections.append(Connection(frame, self.name, at, None, self.spec["protocol"]))
        elif kind == "disconnected":
            self.connections[-1] = replace(self.connections[-1], disconnected_at=at)
        elif kind == "raw":
            self.frames.append(FrameMark(frame, at, "received", None))
        elif kind == "in":
            self.frames.append(FrameMark(frame, at, "received", rest[0]))
            self.pending = (rest[0], rest[1] if len(rest) > 1 else {}, at, frame)
        elif kind == "answer":
            self.settle(rest[0])
        elif kind == "out":
            self.frames.append(FrameMark(frame, at, "sent", rest[0]))
            self.ask(at, frame, rest[0], rest[1] if len(rest) > 1 else {}, rest[2] if len(rest) > 2 else "system")
        elif kind == "reply":
            self.frames.append(FrameMark(frame, at, "received", None))
            self.answered(at, frame, rest[0])

    def settle(self, answer: dict[str, Any]) -> None:
        assert self.pending
        action, body, at, frame = self.pending
        self.pending = None
        handle = getattr(self, f"on_{action}", None)
        if handle:
            handle(body, at, frame, answer)

    def ask(self, at: datetime, frame: str, action: str, body: dict[str, Any], by: str) -> None:
        online = bool(self.connections) and self.connections[-1].disconnected_at is None
        token = body.get("idTag") or (body.get("idToken") or {}).get("idToken")
        wanted = body.get("type") or body.get("operationalStatus") or ""
        operative = {"Operative": True, "Inoperative": False}.get(wanted)
        said = body.get("transactionId")
        self.commands.append(CommandFact(
            frame, self.name, action, COMMANDS.get(action, "other"), body, "unanswered" if online else "offline",
            "pending", by, at, at, token=token, evse=body.get("evseId") or body.get("connectorId"),
            said=None if said is None else str(said), remote_start_id=body.get("remoteStartId"), operative=operative,
            hard=body.get("type") in ("Hard", "Immediate"), frame=frame,
        ))

    def answered(self, at: datetime, frame: str, answer: dict[str, Any]) -> None:
        good = answer.get("status") in ("Accepted", "Unlocked", "Scheduled")
        self.commands[-1] = replace(
            self.commands[-1], state="accepted" if good else "rejected", answer=answer, settled_at=at,
            answer_frame=frame,
        )

    def on_BootNotification(self, body: Any, at: datetime, frame: str, answer: Any) -> None:
        self.boots.append(Boot(at, body.get("reason"), frame))

    def on_Authorize(self, body: Any, at: datetime, frame: str, answer: Any) -> None:
        token = body["idTag"] if self.v16 else body["idToken"]["idToken"]
        info = answer.get("idTagInfo") or answer.get("idTokenInfo") or {"status": "Accepted"}
        self.authorizations.append(Authorization(at, token, info["status"], frame))

    # 1.6

    def on_StatusNotification(self, body: Any, at: datetime, frame: str, answer: Any) -> None:
        device = when(body["timestamp"]) if "timestamp" in body else at
        evse = body["connectorId"] if self.v16 else body["evseId"]
        status = body["status"] if self.v16 else body["connectorStatus"]
        self.statuses.append(StatusChange(evse, 1, status, device, at, frame))
        error = body.get("errorCode", "NoError")
        if error != "NoError":
            warning = status != "Faulted"
            self.fault(evse, error, body.get("vendorErrorCode"), device, at, frame, warning, body.get("info"))
        elif self.v16 and status != "Faulted":
            self.clear(lambda f: f.evse == evse, device)

    def on_StartTransaction(self, body: Any, at: datetime, frame: str, answer: Any) -> None:
        started, evse = when(body["timestamp"]), body["connectorId"]
        self.close_open(evse, started)
        number = answer["transactionId"]
        self.transactions[str(number)] = Transaction(
            f"tx-{self.name}-{number}", self.name, evse, 1, number, None, body["idTag"], started, at,
            meter_start_wh=float(body["meterStart"]), token_status=answer.get("idTagInfo", {}).get("status"),
            start_frame=frame, offline=(at - started) > timedelta(minutes=3) and self.was_offline(started, at),
        )

    def on_StopTransaction(self, body: Any, at: datetime, frame: str, answer: Any) -> None:
        said = str(body["transactionId"])
        for value in body.get("transactionData", []):
            self.sample(value, self.transactions[said].evse, at, frame, said)
        self.stop(said, when(body["timestamp"]), at, frame, float(body["meterStop"]),
                  body.get("reason"), None, body.get("idTag"))

    def on_MeterValues(self, body: Any, at: datetime, frame: str, answer: Any) -> None:
        said = None if body.get("transactionId") is None else str(body["transactionId"])
        for value in body["meterValue"]:
            self.sample(value, body.get("connectorId", body.get("evseId")), at, frame, said)

    # 2.0.1

    def on_TransactionEvent(self, body: Any, at: datetime, frame: str, answer: Any) -> None:
        info, device, offline = body["transactionInfo"], when(body["timestamp"]), body.get("offline", False)
        said, state = info["transactionId"], info.get("chargingState")
        known_evse = self.transactions[said].evse if said in self.transactions else None
        evse = (body.get("evse") or {}).get("id") or known_evse
        token = (body.get("idToken") or {}).get("idToken")
        if said not in self.transactions:
            self.close_open(evse, device)
            self.transactions[said] = Transaction(
                f"tx-{self.name}-{said}", self.name, evse, 1, None, said, token, device, at, start_frame=frame,
                offline=offline, remote_start_id=info.get("remoteStartId"), charging_state=state,
                token_status=(answer.get("idTokenInfo") or {}).get("status"),
                suspect=() if body["eventType"] == "Started" else ("start_missing",),
            )
        self.steps.append(TransactionStep(
            said, body["seqNo"], body["eventType"], device, at, body["triggerReason"], state, offline, frame, token))
        last = [s for s in self.statuses if s.said == said]
        if state and (not last or last[-1].status != state):
            self.statuses.append(StatusChange(evse or 0, 1, state, device, at, frame, "transaction", said))
        registers = [self.sample(v, evse, at, frame, said) for v in body.get("meterValue", [])]
        known = [r for r in registers if r is not None]
        t = self.transactions[said]
        if t.meter_start_wh is None and known:
            t = self.transactions[said] = replace(t, meter_start_wh=known[0])
        if t.token is None and token:
            self.transactions[said] = replace(t, token=token)
        if body["eventType"] == "Ended":
            self.stop(said, device, at, frame, known[-1] if known else None, info.get("stoppedReason"),
                      body["triggerReason"], token, offline)

    def on_NotifyEvent(self, body: Any, at: datetime, frame: str, answer: Any) -> None:
        for event in body["eventData"]:
            part, device = event["component"], when(event["timestamp"])
            evse, code = (part.get("evse") or {}).get("id", 0), f"{part['name']}.{event['variable']['name']}"
            if event.get("cleared") or event["actualValue"] == "false":
                self.clear(lambda f, evse=evse, code=code: f.evse == evse and f.code == code, device)
            elif event["actualValue"] == "true" and event["variable"]["name"] in TROUBLE:
                self.fault(evse, code, event.get("techCode"), device, at, frame, False, event.get("techInfo"))

    # Common

    def sample(self, value: Any, evse: int | None, at: datetime, frame: str, said: str | None) -> float | None:
        fields: dict[str, Any] = {}
        other: dict[str, Any] = {}
        context = "Sample.Periodic"
        for one in value["sampledValue"]:
            measurand, context = one.get("measurand", "Energy.Active.Import.Register"), one.get("context", context)
            unit = one.get("unit") or (one.get("unitOfMeasure") or {}).get("unit", "")
            number = float(one["value"]) * (1000 if unit.startswith("k") else 1)
            if measurand in FIELDS:
                fields[FIELDS[measurand]] = number
            else:
                other[measurand] = number
        t = self.transactions.get(said or "")
        self.readings.append(MeterReading(
            f"r-{self.name}-{len(self.readings)}", when(value["timestamp"]), at, evse or 0, context=context,
            transaction=t.id if t else None, said=said, frame=frame, other=other, **fields))
        return fields.get("energy_wh")

    def stop(self, said: str, device: datetime, at: datetime, frame: str, meter: float | None, reason: str | None,
             trigger: str | None, token: str | None, offline: bool = False) -> None:
        t = self.transactions[said]
        energy = meter - t.meter_start_wh if meter is not None and t.meter_start_wh is not None else None
        self.transactions[said] = replace(
            t, stopped_at=device, stop_received_at=at, meter_stop_wh=meter, energy_wh=energy, stop_reason=reason,
            stop_trigger=trigger, stop_token=token, state="closed", stop_frame=frame, offline=t.offline or offline)

    def close_open(self, evse: int | None, at: datetime) -> None:
        for said, t in self.transactions.items():
            if t.evse == evse and t.state == "open":
                self.transactions[said] = replace(t, state="closed", suspect=("stop_missing",))

    def was_offline(self, start: datetime, end: datetime) -> bool:
        gaps = zip(self.connections, self.connections[1:], strict=False)
        return any(a.disconnected_at and a.disconnected_at < end and b.connected_at > start for a, b in gaps)

    def fault(self, evse: int, code: str, vendor: str | None, device: datetime, at: datetime, frame: str,
              warning: bool, info: str | None) -> None:
        if any(f.evse == evse and f.code == code and f.cleared_at is None for f in self.faults):
            return
        kind = KINDS.get(code.split(".", maxsplit=1)[0]) or KINDS.get(vendor or "") or "other"
        self.faults.append(Fault(f"f-{self.name}-{len(self.faults)}", self.name, evse, 1, code, vendor, kind, 2, device,
                                 None, "status" if self.v16 else "event", info, frame, at, warning))

    def clear(self, which: Any, at: datetime) -> None:
        self.faults = [replace(f, cleared_at=at) if which(f) and f.cleared_at is None else f for f in self.faults]

    def tariffs(self) -> tuple[Tariff, ...]:
        if "tariff" not in self.spec:
            return ()
        t = self.spec["tariff"]
        minute = lambda text: int(text[:2]) * 60 + int(text[3:])  # noqa: E731
        idle = t.get("idle")
        return (Tariff(
            "tariff", t["currency"], t["timezone"], datetime(2020, 1, 1, tzinfo=UTC),
            tuple(Period(minute(p["from"]), minute(p["to"]), Decimal(p["energy_price"]), Decimal(p["service_price"]))
                  for p in t["periods"]),
            Decimal(t.get("start_fee", "0")),
            IdleFee(idle["grace_minutes"], Decimal(idle["price_per_minute"]),
                    Decimal(idle["cap"]) if "cap" in idle else None) if idle else None),)

    def story(self, since: datetime, until: datetime, payments: tuple[Payment, ...], *,
              elsewhere: tuple[Transaction, ...], neighbours: tuple[Connection, ...],
              others: tuple[Station, ...]) -> Story:
        if self.pending:
            self.settle({})
        online = bool(self.connections) and self.connections[-1].disconnected_at is None
        return Story(
            replace(self.station, connected=online), since, until,
            tuple(sorted(self.transactions.values(), key=lambda t: t.started_at)),
            tuple(sorted(self.readings, key=lambda r: r.at)), tuple(sorted(self.statuses, key=lambda s: s.at)),
            tuple(self.steps), tuple(self.faults), tuple(self.authorizations), tuple(self.commands),
            tuple(self.connections), tuple(self.boots), tuple(self.frames), payments, self.tariffs(), elsewhere,
            neighbours, other_stations=others)


def differences(expect: dict[str, Any], judgement: Any, transaction: Transaction | None) -> list[str]:
    """What differs from what the case expects (classification apart)."""
    def one_of(found: Any, wanted: Any) -> bool:
        return found in wanted if isinstance(wanted, list) else found == wanted

    wrong = []
    if "transaction" in expect:
        wanted = expect["transaction"] if isinstance(expect["transaction"], list) else [expect["transaction"]]
        found = None if transaction is None else {transaction.number, transaction.reference} - {None}
        if (found is None) != (None in wanted) or (found and not found & set(wanted)):
            wrong.append(f"transaction {found}, expected {wanted}")
    stances = {f.code: f.stance for f in judgement.findings}
    for code, stance in (expect.get("findings") or {}).items():
        if code not in stances:
            wrong.append(f"{code}: missing")
        elif stance != "any" and not one_of(stances[code], stance):
            wrong.append(f"{code}: {stances[code]}, expected {stance}")
    wrong += [f"{c}: present ({stances[c]}), must not be" for c in expect.get("not_findings", []) if c in stances]
    bare = [f.code for f in judgement.findings
            if not f.refs and f.code not in ("records.silent", "fault.none_reported", "payment.not_ours")]
    wrong += [f"{code}: no references" for code in bare]
    for name in ("verdict", "liability"):
        if name in expect and not one_of(getattr(judgement, name), expect[name]):
            wrong.append(f"{name} {getattr(judgement, name)}, expected {expect[name]} by {json.dumps(judgement.steps)}")
    for name, amount in (expect.get("bill") or {}).items():
        found_amount = getattr(judgement.bill, name, None)
        if found_amount is None or abs(found_amount - Decimal(amount)) > Decimal("0.011"):
            wrong.append(f"bill {name} {found_amount}, expected {amount}")
    kinds = {r.kind: r for r in judgement.remedies}
    for remedy in expect.get("remedies", []):
        if remedy["kind"] not in kinds:
            wrong.append(f"remedy {remedy['kind']} missing, proposed {sorted(kinds)}")
        elif "amount" in remedy and kinds[remedy["kind"]].amount != Decimal(remedy["amount"]):
            wrong.append(f"remedy {remedy['kind']} {kinds[remedy['kind']].amount}, expected {remedy['amount']}")
    wrong += [f"remedy {k} proposed, must not be" for k in expect.get("not_remedies", []) if k in kinds]
    allowed = {r.action: r.allowed for r in judgement.remote}
    wrong += [f"remote {a} {allowed.get(a)}, expected {w}"
              for a, w in (expect.get("remote") or {}).items() if allowed.get(a) is not w]
    return wrong
