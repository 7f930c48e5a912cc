"""From a claim and a story to a judgement. Pure: the same claim and story give the same, byte for byte."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from complaints.claim import Claim
from complaints.findings import Bill, Finding, Judgement, RemoteAction
from complaints.guards import remote
from complaints.matching import match, measure, on_our_clock
from complaints.rules.case import Case
from complaints.rules.every import findings as holding
from complaints.verdict import agent_note, decide, explain, remedies
from complaints.verdict.view import View
from csms.vocabulary import Story


class Billing(Protocol):
    """What the bill should have been, and what the payments say (billing.py, rules/money.py)."""

    def expected_bill(self, case: Case, findings: Sequence[Finding] = ()) -> Bill | None: ...

    def money_findings(self, case: Case, bill: Bill | None, findings: Sequence[Finding] = ()) -> list[Finding]: ...


class OurBilling:
    """The product's own billing."""

    def expected_bill(self, case: Case, findings: Sequence[Finding] = ()) -> Bill | None:
        from complaints.billing import expected_bill

        return expected_bill(case, findings)

    def money_findings(self, case: Case, bill: Bill | None, findings: Sequence[Finding] = ()) -> list[Finding]:
        from complaints.rules.money import money_findings

        return money_findings(case, bill, findings)


def case_of(claim: Claim, story: Story) -> Case:
    """The claim matched to the story, told on our clock."""
    clock = measure(story, claim.occurred_at or claim.filed_at)
    told = on_our_clock(story, clock)
    return Case(claim, told, match(claim, told), clock, story)


def allowed_remotely(claim: Claim, story: Story, now: datetime) -> tuple[RemoteAction, ...]:
    """What the claim and the records let staff do to the station at this moment."""
    case = case_of(claim, story)
    return remote(case, case.story, now)


def judge(claim: Claim, story: Story, *, billing: Billing | None = None) -> Judgement:
    """Everything the rules conclude. `claim.filed_at` is the now of the judgement."""
    case, money = case_of(claim, story), billing or OurBilling()
    plain = holding(case)
    bill = money.expected_bill(case, plain)
    found = _settled([*plain, *money.money_findings(case, bill, plain)], claim)
    actions = remote(case, case.story, case.now)
    view = View(case, {f.code: f for f in found}, bill, actions)
    decision = decide(view)
    proposed = remedies(view, decision)
    return Judgement(
        transaction=case.match.candidate,
        alternatives=case.match.alternatives,
        findings=tuple(found),
        verdict=decision.verdict,
        liability=decision.liability,
        bill=bill,
        remedies=proposed,
        remote=actions,
        explanation=explain(case, decision, found, proposed),
        steps=decision.steps,
        agent_note=agent_note(case, decision, found, bill, proposed, actions),
        decisive=decision.decisive,
    )


def recorded(claim: Claim, story: Story) -> frozenset[str]:
    """What is on record where the claim leads, for weighing what it is about (intake/weigh.py): codes of the
    findings that hold, whatever they mean for the claim, and a few plain facts. Empty where no plug is known."""
    case, money = case_of(claim, story), OurBilling()
    if not case.plug_known:
        return frozenset()
    plain = holding(case)
    bill = money.expected_bill(case, plain)
    codes = {f.code for f in _settled([*plain, *money.money_findings(case, bill, plain)], claim)}
    return frozenset(codes | {name for name, holds in _FACTS if holds(case)})


_FACTS: tuple[tuple[str, Callable[[Case], bool]], ...] = (
    ("session", lambda case: case.transaction is not None),
    ("no session", lambda case: case.transaction is None),
    ("running", lambda case: case.is_live),
    ("captured", lambda case: bool(case.payments_of_kind("capture"))),
    ("nothing paid", lambda case: not case.payments),
    ("no hold", lambda case: bool(case.payments) and not case.payments_of_kind("hold")),
)


def _settled(found: Sequence[Finding], claim: Claim) -> list[Finding]:
    """Words of danger are contradicted by nothing; what only silence proves is contradicted by nobody."""
    return [
        replace(f, stance="inconclusive") if f.stance == "contradicts" and claim.danger else f
        for f in found if f.refs or f.code in _UNPROVEN
    ]


_UNPROVEN = frozenset({"records.silent", "fault.none_reported", "payment.not_ours"})
