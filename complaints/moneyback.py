"""Paying back from a case: propose, approve by who may, hand to the payment side exactly once."""

from __future__ import annotations

from decimal import Decimal

import structlog

from complaints import approvals, cases, deadlines, evidence, payout, refunds
from complaints.actions import Acted, Ask
from complaints.cases import Case
from complaints.evidence import Assessment
from complaints.outbound.outbox import Queued
from complaints.refunds import Refund
from complaints.states import after
from csms.api import Csms
from csms.errors import BadInput, Conflict, NotFound
from csms.kit.clock import Clock
from csms.kit.db import Conn, Db
from csms.rest.http import Principal
from csms.vocabulary import Payment

log = structlog.get_logger()


class MoneyBack:
    """Refunds and released holds of cases."""

    def __init__(self, db: Db, csms: Csms, clock: Clock, four_eyes_above: Decimal) -> None:
        self._db, self._csms, self._clock = db, csms, clock
        self._four_eyes_above = four_eyes_above

    async def ask(self, number: str, ask: Ask, who: Principal) -> Acted:
        """Decide what is proposed, or propose; who may approve approves at once, unless `approve` is false.

        Settled when the payment side has it, or it was declined; else it waits for an approver.
        """
        waiting = await self._proposed(number, ask)
        if waiting and ask.approve is not None:
            refund = await self._decide(number, waiting, ask, who)
        else:
            refund, at_once = await self._propose(number, ask, who)
            if at_once:
                refund = await self._decide(number, refund, ask, who)
        if refund.state == "approved":
            refund = await self.send(refund)
        async with self._db.acquire() as conn:
            case = await cases.get(conn, number)
        return Acted(case, refund.state in ("sent", "declined"), {"refund": refunds.refund_json(refund)})

    async def _may(self, conn: Conn, amount: Decimal, proposed_by: str, who: Principal) -> bool:
        policy = await deadlines.policy_now(conn, self._clock())
        return refunds.may_decide(who.role, proposed_by == who.name, amount, self._four_eyes_above, policy)

    async def may_decide(self, refund: Refund, who: Principal) -> bool:
        """For the case page: whether this person may approve or decline it."""
        async with self._db.acquire() as conn:
            return await self._may(conn, refund.amount, refund.proposed_by, who)

    async def _proposed(self, number: str, ask: Ask) -> Refund | None:
        async with self._db.acquire() as conn:
            found = await refunds.of_case(conn, number)
        if ask.refund is not None and all(r.n != ask.refund for r in found):
            raise NotFound(f"this case has no refund {ask.refund}")
        waiting = next((r for r in found if r.state == "proposed" and ask.refund in (None, r.n)), None)
        if ask.refund is not None and waiting is None:
            # Who decides a named one that somebody else has decided must not propose another by it.
            state = next(r.state for r in found if r.n == ask.refund)
            raise Conflict(f"refund {ask.refund} is {state} already")
        return waiting

    async def _decide(self, number: str, refund: Refund, ask: Ask, who: Principal) -> Refund:
        behind = [refund.of_ref] if refund.of_ref and ask.approve is not False else []
        known = await self._csms.payments_of(references=behind) if behind else []
        async with self._db.acquire() as conn, conn.transaction():
            if not await self._may(conn, refund.amount, refund.proposed_by, who):
                raise Conflict(
                    f"{who.name} may not decide this refund: it is above the limit of the role {who.role}, or above "
                    f"{self._four_eyes_above} and proposed by the same person; finance, a supervisor or an admin may"
                )
            await refunds.not_twice(conn, refund, known)
            case = await cases.locked(conn, number)
            approve = ask.approve is not False
            return await refunds.decide(
                conn, case, refund, approve=approve, by=who.name, note=ask.reason or "", now=self._clock()
            )

    async def _propose(self, number: str, ask: Ask, who: Principal) -> tuple[Refund, bool]:
        """(the proposal, whether who proposes it approves it at once)."""
        async with self._db.acquire() as conn:
            case, newest = await cases.get(conn, number), await evidence.newest(conn, number)
        payments = await self._payments(case, newest)
        async with self._db.acquire() as conn, conn.transaction():
            case = await cases.locked(conn, number)
            after("propose", case.state)
            if ask.action == "release_hold":
                behind: Payment | None = refunds.open_hold(payments, ask.payment)
                assert behind is not None
                amount, currency = behind.amount, behind.currency
            elif ask.action in payout.OWN:
                amount, currency = refunds.given_amount(ask, newest)
                behind = None
            else:
                amount, currency = refunds.amount_for(ask, newest, await refunds.of_case(conn, number))
                behind = refunds.capture_behind(payments, ask.payment or case.payment_reference, amount)
            at_once = ask.approve is not False and await self._may(conn, amount, who.name, who)
            return await refunds.propose(
                conn, case, ask.action, amount, currency, behind, by=who.name, reason=ask.reason or "",
                now=self._clock(), at_once=at_once,
            ), at_once

    async def _payments(self, case: Case, newest: Assessment | None) -> list[Payment]:
        """What was paid in this matter: what the customer names and what the evidence rests on."""
        references = [*refunds.cited_payments(newest), *([case.payment_reference] if case.payment_reference else [])]
        return await self._csms.payments_of(
            references=references, orders=[case.order_ref] if case.order_ref else [],
            transactions=[case.matched] if case.matched else [],
        )

    async def send(self, refund: Refund) -> Refund:
        """Hand an approved refund over: to the payment side's hook, or into our own books where there is none.

        Its key makes a repetition harmless.
        """
        async with self._db.acquire() as conn, conn.transaction():
            await cases.locked(conn, refund.complaint)
            if begun := await payout.initiate(conn, refund, self._clock()):
                return begun
        if refund.kind not in payout.OWN:
            await self._enter(refund)
        return await self._handed_over(refund)

    async def _enter(self, refund: Refund) -> None:
        """Into the books of csms, where the evidence sees it. Raises Conflict."""
        try:
            await self._csms.record_payment(refunds.payment_of(refund))
        except Conflict as conflict:
            log.error("refund_failed", complaint=refund.complaint, refund=refund.key, why=str(conflict))
            async with self._db.acquire() as conn, conn.transaction():
                await refunds.note_failed(conn, refund, str(conflict), self._clock())
            raise

    async def _handed_over(self, refund: Refund) -> Refund:
        async with self._db.acquire() as conn, conn.transaction():
            case = await cases.locked(conn, refund.complaint)
            return await payout.handed_over(conn, refund.key, case.language, self._clock()) or refund

    async def heard(self, row: Queued, state: str) -> None:
        """How a signed call to the payment side went, before that is put on record: asked again it is the same."""
        if row.situation != "payout":
            return
        async with self._db.acquire() as conn:
            refund = await payout.by_key(conn, row.key)
        if refund is None or refund.state != "initiated":
            return
        if state == "sent":
            if refund.kind not in payout.OWN:
                await self._enter(refund)
            await self._handed_over(refund)
        elif state == "failed":
            async with self._db.acquire() as conn, conn.transaction():
                await refunds.note_failed(conn, refund, row.error or "the payment side refused it", self._clock())

    async def try_again(self, refund: Refund, who: Principal, reason: str) -> Refund:
        """Once more what failed before anybody had it. Raises Conflict, BadInput."""
        if not reason:
            raise BadInput("reason", "is required: it goes on record with who and when")
        async with self._db.acquire() as conn, conn.transaction():
            if not await self._may(conn, refund.amount, refund.proposed_by, who):
                raise Conflict(f"{who.name} may not decide this refund")
            await cases.locked(conn, refund.complaint)
            again = await approvals.try_again(conn, refund, who.name, reason, self._clock())
        return await self.send(again) if again.state == "approved" else again

    async def settle(self, key: str, state: str, note: str | None) -> Refund:
        """What the payment side says of it later. Raises NotFound, BadInput."""
        async with self._db.acquire() as conn, conn.transaction():
            return await payout.settle(conn, key, state, note, self._clock())

    async def send_waiting(self) -> int:
        """For the worker: what a crash left approved and not handed over."""
        async with self._db.acquire() as conn:
            found = await refunds.waiting(conn)
        for refund in found:
            try:
                await self.send(refund)
            except Conflict:
                continue  # on record as failed
        return len(found)
