"""The life of a case: what each action means for its state, its owner, its thread. Runs in its caller's transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from complaints import cases, deadlines, gate, merging, payout, phrases, plans, refunds, thread, workorders
from complaints.actions import Ask
from complaints.cases import Case
from complaints.duty import rota
from complaints.sla import ROUNDS
from complaints.states import NotAllowedIn, can
from complaints.thread import SYSTEM, Draft, Entry
from csms.errors import BadInput, Conflict
from csms.kit.db import Conn


@dataclass(frozen=True, slots=True)
class Doing:
    """One action on one locked case."""

    conn: Conn
    case: Case
    ask: Ask
    by: str
    now: datetime

    async def add(self, draft: Draft) -> Entry | None:
        return await thread.add(self.conn, self.case.number, draft, self.now)

    async def note(
        self, type: str, body: Mapping[str, Any] | None = None, *, move: str | None = None, text: str | None = None
    ) -> Entry | None:
        """An entry among staff with the action's reason."""
        words = self.ask.reason if text is None else text
        return await self.add(Draft(type, self.by, words or "", body=body or {}, move=move))

    async def say(self, situation: str, **values: str) -> None:
        """The product's own words to the customer."""
        words = phrases.say(situation, self.case.language, number=self.case.number, **values)
        await self.add(Draft("message", SYSTEM, words, "customer", {"cause": situation}))


def under_second_review(entries: list[Entry]) -> bool:
    """Whether the newest round began because the customer did not agree."""
    begun = [e for e in entries if e.type in ROUNDS]
    return bool(begun) and begun[-1].type == "rejection"


def earlier_handlers(entries: list[Entry]) -> set[str]:
    """Who owned, decided or answered the case in the rounds before this one."""
    last = max((n for n, e in enumerate(entries) if e.type in ROUNDS), default=0)
    before = entries[:last]
    owners = {str(e.body["owner"]) for e in before if e.type == "assignment" and e.body.get("owner")}
    return owners | {e.author for e in before if e.type in ("resolution", "decision")}


async def _by_someone_new(doing: Doing, who: str) -> None:
    """A second review is not done by those who handled it before, unless a reason overrides it on record."""
    entries = await thread.read(doing.conn, doing.case.number)
    if not under_second_review(entries) or who not in earlier_handlers(entries):
        return
    if not doing.ask.override:
        raise Conflict(f"{who} has handled this case before; a second review needs someone else")
    await doing.note("override", {"review_by_earlier_handler": who})


async def assign(doing: Doing) -> None:
    """A named person owns the case."""
    owner = doing.ask.owner or doing.by
    await _by_someone_new(doing, owner)
    case = doing.case
    move = "investigate" if case.state != "decided" and can("investigate", case.state) else None
    await doing.note("assignment", {"owner": owner, "department": doing.ask.department}, move=move)
    await cases.own(doing.conn, case.number, owner, doing.ask.department)


async def acknowledge(doing: Doing) -> None:
    """A person takes it up. What a level 1 case calls for until somebody does."""
    move = "acknowledge" if can("acknowledge", doing.case.state) else None
    await doing.note("acknowledgement", move=move)


async def escalate(doing: Doing) -> None:
    """One level up, or to the one named, with that level's clocks."""
    case, ask = doing.case, doing.ask
    level = min(ask.level or max(case.level - 1, 1), case.level)
    await doing.note("escalation", {"level": level, "before": case.level, "department": ask.department})
    if level != case.level:
        await cases.raise_level(doing.conn, case.number, level)
    if ask.department:
        await cases.own(doing.conn, case.number, case.owner or doing.by, ask.department)


async def dispatch(doing: Doing) -> None:
    """Someone goes there: a work order with clocks of its own."""
    case, ask = doing.case, doing.ask
    move = "execute" if can("execute", case.state) else None
    order = await workorders.open_for(doing.conn, case, ask, doing.by, doing.now)
    body = {
        "technician": ask.owner, "station": case.where, "evse": order.evse, "workorder": order.id,
        "fault_level": order.fault_level,
    }
    await doing.note("dispatch", body, move=move, text=ask.reason or ask.text or "")


async def decide(doing: Doing) -> None:
    """Who is liable and what is to be done: decided, not carried out yet."""
    await _by_someone_new(doing, doing.by)
    body = {"liability": doing.ask.liability, "verdict": doing.case.verdict}
    await doing.note("decision", body, move="decide", text=doing.ask.text or doing.ask.reason or "")
    await cases.note_liability(doing.conn, doing.case.number, doing.ask.liability)


async def promise(doing: Doing) -> None:
    """A date that the customer can hold us to."""
    assert doing.ask.due_at is not None
    if doing.ask.due_at <= doing.now:
        raise BadInput("due_at", "must lie ahead: it is a promise")
    day = phrases.moment(doing.ask.due_at, doing.case.zone)
    words = doing.ask.text or phrases.say("promise", doing.case.language, number=doing.case.number, due=day)
    await doing.add(Draft("promise", doing.by, words, "customer", {"due_at": doing.ask.due_at}))


async def resolve(doing: Doing) -> None:
    """The customer is told the result, and asked whether that settles it."""
    words = doing.ask.text or doing.ask.reason
    if not words:
        raise BadInput("text", "is required: it is what the customer is told")
    await _by_someone_new(doing, doing.by)
    await doing.add(Draft("resolution", doing.by, words, "customer", move="resolve"))
    question = phrases.say("please_confirm", doing.case.language)
    await doing.add(Draft(
        "message", SYSTEM, question, "customer", {"cause": "please_confirm"}, "await_confirmation"
    ))


