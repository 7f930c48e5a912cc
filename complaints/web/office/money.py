"""Refunds at the office: the queue by state, who may decide what, approving with a reason, trying again, CSV."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fastapi import Response

from complaints import approvals, deadlines, sheets
from complaints.actions import Ask
from complaints.approvals import VIEWS, Waiting
from complaints.refunds import Refund
from complaints.web.frame import Visit, url
from complaints.web.office import forms
from complaints.web.tongue import N_
from csms.errors import NotFound

PAGE = 50
MOST_ROWS = 10_000
OVER_SINCE = timedelta(days=30)
"""Sums of what is confirmed or declined look back so far; what still waits counts whole."""

EMPTY = {
    "waiting": N_("Nothing waits for approval. A refund that somebody proposes on a case appears here."),
    "under_way": N_("Nothing is on its way. What is approved appears here until the payment side confirms it."),
    "failed": N_("Nothing has failed. What the payment side refuses appears here with its reason."),
    "confirmed": N_("Nothing is confirmed yet. What the payment side has paid out appears here."),
    "declined": N_("Nothing was declined."),
}
STEPS = {
    "approve": (N_("Approve the refund"), N_("It is sent to the payment side at once, and the customer is told."),
                N_("Approve and send"), "refunded"),
    "decline": (N_("Decline the refund"), N_("It is not paid. The case goes back to being looked into."),
                N_("Decline"), "declined"),
    "retry": (N_("Try again"), N_("The payment side is asked once more under the same reference: it pays once "
              "at most."),
              N_("Try again"), "retried"),
    "confirm": (N_("Note that it was paid out"), N_("You have seen it on the statement of the bank or wallet."),
                N_("It was paid out"), "done"),
    "fail": (N_("Note that it came back"), N_("The bank or wallet has sent it back. It can be proposed anew on the "
             "case."), N_("It came back"), "done"),
}
FROM = {"approve": ("proposed",), "decline": ("proposed",), "retry": ("failed",), "confirm": ("sent",),
        "fail": ("sent",)}


def _view(visit: Visit) -> str:
    asked = visit.query("view")
    return asked if asked in VIEWS else "waiting"


async def queue(visit: Visit) -> Response:
    view, skip = _view(visit), forms.skipped(visit)
    async with visit.site.desk.db.acquire() as conn:
        found = await approvals.listed(conn, view, skip=skip, limit=PAGE + 1)
        totals = await approvals.totals(conn, visit.now - OVER_SINCE)
        policy = await deadlines.policy_now(conn, visit.now)
    four_eyes = visit.site.desk.options.four_eyes_above
    return visit.page(
        "office/money.html", rows=[_row(visit, w, four_eyes, policy) for w in found[:PAGE]], view=view, views=VIEWS,
        totals=totals, empty=EMPTY[view], four_eyes=four_eyes, limits=policy.approval_limits,
        **forms.pages(visit, skip, PAGE, len(found)),
    )


def _row(visit: Visit, waiting: Waiting, four_eyes: Any, policy: Any) -> dict[str, Any]:
    refund = waiting.refund
    roles, not_by = approvals.deciders(refund, four_eyes, policy)
    mine = refund.state == "proposed" and visit.who.role in roles and not_by != visit.who.name
    return {"refund": refund, "case": waiting, "roles": roles, "not_by": not_by, "may": mine,
            "steps": _steps(visit, refund, mine)}


def _steps(visit: Visit, refund: Refund, mine: bool) -> list[str]:
    """What this person may do with it now."""
    pays = visit.who.may("finance", "supervisor")
    if refund.state == "proposed":
        return ["approve", "decline"] if mine else []
    if refund.state == "sent":
        return ["confirm", "fail"] if pays else []
    return ["retry"] if refund.state == "failed" and refund.sent_at is None and pays else []


async def _asked(visit: Visit) -> tuple[Refund, str]:
    step, n = visit.part("step"), int(visit.part("n"))
    async with visit.site.desk.db.acquire() as conn:
        refund = await approvals.one(conn, visit.part("number"), n)
    if refund is None or step not in STEPS:
        raise NotFound("there is no such refund")
    return refund, step


async def ask(visit: Visit) -> Response:
    """The confirmation step."""
    refund, step = await _asked(visit)
    return _page(visit, refund, step, {}, "", 200)


def _page(
    visit: Visit, refund: Refund, step: str, wrong: Mapping[str, str], problem: str, status: int
) -> Response:
    if not problem and refund.state not in FROM[step]:
        problem = visit.say("Somebody was quicker: this refund has moved on.")
    title, about, button, _ = STEPS[step]
    return visit.page(
        "office/money_do.html" if visit.partial else "office/money_do_page.html", status, refund=refund, step=step,
        title=title, about=about, button=button, problem=problem, wrong=wrong, typed=visit.form.texts(),
        possible=refund.state in FROM[step], to=url("desk", "refunds", refund.complaint, refund.n, step),
    )


async def do(visit: Visit) -> Response:
    refund, step = await _asked(visit)

    async def act() -> str:
        reason = forms.words(visit, "reason", needed=step != "confirm")
        await _carry_out(visit, refund, step, reason)
        return url("desk", "refunds")

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return _page(visit, refund, step, wrong, problem, status)

    return await forms.attempt(visit, act, again, STEPS[step][3])


async def _carry_out(visit: Visit, refund: Refund, step: str, reason: str) -> None:
    desk, who = visit.site.desk, visit.who
    match step:
        case "approve" | "decline":
            ask = Ask(action="refund", approve=step == "approve", refund=refund.n, reason=reason)
            await desk.act(refund.complaint, ask, who)
        case "retry":
            await desk.money.try_again(refund, who, reason)
        case _:
            state = "confirmed" if step == "confirm" else "failed"
            await desk.money.settle(refund.key, state, f"{who.name}: {reason}" if reason else who.name)


async def csv(visit: Visit) -> Response:
    """The view as a table for the books."""
    view = _view(visit)
    async with visit.site.desk.db.acquire() as conn:
        found = await approvals.listed(conn, view, limit=MOST_ROWS)
    header = ("reference", "case", "kind", "amount", "currency", "state", "reason", "proposed by", "proposed at",
              "decided by", "decided at", "sent at", "settled at", "note")
    rows = [
        (r.key, r.complaint, r.kind, r.amount, r.currency, r.state, r.reason, r.proposed_by, r.proposed_at,
         r.decided_by, r.decided_at, r.sent_at, r.settled_at, r.note)
        for r in (w.refund for w in found)
    ]
    return forms.attachment(sheets.sheet(header, rows), f"refunds-{view}-{visit.now:%Y%m%d}.csv")
