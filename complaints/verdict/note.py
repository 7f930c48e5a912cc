"""A paragraph for the agent: what was matched and why, what speaks for and against it, what to do and what not."""

from __future__ import annotations

from collections.abc import Sequence

from complaints.findings import Bill, Finding, Remedy, RemoteAction, Words
from complaints.matching import Match
from complaints.rules.case import Case
from complaints.rules.words import clock
from complaints.verdict.table import Decision
from complaints.verdict.terms import LIABLE, REMEDIES, REMOTE, VERDICTS

_STRONG = 3
"""How many findings for and against are named; all of them stand in the list."""


def agent_note(
    case: Case, decision: Decision, findings: Sequence[Finding], bill: Bill | None, remedies: Sequence[Remedy],
    remote: Sequence[RemoteAction],
) -> Words:
    parts = [
        _matched(case, case.match), _decided(decision), _weighed(findings, "supports"),
        _weighed(findings, "contradicts"), _billed(bill), _next(remedies), _forbidden(remote),
    ]
    said = [part for part in parts if part.en]
    return Words(" ".join(p.en for p in said), "".join(p.zh for p in said))


def _matched(case: Case, match: Match) -> Words:
    found = match.candidate
    if found is None or match.transaction is None:
        count = len(match.tries)
        tries = f"; {count} {'try' if count == 1 else 'tries'} of the driver came to nothing" if count else ""
        tries_zh = f"，查到 {len(match.tries)} 次未成功的启动" if match.tries else ""
        return Words(f"No session was matched{tries}.", f"未匹配到充电记录{tries_zh}。")
    t = match.transaction
    rivals = f"; {len(match.alternatives)} others fit less" if match.alternatives else ""
    rivals_zh = f"，另有 {len(match.alternatives)} 笔可能性较低" if match.alternatives else ""
    return Words(
        f"Matched to session {t.said} at {t.station}, plug {t.evse}, {clock(case, t.started_at)} "
        f"({found.score:.2f}: {', '.join(found.because)}{rivals}).",
        f"匹配到充电记录 {t.said}（{t.station} {t.evse} 号枪，{clock(case, t.started_at)}，"
        f"匹配度 {found.score:.2f}{rivals_zh}）。",
    )


def _decided(decision: Decision) -> Words:
    why, on = ", ".join(decision.steps), ", ".join(decision.decisive)
    resting, resting_zh = (f" (resting on {on})", f"（依据 {on}）") if on else ("", "")
    return Words(
        f"{decision.verdict.replace('_', ' ').capitalize()}, liable: {decision.liability.replace('_', ' ')}, "
        f'by the row "{why}"{resting}.',
        f"判定：{VERDICTS[decision.verdict]}，责任方：{LIABLE[decision.liability]}{resting_zh}。",
    )


def _weighed(findings: Sequence[Finding], stance: str) -> Words:
    """The strongest first: by grade, then by confidence."""
    pointing = sorted((f for f in findings if f.stance == stance), key=lambda f: (f.grade, -f.confidence, f.code))
    if not pointing:
        return Words("", "")
    named = pointing[:_STRONG]
    more = f" and {len(pointing) - _STRONG} more" if len(pointing) > _STRONG else ""
    more_zh = f"等 {len(pointing)} 项" if len(pointing) > _STRONG else ""
    word, word_zh = ("For", "支持投诉") if stance == "supports" else ("Against", "不支持投诉")
    return Words(
        f"{word} the claim: {', '.join(f'{f.code} (grade {f.grade})' for f in named)}{more}.",
        f"{word_zh}：{'、'.join(f'{f.code}（{f.grade} 级）' for f in named)}{more_zh}。",
    )


def _billed(bill: Bill | None) -> Words:
    if bill is None:
        return Words("", "")
    excess = bill.charged - bill.expected
    over = f", {excess:.2f} too much" if excess > 0 else ""
    over_zh = f"，多收 {excess:.2f}" if excess > 0 else ""
    held = f"; {bill.held:.2f} still held" if bill.held > 0 else ""
    held_zh = f"，预授权未解除 {bill.held:.2f}" if bill.held > 0 else ""
    return Words(
        f"Bill {bill.expected:.2f} {bill.currency}, charged {bill.charged:.2f}{over}{held}.",
        f"应收 {bill.expected:.2f} {bill.currency}，实收 {bill.charged:.2f}{over_zh}{held_zh}。",
    )


def _next(remedies: Sequence[Remedy]) -> Words:
    if not remedies:
        return Words("", "")
    amounts = [f" {r.amount:.2f}" if r.amount is not None else "" for r in remedies]
    return Words(
        f"Proposed: {', '.join(f'{r.kind}{a}' for r, a in zip(remedies, amounts, strict=True))}.",
        f"建议：{'、'.join(f'{REMEDIES.get(r.kind, r.kind)}{a}' for r, a in zip(remedies, amounts, strict=True))}。",
    )


def _forbidden(remote: Sequence[RemoteAction]) -> Words:
    closed = [r for r in remote if not r.allowed]
    if not closed:
        return Words("", "")
    guards = sorted({g for r in closed for g in r.guards})
    return Words(
        f"Not now: {', '.join(r.action for r in closed)} ({', '.join(guards)}).",
        f"暂不可：{'、'.join(REMOTE.get(r.action, r.action) for r in closed)}（{'、'.join(guards)}）。",
    )
