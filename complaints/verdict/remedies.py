"""What to do about it: a table of remedies, each with the condition that proposes it. Money is proposed
here and moved by a person (G10)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from complaints.findings import Remedy, Words
from complaints.guards import allowed, dangerous, live
from complaints.verdict.table import Decision
from complaints.verdict.view import View

_HARD_TO_FIX = ("fault.lock", "fault.meter", "fault.temperature", "fault.ground", "fault.emergency",
                "fault.overcurrent")
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A kind of remedy, when it is proposed, and why, in the words of the case."""

    kind: str
    when: Callable[[View, Decision], bool]
    note: Words
    amount: Callable[[View], Decimal | None] = lambda _: None


def remedies(view: View, decision: Decision) -> tuple[Remedy, ...]:
    """Every remedy whose condition holds, in the order of the table."""
    currency = view.bill.currency if view.bill else None
    found = []
    for one in PROPOSALS:
        if one.when(view, decision):
            amount = one.amount(view)
            found.append(Remedy(one.kind, amount, currency if amount is not None else None, one.note))
    return tuple(found)


def _danger(view: View, _: Decision) -> bool:
    return view.claim.danger or (view.case.plug_known and dangerous(view.case, view.case.story))


def _stop(view: View, decision: Decision) -> bool:
    running = live(view.case.transaction, view.case.story, view.case.now)
    wants_out = view.claim.topic in ("cannot_stop", "connector_stuck", "not_my_session")
    return running and (_danger(view, decision) or wants_out)


def _inoperative(view: View, decision: Decision) -> bool:
    return _danger(view, decision) or view.any(
        ("connectors.swapped+", "energy.jump+", "energy.after_stop+")
    )


def _dispatch(view: View, decision: Decision) -> bool:
    if _danger(view, decision):
        return True
    broken = ("stop.emergency", "connector.unlock_failed+", "fault.lock+", "fault.meter+", "fault.reader+",
              "fault.temperature+", "energy.jump+", "energy.regressed+", "connectors.swapped+", "others.same_failure+",
              "energy.after_stop+", "start.station_faulted+")
    seen = view.claim.topic in ("damaged", "cannot_insert", "screen_or_reader") and decision.verdict != "not_upheld"
    open_fault = view.open_fault("internal", "other", "voltage") and decision.liability == "station"
    return view.any(broken) or seen or open_fault


def _reset(view: View, decision: Decision) -> bool:
    """A restart may clear a station that hangs; never in danger, never for what a restart cannot mend."""
    hangs = ("start.no_transaction+", "start.refused_by_station+", "station.suspended+", "start.station_faulted+",
             "energy.none+")
    if decision.liability != "station" or _danger(view, decision) or view.any(_HARD_TO_FIX):
        return False
    if view.any(("connectors.swapped", "energy.jump")):
        return False
    return allowed(view.remote, "reset") and (view.any(hangs) or view.open_fault("internal", "other"))


def _unlock(view: View, decision: Decision) -> bool:
    if view.claim.topic != "connector_stuck" or _danger(view, decision) or view.case.unplugged_at is not None:
        return False
    return allowed(view.remote, "unlock") and not view.holds("connector.unlocked")


def _refund(view: View, _: Decision) -> bool:
    return view.excess >= _CENT


def _hold(view: View, _: Decision) -> bool:
    return view.holds("payment.hold_open")


def _no_refund(view: View, decision: Decision) -> bool:
    return view.claim.about_money and decision.verdict == "not_upheld" and not _refund(view, decision)


def _wrong_bill(view: View, decision: Decision) -> bool:
    why = ("bill.period_shift", "energy.jump", "energy.regressed", "vehicle.other_in_session+", "stop.missing",
           "connectors.swapped", "clock.offset", "bill.idle_unjustified", "energy.after_stop+")
    return _refund(view, decision) and view.any(why)


def _guidance(view: View, decision: Decision) -> bool:
    his = decision.liability == "vehicle" or (decision.liability == "customer" and not view.claim.about_money)
    return his or view.any(("start.customer_timeout", "vehicle.suspended", "payment.hold_released-"))


def _sorry(view: View, decision: Decision) -> bool:
    return decision.verdict in ("upheld", "partly_upheld") or view.claim.category == "service" or view.claim.danger


def _goodwill(view: View, decision: Decision) -> bool:
    """Trouble without anything to give back; or a claim of money the records cannot decide."""
    ours = decision.liability in ("station", "backoffice", "network", "third_party")
    cut = decision.verdict == "upheld" and view.claim.category == "equipment" and ours
    open_money = decision.verdict == "inconclusive" and view.claim.about_money
    return (cut or open_money) and not _refund(view, decision)


PROPOSALS: tuple[Proposal, ...] = (
    Proposal("stop", _stop, Words("End the running session.", "结束正在进行的充电。")),
    Proposal("set_inoperative", _inoperative,
             Words("Take the plug out of service until it has been checked.", "检查完成前停用该枪。")),
    Proposal("dispatch", _dispatch, Words("Send somebody to look at it.", "派人到现场检查。")),
    Proposal("refund", _refund, Words("Give back what was taken beyond the bill.", "退还多收的金额。"),
             lambda v: v.excess),
    Proposal("release_hold", _hold, Words("Release the hold on the card.", "解除预授权冻结。"),
             lambda v: v.bill.held if v.bill else None),
    Proposal("no_refund", _no_refund, Words("The bill is right; explain it.", "账单无误，向用户说明。")),
    Proposal("waive_fee", lambda v, _: v.any(("bill.idle_unjustified+", "bill.start_fee_after_failure+")),
             Words("Drop the fee that the records do not support.", "免除没有依据的费用。")),
    Proposal("correct_bill", _wrong_bill, Words("Issue the bill again from the true figures.", "按真实数据重新出账。")),
    Proposal("reset", _reset, Words("Restart the station, then see that it works.", "重启充电桩，并确认恢复正常。")),
    Proposal("unlock", _unlock, Words("Unlock the plug while the driver holds it.", "请用户扶住枪头，远程解锁。")),
    Proposal("replace_part", lambda v, _: v.any(("energy.jump+", "fault.meter+", "connector.unlock_failed+")),
             Words("Check the part and replace it where needed.", "检查相关部件，必要时更换。")),
    Proposal("block_token", lambda v, _: v.holds("token.two_places+"),
             Words("Block the card until its owner confirms it.", "冻结该卡，待本人确认。")),
    Proposal("escalate_legal", lambda v, _: v.claim.topic in ("privacy", "car_damage", "fraud"),
             Words("Hand it to legal; keep all logs.", "移交法务，保全记录。")),
    Proposal("guidance", _guidance, Words("Explain what happened and how to avoid it.", "说明原因，并告知如何避免。")),
    Proposal("goodwill", _goodwill, Words("A small gesture for the trouble.", "酌情给予补偿。")),
    Proposal("apologise", _sorry, Words("Apologise.", "致歉。")),
)
