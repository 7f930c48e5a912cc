"""ChargeX minimum required error codes: 26 faults that every network is to name alike (INL)."""

from __future__ import annotations

from dataclasses import dataclass

from .connectors import Fault

VENDOR = "https://chargex.inl.gov"
LOCK = "ConnectorPlugRetentionLock"


@dataclass(frozen=True)
class Kind:
    """`error` is the 1.6 errorCode, `component` what stands behind it in 2.0.1, `blocking` whether charging ends."""

    name: str
    info: str
    error: str = "OtherError"
    component: str = "EVSE"
    blocking: bool = True


KINDS: dict[str, Kind] = {
    "CX001": Kind("ConnectorLockFailure", "cannot lock or unlock", "ConnectorLockFailure", LOCK),
    "CX002": Kind("GroundFailure", "ground fault interrupter tripped", "GroundFailure", "GroundIsolationProtection"),
    "CX003": Kind("HighTemperature", "too hot inside, derated", "HighTemperature", "TemperatureSensor", blocking=False),
    "CX004": Kind("OverCurrentFailure", "protection tripped", "OverCurrentFailure", "OverCurrentProtection"),
    "CX005": Kind("OverVoltage", "input voltage above limit", "OverVoltage", "ElectricalFeed"),
    "CX006": Kind("UnderVoltage", "input voltage below limit", "UnderVoltage", "ElectricalFeed"),
    "CX007": Kind("WeakSignal", "wireless signal weak", "WeakSignal", "DataLink", blocking=False),
    "CX008": Kind("EmergencyStop", "emergency stop pressed", component="EmergencyStopSensor"),
    "CX009": Kind("AuthorizationTimeout", "not authorised in time", component="TokenReader", blocking=False),
    "CX010": Kind("InvalidVehicleMode", "vehicle not in park", component="ConnectedEV", blocking=False),
    "CX011": Kind("CableCheckFault", "isolation check before charging failed", component="GroundIsolationProtection"),
    "CX012": Kind("PreChargeFault", "pre-charge voltage not reached", component="PowerContactor"),
    "CX013": Kind("NoInternet", "backhaul lost", component="DataLink", blocking=False),
    "CX014": Kind("PilotFault", "control pilot out of range", component="ControlPilot"),
    "CX015": Kind("PowerLoss", "no supply", component="ElectricalFeed"),
    "CX016": Kind("EVContactorFault", "the vehicle's contactor failed", component="ConnectedEV"),
    "CX017": Kind("EVSEContactorFault", "contactor does not open or close", "PowerSwitchFailure", "PowerContactor"),
    "CX018": Kind("CableOverTempDerate", "cable hot, derated", "HighTemperature", "TemperatureSensor", blocking=False),
    "CX019": Kind("CableOverTempStop", "cable too hot, stopped", "HighTemperature", "TemperatureSensor"),
    "CX020": Kind("PartialInsertion", "plug not fully in", component="PlugRetentionLock", blocking=False),
    "CX021": Kind("CapacitanceFault", "isolation monitor: capacitance", component="GroundIsolationProtection"),
    "CX022": Kind("ResistanceFault", "isolation resistance low", "GroundFailure", "GroundIsolationProtection"),
    "CX023": Kind("ProximityFault", "proximity voltage out of range", component="ProximityPilot"),
    "CX024": Kind("ConnectorVoltageHigh", "voltage at the connector outside of a session", component="PowerContactor"),
    "CX025": Kind("BrokenLatch", "latch broken", component=LOCK),
    "CX026": Kind("CutCable", "output cable severed", component="CableBreakawaySensor"),
}
_BY_NAME = {kind.name: code for code, kind in KINDS.items()}


def code_of(name: str) -> str | None:
    """CX004 for `CX004` and for `ChargeX:OverCurrentFailure`; None for what is no code of theirs."""
    if name in KINDS:
        return name
    return _BY_NAME.get(name.removeprefix("ChargeX:")) if name.startswith("ChargeX:") else None


def fault_of(code: str, info: str = "", blocking: bool | None = None) -> Fault:
    """The fault as a station reports it. It is kept under its ChargeX code, told under OCPP's."""
    kind = KINDS[code]
    blocks = kind.blocking if blocking is None else blocking
    told = info or f"{kind.name}: {kind.info}"
    return Fault(code, told, code, VENDOR, blocks, error=kind.error, component=kind.component)
