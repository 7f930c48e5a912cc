"""OCPP 2.1 <-> our vocabulary: 2.0.1, and what is new (`added21`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csms.ocpp import added21, v201
from csms.ocpp.times import stamp
from csms.ocpp.told import UNREADABLE
from csms.ocpp.v201 import read_outcome, read_reply, read_variables
from csms.vocabulary import Command, DynamicLimitAsked, Message, Noticed, OtherCommand, Reply, StreamOpened, Told

__all__ = [
    "read", "read_answer", "read_command", "read_outcome", "read_reply", "read_variables", "write_command",
    "write_reply",
]  # fmt: skip

Payload = Mapping[str, Any]


def read(action: str, payload: Payload) -> Message:
    reader = added21.SAID.get(action)
    return reader(payload) if reader else v201.read(action, payload)


def write_command(command: Command) -> tuple[str, dict[str, Any]]:
    """The question in 2.1; `BadInput` where it cannot ask it."""
    if isinstance(command, OtherCommand):
        return command.action, dict(command.payload)
    return added21.write_order(command) or v201.write_command(command)


def read_command(action: str, payload: Payload) -> Command:
    """What a question means; `OtherCommand` where it cannot be read."""
    reader = added21.ORDERS.get(action)
    if reader is None:
        return v201.read_command(action, payload)
    try:
        return reader(payload)
    except (KeyError, TypeError, AttributeError, ValueError):
        return OtherCommand(action, payload)


def read_answer(action: str, asked: Payload, answer: Payload) -> Told | None:
    """What the answer tells beyond yes and no."""
    reader = added21.TOLD.get(action)
    try:
        return reader(asked, answer) if reader else v201.read_answer(action, asked, answer)
    except UNREADABLE:
        return None


def write_reply(message: Message | str, reply: Reply) -> dict[str, Any]:
    """The answer to a message; two of 2.1 repeat part of the question, so they are answered from what was asked."""
    match message:
        case Noticed(action="GetCertificateChainStatus", detail=payload):
            asked = payload["certificateStatusRequests"]
            return {"certificateStatus": [_standing(one, reply) for one in asked]}
        case Noticed(action="VatNumberValidation", detail=payload):
            place = {"evseId": payload["evseId"]} if "evseId" in payload else {}
            return {"vatNumber": payload["vatNumber"], "status": reply.status or "Rejected"} | place
        case Noticed(action="NotifyEVChargingNeeds") | "NotifyEVChargingNeeds":
            return {"status": reply.status or "NoChargingProfile"}
        case DynamicLimitAsked() | "PullDynamicScheduleUpdate":
            if reply.limit is None:
                return {"status": "Rejected"}
            return {"status": "Accepted", "scheduleUpdate": {"limit": reply.limit}}
        case StreamOpened() | "OpenPeriodicEventStream":
            return {"status": reply.status or "Accepted"}
    return v201.write_reply(message, reply)


def _standing(asked: Payload, reply: Reply) -> dict[str, Any]:
    name = asked["certificateHashData"]
    status, until = (reply.standing or {}).get(name["serialNumber"], ("Failed", reply.now))
    return {"certificateHashData": name, "source": asked["source"], "status": status, "nextUpdate": stamp(until)}
