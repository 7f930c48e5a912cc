"""The desk: everything that can be done with complaints, over one database and the face of csms.

Web pages, REST and the worker all go through here. It opens the transactions; the rules and rows lie in the
modules it calls. Questions to csms are asked outside of transactions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog

from complaints import (
    actions,
    cases,
    deadlines,
    evidence,
    life,
    merging,
    overrides,
    refunds,
    remedies,
    search,
    thread,
)
from complaints.actions import Acted, Ask
from complaints.cases import Case, Wanted
from complaints.deadlines import Deadline
from complaints.evidence import Assessment, Judge
from complaints.intake import arrivals, attachments, filing
from complaints.intake.attachments import Kept, Sent
from complaints.intake.filing import Classify
from complaints.intake.form import ComplaintIn, Correction, changes_of, check_time
from complaints.moneyback import MoneyBack
from complaints.overrides import Override
from complaints.record import access
from complaints.remote import RemoteControl
from complaints.sorting import Recorded, sort
from complaints.states import can
from complaints.thread import SYSTEM, Audience, Draft, Entry
from csms.api import Csms, FrameRow
from csms.errors import BadInput, Conflict, Refused
from csms.kit.clock import Clock
from csms.kit.db import Db
from csms.kit.traces import span
from csms.rest.http import Principal

log = structlog.get_logger()

CUSTOMER = "customer"
ASSESS_WITHIN_S = 20.0
ASSESS_AGAIN_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class DeskOptions:
    """How the desk decides. `zone` is the sites' IANA time zone."""

    zone: str = "Asia/Shanghai"
    four_eyes_above: Decimal = Decimal(200)
    largest_attachment: int = attachments.LARGEST


@dataclass(frozen=True, slots=True)
class View:
    """A case with what belongs to it. `deadlines` are all rounds', `entries` all audiences'."""

    case: Case
    deadlines: Sequence[Deadline]
    entries: Sequence[Entry] = ()
    refunds: Sequence[refunds.Refund] = ()


