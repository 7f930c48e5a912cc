"""What it is answered, and what an answer on record said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from csms.ocpp.outcomes import int_or_none, text_or_none
from csms.ocpp.times import moment, stamp
from csms.ocpp.v201.said import Payload
from csms.vocabulary import (
    Beat,
    Booted,
    DataPassed,
    Message,
    Noted,
    Noticed,
    Reply,
    SigningAsked,
    TokenPresented,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
)

DEFAULT_INTERVAL_S = 300


def write_reply(message: Message | str, reply: Reply) -> dict[str, Any]:
    """The answer to a message, or to an action, as the specification asks for it."""
    match _action(message):
        case "BootNotification":
            return {
                "currentTime": stamp(reply.now),
                "interval": DEFAULT_INTERVAL_S if reply.interval_s is None else reply.interval_s,
                "status": reply.status or "Accepted",
            }
        case "Heartbeat":
            return {"currentTime": stamp(reply.now)}
        case "Authorize":
            return {"idTokenInfo": _token_info(reply)}
        case "TransactionEvent" if reply.token_status:
            return {"idTokenInfo": _token_info(reply)}
        case "DataTransfer":
            return {"status": reply.status or "UnknownVendorId"}
        case "NotifyEVChargingSchedule":
            return {"status": reply.status or "Accepted"}
        case "SignCertificate" | "NotifyEVChargingNeeds":
            return {"status": reply.status or "Rejected"}  # nobody here plans
        case "GetCertificateStatus":
            return {"status": "Accepted", "ocspResult": reply.ocsp} if reply.ocsp else {"status": "Failed"}
        case "Get15118EVCertificate":
            return {"status": "Failed", "exiResponse": ""}
    return {}


def read_reply(action: str, payload: Payload, now: datetime) -> Reply:
    """What an answer of the records said; `now` is when it was sent, where it does not say."""
    info = payload.get("idTokenInfo")
    info = info if isinstance(info, Mapping) else {}
    group = info.get("groupIdToken")
    return Reply(
        now=moment(payload.get("currentTime")) or now,
        status=text_or_none(payload.get("status")),
        interval_s=int_or_none(payload.get("interval")) if action == "BootNotification" else None,
        token_status=text_or_none(info.get("status")),
        token_expires_at=moment(info.get("cacheExpiryDateTime")),
        token_parent=text_or_none(group.get("idToken")) if isinstance(group, Mapping) else None,
    )


def _action(message: Message | str) -> str:
    match message:
        case str():
            return message
        case Noted(action=action) | Noticed(action=action):
            return action
        case SigningAsked():
            return "SignCertificate"
        case Booted():
            return "BootNotification"
        case Beat():
            return "Heartbeat"
        case TokenPresented():
            return "Authorize"
        case TransactionStarted() | TransactionUpdated() | TransactionEnded():
            return "TransactionEvent"
        case DataPassed():
            return "DataTransfer"
    return ""  # every other answer is empty


_TOKEN_STATES = {
    "Accepted", "Blocked", "ConcurrentTx", "Expired", "Invalid", "NoCredit", "NotAllowedTypeEVSE", "NotAtThisLocation",
    "NotAtThisTime", "Unknown",
}  # fmt: skip


def _token_info(reply: Reply) -> dict[str, Any]:
    status = reply.token_status or "Unknown"
    info: dict[str, Any] = {"status": status if status in _TOKEN_STATES else "Invalid"}
    if reply.token_expires_at:
        info["cacheExpiryDateTime"] = stamp(reply.token_expires_at)
    if reply.token_parent and len(reply.token_parent) <= 36:
        info["groupIdToken"] = {"idToken": reply.token_parent, "type": "Central"}
    return info
