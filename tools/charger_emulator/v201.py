"""What a 2.0.1 station says; 2.1 says it the same way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .clock import read_time
from .connectors import Connector, Fault, Limit, Reading, Transaction
from .link import Payload
from .outbox import Message, Reply
from .speech import BootAnswer
from .tokens import Leave, Token, leave_of_token, token_payload
from .v201_asked import answers
from .voice import Done

if TYPE_CHECKING:
    from .machine import Machine

COMPONENTS = {
    "ConnectorLockFailure": "ConnectorPlugRetentionLock",
    "EVCommunicationError": "ConnectedEV",
    "EmergencyStop": "EmergencyStopSensor",
    "GroundFailure": "GroundIsolationProtection",
    "HighTemperature": "TemperatureSensor",
    "InternalError": "Controller",
    "OverCurrentFailure": "OverCurrentProtection",
    "OverVoltage": "ElectricalFeed",
    "PowerMeterFailure": "FiscalMetering",
    "PowerSwitchFailure": "PowerContactor",
    "ReaderFailure": "TokenReader",
    "ResetFailure": "Controller",
    "UnderVoltage": "ElectricalFeed",
    "WeakSignal": "DataLink",
}
"""Standard component (2.0.1 part 2, appendix 3) that stands behind a 1.6 error code; EVSE for any other."""

REASONS = {"SoftReset": "ImmediateReset", "HardReset": "ImmediateReset", "UnlockCommand": "Other"}
"""Stop reasons that 2.0.1 names otherwise."""

WORDS = {"Available": "Available", "Reserved": "Reserved", "Unavailable": "Unavailable", "Faulted": "Faulted"}
"""Connector statuses; everything else is Occupied (2.0.1: ConnectorStatusEnumType)."""

NEW_TRIGGERS = {"SOCLimitReached": "SoCLimitReached", "LocalOutOfCredit": "CostLimitReached"}
"""What 2.1 has a trigger of its own for."""

UNITS = {"Power": "W", "Current": "A", "Voltage": "V", "SoC": "Percent"}
"""Unit by the first word of a measurand; energies are in Wh, which a missing unit means (UnitOfMeasureType)."""


class Speech201:
    """OCPP 2.0.1 part 2, from the station's side."""

    status_tells_faults = False
    malformed = "FormatViolation"

    def __init__(self, station: Machine, version: str = "ocpp2.0.1") -> None:
        self.version = version
        self._station = station
        self.asked: dict[str, Callable[[Payload], Done]] = answers(station, version)

    def boot(self, reason: str) -> Message:
        station = self._station
        about: Payload = {
            "model": station.model[:20],
            "vendorName": station.vendor[:50],
            "firmwareVersion": station.firmware,
        }
        if station.serial:
            about["serialNumber"] = station.serial[:25]
        return Message("BootNotification", lambda: {"chargingStation": about, "reason": reason}, early=True)

    def boot_answer(self, payload: Payload) -> BootAnswer:
        return BootAnswer(payload["status"], payload["interval"], read_time(payload["currentTime"]))

    def heartbeat(self) -> Message:
        return Message("Heartbeat", dict)

    def word(self, connector: Connector) -> str:
        return WORDS.get(connector.status, "Occupied")

    def status(self, connector: Connector) -> Message | None:
        if connector.evse == 0:
            return None  # only connectors have a status here; the station's own faults are events
        payload: Payload = {
            "timestamp": self._station.stamp(),
            "connectorStatus": self.word(connector),
            "evseId": connector.evse,
            "connectorId": 1,
        }
        return Message("StatusNotification", lambda: payload)

    def authorize(self, token: Token) -> Message:
        return Message("Authorize", lambda: {"idToken": token_payload(token)})

    def leave(self, payload: Payload) -> Leave:
        return leave_of_token(payload["idTokenInfo"])

    def begun(self, tx: Transaction, trigger: str) -> Message:
        payload = self._event(tx, "Started", trigger, tx.begin)
        payload["timestamp"] = self._station.stamp(tx.started_at)
        if tx.token is not None:
            payload["idToken"] = token_payload(tx.token)
        if tx.remote_start_id is not None:
            payload["transactionInfo"]["remoteStartId"] = tx.remote_start_id
        if tx.reservation_id is not None:
            payload["reservationId"] = tx.reservation_id
        return Message("TransactionEvent", lambda: payload, kept=True, on_reply=lambda r: self._started(tx, r))

    def _started(self, tx: Transaction, reply: Reply) -> None:
        if reply.ok:
            info = reply.payload.get("idTokenInfo")
            if limit := reply.payload.get("transactionLimit"):  # 2.1
                tx.limit = Limit(*(limit.get(name) for name in ("maxEnergy", "maxTime", "maxSoC", "maxCost")))
            self._station.sessions.started(tx, leave_of_token(info) if info else None)

    def changed(
        self, tx: Transaction, trigger: str, reading: Reading | None, token: Token | None = None
    ) -> Message:
        payload = self._event(tx, "Updated", trigger, reading)
        if token is not None:
            payload["idToken"] = token_payload(token)
        if tx.remote_start_id is not None and trigger == "RemoteStart":
            payload["transactionInfo"]["remoteStartId"] = tx.remote_start_id
        return Message("TransactionEvent", lambda: payload, kept=True, on_reply=lambda r: self._started(tx, r))

    def sampled(self, connector: Connector, tx: Transaction | None, reading: Reading) -> Message:
        if tx is None:
            value = self._meter_value(reading, "MeterValuesSampledData")
            return Message("MeterValues", lambda: {"evseId": connector.evse, "meterValue": [value]})
        trigger = {"Trigger": "Trigger", "Sample.Clock": "MeterValueClock"}.get(reading.context, "MeterValuePeriodic")
        payload = self._event(tx, "Updated", trigger, reading)
        payload["timestamp"] = self._station.stamp(reading.at)
        return Message("TransactionEvent", lambda: payload, kept=True)

    def ended(self, tx: Transaction, trigger: str) -> Message:
        assert tx.stopped_at is not None
        assert tx.stop_reason is not None
        if self.version == "ocpp2.1":
            trigger = NEW_TRIGGERS.get(tx.stop_reason, trigger)
        payload = self._event(tx, "Ended", trigger, tx.end, "StopTxnSampledData")
        payload["timestamp"] = self._station.stamp(tx.stopped_at)
        payload["transactionInfo"]["stoppedReason"] = REASONS.get(tx.stop_reason, tx.stop_reason)
        if tx.stop_token is not None:
            payload["idToken"] = token_payload(tx.stop_token)
        return Message("TransactionEvent", lambda: payload, kept=True, what="Ended")

    def fault_event(self, connector: Connector, fault: Fault, cleared: bool) -> Message:
        """A fault is a NotifyEvent on the component that failed (2.0.1: N07)."""
        component: Payload = {"name": fault.component or COMPONENTS.get(fault.code, "EVSE")}
        if connector.evse:
            component["evse"] = {"id": connector.evse, "connectorId": 1}
        event: Payload = {
            "eventId": next(self._station.shelf.event_ids),
            "timestamp": self._station.stamp(),
            "trigger": "Alerting",
            "actualValue": "false" if cleared else "true",
            "cleared": cleared,
            "techCode": (fault.vendor_code or fault.code)[:50],
            "eventNotificationType": "HardWiredNotification",
            "component": component,
            "variable": {"name": "Problem"},
        }
        if fault.info:
            event["techInfo"] = fault.info[:500]
        tx = connector.transaction
        if tx is not None:
            event["transactionId"] = tx.reference
        payload: Payload = {"generatedAt": self._station.stamp(), "seqNo": 0, "eventData": [event]}
        # Told after an outage too, but not worth holding back transactions when it is refused (2.0.1: N07).
        return Message("NotifyEvent", lambda: payload, kept=True, retried=False)

    def log_status(self, status: str, request_id: int | None) -> Message:
        return Message("LogStatusNotification", lambda: _with_request({"status": status}, request_id))

    def firmware_status(self, status: str, request_id: int | None) -> Message:
        return Message("FirmwareStatusNotification", lambda: _with_request({"status": status}, request_id))

    def reservation_ended(self, id: int, status: str) -> Message:
        payload: Payload = {"reservationId": id, "reservationUpdateStatus": status}
        return Message("ReservationStatusUpdate", lambda: payload)

    def _event(
        self, tx: Transaction, kind: str, trigger: str, reading: Reading | None, setting: str = "MeterValuesSampledData"
    ) -> Payload:
        payload: Payload = {
            "eventType": kind,
            "timestamp": self._station.stamp(),
            "triggerReason": trigger,
            "seqNo": tx.next_sequence(),
            "transactionInfo": {
                "transactionId": tx.reference,
                "chargingState": tx.charging_state,
                "timeSpentCharging": int(tx.charged_s),
            },
            "evse": {"id": tx.evse, "connectorId": 1},
        }
        if self.version == "ocpp2.1" and tx.limit is not None:
            payload["transactionInfo"]["transactionLimit"] = _limit(tx.limit)
        # The event happened offline if nobody could be told at that time (2.0.1: E04).
        if not self._station.speaking:
            payload["offline"] = True
        if reading is not None and (value := self._meter_value(reading, setting))["sampledValue"]:
            payload["meterValue"] = [value]
        return payload

    def _meter_value(self, reading: Reading, setting: str) -> Payload:
        return {
            "timestamp": self._station.stamp(reading.at),
            "sampledValue": [
                _sampled(m, figure, reading.context) | ({"phase": phase} if phase else {})
                for m in self._station.settings.members(setting)
                if m != "Temperature"  # a measurand that only 1.6 has
                for phase, figure in reading.samples(m)
            ],
        }


def _sampled(measurand: str, figure: float, context: str) -> Payload:
    value: Payload = {"value": round(figure, 1), "context": context, "measurand": measurand}
    value["location"] = "EV" if measurand == "SoC" else "Outlet"
    unit = UNITS.get(measurand.split(".", maxsplit=1)[0])
    if unit is not None:
        value["unitOfMeasure"] = {"unit": unit}
    return value


def _limit(limit: Limit) -> Payload:
    whole = {"maxTime": limit.seconds, "maxSoC": limit.soc}
    said: Payload = {name: int(value) for name, value in whole.items() if value is not None}
    parts = {"maxEnergy": limit.energy_wh, "maxCost": limit.cost}
    return said | {name: value for name, value in parts.items() if value is not None}


def _with_request(payload: Payload, request_id: int | None) -> Payload:
    return payload if request_id is None else payload | {"requestId": request_id}
