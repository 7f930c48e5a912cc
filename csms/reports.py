"""What stations report of what is set in them: each kind of report to its feature."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from csms import (
    authority,
    certificates,
    displays,
    grid,
    monitoring,
    notices,
    profiles,
    reservations,
    settlements,
    streams,
    swaps,
    variables,
)
from csms.authority import Authority
from csms.kit.db import Conn
from csms.vocabulary import (
    BatterySwapped,
    CustomerTold,
    DisplaysReported,
    DynamicLimitAsked,
    GridAlarm,
    GridControlsReported,
    GridControlSwitched,
    LimitImposed,
    LimitLifted,
    MonitorsReported,
    Noticed,
    PaymentSettled,
    ProfilesReported,
    Reply,
    ReservationEnded,
    SigningAsked,
    StreamClosed,
    StreamOpened,
    StreamTold,
    VariablesReported,
)
from csms.vocabulary.heard import Heard

NOTED: Mapping[type[Any], Callable[[Conn, Sequence[Heard[Any]]], Awaitable[None]]] = {
    VariablesReported: variables.note,
    ProfilesReported: profiles.note_reported,
    LimitImposed: profiles.note_imposed,
    LimitLifted: profiles.note_lifted,
    MonitorsReported: monitoring.note,
    DisplaysReported: displays.note,
    CustomerTold: notices.note_customer,
    ReservationEnded: reservations.note_ended,
    SigningAsked: certificates.note_asked,
    Noticed: notices.note,
    GridControlsReported: grid.note_reported,
    GridControlSwitched: grid.note_switched,
    GridAlarm: notices.note_alarms,
    StreamOpened: streams.note_opened,
    StreamClosed: streams.note_closed,
    StreamTold: streams.note_told,
    BatterySwapped: swaps.note,
    PaymentSettled: settlements.note,
    DynamicLimitAsked: notices.note_asked_limits,
}


async def reply(conn: Conn, heard: Heard[Any], signer: Authority | None) -> Reply:
    """What they are answered; most answers say nothing."""
    said, now = heard.said, heard.received_at
    match said:
        case SigningAsked():
            return Reply(now, "Accepted" if signer else "Rejected")
        case DynamicLimitAsked(profile=profile):
            return Reply(now, limit=await profiles.dynamic_limit(conn, heard.station, profile, now))
        case Noticed(kind="certificate_status_asked", detail=asked):
            return Reply(now, ocsp=await authority.status(conn, signer, asked.get("ocspRequestData"), now))
        case Noticed(kind="certificate_chain_asked", detail=asked):
            return Reply(now, standing=await _standing(conn, asked, signer, now))
    return Reply(now)


async def _standing(
    conn: Conn, asked: Mapping[str, Any], signer: Authority | None, now: datetime
) -> Mapping[str, tuple[str, datetime]]:
    names = [one["certificateHashData"] for one in asked["certificateStatusRequests"]]
    return await authority.standing(conn, signer, names, now)


REPORTS: Mapping[type[Any], str] = {
    VariablesReported: "variables", ProfilesReported: "profiles", MonitorsReported: "monitors",
    DisplaysReported: "displays", CustomerTold: "customer", GridControlsReported: "grid_controls",
}
"""Those that come because we asked, in parts; by what they are called where their question waits for them."""
