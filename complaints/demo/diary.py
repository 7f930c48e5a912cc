"""What a station of the demo said and heard in the week before: lines of a journal, as `journal import` reads them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from complaints.demo.town import Machine
from csms.kit.clock import iso


@dataclass(frozen=True, slots=True)
class Charge:
    """A session to be lived. `kw` is what the car draws; `wh` overrules what follows from it."""

    evse: int
    token: str
    minutes: float
    kw: float
    wh: float | None = None
    soc: float = 30.0
    every: float = 8.0
    """Minutes between two readings."""
    started_by: str | None = "app"
    """Who asked for the start; None for a card held to the reader."""
    reason: str | None = "Local"
    stopped_by_card: bool = True
    """The card that began it ends it, where the reason is Local."""
    offered_kw: float | None = None
    temperature: float | None = None
    state: str = "Charging"
    """What the connector says meanwhile: Charging, SuspendedEV or SuspendedEVSE."""
    free_after: float = 2.0
    """Minutes between the end of charging and the cable coming out."""
    ends: bool = True
    """Whether a stop ever comes."""


@dataclass(frozen=True, slots=True)
class Lived:
    """A session as it went: its number (1.6) or reference (2.0.1), Wh, and when."""

    name: str
    began: datetime
    ended: datetime
    wh: float


class Diary:
    """Writes one station's lines. Moments may be told in any order; `lines` gives them sorted."""

    def __init__(self, machine: Machine, numbers: itertools.count[int]) -> None:
        self.machine, self._numbers = machine, numbers
        self._old = machine.model.protocol == "ocpp1.6"
        self._ids = itertools.count(1)
        self._written: list[tuple[datetime, int, dict[str, Any]]] = []
        self.registers = {n: 40_000.0 + 137 * n for n in range(1, len(machine.model.kw) + 1)}
        self._first = dict(self.registers)
        self._charged: list[tuple[datetime, int, float]] = []
        self._meters: list[tuple[int, float, dict[str, Any], str]] = []
        """(session, Wh since it began, the message, its field) of each register to be written."""

    @property
    def lines(self) -> list[tuple[datetime, int, dict[str, Any]]]:
        self._read_meters()
        return sorted(self._written, key=lambda line: line[:2])

    def _read_meters(self) -> None:
        """A register counts on from session to session in the order they were lived, not told."""
        at_start, counted = [0.0] * len(self._charged), dict(self._first)
        for n, (_, evse, wh) in sorted(enumerate(self._charged), key=lambda one: one[1][0]):
            at_start[n] = counted[evse]
            counted[evse] += wh
        for n, since, message, field in self._meters:
            message[field] = type(message[field])(round(at_start[n] + since))

    def _line(self, at: datetime, kind: str, **more: Any) -> None:
        line = {"station": self.machine.id, "at": iso(at), "kind": kind, **more}
        self._written.append((at, next(self._ids), line))

    # --- the connection -----------------------------------------------------------------------------

    def connected(self, at: datetime, boot: str | None = "PowerUp") -> None:
        self._line(at, "connected", protocol=self.machine.model.protocol)
        if boot is None:
            return
        model = self.machine.model
        if self._old:
            said: dict[str, Any] = {
                "chargePointVendor": model.vendor, "chargePointModel": model.name, "firmwareVersion": model.firmware
            }
        else:
            about = {"vendorName": model.vendor, "model": model.name, "firmwareVersion": model.firmware}
            said = {"reason": boot, "chargingStation": about}
        self.says(at, "BootNotification", said, {"currentTime": iso(at), "interval": 300, "status": "Accepted"})
        for evse in self.registers:
            self.status(at + timedelta(seconds=evse), evse, "Available")

    def disconnected(self, at: datetime, code: int = 1006) -> None:
        self._line(at, "disconnected", code=code)

    def says(
        self, at: datetime, action: str, payload: Mapping[str, Any], answer: Mapping[str, Any] | None = None
    ) -> None:
        """A question of the station, and what it was answered."""
        id = f"{self.machine.id}-{next(self._ids)}"
        self._line(at, "received", frame=[2, id, action, payload])
        self._line(at, "sent", frame=[3, id, answer or {}])

    def is_asked(
        self, at: datetime, action: str, payload: Mapping[str, Any], answer: Mapping[str, Any] | None, by: str
    ) -> None:
        """A command and its answer; None where the station never answers."""
        id = f"c{self.machine.id}-{next(self._ids)}"
        self._line(at, "sent", frame=[2, id, action, payload], by=by)
        if answer is not None:
            self._line(at + timedelta(seconds=1), "received", frame=[3, id, answer])

    # --- what it tells ------------------------------------------------------------------------------

    def status(self, at: datetime, evse: int, status: str, code: str = "NoError", **more: str) -> None:
        """In the words of 1.6; a 2.0.1 station says Occupied for all that is in use."""
        if self._old:
            said = {"connectorId": evse, "status": status, "errorCode": code, "timestamp": iso(at), **more}
        else:
            plain = status if status in ("Available", "Faulted", "Unavailable", "Reserved") else "Occupied"
            said = {"timestamp": iso(at), "connectorStatus": plain, "evseId": evse, "connectorId": 1}
        self.says(at, "StatusNotification", said)

    def fault(self, at: datetime, evse: int, code: str, minutes: float, info: str = "", vendor: str = "") -> None:
        """A fault that opens, and clears after so many minutes."""
        until = at + timedelta(minutes=minutes)
        if self._old:
            more = {name: text for name, text in (("info", info), ("vendorErrorCode", vendor)) if text}
            self.status(at, evse, "Faulted", code, **more)
        else:
            self.event(at, evse, code, info, "true")
            self.status(at, evse, "Faulted")
            self.event(until, evse, code, "", "false")
        self.status(until, evse, "Available")

    def event(self, at: datetime, evse: int, code: str, info: str, value: str) -> None:
        event = {
            "eventId": next(self._ids), "timestamp": iso(at), "trigger": "Alerting", "actualValue": value,
            "techCode": code, "eventNotificationType": "HardWiredNotification",
            "component": {"name": "EVSE", "evse": {"id": evse}}, "variable": {"name": "Problem"},
        }
        event |= {"techInfo": info} if info else {}
        event |= {"cleared": True} if value == "false" else {}
        self.says(at, "NotifyEvent", {"generatedAt": iso(at), "seqNo": 0, "tbc": False, "eventData": [event]})

    def authorize(self, at: datetime, token: str, status: str = "Accepted") -> None:
        if self._old:
            self.says(at, "Authorize", {"idTag": token}, {"idTagInfo": {"status": status}})
        else:
            said = {"idToken": {"idToken": token, "type": "ISO14443"}}
            self.says(at, "Authorize", said, {"idTokenInfo": {"status": status}})

    def asked_to_start(
        self, at: datetime, evse: int, token: str, status: str | None = "Accepted", by: str = "app"
    ) -> None:
        number = next(self._ids)
        answer = None if status is None else {"status": status}
        if self._old:
            self.is_asked(at, "RemoteStartTransaction", {"connectorId": evse, "idTag": token}, answer, by)
        else:
            asked = {"idToken": {"idToken": token, "type": "Central"}, "remoteStartId": number, "evseId": evse}
            self.is_asked(at, "RequestStartTransaction", asked, answer, by)

    # --- sessions -----------------------------------------------------------------------------------

    def charge(self, at: datetime, how: Charge) -> Lived:
        """A whole session from the start asked for to the cable back in its holder."""
        began, ended = at, at + timedelta(minutes=how.minutes)
        wh = how.wh if how.wh is not None else how.kw * 1000 * how.minutes / 60
        self._charged.append((at, how.evse, wh))
        name = self._begin(at, how)
        for moment, part in _moments(how):
            self._reading(at + timedelta(minutes=moment), how, name, wh * part, part)
        self.registers[how.evse] += wh
        if how.ends:
            self._end(ended, how, name, wh)
            self.status(ended + timedelta(minutes=how.free_after), how.evse, "Available")
        return Lived(name, began, ended, wh)

    def _begin(self, at: datetime, how: Charge) -> str:
        if how.started_by is None:
            self.authorize(at - timedelta(seconds=20), how.token)
        else:
            self.asked_to_start(at - timedelta(seconds=20), how.evse, how.token, by=how.started_by)
        self.status(at - timedelta(seconds=40), how.evse, "Preparing")
        number = next(self._numbers)
        self._seq = 0
        if self._old:
            said = {"connectorId": how.evse, "idTag": how.token, "meterStart": 0, "timestamp": iso(at)}
            self._meter(0, said, "meterStart")
            self.says(at, "StartTransaction", said, {"transactionId": number, "idTagInfo": {"status": "Accepted"}})
            self.status(at + timedelta(seconds=8), how.evse, how.state)
            return str(number)
        name = f"{self.machine.id.lower()}-{number}"
        token = {"idToken": how.token, "type": "ISO14443" if how.started_by is None else "Central"}
        trigger = "Authorized" if how.started_by is None else "RemoteStart"
        self._event2(at, how, name, "Started", trigger, 0, "Transaction.Begin", token=token)
        return name

    def _meter(self, since: float, message: dict[str, Any], field: str) -> None:
        """The register of this session, so many Wh after its start: written once all sessions are known."""
        self._meters.append((len(self._charged) - 1, since, message, field))

    def _reading(self, at: datetime, how: Charge, name: str, since: float, part: float) -> None:
        if not self._old:
            self._event2(at, how, name, "Updated", "MeterValuePeriodic", since, "Sample.Periodic", part=part)
            return
        values = [{"value": "", "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
                  *self._others(how, part, as_text=True)]
        self._meter(since, values[0], "value")
        said = {"connectorId": how.evse, "transactionId": int(name),
                "meterValue": [{"timestamp": iso(at), "sampledValue": values}]}
        self.says(at, "MeterValues", said)

    def _others(self, how: Charge, part: float, *, as_text: bool) -> list[dict[str, Any]]:
        """Power drawn and offered, charge of the battery, temperature, as far as such a station tells them."""
        given: dict[str, float | None] = {
            "Power.Active.Import": 0.0 if how.state != "Charging" else how.kw * 1000,
            "Power.Offered": how.offered_kw * 1000 if how.offered_kw is not None else None,
            "SoC": None if self.machine.model.is_ac else round(how.soc + part * self._gain(how)),
            "Temperature": how.temperature,
        }
        units = {"SoC": "Percent", "Temperature": "Celsius"}
        made = []
        for measurand, value in given.items():
            if value is None:
                continue
            unit = units.get(measurand, "W")
            told: Any = str(round(value)) if as_text else round(value)
            made.append({"value": told, "measurand": measurand, **(
                {"unit": unit} if as_text else {"unitOfMeasure": {"unit": unit}}
            )})
        return made

    @staticmethod
    def _gain(how: Charge) -> float:
        """Per cent of a 60 kWh battery."""
        wh = how.wh if how.wh is not None else how.kw * 1000 * how.minutes / 60
        return min(wh / 600, 100 - how.soc)

    def _end(self, at: datetime, how: Charge, name: str, wh: float) -> None:
        if self._old:
            said: dict[str, Any] = {"transactionId": int(name), "meterStop": 0, "timestamp": iso(at)}
            self._meter(wh, said, "meterStop")
            said |= {"reason": how.reason} if how.reason else {}
            if how.reason == "Local" and how.stopped_by_card and how.started_by is None:
                said["idTag"] = how.token
            self.says(at, "StopTransaction", said, {"idTagInfo": {"status": "Accepted"}})
            self.status(at + timedelta(seconds=5), how.evse, "Finishing")
            return
        trigger = {"Local": "StopAuthorized", "Remote": "RemoteStop", "EVDisconnected": "EVCommunicationLost",
                   "StoppedByEV": "ChargingStateChanged"}.get(how.reason or "", "AbnormalCondition")
        self._event2(at, how, name, "Ended", trigger, wh, "Transaction.End", reason=how.reason)

    def _event2(
        self, at: datetime, how: Charge, name: str, type: str, trigger: str, since: float, context: str, *,
        token: Mapping[str, Any] | None = None, part: float | None = None, reason: str | None = None,
    ) -> None:
        state = how.state if part is not None else "EVConnected"
        info: dict[str, Any] = {"transactionId": name, "chargingState": state}
        info |= {"stoppedReason": reason} if reason else {}
        energy = {"value": 0, "context": context, "measurand": "Energy.Active.Import.Register"}
        self._meter(since, energy, "value")
        others = [] if part is None else self._others(how, part, as_text=False)
        said = {
            "eventType": type, "timestamp": iso(at), "triggerReason": trigger, "seqNo": self._seq,
            "transactionInfo": info, "evse": {"id": how.evse, "connectorId": 1},
            "meterValue": [{"timestamp": iso(at), "sampledValue": [energy, *others]}],
        }
        said |= {"idToken": token} if token else {}
        self._seq += 1
        self.says(at, "TransactionEvent", said, {"idTokenInfo": {"status": "Accepted"}} if token else {})


def _moments(how: Charge) -> list[tuple[float, float]]:
    """(minutes after the start, part of the energy by then) of each reading in between."""
    count = int(how.minutes / how.every)
    return [(n * how.every, n * how.every / how.minutes) for n in range(1, count + 1) if n * how.every < how.minutes]