async def confirm(doing: Doing) -> None:
    """The customer says that it is settled."""
    case, ask = doing.case, doing.ask
    if case.state not in ("informed", "confirming"):
        raise NotAllowedIn("confirm", case.state)
    body = {"satisfaction": ask.satisfaction, "round": case.round}
    await doing.add(Draft(
        "confirmation", doing.by, ask.text or ask.reason or "", "customer", body, key=f"confirmed:{case.round}"
    ))
    await cases.note_confirmed(doing.conn, case.number, doing.now)


async def close(doing: Doing) -> None:
    """A supervisor closes what the customer has confirmed, or accepted otherwise, once nothing is open."""
    case = doing.case
    outcome = "confirmed" if case.confirmed_at else doing.ask.outcome
    if not can("close", case.state):
        raise NotAllowedIn("close", case.state)
    if outcome is None:
        raise BadInput(
            "outcome", f"the customer has not confirmed; say {' or '.join(gate.OUTCOMES)} if he did so"
        )
    left = gate.hindrances(
        await standing(doing.conn, case), outcome, await deadlines.policy_now(doing.conn, doing.now), doing.now
    )
    if left:
        raise Conflict("not yet: " + "; ".join(left))
    words = phrases.say("closed", case.language, number=case.number)
    body = {"outcome": outcome, "reason": doing.ask.reason}
    await doing.add(Draft("closing", doing.by, words, "customer", body, "close"))
    await cases.note_closed(doing.conn, case.number, doing.now, outcome)
    if outcome != "accepted_by_silence" and not await _rated(doing):
        await payout.ask_survey(doing.conn, case.number, case.round, case.language, doing.now)


async def _rated(doing: Doing) -> bool:
    """Who has given his stars with his confirmation is not asked again."""
    entries, round = await thread.read(doing.conn, doing.case.number), doing.case.round
    rated = [e.body.get("round") for e in entries if e.type == "confirmation" and e.body.get("satisfaction")]
    return round in rated


async def standing(conn: Conn, case: Case) -> gate.Standing:
    """What the gate asks."""
    entries = await thread.read(conn, case.number)
    last = max((n for n, e in enumerate(entries) if e.type == "resolution"), default=0)
    found = await refunds.of_case(conn, case.number)
    return gate.Standing(
        confirmed=case.confirmed_at is not None,
        reminders=tuple(e.at for e in entries[last:] if e.type == "reminder"),
        open_refunds=sum(r.state in refunds.UNSETTLED for r in found),
        open_visits=await workorders.count_open(conn, case.number),
        open_tasks=await workorders.count_tasks(conn, case.number),
        open_plans=await plans.count_open(conn, case.number),
    )


async def reject_resolution(doing: Doing) -> None:
    """Not satisfied: a second review by someone else, with clocks of its own; his new demand is on record."""
    body = {"demand": doing.ask.demand, "round": doing.case.round}
    await doing.add(Draft("rejection", doing.by, doing.ask.reason or "", "customer", body, "reject"))
    await doing.say("second_review")
    await cases.begin_round(doing.conn, doing.case.number)
    await cases.disown(doing.conn, doing.case.number)
    handlers = earlier_handlers(await thread.read(doing.conn, doing.case.number))
    case = await cases.get(doing.conn, doing.case.number)
    await rota.give_owner(doing.conn, case, doing.now, without=handlers, because="second review")


async def reopen(doing: Doing) -> None:
    await doing.note("reopening", move="reopen")
    await cases.begin_round(doing.conn, doing.case.number)


async def withdraw(doing: Doing) -> None:
    """The customer takes it back."""
    await doing.note("withdrawal", move="withdraw")
    await cases.note_closed(doing.conn, doing.case.number, doing.now, "withdrawn")


async def refer(doing: Doing) -> None:
    """To a mediator, an authority or a court: with whom, under which number, until when."""
    ask = doing.ask
    await doing.note("referral", {"body": ask.body, "reference": ask.reference, "due_at": ask.due_at}, move="refer")
    await doing.say("external", body=ask.body or "")


async def take_back(doing: Doing) -> None:
    """The matter comes back from outside, with what was decided there."""
    await doing.note("return", {"outcome": doing.ask.text}, move="take_back")


async def merge(doing: Doing) -> None:
    """The same matter told twice goes on in one case. Nothing is deleted: the link can be undone."""
    assert doing.ask.into is not None
    await merging.merge(doing.conn, doing.case, doing.ask.into, doing.by, doing.ask.reason or "", doing.now)


async def unmerge(doing: Doing) -> None:
    await merging.unmerge(doing.conn, doing.case, doing.by, doing.ask.reason or "", doing.now)


async def follow_up(doing: Doing) -> None:
    """Asked again after a day, a week, a month: whether it is still good."""
    body = {"which": doing.ask.which, "satisfaction": doing.ask.satisfaction, "round": doing.case.round}
    await doing.note("follow_up", body, text=doing.ask.text or doing.ask.reason or "")


TAKE_UP: Mapping[str, Callable[[Doing], Awaitable[None]]] = {
    "assign": assign, "acknowledge": acknowledge, "escalate": escalate, "dispatch": dispatch, "decide": decide,
    "promise": promise, "resolve": resolve, "confirm": confirm, "close": close,
    "reject_resolution": reject_resolution, "reopen": reopen, "withdraw": withdraw, "refer": refer,
    "take_back": take_back, "merge": merge, "unmerge": unmerge, "follow_up": follow_up,
}


async def take_up(conn: Conn, case: Case, ask: Ask, by: str, now: datetime) -> None:
    """One action of the case's life."""
    await TAKE_UP[ask.action](Doing(conn, case, ask, by, now))
