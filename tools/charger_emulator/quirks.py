"""What stations in the field do against the specification: a table, and how each deed is done.

A quirk is switched on by its name. Most rewrite a message on its way out (`rewrites.py`); some say a message again;
the rest are asked for by name where the station behaves (`name in station.quirks`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .clock import iso
from .link import Payload
from .outbox import Message
from .rewrites import respell, rewrite

if TYPE_CHECKING:
    from .voice import Done

__all__ = ["ALIASES", "QUIRKS", "respell", "rewrite"]

QUIRKS: dict[str, str] = {
    # What a message says
    "stop_minus_one": "StopTransaction carries transactionId -1 (Keba P30, EVerest offline, go-e)",
    "stop_zero": "StopTransaction carries transactionId 0 (DELTA)",
    "faulted_no_error": "Faulted is reported with errorCode NoError (tfocpp, shiv3)",
    "no_status_time": "StatusNotification has no timestamp (1.6: SAP, VCP, shiv3)",
    "null_info": 'info is "null" and vendorErrorCode "0x0000" where there is no error (ABB)',
    "kwh_as_wh": "energy readings are in kWh but say Wh (Huawei)",
    "energy_in_kwh": "energy readings are in kWh, and say so",
    "number_values": "sampled values are JSON numbers in 1.6 (OpenEVSE); breaks the schema",
    "empty_values": "a voltage reading is an empty text in 1.6 (Heidelberg)",
    "object_for_array": "meterValue is one object, not an array (Huawei); breaks the schema",
    "sample_object": "sampledValue is one object, not an array (Huawei); breaks the schema",
    "broken_json": 'MeterValues have a comma too many, "sampledValue":[,{ (ZJ Beny); not JSON',
    "missing_value": 'MeterValues have a name without value, "transactionId":, (AEFA); not JSON',
    "odd_words": "a measurand, a unit and a context that no list has (Alfen, Charge Amps); breaks the schema",
    "connector_zero_values": "MeterValues are of connector 0 (KEBA)",
    "missing_transaction_id": "StopTransaction comes without transactionId; breaks the schema",
    "idtag_suffix": "the idTag of a stop has a '-' more than that of the start (Sigen, Ocular)",
    "cluster_token": "idTags have the wallbox's serial behind them (KEBA P30); breaks the schema when long",
    "semicolon_token": "idTags have a ';' and the card's brand behind them (payment terminals)",
    "long_serial": "the serial number is longer than allowed (Schneider EVlink); breaks the schema",
    "finishing_with_error": "Finishing comes with an errorCode (ABB)",
    "status_lies": "a plugged-in connector is reported Available (FoxESS)",
    "repeated_begin": "the Ended event repeats the first reading (libocpp)",
    "no_start_time": "StartTransaction has no timestamp; breaks the schema",
    "no_transaction_id": "MeterValues come without transactionId (AEFA)",
    "local_time_as_utc": "times are local time (UTC+8) with a Z (steve#136)",
    "time_without_zone": "times have no zone (AEFA)",
    "clock_1970": "the clock was never set: times count from 1970-01-01 (MicroOcpp, tfocpp)",
    "clock_slow": "the clock is ten minutes behind and never set right",
    "seq_no_zero": "seqNo is always 0 in 2.0.1 (VCP)",
    "no_offline_flag": "events told late do not say offline (MicroOcpp 2.0.1)",
    "bare_updates": "Updated and Ended events come without evse (MicroOcpp, libocpp)",
    "stop_without_reason": "StopTransaction has no reason, which means Local (1.6: 7.38)",
    # How often
    "repeat_status": "every StatusNotification is said three times (EVerest#536)",
    "new_id_retry": "StartTransaction is said again under a new id though it was answered (MicroOcpp#237)",
    "stop_twice": "a second StopTransaction follows with 4 Wh more and reason Reboot (SAP)",
    "repeat_stop_forever": "a stop is said again every ten seconds, answered or not (METRON Duo)",
    "old_backlog": "MeterValues of yesterday, of transaction 4711, come at the first boot (Alfen)",
    "late_meter_values": "MeterValues of a transaction come after its stop (Ocular)",
    # How the station behaves
    "same_id_retry": "a retry keeps its message id (tfocpp)",
    "counter_ids": "message ids are 1, 2, 3 and start again at each boot (tfocpp, open-ocpp)",
    "no_boot_after_reconnect": "no BootNotification after the first one, even after a reset or a power cut",
    "boot_after_reconnect": "boots again after a mere network outage (shiv3, VCP, SAP)",
    "act_before_answer": "does what it is asked before it answers (shiv3)",
    "ignores_reset": "answers Accepted to Reset and does nothing",
    "rejects_reset": "answers Rejected to Reset",
    "hard_reset_unanswered": "never answers a hard reset: its socket dies first (tfocpp)",
    "deaf_to_trigger": "never answers TriggerMessage (StarCharge)",
    "custom_operation": "says CustomOperation for a trigger it does not know (MicroOcpp)",
    "error_minus_one": "refuses an action it does not know under the message id -1 (libocpp)",
    "ignores_profiles": "accepts charging profiles and charges on as before (Grizzl-E, FoxESS)",
    "odd_composite": 'answers GetCompositeSchedule with startSchedule "0" and no unit (Heidelberg)',
    "closes_on_large_frames": "closes the socket on a frame above 4,000 characters (steve#129)",
    "small_queue": "keeps five transaction messages and drops later ones (ocpp-rpc#69)",
    "unlock_lies": "answers Unlocked though the lock is jammed",
    "stuck_finishing": "stays Finishing after a remote stop, even unplugged, until it boots (Autel, Ocular)",
    "session_meter": "the register starts at 0 for every transaction (VCP, SAP)",
    "meter_falls_back": "a power cut sets the register back by up to 71 Wh (MicroOcpp)",
    "silent_meter": "sends no periodic meter values (Wallbox Pulsar Pro)",
    "no_start": "never says that a 1.6 transaction has begun, only that it has ended",
    "no_stop": "never says that a transaction has ended (Hager Witty Park)",
    "no_stop_after_boot": "a reset or power cut swallows the stop (SAP, shiv3, open-ocpp)",
    "no_subprotocol": "dials without Sec-WebSocket-Protocol and speaks 1.6 (Grizzl-E)",
    "odd_subprotocol": "offers ocpp2.0.1.1, which nobody speaks",
    "speaks_16_on_201": "offers ocpp2.0.1 and speaks 1.6 (FoxESS)",
    "trailing_slash": "the address ends in a slash (DAL)",
    "id_in_other_case": "the id in the address is in another case than it was told (SteVe)",
    "duplicate_sockets": "keeps a second, silent socket open beside the first (steve#357)",
    "never_redial": "once disconnected by the other side, never dials again until it boots (Teison)",
    "slow_redial": "redials after six minutes at the earliest (FoxESS)",
    "no_clock_sync": "ignores currentTime in answers",
    "firmware_fails": "an installation ends in InstallationFailed",
    "bad_signature": "a signed firmware update ends in InvalidSignature",
}

LARGE_FRAME = 4000

ALIASES = {
    "object_instead_of_array": "object_for_array",
    "local_time_as_z": "local_time_as_utc",
    "session_zero_register": "session_meter",
    "stop_repeated_forever": "repeat_stop_forever",
}
"""Other names for some of them."""


def check(names: Iterable[str]) -> frozenset[str]:
    """The names as a set. Raises ValueError for one that is not in the table."""
    chosen = frozenset(ALIASES.get(name, name) for name in names)
    if unknown := chosen - QUIRKS.keys():
        raise ValueError(f"no such quirk: {', '.join(sorted(unknown))}")
    return chosen


def again(quirks: frozenset[str], message: Message) -> list[Message]:
    """The messages this station says in addition to `message`."""
    extra: list[Message] = []
    if message.action == "StatusNotification" and "repeat_status" in quirks:
        extra += [same(message), same(message)]
    if message.action == "StartTransaction" and "new_id_retry" in quirks:
        extra.append(same(message))
    if message.action == "StopTransaction" and "stop_twice" in quirks:
        extra.append(Message(message.action, lambda: _later_stop(message.payload()), kept=True))
    if message.action == "StopTransaction" and "late_meter_values" in quirks:
        extra.append(Message("MeterValues", lambda: _closing_values(message.payload()), kept=True))
    return extra


def swallows(quirks: frozenset[str], message: Message, booting: bool) -> bool:
    """Whether the message is never said at all."""
    if message.action == "StartTransaction" and "no_start" in quirks:
        return True
    ends = message.action == "StopTransaction" or message.what == "Ended"
    return ends and ("no_stop" in quirks or (booting and "no_stop_after_boot" in quirks))


def shift(quirks: frozenset[str], moment: datetime, up_s: float) -> datetime:
    """The time this station's clock shows at `moment`, `up_s` seconds after it got power."""
    if "clock_1970" in quirks:
        return datetime(1970, 1, 1, tzinfo=moment.tzinfo) + timedelta(seconds=up_s)
    return moment - timedelta(minutes=10) if "clock_slow" in quirks else moment


