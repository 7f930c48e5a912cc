"""What staff and customers can do with a case: who may, what is needed, and how it moves the case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from complaints import cases, deadlines, phrases, sla, thread
from complaints.cases import Case
from complaints.intake.form import CurrencyCode, Lenient, LongText, Short
from complaints.states import NotAllowedIn, can
from complaints.thread import Draft
from csms.errors import BadInput, Conflict
from csms.kit.db import Conn

Remote = Literal["reset", "unlock", "stop", "trigger", "get_log", "set_inoperative", "set_operative"]
Money = Literal["refund", "release_hold"]
Life = Literal["dispatch", "assign", "escalate", "resolve", "confirm", "reject_resolution", "close", "reopen"]
REMOTE: tuple[str, ...] = Remote.__args__  # type: ignore[attr-defined]
MONEY: tuple[str, ...] = Money.__args__  # type: ignore[attr-defined]

DESK = ("agent", "technician", "finance", "supervisor")
ROLES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(REMOTE, ("agent", "technician", "supervisor")),
    "refund": ("agent", "finance", "supervisor"),
    "release_hold": ("agent", "finance", "supervisor"),
    "dispatch": ("agent", "technician", "supervisor"),
    "assign": DESK,
    "escalate": DESK,
    "resolve": DESK,
    "confirm": (*DESK, "integration"),
    "reject_resolution": (*DESK, "integration"),
    "close": ("supervisor",),
    "reopen": DESK,
}
"""Who may do what; admin may do all of it."""
OVERRIDES = ("technician", "supervisor")
"""Who may go past a guard, with a reason. Nobody goes past G1."""
NEEDS_REASON = (*REMOTE, *MONEY, "escalate", "reject_resolution", "close", "reopen")

CLOSED_WITHOUT_CONFIRMATION = ("accepted", "accepted_by_silence")


class Ask(Lenient):
    """The body of an action. Which fields count depends on `action`."""

    action: Literal[Remote, Money, Life]
    reason: LongText | None = None
    override: bool = False
    text: LongText | None = Field(default=None, description="What the customer is told (resolve), or a comment.")
    evse: Annotated[int, Field(ge=0)] | None = None
    connector: Annotated[int, Field(ge=0)] | None = None
    hard: bool = Field(default=False, description="reset: at once, instead of after what is running.")
    what: Short = Field(default=None, description="trigger: the message wanted, StatusNotification without.")
    transaction: Short = Field(default=None, description="stop: our id, or the number or reference.")
    wait_s: Annotated[float, Field(ge=0, le=60)] = 0
    amount: Annotated[Decimal, Field(gt=0, max_digits=14, decimal_places=4)] | None = None
    currency: CurrencyCode | None = None
    payment: Short = Field(default=None, description="refund, release_hold: the payment it is about.")
    refund: int | None = Field(default=None, description="Which refund of this case is decided; the open one without.")
    approve: bool | None = Field(
        default=None, description="refund: decides what is proposed; false with nothing proposed only proposes."
    )
    owner: Short = Field(default=None, description="assign, dispatch: to whom; to yourself without.")
    department: Short = None
    level: Literal[1, 2, 3] | None = None
    outcome: Literal["accepted", "accepted_by_silence"] | None = Field(
        default=None, description="close: why it may be closed though the customer has not confirmed."
    )
    satisfaction: Annotated[int, Field(ge=1, le=5)] | None = None


@dataclass(frozen=True, slots=True)
class Acted:
    """How an action ended. `settled` False: accepted, still under way (HTTP 202)."""

    case: Case
    settled: bool = True
    detail: Mapping[str, Any] = field(default_factory=dict)


def may(role: str, action: str) -> bool:
    return role == "admin" or role in ROLES[action]


def check(ask: Ask) -> None:
    """Who, when and why are on record for everything that touches a station or money (G11)."""
    if ask.action in NEEDS_REASON and not ask.reason:
        raise BadInput("reason", "is required: it goes on record with who and when")


# --- the life of a case; each runs inside its caller's transaction -------------------------------


async def assign(conn: Conn, case: Case, ask: Ask, by: str, now: datetime) -> None:
    """A named person owns the case. A second review is not done by those who handled it before."""
    owner = ask.owner or by
    if case.state == "second_review" and owner in await _handlers(conn, case.number):
        raise Conflict(f"{owner} has handled this case before; a second review needs someone else")
    move = "investigate" if case.state != "decided" and can("investigate", case.state) else None
    body = {"owner": owner, "department": ask.department}
    await thread.add(conn, case.number, Draft("assignment", by, ask.reason or "", body=body, move=move), now)
    await cases.own(conn, case.number, owner, ask.department)
    await deadlines.meet(conn, case.number, "acknowledge", now=now)


async def _handlers(conn: Conn, number: str) -> set[str]:
    return {str(e.body["owner"]) for e in await thread.read(conn, number) if e.type == "assignment"}


async def escalate(conn: Conn, case: Case, ask: Ask, by: str, now: datetime, zone: str) -> None:
    """One level up (or to the one named), with that level's clocks from now where they are shorter."""
    level = min(ask.level or max(case.level - 1, 1), case.level)
    await thread.add(conn, case.number, Draft(
        "escalation", by, ask.reason or "", body={"level": level, "before": case.level, "department": ask.department},
    ), now)
    if level != case.level:
        await cases.raise_level(conn, case.number, level)
        await _tighten(conn, case, level, now, zone)
    if ask.department:
        await cases.own(conn, case.number, case.owner or by, ask.department)


