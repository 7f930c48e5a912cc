"""What a 1.6J station says."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .clock import read_time
from .connectors import Connector, Fault, Reading, Transaction
from .link import Payload
from .outbox import Message, Reply
from .speech import BootAnswer
from .tokens import Leave, Token, leave_of_tag
from .v16_asked import answers
from .voice import Done

if TYPE_CHECKING:
    from .machine import Machine

ERROR_CODES = {
    "ConnectorLockFailure",
    "EVCommunicationError",
    "GroundFailure",
    "HighTemperature",
    "InternalError",
    "LocalListConflict",
    "NoError",
    "OtherError",
    "OverCurrentFailure",
    "OverVoltage",
    "PowerMeterFailure",
    "PowerSwitchFailure",
    "ReaderFailure",
    "ResetFailure",
    "UnderVoltage",
    "WeakSignal",
}

STOP_REASONS = {
    "DeAuthorized",
    "EVDisconnected",
    "EmergencyStop",
    "HardReset",
    "Local",
    "Other",
    "PowerLoss",
    "Reboot",
    "Remote",
    "SoftReset",
    "UnlockCommand",
}
"""Anything else is told as Other."""


class Speech16:
    """OCPP 1.6 edition 2, chapter 6, from the station's side."""

    version = "ocpp1.6"
    status_tells_faults = True
    malformed = "FormationViolation"

    def __init__(self, station: Machine) -> None:
        self._station = station
        self.asked: dict[str, Callable[[Payload], Done]] = answers(station)

    def boot(self, reason: str) -> Message:  # noqa: ARG002 - 1.6 does not say why it boots
        station = self._station
        payload: Payload = {
            "chargePointVendor": station.vendor[:20],
            "chargePointModel": station.model[:20],
            "firmwareVersion": station.firmware,
        }
        if station.serial:
            payload["chargePointSerialNumber"] = station.serial[:25]
        return Message("BootNotification", lambda: payload, early=True)

    def boot_answer(self, payload: Payload) -> BootAnswer:
        return BootAnswer(payload["status"], payload["interval"], read_time(payload["currentTime"]))

    def heartbeat(self) -> Message:
        return Message("Heartbeat", dict)

    def word(self, connector: Connector) -> str:
        return connector.status

    def status(self, connector: Connector) -> Message:
        fault = connector.fault
        payload: Payload = {
            "connectorId": connector.evse,
            "errorCode": "NoError",
            "status": connector.status,
            "timestamp": self._station.stamp(),
        }
        if fault is not None:
            told = fault.error or fault.code
            payload["errorCode"] = told if told in ERROR_CODES else "OtherError"
            payload |= _filled(
                info=(fault.info or ("" if told in ERROR_CODES else fault.code))[:50],
                vendorId=fault.vendor or (self._station.vendor if fault.vendor_code else ""),
                vendorErrorCode=fault.vendor_code[:50],
            )
        return Message("StatusNotification", lambda: payload)

    def authorize(self, token: Token) -> Message:
        return Message("Authorize", lambda: {"idTag": token.id[:20]})

    def leave(self, payload: Payload) -> Leave:
        return leave_of_tag(payload["idTagInfo"])

    def begun(self, tx: Transaction, trigger: str) -> Message:  # noqa: ARG002 - nor what began it
        payload: Payload = {
            "connectorId": tx.evse,
            "idTag": tx.token.id[:20] if tx.token else "",
            "meterStart": tx.meter_start_wh,
            "timestamp": self._station.stamp(tx.started_at),
        }
        if tx.reservation_id is not None:
            payload["reservationId"] = tx.reservation_id
        return Message("StartTransaction", lambda: payload, kept=True, on_reply=lambda r: self._started(tx, r))

    def _started(self, tx: Transaction, reply: Reply) -> None:
        if reply.ok:
            tx.number = reply.payload["transactionId"]
            self._station.sessions.started(tx, self.leave(reply.payload))

    def changed(self, tx: Transaction, trigger: str, reading: Reading | None, token: Token | None = None) -> None:
        """1.6 tells a changed charging state by StatusNotification alone."""

    def sampled(self, connector: Connector, tx: Transaction | None, reading: Reading) -> Message:
        setting = "MeterValuesAlignedData" if reading.context == "Sample.Clock" else "MeterValuesSampledData"
        value = self._meter_value(reading, self._station.settings.members(setting))
        payload: Payload = {"connectorId": connector.evse, "meterValue": [value]}

        def with_number() -> Payload:
            known = tx is not None and tx.number is not None
            return payload | ({"transactionId": tx.number} if tx and known else {})

        return Message("MeterValues", with_number, kept=tx is not None)

    def ended(self, tx: Transaction, trigger: str) -> Message:  # noqa: ARG002 - nor what ended it
        assert tx.stopped_at is not None
        reason = tx.stop_reason if tx.stop_reason in STOP_REASONS else "Other"
        payload: Payload = {
            "meterStop": tx.meter_stop_wh,
            "timestamp": self._station.stamp(tx.stopped_at),
            "reason": reason,
        }
        if tx.stop_token is not None:
            payload["idTag"] = tx.stop_token.id[:20]
        measurands = self._station.settings.members("StopTxnSampledData")
        if measurands and tx.end is not None:
            payload["transactionData"] = [self._meter_value(r, measurands) for r in (tx.begin, tx.end)]
        return Message("StopTransaction", lambda: self._numbered(tx, payload), kept=True)

    def _numbered(self, tx: Transaction, payload: Payload) -> Payload | None:
        """A start that was never accepted has no transaction to stop: nothing can be said (1.6: 4.10)."""
        number = 0 if tx.number is None and "no_start" in self._station.quirks else tx.number
        return None if number is None else payload | {"transactionId": number}

    def fault_event(self, connector: Connector, fault: Fault, cleared: bool) -> None:
        """1.6 tells faults by StatusNotification alone."""

    def log_status(self, status: str, request_id: int | None) -> Message:
        if request_id is None:
            word = {"UploadFailure": "UploadFailed"}.get(status, status)
            return Message("DiagnosticsStatusNotification", lambda: {"status": word})
        return Message("LogStatusNotification", lambda: {"status": status, "requestId": request_id})

    def firmware_status(self, status: str, request_id: int | None) -> Message:
        if request_id is None:
            return Message("FirmwareStatusNotification", lambda: {"status": status})
        return Message("SignedFirmwareStatusNotification", lambda: {"status": status, "requestId": request_id})

    def reservation_ended(self, id: int, status: str) -> None:
        """1.6 has no word for it: the connector's status tells."""

    def _meter_value(self, reading: Reading, measurands: list[str]) -> Payload:
        return {
            "timestamp": self._station.stamp(reading.at),
            "sampledValue": [
                _sampled(m, figure, reading.context) | ({"phase": phase} if phase else {})
                for m in measurands
                for phase, figure in reading.samples(m)
            ],
        }


_UNITS = {
    "Energy.Active.Import.Register": "Wh",
    "Power.Active.Import": "W",
    "Power.Offered": "W",
    "Current.Import": "A",
    "Current.Offered": "A",
    "Voltage": "V",
    "SoC": "Percent",
    "Temperature": "Celsius",
}


def _sampled(measurand: str, figure: float, context: str) -> Payload:
    return {
        "value": str(int(figure)) if _UNITS[measurand] == "Wh" else f"{round(figure, 1):.10g}",
        "context": context,
        "measurand": measurand,
        "unit": _UNITS[measurand],
        "location": "EV" if measurand == "SoC" else "Outlet",
    }


def _filled(**fields: Any) -> Payload:
    return {name: value for name, value in fields.items() if value}
