"""OCPP 2.1 <-> our vocabulary: 2.0.1, and answers to what is new."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csms.ocpp import v201
from csms.ocpp.times import stamp
from csms.ocpp.v201 import (
    read,
    read_answer,
    read_command,
    read_outcome,
    read_reply,
    read_variables,
    write_command,
)
from csms.vocabulary import Message, Noticed, Reply

__all__ = [
    "read", "read_answer", "read_command", "read_outcome", "read_reply", "read_variables", "write_command",
    "write_reply",
]  # fmt: skip


def write_reply(message: Message | str, reply: Reply) -> dict[str, Any]:
    """The answer to a message; two of 2.1 repeat part of the question, so they are answered from what was asked."""
    match message:
        case Noticed(action="GetCertificateChainStatus", detail=payload):
            asked = payload["certificateStatusRequests"]
            return {"certificateStatus": [_unknown_certificate(one, reply) for one in asked]}
        case Noticed(action="VatNumberValidation", detail=payload):
            place = {"evseId": payload["evseId"]} if "evseId" in payload else {}
            return {"vatNumber": payload["vatNumber"], "status": reply.status or "Rejected"} | place
        case Noticed(action="NotifyEVChargingNeeds") | "NotifyEVChargingNeeds":
            return {"status": reply.status or "NoChargingProfile"}
        case Noticed(action="OpenPeriodicEventStream" | "PullDynamicScheduleUpdate"):
            return {"status": reply.status or "Rejected"}
        case "OpenPeriodicEventStream" | "PullDynamicScheduleUpdate":
            return {"status": reply.status or "Rejected"}
    return v201.write_reply(message, reply)


def _unknown_certificate(asked: Mapping[str, Any], reply: Reply) -> dict[str, Any]:
    return {
        "certificateHashData": asked["certificateHashData"],
        "source": asked["source"],
        "status": "Failed",
        "nextUpdate": stamp(reply.now),
    }
