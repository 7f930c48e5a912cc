"""What an OCPP message says in plain words. Pure; knows the messages of both versions by their fields only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from complaints.web.ocpp_words import ANSWER, EVENT, HOW, TRIGGER, named, status, stopped_because
from complaints.web.tongue import N_, Tongue

Payload = Mapping[str, Any]
Say = Callable[..., str]

CALL, RESULT, ERROR = 2, 3, 4

ASKED = {
    "Reset": N_("We ask it to restart: %(type)s."), "UnlockConnector": N_("We ask it to unlock plug %(plug)s."),
    "RemoteStartTransaction": N_("We ask it to start a session on plug %(plug)s."),
    "RequestStartTransaction": N_("We ask it to start a session on plug %(plug)s."),
    "RemoteStopTransaction": N_("We ask it to end session %(transaction)s."),
    "RequestStopTransaction": N_("We ask it to end session %(transaction)s."),
    "TriggerMessage": N_("We ask it to report: %(what)s."),
    "ChangeAvailability": N_("We ask it to change plug %(plug)s to %(type)s."),
    "GetDiagnostics": N_("We ask for its log."), "GetLog": N_("We ask for its log."),
    "GetConfiguration": N_("We ask for its settings."), "GetVariables": N_("We ask for its settings."),
    "ChangeConfiguration": N_("We change a setting."), "SetVariables": N_("We change a setting."),
    "DataTransfer": N_("We send vendor data."), "SetChargingProfile": N_("We limit its power."),
    "UpdateFirmware": N_("We ask it to update its firmware."),
}
SAID = {
    "Heartbeat": N_("It says that it is alive and asks for the time."),
    "BootNotification": N_("It has started up: %(vendor)s %(model)s, firmware %(firmware)s."),
    "StatusNotification": N_("Plug %(plug)s reports: %(status)s."),
    "Authorize": N_("A card was shown; it asks whether it may charge."),
    "StartTransaction": N_("A session has begun on plug %(plug)s, meter at %(meter)s."),
    "StopTransaction": N_("The session has ended, meter at %(meter)s. Reason given: %(reason)s."),
    "MeterValues": N_("Meter of plug %(plug)s: %(values)s."),
    "TransactionEvent": N_("The session %(type)s: %(trigger)s. %(values)s"),
    "FirmwareStatusNotification": N_("Firmware update: %(status)s."),
    "DiagnosticsStatusNotification": N_("Log upload: %(status)s."),
    "LogStatusNotification": N_("Log upload: %(status)s."),
    "SecurityEventNotification": N_("Security event: %(type)s."), "NotifyEvent": N_("It reports an event: %(what)s."),
    "DataTransfer": N_("It sends vendor data."), "NotifyReport": N_("It reports its settings."),
}
WHOLE = N_("The charger as a whole reports: %(status)s.")
"""Of connector 0, which is the charger itself."""
NOTABLE = {
    "Energy.Active.Import.Register": N_("register"), "Power.Active.Import": N_("power"), "SoC": N_("state of charge"),
    "Current.Import": N_("current"), "Current.Offered": N_("offered"), "Voltage": N_("voltage"),
    "Temperature": N_("temperature"), "Power.Offered": N_("power offered"),
}


def parse(text: str | None) -> list[Any] | None:
    """The message, where the frame is one."""
    try:
        found = orjson.loads(text or "")
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, list) and len(found) >= 3 else None


def gloss(kind: str, action: str | None, text: str | None, tongue: Tongue) -> str:
    """One sentence; empty where there is nothing plain to say."""
    say = tongue.say
    if kind in ("connected", "disconnected"):
        return say("The connection was opened.") if kind == "connected" else say("The connection was lost or closed.")
    message = parse(text)
    if message is None:
        return say("This could not be read as a message.")
    match message[0]:
        case 2:
            return _call(action or str(message[2]), message[-1], say, ours=kind == "sent")
        case 3:
            return _answer(message[2] if isinstance(message[2], Mapping) else {}, say, ours=kind == "sent")
        case 4:
            return say("Refused as wrong: %(why)s.", why=" ".join(str(part) for part in message[2:4] if part))
        case _:
            return ""


def _call(action: str, payload: Any, say: Say, *, ours: bool) -> str:
    p = payload if isinstance(payload, Mapping) else {}
    template = (ASKED if ours else SAID).get(action)
    if action == "StatusNotification" and plug_of(p) == 0:
        template = WHOLE
    return say(template, **_values(action, p, say)) if template else action


def _values(action: str, p: Payload, say: Say) -> dict[str, str]:
    station = p.get("chargingStation") or {}
    code = p.get("errorCode")
    told = str(p.get("status") or p.get("connectorStatus") or p.get("type") or "–")
    if action == "StatusNotification":
        told = status(told, say)
    error = f" ({code} {p.get('vendorErrorCode') or ''} {p.get('info') or ''})" if code not in (None, "NoError") else ""
    info, event = p.get("transactionInfo") or {}, EVENT.get(str(p.get("eventType")))
    return {
        "plug": str(plug_of(p)), "status": told + error.rstrip(" )") + (")" if error else ""),
        "vendor": str(p.get("chargePointVendor") or station.get("vendorName") or ""),
        "model": str(p.get("chargePointModel") or station.get("model") or ""),
        "firmware": str(p.get("firmwareVersion") or station.get("firmwareVersion") or "–"),
        "meter": _wh(p.get("meterStart", p.get("meterStop"))),
        "reason": stopped_because(p.get("reason") or info.get("stoppedReason"), say),
        "values": _meters(p.get("meterValue"), say) or ("" if action == "TransactionEvent" else "–"),
        "type": say(event) if event else named(HOW, p.get("type") or p.get("operationalStatus"), say),
        "trigger": named(TRIGGER, p.get("triggerReason"), say), "transaction": str(p.get("transactionId") or "–"),
        "what": str(p.get("requestedMessage") or _events(p)),
    }


def plug_of(p: Payload) -> Any:
    evse = p.get("evse")
    found = evse.get("id") if isinstance(evse, Mapping) else None
    return next((n for n in (found, p.get("evseId"), p.get("connectorId")) if n is not None), "–")


def _events(p: Payload) -> str:
    rows = p.get("eventData") or []
    return ", ".join(
        f"{(e.get('component') or {}).get('name')}.{(e.get('variable') or {}).get('name')} = {e.get('actualValue')}"
        for e in rows[:3] if isinstance(e, Mapping)
    ) or "–"


def _wh(value: Any) -> str:
    return f"{value / 1000:.3f} kWh" if isinstance(value, int | float) else "–"


def _meters(values: Any, say: Say) -> str:
    """The last sample of what matters."""
    if not isinstance(values, list) or not values:
        return ""
    found = {}
    for sample in (values[-1] or {}).get("sampledValue") or []:
        name = sample.get("measurand") or "Energy.Active.Import.Register"
        if name in NOTABLE and not sample.get("phase"):
            unit = sample.get("unit") or (sample.get("unitOfMeasure") or {}).get("unit") or ""
            found[name] = f"{say(NOTABLE[name])} {_measured(sample.get('value'), unit)}".strip()
    return ", ".join(found[name] for name in NOTABLE if name in found)


def _measured(value: Any, unit: str) -> str:
    """kWh and kW where people think in them."""
    if unit in ("Wh", "W"):
        try:
            return f"{float(value) / 1000:.{3 if unit == 'Wh' else 1}f} k{unit}"
        except (TypeError, ValueError):
            pass
    return f"{value} {({'Percent': '%', 'Celsius': '°C', 'Celcius': '°C'}).get(unit, unit)}"


def _answer(p: Payload, say: Say, *, ours: bool) -> str:
    template = N_("We answer: %(what)s.") if ours else N_("It answers: %(what)s.")
    told = p.get("status") or (p.get("idTagInfo") or p.get("idTokenInfo") or {}).get("status")
    if told:
        number = say(", session %(n)s", n=p["transactionId"]) if "transactionId" in p else ""
        return say(template, what=named(ANSWER, str(told), say) + number)
    return say(template, what=say("the time") if "currentTime" in p else say("received"))
