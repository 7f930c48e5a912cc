"""Why a start came to nothing, or went elsewhere. "Accepted" is not "started"."""

from __future__ import annotations

from datetime import datetime, timedelta

from complaints.findings import Ref
from complaints.matching import Try
from complaints.matching.tries import TIMEOUT
from complaints.rules.case import Case
from complaints.rules.register import Held, frame, rule, stance
from complaints.rules.topics import DOWN, MONEY_GONE, NO_ENERGY, NOT_MINE, NOT_STARTED
from complaints.rules.vehicle import used_elsewhere_then
from complaints.rules.words import TOKEN_STATUSES, both, clock, command_refs, start_refs, stop_refs
from csms.vocabulary import Authorization, StatusChange

PLUGGED = frozenset({"Preparing", "Occupied", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing", "EVConnected"})
UNUSABLE = frozenset({"Faulted", "Unavailable"})


def refs_of(one: Try) -> tuple[Ref, ...]:
    if one.command is not None:
        return command_refs(one.command)
    return frame(one.authorization.frame, one.at) if one.authorization else ()


def never_plugged(case: Case, at: datetime, evse: int | None) -> bool:
    """No vehicle was on the plug from the asking to the time-out, as the plug's own record tells. False
    where the record is not there to tell it."""
    end = at + timedelta(minutes=5)
    if case.offline_in((at, end)) or not case.story.connections:
        return False
    plugs = [evse] if evse else sorted({s.evse for s in case.story.statuses if s.evse > 0 and s.source == "connector"})
    known = [_status_at(case, plug, at) for plug in plugs]
    if not plugs or any(k is None or k.status not in ("Available", "Reserved") for k in known):
        return False
    return not any(
        s.evse in plugs and s.source == "connector" and at < s.at <= end and s.status in PLUGGED
        for s in case.story.statuses
    )


@rule("start.no_transaction", grade="B")
def no_transaction(case: Case) -> Held | None:
    """A start was asked, or a token authorised, and no transaction followed on any connector within the
    time-out (10 min, longer than any ConnectionTimeOut in use). Contract; evidence-rules 6, 8."""
    idle = [t for t in case.tries if t.command is not None or t.outcome == "no_transaction"]
    if not idle:
        return None
    late = all(t.outcome == "no_transaction" and never_plugged(case, t.at, t.evse or case.evse) for t in idle)
    topics = MONEY_GONE if late else NOT_STARTED
    one = idle[-1]
    return Held(
        stance(case, supports=topics),
        f"A start was asked for at {clock(case, one.at)}, and no charging session followed.",
        f"{clock(case, one.at)} 请求启动后，始终没有产生充电记录。",
        tuple(r for t in idle for r in refs_of(t)), 0.95,
    )


@rule("start.refused_by_station", grade="B")
def refused_by_station(case: Case) -> Held | None:
    """RemoteStart or RequestStart answered Rejected. Contract; evidence-rules 6."""
    refused = [t for t in case.tries if t.outcome == "rejected"]
    if not refused:
        return None
    one = refused[-1]
    info = ((one.command.answer or {}).get("statusInfo") or {}) if one.command else {}
    why = info.get("additionalInfo") or info.get("reasonCode") or ""
    return Held(
        stance(case, supports=NOT_STARTED),
        f"The station itself refused to start at {clock(case, one.at)}{f' ({why})' if why else ''}.",
        f"{clock(case, one.at)} 充电桩拒绝了启动请求{f'（{why}）' if why else ''}。",
        tuple(r for t in refused for r in refs_of(t)), 0.97,
    )


@rule("start.station_offline", grade="B")
def station_offline(case: Case) -> Held | None:
    """The start was asked while the station was not connected. Contract."""
    blind = [t for t in case.tries if t.outcome == "offline" or (t.command is not None and case.offline_at(t.at))]
    if not blind:
        return None
    gaps = [c for c in case.story.connections if c.disconnected_at and c.disconnected_at <= blind[-1].at]
    return Held(
        stance(case, supports=NOT_STARTED),
        f"At {clock(case, blind[-1].at)} the station had no connection to us, so the start never reached it.",
        f"{clock(case, blind[-1].at)} 充电桩处于离线状态，启动指令没有送达。",
        (*(r for t in blind for r in refs_of(t)),
         *(Ref("connection", c.id, c.disconnected_at) for c in gaps[-1:])), 0.95,
    )


@rule("start.station_faulted", grade="B")
def station_faulted(case: Case) -> Held | None:
    """The connector, or the station as a whole, was Faulted or Unavailable at that time. Contract;
    evidence-rules 8, 23. A session that ran then shows that it was not."""
    at = case.tries[-1].at if case.tries else (case.transaction.started_at if case.transaction else case.stated_at)
    if case.transaction is not None and not case.tries and (case.energy_wh or 0.0) >= 50:
        return None
    bad = [s for s in (_status_at(case, case.evse, at), _status_at(case, 0, at)) if s and s.status in UNUSABLE]
    if not bad or case.offline_at(at):
        return None
    one = bad[0]
    word_en = "out of order" if one.status == "Faulted" else "out of service"
    word_zh = "故障" if one.status == "Faulted" else "停用"
    return Held(
        stance(case, supports=NOT_STARTED | DOWN | {"cannot_insert"}),
        f"The plug had been {word_en} since {clock(case, one.at)}, when the start was tried.",
        f"尝试启动时，该枪自 {clock(case, one.at)} 起处于{word_zh}状态。",
        frame(one.frame, one.at), 0.9,
    )


@rule("start.token_refused", grade="B")
def token_refused(case: Case) -> Held | None:
    """Authorize (or the start) answered Invalid, Blocked, Expired, ConcurrentTx ... by us. Contract;
    evidence-rules 12: rightly refused it is the account's matter; refused as in use while it is used
    nowhere, or accepted a moment before or after, it is our error."""
    refused = [t for t in case.tries if t.outcome == "token_refused" and t.authorization is not None]
    t = case.transaction
    status = refused[-1].authorization.status if refused and refused[-1].authorization else None
    refs = tuple(r for one in refused for r in refs_of(one))
    if status is None and t is not None and (t.token_status or "Accepted") != "Accepted":
        status, refs = t.token_status, start_refs(t)
    if status is None:
        return None
    wrongly = wrongly_refused(case, status)
    said_en, said_zh = both(TOKEN_STATUSES, status)
    return Held(
        stance(case, supports=NOT_STARTED | {"account"}) if wrongly
        else stance(case, supports=MONEY_GONE, contradicts=NOT_STARTED - MONEY_GONE),
        f"Our system refused the card or account ({said_en})"
        + (", and the records show no ground for it." if wrongly else "."),
        f"平台拒绝了该卡或账户（{said_zh}）" + ("，而记录中没有拒绝的依据。" if wrongly else "。"),
        refs, 0.93,
    )


def wrongly_refused(case: Case, status: str) -> bool:
    """ConcurrentTx without a session that truly ran then; or the same token accepted within the day."""
    if status in ("ConcurrentTx", "ConcurrentTx."):
        return used_elsewhere_then(case) is None
    if status in ("Blocked", "Expired", "NoCredit", "NotAllowedTypeEVSE", "NotAtThisLocation", "NotAtThisTime"):
        return False
    near = timedelta(days=1)
    accepted: list[Authorization] = [
        a for a in case.authorizations if a.status == "Accepted" and abs(a.at - case.stated_at) <= near
    ]
    return bool(accepted)


@rule("start.customer_timeout", grade="B")
def customer_timeout(case: Case) -> Held | None:
    """Authorised, and no vehicle plugged in time: EVConnectTimeout, or Preparing never seen on a connected
    station that reports its plug. Contract; evidence-rules 6, 8."""
    t = case.transaction
    if t is not None and (t.stop_reason == "Timeout" or t.stop_trigger == "EVConnectTimeout"):
        if _was_plugged(case):
            return None  # the plug says that a car was there: the station did not see it
        refs, at = (*start_refs(t), *stop_refs(t)), t.started_at
    else:
        late = [o for o in case.tries if o.outcome == "no_transaction" and _plug_stayed_free(case, o)]
        if not late or t is not None:
            return None
        at, refs = late[-1].at, tuple(r for o in late for r in refs_of(o))
    return Held(
        stance(case, contradicts=NOT_STARTED - MONEY_GONE),
        f"The start of {clock(case, at)} was accepted, and no car was plugged in before the station gave up waiting.",
        f"{clock(case, at)} 启动已被接受，但在等待时限内没有插枪，充电桩自动取消。",
        refs, 0.9,
    )


@rule("start.other_connector", grade="B")
def other_connector(case: Case) -> Held | None:
    """The transaction began on another connector than the customer names, or than the start was asked for.
    Contract; evidence-rules 18. That he names another plug may be his slip; that the start was asked for
    another is not. At another station than he names it is always told, and means nothing either way."""
    t = case.transaction
    if t is None or t.evse is None:
        return None
    if case.claim.named_station is not None:
        return Held(
            "inconclusive",
            f"The session began at {t.station}, plug {t.evse}, while {case.claim.named_station} is named.",
            f"您所说的是 {case.claim.named_station}，实际在 {t.station} 的 {t.evse} 号枪上开始充电。",
            start_refs(t), 0.93,
        )
    asked = case.start_command.evse if case.start_command else None
    moved = asked not in (None, 0, t.evse)
    if not moved and case.claim.evse in (None, t.evse):
        return None
    wanted = asked if moved else case.claim.evse
    said_en = "was asked for" if moved else "is named"
    said_zh = "请求的是" if moved else "您所说的是"
    return Held(
        stance(case, supports=NO_ENERGY | NOT_MINE) if moved else "inconclusive",
        f"The session began on plug {t.evse}, while plug {wanted} {said_en}.",
        f"{said_zh} {wanted} 号枪，实际在 {t.evse} 号枪上开始充电。",
        (*start_refs(t), *(command_refs(case.start_command) if moved and case.start_command else ())), 0.93,
    )


def _was_plugged(case: Case) -> bool:
    """The connector itself reported a vehicle before the station gave up waiting."""
    before = [s for s in case.connector_statuses if s.at < case.stopped_at]
    return bool(before) and before[-1].status in PLUGGED


def _plug_stayed_free(case: Case, one: Try) -> bool:
    evse = one.evse or case.evse
    return case.now - one.at >= TIMEOUT / 4 and never_plugged(case, one.at, evse)


def _status_at(case: Case, evse: int | None, at: datetime) -> StatusChange | None:
    """The last status of a plug at a moment."""
    if evse is None:
        return None
    before = [s for s in case.story.statuses if s.source == "connector" and s.evse == evse and s.at <= at]
    return before[-1] if before else case.story.last_status_before.get(evse)