class Desk:
    """Give it the pool, csms, the clock, and the three judgements it asks for: classify, judge, remote."""

    def __init__(
        self, db: Db, csms: Csms, clock: Clock, *, classify: Classify, judge: Judge, remote: remedies.Remote,
        recorded: Recorded | None = None, options: DeskOptions | None = None,
        log_address: Callable[[str], Awaitable[str]] | None = None,
    ) -> None:
        """`recorded`: what the records say of what a complaint is about; without it the words alone decide.
        `log_address` gives a one-time URL that a station may upload its log to."""
        self.db, self.csms, self.clock, self.options = db, csms, clock, options or DeskOptions()
        self._classify, self._judge, self._recorded = classify, judge, recorded
        self._remote = RemoteControl(db, csms, clock, remote, log_address)
        self.money = MoneyBack(db, csms, clock, self.options.four_eyes_above)

    # --- filing ---------------------------------------------------------------------------------

    async def file(
        self, given: ComplaintIn, files: Sequence[Sent] = (), *, by: str, strict: bool = True,
        came: tuple[str, str] | None = None,
    ) -> View:
        """Take a complaint and assess it. Raises BadInput naming what is wrong; then nothing was filed.

        `strict`: a station that does not exist is an error (API). The public form takes it and tells staff.
        `came`: source and its own name for this complaint. Raises Conflict when that has been filed already.
        """
        now = self.clock()
        check_time(given.occurred_at, now)
        notes = await self._oddities(given, strict)
        sent = [*attachments.from_json(given.attachments), *files]
        kept = await self._inspect(sent)
        site = await self._site_of(given.station)
        found = await sort(self.csms, self._classify, self._recorded, given, now)
        async with self.db.acquire() as conn, conn.transaction():
            case = await filing.file(
                conn, given, kept, found, by=by, now=now, zone=self.options.zone, site=site, notes=notes
            )
            if came:
                await arrivals.file(conn, *came, case.number, now)
        await self.try_to_assess(case.number)
        return await self.overview(case.number)

    async def _inspect(self, sent: Sequence[Sent]) -> list[Kept]:
        if not sent:
            return []
        return await asyncio.to_thread(attachments.inspect, sent, largest=self.options.largest_attachment)

    async def _site_of(self, station: str | None) -> str | None:
        known = await self.csms.station(station) if station else None
        return known.site if known else None

    async def _oddities(self, given: ComplaintIn, strict: bool) -> list[str]:
        if given.station is None or await self.csms.station(given.station) is not None:
            return []
        if strict:
            raise BadInput("station", f"there is no station {given.station}")
        return [f"The station {given.station} is not known here: a mistyped id, or a QR sticker that is not ours."]

    # --- reading --------------------------------------------------------------------------------

    async def case(self, number: str) -> Case:
        """Raises NotFound."""
        async with self.db.acquire() as conn:
            return await cases.get(conn, number)

    async def tracked(self, tracking: str) -> Case:
        """The case behind a customer's link. Raises NotFound."""
        async with self.db.acquire() as conn:
            return await cases.tracked(conn, tracking)

    async def looked(self, number: str, who: Principal, what: str, *, masked: bool) -> None:
        """On record: who saw a customer's data, when."""
        async with self.db.acquire() as conn:
            await access.note(conn, who.name, who.role, number, what, self.clock(), masked=masked)

    async def overview(self, number: str) -> View:
        async with self.db.acquire() as conn:
            case = await cases.get(conn, number)
            return View(case, (await deadlines.of_cases(conn, [number]))[number])

    async def view(self, number: str) -> View:
        """The case with its whole thread."""
        async with self.db.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
            case = await cases.get(conn, number)
            clocks = (await deadlines.of_cases(conn, [number]))[number]
            return View(case, clocks, await thread.read(conn, number), await refunds.of_case(conn, number))

    async def listed(self, wanted: Wanted, *, before: str | None = None, limit: int = 100) -> list[View]:
        """Newest first."""
        async with self.db.acquire() as conn:
            found = await search.newest(conn, wanted, before=before, limit=limit)
            clocks = await deadlines.of_cases(conn, [case.number for case in found])
        return [View(case, clocks[case.number]) for case in found]

    async def attachment(self, number: str, id: str) -> Kept:
        """Raises NotFound."""
        async with self.db.acquire() as conn:
            return await attachments.one(conn, number, id)

    async def frames(self, number: str) -> Sequence[FrameRow]:
        """The frozen frames of a case."""
        async with self.db.acquire() as conn:
            return await evidence.frames(conn, number)

    async def frame(self, number: str, id: str) -> FrameRow | None:
        """One of them."""
        async with self.db.acquire() as conn:
            return await evidence.frame(conn, number, id)

    async def frozen(self, number: str, version: int) -> dict[str, Any] | None:
        """What a version was judged by: claim, story, frames, judgement. Raises ValueError where altered."""
        async with self.db.acquire() as conn:
            return await evidence.frozen(conn, number, version)

    async def assessment(self, number: str) -> Assessment | None:
        """The newest; None while there is none yet. Raises NotFound for an unknown case."""
        async with self.db.acquire() as conn:
            await cases.get(conn, number)
            return await evidence.newest(conn, number)

    async def assessments(self, number: str) -> Sequence[Assessment]:
        async with self.db.acquire() as conn:
            return await evidence.versions(conn, number)

    async def first_broken(self, number: str) -> int | None:
        """Walk the thread's hash chain: the first entry that was tampered with, or None."""
        async with self.db.acquire() as conn:
            return await thread.verify(conn, number)

    # --- assessing ------------------------------------------------------------------------------

    async def assess(
        self, number: str, *, by: str = SYSTEM, reason: str | None = None, always: bool = False
    ) -> Assessment:
        """Gather, judge, freeze. Without `always` a version is only made where the judgement differs."""
        case, now = await self.case(number), self.clock()
        earlier, decided, given_back = await self._known_of(case)
        with span("gather and judge", complaint=number):
            judged = await evidence.judge_now(
                self.csms, self._judge, case.claim, now, earlier=earlier, decided=decided, given_back=given_back
            )
        async with self.db.acquire() as conn, conn.transaction():
            current = await cases.get(conn, number)
            return await evidence.keep(conn, current, judged, by=by, reason=reason, now=now, always=always)

    async def _known_of(self, case: Case) -> tuple[Sequence[str], Mapping[str, Override], frozenset[str]]:
        """(tokens of the person's earlier cases, what was decided over the rules, what the case has paid back)."""
        async with self.db.acquire() as conn:
            tokens, sessions = await cases.earlier(conn, case)
            decided = await overrides.in_force(conn, case.number)
            given_back = frozenset(refund.key for refund in await refunds.of_case(conn, case.number))
        found = [await self.csms.transaction(id) for id in sessions]
        return [*tokens, *(t.token for t in found if t and t.token)], decided, given_back

    async def try_to_assess(self, number: str) -> bool:
        """False when it failed: the complaint is safe, and the worker tries again."""
        try:
            async with asyncio.timeout(ASSESS_WITHIN_S):
                await self.assess(number)
        except Exception:
            log.exception("assessment_failed", complaint=number)
            async with self.db.acquire() as conn:
                await cases.assess_later(conn, number, self.clock() + ASSESS_AGAIN_AFTER)
            return False
        return True

    async def correct(self, number: str, correction: Correction, who: Principal) -> View:
        """Put facts right or decide over the rules, with a reason; the evidence is judged anew.

        That `who` may decide (overrides.ROLES) is for the caller to have checked.
        """
        changes, decided = filing.filled(changes_of(correction)), overrides.changes_of(correction)
        check_time(changes.get("occurred_at"), self.clock())
        station = changes.get("station")
        if station and await self.csms.station(station) is None:
            raise BadInput("station", f"there is no station {station}")
        await self._check_decided(number, decided)
        async with self.db.acquire() as conn, conn.transaction():
            case = await cases.get(conn, number)
            await self._decide(conn, case, decided, correction.reason, who)
            before = {name: getattr(case, name) for name in changes}
            changed = {name: value for name, value in changes.items() if value != before[name]}
            if not changed and not decided:
                return View(case, (await deadlines.of_cases(conn, [number]))[number])
            if changed:
                await self._correct(conn, case, before, changed, correction.reason, who)
        await self._assess_anew(number, who.name, correction.reason)
        return await self.overview(number)

    async def _correct(
        self, conn: cases.Conn, case: Case, before: Mapping[str, Any], changed: Mapping[str, Any], reason: str,
        who: Principal,
    ) -> None:
        body = {"before": {n: before[n] for n in changed}, "after": dict(changed)}
        await thread.add(conn, case.number, Draft("correction", who.name, reason, body=body), self.clock())
        await cases.correct(conn, case, changed)

    async def _check_decided(self, number: str, decided: Mapping[str, Any]) -> None:
        if not decided:
            return
        case, chosen = await self.case(number), decided.get("transaction")
        overrides.check(decided, case.topic)
        if chosen and chosen != overrides.NONE and await self.csms.transaction(chosen) is None:
            raise BadInput("transaction", f"there is no transaction {chosen}; give our id of it, or none")
        if case.version == 0 and not await self.try_to_assess(number):
            raise Conflict("there is nothing to decide over yet: the evidence could not be judged; try again shortly")

    async def _decide(
        self, conn: cases.Conn, case: Case, decided: Mapping[str, Any], reason: str, who: Principal
    ) -> None:
        newest = await evidence.newest(conn, case.number) if decided else None
        if newest is not None:
            now = self.clock()
            await overrides.decide(conn, case.number, decided, newest.judgement, by=who.name, reason=reason, now=now)
            draft = Draft("override", who.name, reason, body={"decided": dict(decided), "version": newest.version})
            await thread.add(conn, case.number, draft, now)

    async def _assess_anew(self, number: str, by: str, reason: str) -> None:
        try:
            await self.assess(number, by=by, reason=reason, always=True)
        except Exception:
            log.exception("assessment_failed", complaint=number)

    # --- the thread -----------------------------------------------------------------------------

    async def say(
        self, number: str, *, type: str, text: str, audience: Audience, who: Principal, files: Sequence[Sent] = ()
    ) -> Entry:
        """A message, a note, a question to the customer, or that there is no danger any more."""
        if type == "safety_cleared" and not who.may("technician", "supervisor"):
            raise Conflict("only a technician or a supervisor can say that the danger is over")
        kept = await self._inspect(files)
        async with self.db.acquire() as conn, conn.transaction():
            case = await cases.get(conn, number)
            move = "ask_customer" if type == "question" and can("ask_customer", case.state) else None
            return await self._add(conn, case, Draft(type, who.name, text, audience, move=move), kept)

    async def customer_says(
        self, tracking: str, text: str, files: Sequence[Sent] = (), *, came: tuple[str, str] | None = None
    ) -> Entry:
        """A word from the customer by his link; it ends the wait for information. `came` as for `file`."""
        kept = await self._inspect(files)
        async with self.db.acquire() as conn, conn.transaction():
            case = await cases.tracked(conn, tracking)
            move = "hear_customer" if can("hear_customer", case.state) else None
            draft = Draft("message", CUSTOMER, text, "customer", move=move)
            if came:
                await arrivals.file(conn, *came, case.number, self.clock())
            await merging.pass_on(conn, case, draft, self.clock())
            return await self._add(conn, case, draft, kept)

    async def _add(self, conn: cases.Conn, case: Case, draft: Draft, kept: Sequence[Kept]) -> Entry:
        named = replace(draft, body={"attachments": attachments.named(kept)} if kept else {})
        entry = await thread.add(conn, case.number, named, self.clock())
        assert entry is not None
        await attachments.keep(conn, case.number, entry.seq, kept)
        return entry

    async def customer_answers(
        self, tracking: str, *, settled: bool, text: str | None = None, satisfaction: int | None = None
    ) -> Case:
        """Whether the resolution settles it, by the customer's own link. Raises NotAllowedIn."""
        case = await self.tracked(tracking)
        ask = Ask(
            action="confirm" if settled else "reject_resolution", text=text or None, reason=text or None,
            satisfaction=satisfaction,
        )
        return await self._live(case.number, ask, CUSTOMER)

    # --- acting ---------------------------------------------------------------------------------

    async def act(self, number: str, ask: Ask, who: Principal) -> Acted:
        """One action of the contract. Raises Refused (guards), NotAllowedIn, BadInput, NotFound.

        That `who` may do it (actions.may, actions.OVERRIDES) is for the caller to have checked.
        """
        actions.check(ask)
        if ask.action in actions.REMOTE:
            await self._freeze_first(number)
            return await self._remote.ask(number, ask, who.name)
        if ask.action in actions.MONEY:
            return await self.money.ask(number, ask, who)
        return Acted(await self._live(number, ask, who.name))

    async def possible(self, number: str) -> list[remedies.Possible]:
        """Every remote action with the guards that forbid it at this moment."""
        return await self._remote.possible(number)

    async def _freeze_first(self, number: str) -> None:
        """Evidence is frozen before anything is done to the station (G8)."""
        if (await self.case(number)).version == 0 and not await self.try_to_assess(number):
            raise Refused(["G8"], "the evidence could not be frozen yet; try again shortly")

    async def _live(self, number: str, ask: Ask, by: str) -> Case:
        async with self.db.acquire() as conn, conn.transaction():
            case = await cases.locked(conn, number)
            await life.take_up(conn, case, ask, by, self.clock())
            return await cases.get(conn, number)

    # --- for the worker -------------------------------------------------------------------------

    async def due_assessments(self) -> list[str]:
        async with self.db.acquire() as conn:
            return await cases.to_assess(conn, self.clock())

    async def note_breaches(self) -> int:
        """An entry for every deadline that has run out; once each."""
        now, noted = self.clock(), 0
        async with self.db.acquire() as conn:
            for deadline in await deadlines.breached(conn, now):
                async with conn.transaction():
                    noted += await self._note_breach(conn, deadline, now)
        return noted

    async def _note_breach(self, conn: cases.Conn, deadline: Deadline, now: datetime) -> bool:
        if not await deadlines.note_breach(conn, deadline, now):
            return False
        body = {"kind": deadline.kind, "due_at": deadline.due_at, "policy": deadline.policy}
        key = f"breach:{deadline.round}:{deadline.kind}:{deadline.due_at.timestamp():.0f}"
        await thread.add(conn, deadline.complaint, Draft("deadline", SYSTEM, body=body, key=key), now)
        return True
