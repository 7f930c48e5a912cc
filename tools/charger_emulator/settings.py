"""The station's configuration: one table, spelt as 1.6 keys and as 2.0.1 component and variable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MEASURANDS = (
    "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Current.Offered,Power.Offered,"
    "Voltage,SoC,Temperature"
)
REGISTER = "Energy.Active.Import.Register"


@dataclass
class Setting:
    """One configuration key. `component` is `Name.Variable` or `Name.Variable/instance` of OCPP 2.0.1."""

    key: str | None
    component: str | None
    kind: str
    value: str
    readonly: bool = False
    secret: bool = False


def _table() -> list[Setting]:
    return [
        Setting("HeartbeatInterval", "OCPPCommCtrlr.HeartbeatInterval", "integer", "300"),
        Setting("ConnectionTimeOut", "TxCtrlr.EVConnectionTimeOut", "integer", "60"),
        Setting("MeterValueSampleInterval", "SampledDataCtrlr.TxUpdatedInterval", "integer", "60"),
        Setting("MeterValuesSampledData", "SampledDataCtrlr.TxUpdatedMeasurands", "MemberList", MEASURANDS),
        Setting("StopTxnSampledData", "SampledDataCtrlr.TxEndedMeasurands", "MemberList", REGISTER),
        Setting("ClockAlignedDataInterval", "AlignedDataCtrlr.Interval", "integer", "0"),
        Setting("MeterValuesAlignedData", "AlignedDataCtrlr.Measurands", "MemberList", REGISTER),
        Setting("AuthorizeRemoteTxRequests", "AuthCtrlr.AuthorizeRemoteStart", "boolean", "false"),
        Setting("LocalAuthorizeOffline", "AuthCtrlr.LocalAuthorizeOffline", "boolean", "true"),
        Setting("LocalPreAuthorize", "AuthCtrlr.LocalPreAuthorize", "boolean", "false"),
        Setting("AllowOfflineTxForUnknownId", "AuthCtrlr.OfflineTxForUnknownIdEnabled", "boolean", "true"),
        Setting("AuthorizationCacheEnabled", "AuthCacheCtrlr.Enabled", "boolean", "true"),
        Setting("LocalAuthListEnabled", "LocalAuthListCtrlr.Enabled", "boolean", "true"),
        Setting("StopTransactionOnEVSideDisconnect", "TxCtrlr.StopTxOnEVSideDisconnect", "boolean", "true"),
        Setting("StopTransactionOnInvalidId", "TxCtrlr.StopTxOnInvalidId", "boolean", "true"),
        Setting("UnlockConnectorOnEVSideDisconnect", None, "boolean", "true"),
        Setting("TransactionMessageAttempts", "OCPPCommCtrlr.MessageAttempts/TransactionEvent", "integer", "3"),
        Setting(
            "TransactionMessageRetryInterval", "OCPPCommCtrlr.MessageAttemptInterval/TransactionEvent", "integer", "10"
        ),
        Setting("WebSocketPingInterval", "OCPPCommCtrlr.WebSocketPingInterval", "integer", "30"),
        Setting("NumberOfConnectors", None, "integer", "1", readonly=True),
        Setting("ChargeProfileMaxStackLevel", "SmartChargingCtrlr.ProfileStackLevel", "integer", "10", readonly=True),
        Setting(
            "SupportedFeatureProfiles",
            None,
            "MemberList",
            "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger",
            readonly=True,
        ),
        Setting("GetConfigurationMaxKeys", None, "integer", "100", readonly=True),
        Setting("AuthorizationKey", "SecurityCtrlr.BasicAuthPassword", "string", "", secret=True),
        Setting("CpoName", "SecurityCtrlr.OrganizationName", "string", "Ohmbudsman"),
        Setting(None, "SecurityCtrlr.SecurityProfile", "integer", "0", readonly=True),
        Setting(None, "MonitoringCtrlr.Enabled", "boolean", "true", readonly=True),
        Setting(None, "DisplayMessageCtrlr.Enabled", "boolean", "true", readonly=True),
        Setting(None, "OCPPCommCtrlr.NetworkConfigurationPriority", "SequenceList", "1"),
        Setting(None, "OCPPCommCtrlr.OfflineThreshold", "integer", "60"),
        Setting(None, "TxCtrlr.TxStartPoint", "MemberList", "PowerPathClosed"),
        Setting(None, "TxCtrlr.TxStopPoint", "MemberList", "EVConnected,Authorized"),
        Setting(None, "ChargingStation.VendorName", "string", "", readonly=True),
        Setting(None, "ChargingStation.Model", "string", "", readonly=True),
        Setting(None, "ChargingStation.SerialNumber", "string", "", readonly=True),
        Setting(None, "ChargingStation.FirmwareVersion", "string", "", readonly=True),
    ]


class Settings:
    """The values in force. Reading is by 1.6 key or by 2.0.1 `Component.Variable`."""

    def __init__(self) -> None:
        self._all = _table()
        self._by_key = {s.key: s for s in self._all if s.key}
        self._by_component = {s.component: s for s in self._all if s.component}

    @classmethod
    def of(cls, values: dict[str, str]) -> Settings:
        """With these values by name, read-only ones too."""
        made = cls()
        for name, value in values.items():
            made.put(name, value)
        return made

    def __iter__(self) -> Iterator[Setting]:
        return iter(self._all)

    def find(self, name: str) -> Setting | None:
        return self._by_key.get(name) or self._by_component.get(name)

    def component_known(self, component: str) -> bool:
        return any(name.startswith(f"{component}.") for name in self._by_component)

    def text(self, name: str) -> str:
        setting = self.find(name)
        assert setting is not None, name
        return setting.value

    def number(self, name: str) -> int:
        return int(self.text(name))

    def flag(self, name: str) -> bool:
        return self.text(name).lower() == "true"

    def members(self, name: str) -> list[str]:
        return [part.strip() for part in self.text(name).split(",") if part.strip()]

    def put(self, name: str, value: str) -> None:
        """Set a value from inside the station, read-only ones too."""
        setting = self.find(name)
        assert setting is not None, name
        setting.value = value

    def change(self, name: str, value: str) -> str:
        """Set a value for the central system: Accepted, Rejected or NotSupported (1.6: ChangeConfiguration)."""
        setting = self.find(name)
        if setting is None:
            return "NotSupported"
        if setting.readonly or not _fits(setting.kind, value):
            return "Rejected"
        setting.value = value.lower() if setting.kind == "boolean" else value
        return "Accepted"


def _fits(kind: str, value: str) -> bool:
    match kind:
        case "integer":
            return value.isascii() and value.isdigit()
        case "boolean":
            return value.lower() in ("true", "false")
        case _:
            return len(value) <= 500
