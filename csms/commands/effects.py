"""What a command is to bring about, and how it is seen that it has. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from csms import vocabulary as v
from csms.kit.clock import parse_time
from csms.vocabulary import CommandState, VariableValue

# How a command may go on from each state. A late answer still settles what timed out.
TRANSITIONS: Mapping[str, frozenset[str]] = {
    "queued": frozenset({"sent", "offline", "expired"}),
    "sent": frozenset({"accepted", "rejected", "unanswered", "unsupported", "queued"}),
    "unanswered": frozenset({"accepted", "rejected", "unsupported"}),
    "accepted": frozenset(),
    "rejected": frozenset(),
    "offline": frozenset(),
    "unsupported": frozenset(),
    "expired": frozenset(),
}
SETTLED = frozenset(TRANSITIONS) - {"queued", "sent"}

KINDS: Mapping[type[Any], str] = {
    v.Reset: "reset", v.Unlock: "unlock", v.Start: "start", v.Stop: "stop", v.Trigger: "trigger",
    v.SetAvailability: "set_availability", v.FetchLog: "fetch_log", v.ReadVariables: "read_variables",
    v.SetProfile: "set_profile", v.ClearProfiles: "clear_profiles", v.AskComposite: "ask_composite",
    v.ReportProfiles: "report_profiles", v.Reserve: "reserve", v.CancelReservation: "cancel_reservation",
    v.SendList: "send_list", v.AskListVersion: "ask_list_version", v.ClearCache: "clear_cache",
    v.WriteVariables: "write_variables", v.ReportVariables: "report_variables", v.SetMonitors: "set_monitors",
    v.ClearMonitors: "clear_monitors", v.SetMonitoringBase: "set_monitoring_base",
    v.SetMonitoringLevel: "set_monitoring_level", v.ReportMonitors: "report_monitors", v.Show: "show",
    v.TakeDown: "take_down", v.ReportDisplays: "report_displays", v.TellCost: "tell_cost",
    v.AskCustomer: "ask_customer", v.InstallCertificate: "install_certificate",
    v.DeleteCertificate: "delete_certificate", v.ListCertificates: "list_certificates",
    v.DeliverCertificate: "deliver_certificate", v.UpdateFirmware: "update_firmware",
    v.PublishFirmware: "publish_firmware", v.UnpublishFirmware: "unpublish_firmware",
    v.SetNetworkProfile: "set_network_profile", v.Transfer: "transfer",
    v.AskTransactionStatus: "ask_transaction_status", v.SetPriority: "set_priority",
    v.SetGridControl: "set_grid_control", v.ClearGridControls: "clear_grid_controls",
    v.ReportGridControls: "report_grid_controls", v.SignalBalance: "signal_balance", v.UpdateLimit: "update_limit",
    v.AllowTransfers: "allow_transfers", v.AdjustStream: "adjust_stream", v.ListStreams: "list_streams",
    v.SwapBattery: "swap_battery", v.PostTariff: "post_tariff", v.ChangeTariff: "change_tariff",
    v.ClearTariffs: "clear_tariffs", v.ListTariffs: "list_tariffs", v.AnnouncePayment: "announce_payment",
    v.OtherCommand: "other",
}

EFFECT_WITHIN: Mapping[str, timedelta] = {
    "reset": timedelta(minutes=5),
    "unlock": timedelta(minutes=1),
    "start": timedelta(minutes=3),
    "stop": timedelta(minutes=1),
    "trigger": timedelta(seconds=30),
    "set_availability": timedelta(minutes=1),
    "fetch_log": timedelta(minutes=15),
    "reserve": timedelta(seconds=30),
    "cancel_reservation": timedelta(seconds=30),
    "write_variables": timedelta(minutes=5),
    "report_variables": timedelta(minutes=5),
    "report_profiles": timedelta(minutes=2),
    "report_monitors": timedelta(minutes=5),
    "report_displays": timedelta(minutes=2),
    "ask_customer": timedelta(minutes=2),
    "update_firmware": timedelta(hours=2),
    "publish_firmware": timedelta(hours=2),
    "set_priority": timedelta(minutes=1),
    "report_grid_controls": timedelta(minutes=2),
    "swap_battery": timedelta(minutes=15),
}
"""How long the effect of an accepted command may take to show. Kinds not listed have none to wait for."""

WHEN_SCHEDULED = timedelta(days=1)
"""Answered Scheduled, or waiting for a reboot: it happens when the station is free."""

WATCHED_UNANSWERED = frozenset({"reset", "update_firmware"})
"""A socket may die before the answer is out (tfocpp's Hard reset): it may have worked all the same."""

HEALTHY = frozenset({"Available", "Preparing", "Occupied", "Reserved", "Charging", "SuspendedEV", "SuspendedEVSE",
                     "Finishing"})
"""What a connector may report after a reset to count as back; Faulted and Unavailable do not."""

UPLOAD_FAILED = frozenset({"UploadFailed", "UploadFailure", "BadMessage", "NotSupportedOperation",
                           "PermissionDenied"})
FIRMWARE_FAILED = frozenset({
    "DownloadFailed", "InstallationFailed", "InvalidSignature", "InstallVerificationFailed", "RevokedCertificate",
    "InvalidCertificate", "InvalidChecksum", "PublishFailed",
})
REPORTS: Mapping[str, str] = {
    "report_variables": "variables", "report_profiles": "profiles", "report_monitors": "monitors",
    "report_displays": "displays", "ask_customer": "customer", "report_grid_controls": "grid_controls",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """Something a station did that may be the effect of a command."""

    station: str
    what: str
    """disconnected, connected, booted, status, started, ended, said, upload, firmware, publish, report, values,
    priority, swap"""
    at: datetime
    evse: int | None = None
    detail: str | None = None
    """The status, the token, the transaction named, the action said, the kind of report."""
    other: str | None = None
    """The id of the request it belongs to; the version booted with."""
    values: tuple[VariableValue, ...] = ()


def awaited_effect(
    kind: str, body: Mapping[str, Any], state: str, now: datetime, word: str | None = None
) -> tuple[str, datetime | None]:
    """(effect, deadline) once a command is answered with this word, or not."""
    waits = state == CommandState.ACCEPTED or (state == CommandState.UNANSWERED and kind in WATCHED_UNANSWERED)
    if not waits or kind not in EFFECT_WITHIN or not _shows(kind, body):
        return "not_applicable", None
    later = word in ("Scheduled", "RebootRequired")
    return "pending", _begins(body, now) + (WHEN_SCHEDULED if later else EFFECT_WITHIN[kind])


def _shows(kind: str, body: Mapping[str, Any]) -> bool:
    """Whether it can be seen at all."""
    match kind:
        case "reserve":  # a reservation of any connector shows at none
            return bool(body.get("evse"))
        case "write_variables":
            return any(value["variable"] not in SECRETS for value in body.get("values", ()))
        case "ask_customer":
            return bool(body.get("report"))
    return True


SECRETS = frozenset({"AuthorizationKey", "BasicAuthPassword"})


def _begins(body: Mapping[str, Any], now: datetime) -> datetime:
    """An update may be ordered for tonight."""
    times = [body.get("retrieve_at"), body.get("install_at")]
    return max([now, *(parse_time(at) if isinstance(at, str) else at for at in times if at)])


def advance(kind: str, body: Mapping[str, Any], seen: dict[str, Any], plugs: Sequence[int], it: Happening) -> bool:
    """Note what was seen of a command's effect; True once it is complete."""
    match kind:
        case "reset":
            return _advance_reset(body, seen, plugs, it)
        case "unlock":
            return it.what == "status" and it.evse == body["evse"] and it.detail == "Available"
        case "start":
            return it.what == "started" and _is_that_start(body, it)
        case "stop":
            return it.what == "ended" and body["transaction"] in (it.detail, it.other)
        case "trigger":
            wanted = "SignCertificate" if body["what"].startswith("Sign") else body["what"]
            return it.what == "said" and it.detail == wanted
        case "set_availability":
            words = HEALTHY if body["operative"] else {"Unavailable"}
            return it.what == "status" and (body.get("evse") or it.evse) == it.evse and it.detail in words
        case "fetch_log":
            return it.what == "upload" and it.detail in ("Uploaded", "AcceptedCanceled")
        case "reserve":
            return it.what == "status" and it.evse == body.get("evse") and it.detail == "Reserved"
        case "cancel_reservation":
            return it.what == "status" and it.detail in HEALTHY - {"Reserved"}
        case "update_firmware":
            return _advance_update(body, seen, it)
        case "publish_firmware":
            return it.what == "publish" and it.detail == "Published" and _same_request(body, it)
        case "write_variables":
            return _advance_write(body, seen, it)
        case "swap_battery":
            return it.what == "swap" and it.detail == "out" and _same_request(body, it)
        case "set_priority":
            return it.what == "priority" and it.detail == body["transaction"] and it.other == str(body["active"])
    if kind in REPORTS:
        return it.what == "report" and it.detail == REPORTS[kind] and _same_request(body, it)
    return False


def failed(kind: str, body: Mapping[str, Any], it: Happening) -> bool:
    """Whether the station says itself that it did not work."""
    match kind:
        case "fetch_log":
            return it.what == "upload" and it.detail in UPLOAD_FAILED and _same_request(body, it)
        case "update_firmware":
            return it.what == "firmware" and it.detail in FIRMWARE_FAILED and _same_request(body, it)
        case "publish_firmware":
            return it.what == "publish" and it.detail in FIRMWARE_FAILED and _same_request(body, it)
        case "swap_battery":
            return it.what == "swap" and it.detail == "timeout" and _same_request(body, it)
    return False


def _same_request(body: Mapping[str, Any], it: Happening) -> bool:
    """Stations of 1.6 name no request, and some of 2.x forget to."""
    wanted = body.get("request_id")
    return wanted is None or it.other is None or it.other == str(wanted)


def _is_that_start(body: Mapping[str, Any], it: Happening) -> bool:
    """2.x names the request; in 1.6 it is told by token, which some stations lengthen, or by place."""
    if it.other is not None and body.get("remote_start_id") is not None:
        return it.other == str(body["remote_start_id"])
    token, said = str(body["token"]).lower(), (it.detail or "").lower()
    alike = bool(said) and (said.startswith(token) or token.startswith(said))
    return alike if body.get("evse") is None else body["evse"] == it.evse or alike


def _advance_reset(body: Mapping[str, Any], seen: dict[str, Any], plugs: Sequence[int], it: Happening) -> bool:
    """The socket dropped, the boot came, every connector is back. One EVSE alone (B11) only reports."""
    if it.what in ("disconnected", "connected"):
        seen["dropped"] = True
    elif it.what == "booted":
        seen["booted"] = True
        seen.setdefault("booted_at", it.at.isoformat())
    elif it.what == "status" and (seen.get("booted") or body.get("evse")):
        back = {evse for evse in seen.get("back", []) if evse != it.evse}
        seen["back"] = sorted(back | ({it.evse} if it.detail in HEALTHY and it.evse else set()))
    if evse := body.get("evse"):
        return evse in seen.get("back", [])
    return bool(seen.get("dropped") and seen.get("booted") and set(plugs) <= set(seen.get("back", [])))


def _advance_update(body: Mapping[str, Any], seen: dict[str, Any], it: Happening) -> bool:
    """Installed, by its own word or by a boot with another version than before."""
    if it.what == "firmware" and _same_request(body, it):
        seen["status"] = it.detail
        return it.detail == "Installed"
    return it.what == "booted" and bool(it.other and seen.get("from") and seen["from"] != it.other)


def _advance_write(body: Mapping[str, Any], seen: dict[str, Any], it: Happening) -> bool:
    """Every value reads back as it was written; what needs a reboot has had one."""
    if it.what == "booted":
        return bool(seen.get("reboot"))
    if it.what != "values":
        return False
    wanted = {_place(value): value["value"] for value in body["values"] if value["variable"] not in SECRETS}
    read = set(seen.get("read", ()))
    for value in it.values:
        place = _place(value)
        if place in wanted and _alike(wanted[place], value.value):
            read.add(place)
    seen["read"] = sorted(read)
    return set(wanted) <= read


def _place(value: VariableValue | Mapping[str, Any]) -> str:
    get = value.get if isinstance(value, Mapping) else lambda name: getattr(value, name)
    return "/".join(str(get(name) or "") for name in (
        "component", "component_instance", "evse", "connector", "variable", "instance"
    ))


def _alike(wanted: str | None, read: str | None) -> bool:
    """Stations spell true as True and 10 as 10.0."""
    one, other = (wanted or "").strip().lower(), (read or "").strip().lower()
    try:
        return one == other or float(one) == float(other)
    except ValueError:
        return one.replace(" ", "") == other.replace(" ", "")
