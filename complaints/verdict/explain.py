"""Three plain sentences for the driver: which session, what the records show, what follows."""

from __future__ import annotations

from collections.abc import Sequence

from complaints.billing import energy_of
from complaints.findings import Finding, Remedy, Words
from complaints.rules.case import Case
from complaints.rules.meter import measured_wh
from complaints.rules.words import amount, clock, kwh
from complaints.verdict.table import Decision

_VERDICT = {
    "upheld": Words("Your complaint is right", "您的投诉成立"),
    "partly_upheld": Words("Your complaint is right in part", "您的投诉部分成立"),
    "not_upheld": Words("The records do not bear your complaint out", "现有记录未能证实您反映的问题"),
    "inconclusive": Words("The records alone cannot decide it", "仅凭现有记录无法判定"),
}
_NEXT = {
    "refund": Words("we propose to give back {sum}", "我们建议退还 {sum}"),
    "release_hold": Words("we will have the hold on your card released", "我们将解除您卡上的预授权冻结"),
    "dispatch": Words("somebody will go and look at the charger", "我们会派人到现场检查"),
    "set_inoperative": Words("the plug is to be taken out of service", "该枪将先行停用"),
    "correct_bill": Words("the bill will be corrected", "账单将更正"),
    "reset": Words("we will restart the charger and check that it works", "我们会重启充电桩并确认恢复"),
    "unlock": Words("we will try to unlock the plug", "我们会尝试远程解锁"),
    "guidance": Words("we will gladly explain how to avoid it", "我们会向您说明如何避免"),
    "no_refund": Words("by them the amount is right", "按记录，金额无误"),
}
_DISCREET = {
    "stop.by_staff": Words("It was our own command that ended the session.", "本次充电是被我方下发的指令结束的。"),
}
"""Where the finding names a colleague, the driver is told without the name."""
PART_WH = 10.0
"""Less is noise, no part of its own."""
_SILENT = Words("a person will look into it and answer you", "我们会由专人核实并答复您")
_BY_WORDS = Words("What you describe may be dangerous; please keep away from the plug",
                  "您反映的情况可能有危险，请勿再使用该枪")


def explain(case: Case, decision: Decision, findings: Sequence[Finding], remedies: Sequence[Remedy]) -> Words:
    parts = (_session(case), _reasons(case, decision, findings), _outcome(decision, remedies))
    return Words(" ".join(p.en for p in parts), "".join(p.zh for p in parts))


def _session(case: Case) -> Words:
    t = case.transaction
    if t is not None:
        energy = _energy(case)
        at = clock(case, t.started_at)
        other = case.claim.named_station
        return Words(
            f"We looked at your session at {t.station}, plug {t.evse}, begun at {at}{energy.en}"
            f"{f' (not at {other}, as you wrote)' if other else ''}.",
            f"我们核查了您 {at} 在 {t.station} 的 {t.evse} 号枪的充电记录{energy.zh}"
            f"{f'（并非您所写的 {other}）' if other else ''}。",
        )
    if case.tries:
        at = clock(case, case.tries[-1].at)
        return Words(
            f"We found your attempt to start at {at}, and no charging session from it.",
            f"我们查到您 {at} 的启动请求，但没有产生充电记录。",
        )
    if not case.plug_known:
        return Words("Your message names no charger or session.", "您的反映没有涉及具体的充电桩或充电记录。")
    return Words(
        f"We looked at the records of the charger around {clock(case, case.stated_at)} and found no session of yours.",
        f"我们核查了充电桩 {clock(case, case.stated_at)} 前后的记录，没有找到您的充电记录。",
    )


def _energy(case: Case) -> Words:
    """What the meter counted and, where that is less, what of it the bill counts: the driver reads both figures."""
    measured, counted = measured_wh(case), energy_of(case)
    if measured is None:
        return Words("", "")
    his = float(counted.wh)
    if counted.pair == "none" or measured - his < PART_WH:
        return Words(f", {kwh(measured)}", f"，电量 {kwh(measured)}")
    return Words(
        f", {kwh(measured)}, of which {kwh(his)} count as yours",
        f"，电量 {kwh(measured)}，其中 {kwh(his)} 应计入您的账单",
    )


def _reasons(case: Case, decision: Decision, findings: Sequence[Finding]) -> Words:
    """The finding the verdict rests on, else the strongest that points anywhere."""
    by_code = {f.code: f for f in findings}
    chosen = [by_code[c] for c in decision.decisive if c in by_code]
    pointing = sorted((f for f in findings if f.stance != "inconclusive"), key=lambda f: -f.confidence)
    if case.claim.danger:
        return Words(f"{_BY_WORDS.en}.", f"{_BY_WORDS.zh}。")
    best = next(iter(chosen + pointing), None)
    if best is None:
        return Words("The records say nothing for or against it.", "现有记录既不能证实也不能否定。")
    return _DISCREET.get(best.code, best.summary)


def _outcome(decision: Decision, remedies: Sequence[Remedy]) -> Words:
    steps = []
    order = list(_NEXT)
    for remedy in sorted((r for r in remedies if r.kind in _NEXT), key=lambda r: order.index(r.kind)):
        sum_en, sum_zh = amount(remedy.amount, remedy.currency or "") if remedy.amount is not None else ("", "")
        words = _NEXT[remedy.kind]
        steps.append(Words(words.en.format(sum=sum_en), words.zh.format(sum=sum_zh)))
    steps = steps[:2] or [_SILENT]
    verdict = _VERDICT[decision.verdict]
    return Words(
        f"{verdict.en}: {' and '.join(s.en for s in steps)}.",
        f"{verdict.zh}：{'，'.join(s.zh for s in steps)}。",
    )