async def _tighten(conn: Conn, case: Case, level: int, now: datetime, zone: str) -> None:
    standing = {d.kind: d.due_at for d in (await deadlines.of_cases(conn, [case.number]))[case.number]
                if d.round == case.round}
    made = sla.deadlines(level=level, category=case.category, channel=case.channel, start=now, zone=zone)
    sooner = [d for d in made if d.kind not in standing or d.due_at < standing[d.kind]]
    await deadlines.put(conn, case.number, case.round, sooner)


async def dispatch(conn: Conn, case: Case, ask: Ask, by: str, now: datetime) -> None:
    """Someone goes there. The work order's own life comes with its clocks; the case knows who and why."""
    move = "execute" if can("execute", case.state) else None
    body = {"technician": ask.owner, "station": case.where, "evse": ask.evse or case.evse or case.matched_evse}
    await thread.add(conn, case.number, Draft("dispatch", by, ask.reason or ask.text or "", body=body, move=move), now)
    await deadlines.meet(conn, case.number, "acknowledge", now=now)


async def resolve(conn: Conn, case: Case, ask: Ask, by: str, now: datetime) -> None:
    """The customer is told the result, and asked whether that settles it."""
    text = ask.text or ask.reason
    if not text:
        raise BadInput("text", "is required: it is what the customer is told")
    await thread.add(conn, case.number, Draft("resolution", by, text, "customer", move="resolve"), now)
    question = phrases.say("please_confirm", case.language)
    await thread.add(conn, case.number, Draft(
        "message", thread.SYSTEM, question, "customer", {"cause": "please_confirm"}, "await_confirmation"
    ), now)
    await deadlines.meet(conn, case.number, "acknowledge", "investigate", "resolve", now=now)
    await deadlines.postpone(conn, case.number, "follow_up", sla.follow_up_after(now))


async def confirm(conn: Conn, case: Case, ask: Ask, by: str, now: datetime) -> None:
    """The customer says that it is settled."""
    if case.state not in ("informed", "confirming"):
        raise NotAllowedIn("confirm", case.state)
    body = {"satisfaction": ask.satisfaction, "round": case.round}
    await thread.add(conn, case.number, Draft(
        "confirmation", by, ask.text or ask.reason or "", "customer", body, key=f"confirmed:{case.round}"
    ), now)
    await cases.note_confirmed(conn, case.number, now)
    await deadlines.meet(conn, case.number, "follow_up", now=now)


async def close(conn: Conn, case: Case, ask: Ask, by: str, now: datetime) -> None:
    """A supervisor closes what the customer has confirmed, or accepted otherwise."""
    outcome = "confirmed" if case.confirmed_at else ask.outcome
    if not can("close", case.state):
        raise NotAllowedIn("close", case.state)
    if outcome is None:
        raise BadInput(
            "outcome", f"the customer has not confirmed; say {' or '.join(CLOSED_WITHOUT_CONFIRMATION)} if he did so"
        )
    text = phrases.say("closed", case.language, number=case.number)
    body = {"outcome": outcome, "reason": ask.reason}
    await thread.add(conn, case.number, Draft("closing", by, text, "customer", body, "close"), now)
    await cases.note_closed(conn, case.number, now, outcome)
    await deadlines.meet(conn, case.number, "follow_up", now=now)


async def reject_resolution(conn: Conn, case: Case, ask: Ask, by: str, now: datetime, zone: str) -> None:
    """Not satisfied: a second review by someone else, with clocks of its own."""
    await thread.add(conn, case.number, Draft("rejection", by, ask.reason or "", "customer", move="reject"), now)
    answer = phrases.say("second_review", case.language)
    await thread.add(conn, case.number, Draft("message", thread.SYSTEM, answer, "customer"), now)
    await _begin_round(conn, case, now, zone)
    await cases.disown(conn, case.number)


async def reopen(conn: Conn, case: Case, ask: Ask, by: str, now: datetime, zone: str) -> None:
    await thread.add(conn, case.number, Draft("reopening", by, ask.reason or "", move="reopen"), now)
    await _begin_round(conn, case, now, zone)


async def _begin_round(conn: Conn, case: Case, now: datetime, zone: str) -> None:
    """Each round has clocks of its own; those of the round before stay as they ended."""
    await cases.begin_round(conn, case.number)
    made = sla.deadlines(level=case.level, category=case.category, channel=case.channel, start=now, zone=zone)
    await deadlines.put(conn, case.number, case.round + 1, made)


async def take_up(conn: Conn, case: Case, ask: Ask, by: str, now: datetime, zone: str) -> None:
    """One action of the case's life."""
    match ask.action:
        case "assign":
            await assign(conn, case, ask, by, now)
        case "escalate":
            await escalate(conn, case, ask, by, now, zone)
        case "dispatch":
            await dispatch(conn, case, ask, by, now)
        case "resolve":
            await resolve(conn, case, ask, by, now)
        case "confirm":
            await confirm(conn, case, ask, by, now)
        case "close":
            await close(conn, case, ask, by, now)
        case "reject_resolution":
            await reject_resolution(conn, case, ask, by, now, zone)
        case "reopen":
            await reopen(conn, case, ask, by, now, zone)
        case _:
            raise AssertionError(ask.action)  # remote and money actions have gone their own ways