def offer(quirks: frozenset[str], protocols: list[str]) -> list[str]:
    """The subprotocols this station asks for."""
    if "no_subprotocol" in quirks:
        return []
    if "odd_subprotocol" in quirks:
        return ["ocpp2.0.1.1"]
    return ["ocpp2.0.1"] if "speaks_16_on_201" in quirks else protocols


def spoken(quirks: frozenset[str], offered: list[str]) -> str:
    """The version it speaks until told otherwise."""
    if not offered or "speaks_16_on_201" in quirks:
        return "ocpp1.6"
    return {"ocpp2.0.1.1": "ocpp2.0.1"}.get(offered[0], offered[0])


def answers_oddly(quirks: frozenset[str], action: str, asked: Payload, done: Done) -> Done:
    """An answer as this station gives it, or does not."""
    done.silent = (action == "TriggerMessage" and "deaf_to_trigger" in quirks) or (
        action == "Reset" and asked.get("type") == "Hard" and "hard_reset_unanswered" in quirks
    )
    if action == "TriggerMessage" and done.silent:
        done.then = None
    if action == "GetCompositeSchedule" and "odd_composite" in quirks:
        odd: Payload = {"startSchedule": "0", "chargingRateUnit": "", "chargingSchedulePeriod": []}
        name = "chargingSchedule" if "chargingSchedule" in done.payload else "schedule"
        done.payload = done.payload | {name: odd}
    return done


def backlog(now: datetime) -> list[Message]:
    """Readings of a past that nobody here knows."""
    return [_old_value(now - timedelta(days=1, minutes=-minute), minute) for minute in range(20)]


def _old_value(at: datetime, minute: int) -> Message:
    value: Payload = {"timestamp": iso(at), "sampledValue": [{"value": str(1000 + minute)}]}
    payload: Payload = {"connectorId": 1, "transactionId": 4711, "meterValue": [value]}
    return Message("MeterValues", lambda: payload, kept=True)


def same(message: Message) -> Message:
    """The same once more, under its own message id."""
    return Message(message.action, message.payload, kept=message.kept)


def _later_stop(payload: Payload | None) -> Payload | None:
    return payload and payload | {"meterStop": payload["meterStop"] + 4, "reason": "Reboot"}


def _closing_values(payload: Payload | None) -> Payload | None:
    if payload is None:
        return None
    value: Payload = {"timestamp": payload["timestamp"], "sampledValue": [{"value": str(payload["meterStop"])}]}
    return {"connectorId": 1, "transactionId": payload["transactionId"], "meterValue": [value]}
