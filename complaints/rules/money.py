"""Findings about money: what was taken, against what was due."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import combinations

from complaints.billing import Ledger, Rating, ledger_of, money, periods, rate, shift_that_explains
from complaints.findings import Bill, Finding, Ref, Stance, Words
from complaints.rules.case import Case
from complaints.rules.register import Grade
from complaints.rules.topics import CUT_SHORT, NOT_STARTED
from complaints.rules.words import amount as sum_of, clock
from csms.vocabulary import Payment

CENT = Decimal("0.01")
ZERO = Decimal(0)
HOLD_DUE = timedelta(hours=1)
AMOUNT_TOPICS = (
    "charged_no_energy", "start_failed_charged", "overcharged", "double_charged", "idle_fee", "wrong_tariff",
    "energy_too_high", "refund_missing",
)  # fmt: skip
"""Claims that the amount itself is wrong: a bill that is right speaks against them."""
HOLD_TOPICS = ("hold_not_released", "refund_missing", "double_charged", "start_failed_charged", "charged_no_energy")
GRADES: dict[str, Grade] = {"signed": "A", "begin_end": "B", "neighbour": "C", "readings": "C", "none": "D"}
CONFIDENCE = {"signed": 0.99, "begin_end": 0.95, "neighbour": 0.85, "readings": 0.85, "none": 0.7}


class Account:
    """The case with its bill and payments at hand, computed once for all rules."""

    def __init__(self, case: Case, bill: Bill | None, findings: Sequence[Finding] = ()) -> None:
        self.case = case
        self.bill = bill
        self.ledger: Ledger | None = ledger_of(case)
        self.rating: Rating | None = rate(case, findings)

    @property
    def grade(self) -> Grade:
        return GRADES[self.rating.energy.pair] if self.rating else "B"

    @property
    def confidence(self) -> float:
        return CONFIDENCE[self.rating.energy.pair] if self.rating else 0.95

    @property
    def excess(self) -> Decimal:
        return self.bill.charged - self.bill.expected if self.bill else ZERO

    @property
    def paid(self) -> tuple[Payment, ...]:
        return (*self.ledger.captures, *self.ledger.refunds) if self.ledger else ()

    def refs(self, payments: Iterable[Payment]) -> tuple[Ref, ...]:
        """The payments, and the transaction they are measured by."""
        t = self.case.transaction
        own = (Ref("transaction", t.id, t.started_at),) if t else ()
        return (*(Ref("payment", p.reference, p.at) for p in payments), *own)

    def stance(self, supported: bool) -> Stance:
        """For a wrong amount: it supports whoever complains about money."""
        return "supports" if supported and self.about_money else "inconclusive"

    def paid_for_nothing(self, given_back: bool) -> Stance:
        """It bears out a start that failed as well: he tried, and paid for it."""
        began_not = self.case.claim.topic in NOT_STARTED
        return "supports" if not given_back and (self.about_money or began_not) else "inconclusive"

    @property
    def paid_for_failure(self) -> Stance:
        """It bears out whoever complains of money, of a start that failed, or of a session that was cut short."""
        failed = self.case.claim.topic in NOT_STARTED | CUT_SHORT
        return "supports" if self.about_money or failed else "inconclusive"

    @property
    def about_money(self) -> bool:
        """By its topic, or because it names a payment or an amount."""
        claim = self.case.claim
        return claim.about_money or any((claim.amount_disputed is not None, claim.payment_reference, claim.order))


Rule = Callable[[Account], Finding | None]


def money_findings(case: Case, bill: Bill | None, findings: Sequence[Finding] = ()) -> list[Finding]:
    """Everything the payments and the bill say. `findings`: those the bill was made with."""
    account = Account(case, bill, findings)
    return [found for rule in RULES if (found := rule(account)) is not None]


def duplicate(a: Account) -> Finding | None:
    """payment.duplicate: two captures for one transaction or one order.

    Source: the payment records. Limits: two captures for two sessions are none, and neither are a hold and its
    capture; captures that name nothing count only where they are too much, without another try in between.
    """
    captures = a.ledger.captures if a.ledger else ()
    pair = next(((p, q) for p, q in combinations(captures, 2) if _same_purchase(a, p, q)), None)
    if pair is None:
        return None
    first, second = pair
    settled = a.bill is not None and a.excess <= CENT
    en, zh = (" Nothing of it is too much any more.", "目前已没有多收的部分。") if settled else ("", "")
    text = Words(
        f"Two payments were taken for the same charge: {_en(first)} and {_en(second)}.{en}",
        f"同一次充电扣了两笔钱：{_zh(first)}和 {_zh(second)}。{zh}",
    )
    return Finding("payment.duplicate", a.stance(not settled), 0.97, "B", text, a.refs(pair))


def exceeds_bill(a: Account) -> Finding | None:
    """payment.exceeds_bill: captured minus refunded exceeds the expected bill by more than 0.01.

    Source: payment records against the recomputed bill. Limits: as good as the registers the bill rests on.
    """
    if a.bill is None or a.ledger is None or a.excess <= CENT:
        return None
    due, taken, over = (sum_of(v, a.bill.currency) for v in (a.bill.expected, a.bill.charged, a.excess))
    text = Words(
        f"You paid {taken[0]}, but by our records this charge costs {due[0]}: {over[0]} too much.",
        f"您一共付了 {taken[1]}，按记录这次充电应付 {due[1]}，多收了 {over[1]}。",
    )
    return Finding("payment.exceeds_bill", a.stance(True), a.confidence, a.grade, text, a.refs(a.paid))


def matches_bill(a: Account) -> Finding | None:
    """payment.matches_bill: captured minus refunded equals the expected bill within 0.01.

    Source: payment records against the recomputed bill. Limits: says nothing about whose session it was.
    """
    if a.bill is None or a.ledger is None or not a.ledger.captures or abs(a.excess) > CENT:
        return None
    given_back = a.case.claim.topic == "hold_not_released" and a.ledger.refunds and not a.ledger.held
    against = a.case.claim.topic in AMOUNT_TOPICS or bool(given_back)
    stance: Stance = "contradicts" if against else "inconclusive"
    due = sum_of(a.bill.expected, a.bill.currency)
    back = sum_of(a.ledger.captured - a.ledger.charged, a.bill.currency)
    returned = a.ledger.charged < a.ledger.captured
    text = Words(
        f"What you paid is what this charge costs by our records: {due[0]}."
        + (f" {back[0]} has already been given back." if returned else ""),
        f"您付的金额与按记录重新计算的账单一致：{due[1]}。" + (f"其中 {back[1]}已退还。" if returned else ""),
    )
    return Finding("payment.matches_bill", stance, a.confidence, a.grade, text, a.refs(a.paid))


def without_transaction(a: Account) -> Finding | None:
    """payment.without_transaction: captured, and no transaction is behind it.

    Source: payment records and the station's transactions. Limits: a station that was offline may still replay one.
    """
    if a.case.transaction is not None or a.ledger is None or not a.ledger.captures or _names_known(a):
        return None
    back = a.ledger.charged <= CENT
    paid = sum_of(a.ledger.captured, a.ledger.currency)
    text = Words(
        f"{paid[0]} was taken, but no charging session was ever recorded for it."
        + (" It has already been given back." if back else ""),
        f"扣了 {paid[1]}，但没有任何充电记录与之对应。" + ("这笔钱已经退回。" if back else ""),
    )
    unsure = any(a.case.offline_at(p.at) for p in a.ledger.captures) or any(p.transaction for p in a.ledger.captures)
    return Finding(
        "payment.without_transaction", a.paid_for_nothing(back), 0.85 if unsure else 0.95, "B", text, a.refs(a.paid)
    )


def hold_open(a: Account) -> Finding | None:
    """payment.hold_open: a hold neither captured nor voided, older than an hour after the session.

    Source: payment records. Limits: the bank's side is not seen. Of a hold captured in part the rest counts where
    the customer says that it is still blocked (evidence-rules 5).
    """
    if a.ledger is None or a.case.is_live:
        return None
    says_blocked = a.case.claim.topic in ("hold_not_released", "refund_missing")
    holds = a.ledger.open_holds + (a.ledger.rests if says_blocked else ())
    late = tuple(h for h in holds if a.case.now - _session_end(a, h) > HOLD_DUE)
    if not late:
        return None
    amount = sum_of(a.ledger.left(late), a.ledger.currency)
    text = Words(
        f"{amount[0]} is still blocked on your card: we have neither charged nor released it.",
        f"{amount[1]}的预授权仍被冻结：我们既没有扣款，也没有解除。",
    )
    return Finding("payment.hold_open", a.stance(True), 0.95, "B", text, a.refs(late))


def hold_released(a: Account) -> Finding | None:
    """payment.hold_released: the hold was voided; the bank's delay explains the rest.

    Source: payment records. Limits: released only after the complaint, it does not speak against it.
    """
    pairs = [(h, v) for h in a.ledger.holds for v in a.ledger.releases(h)[:1]] if a.ledger else []
    if not pairs:
        return None
    hold, void = pairs[-1]
    before = void.at <= a.case.now and a.case.claim.topic in HOLD_TOPICS
    when = clock(a.case, void.at)
    text = Words(
        f"The hold of {_en(hold)} was released by us on {when}; your bank may need some days to show it.",
        f"{_zh(hold)}的预授权我们已于 {when}解除，银行到账可能需要几个工作日。",
    )
    return Finding(
        "payment.hold_released", "contradicts" if before else "inconclusive", 0.95, "B", text, a.refs((hold, void))
    )


def not_ours(a: Account) -> Finding | None:
    """payment.not_ours: the payment the customer names is not in our books.

    Source: the payment records. Limits: a mistyped reference looks alike, so where other money of his is on
    record it means nothing.
    """
    named = a.case.claim.payment_reference
    if named is None or _in_books(a, named):
        return None
    stance: Stance = "inconclusive"
    if a.case.claim.topic == "fraud":
        stance = "supports"
    elif a.case.claim.about_money and a.ledger is None:
        stance = "contradicts"
    text = Words(
        f"The payment {named} was not made to us: it is not in our books. Please check who received it.",
        f"您提供的付款单号 {named}不在我们的账上，收款方不是我们，请核对账单上的收款方。",
    )
    return Finding("payment.not_ours", stance, 0.7, "D", text, a.refs(()))


def start_fee_after_failure(a: Account) -> Finding | None:
    """bill.start_fee_after_failure: a start fee was charged for a session that failed for no fault of the customer.

    Source: the tariff's start fee, what was charged, how the session ended. Limits: what was charged is only known
    as a sum; it must be explained to the cent by the start fee, alone or with the energy.
    """
    r = a.rating
    if r is None or a.bill is None or not r.tariff.start_fee or r.start_fee:
        return None
    energy = periods.cost(r.energy.slices, r.tariff)
    sums = (r.tariff.start_fee, r.tariff.start_fee + energy, a.bill.expected + r.tariff.start_fee)
    if not any(abs(a.bill.charged - money(s)) <= CENT for s in sums):
        return None
    fee = sum_of(r.tariff.start_fee, a.bill.currency)
    text = Words(
        f"A start fee of {fee[0]} was charged although the session failed and it was not your doing.",
        f"这次充电并非因您的原因失败，却仍收取了 {fee[1]}的启动费。",
    )
    return Finding("bill.start_fee_after_failure", a.paid_for_failure, 0.9, a.grade, text, a.refs(a.paid))


def idle_justified(a: Account) -> Finding | None:
    """bill.idle_justified: the idle fee charged is what the connector's own record supports.

    Source: statuses of the connector, faults, connections. Limits: the fee charged is what was paid beyond energy
    and start fee.
    """
    charged = _idle_charged(a)
    if charged is None or a.rating is None or a.bill is None or charged > money(a.rating.idle_fee) + CENT:
        return None
    stance: Stance = "contradicts" if a.case.claim.topic in AMOUNT_TOPICS else "inconclusive"
    return Finding("bill.idle_justified", stance, 0.9, "B", _idle_text(a, charged), _idle_refs(a))


def idle_unjustified(a: Account) -> Finding | None:
    """bill.idle_unjustified: the idle fee charged exceeds what the connector's own record supports.

    Source: statuses of the connector, faults, connections. Limits: the fee charged is what was paid beyond energy
    and start fee; where nobody complains of an idle fee it must be whole minutes of it.
    """
    charged = _idle_charged(a)
    if charged is None or a.rating is None or charged <= money(a.rating.idle_fee) + CENT:
        return None
    return Finding("bill.idle_unjustified", a.stance(True), 0.9, "B", _idle_text(a, charged), _idle_refs(a))


def period_shift(a: Account) -> Finding | None:
    """bill.period_shift: the bill equals the tariff with wrongly shifted periods.

    Source: the session rated again with the device's clock, in UTC, with the zone counted twice, an hour off.
    Limits: only shifts that something explains are tried, and only where they change the price.
    """
    if a.rating is None or a.bill is None or not a.paid or abs(a.excess) <= CENT:
        return None
    shift = shift_that_explains(a.case, a.rating, a.bill)
    if shift is None:
        return None
    true = sum_of(a.bill.expected, a.bill.currency)
    text = Words(
        f"The bill was made with the wrong times of day: {shift.why.en}. By the true times it is {true[0]}.",
        f"账单的分时时段算错了：{shift.why.zh}。按真实时间应为 {true[1]}。",
    )
    return Finding("bill.period_shift", a.stance(a.excess > 0), 0.92, a.grade, text, a.refs(a.paid))


RULES: tuple[Rule, ...] = (
    duplicate, exceeds_bill, matches_bill, without_transaction, hold_open, hold_released, not_ours,
    start_fee_after_failure, idle_justified, idle_unjustified, period_shift,
)  # fmt: skip


def _same_purchase(a: Account, one: Payment, other: Payment) -> bool:
    """Whether two captures pay for the same thing."""
    if one.order is not None or other.order is not None:
        if one.order == other.order:
            return True
        if one.order is not None and other.order is not None and a.case.transaction is None:
            return False
    if a.case.transaction is None:
        return False
    if one.transaction is not None and other.transaction is not None:
        return True  # the ledger holds only payments that name this transaction, or none
    tried_between = any(one.at <= t.at <= other.at for t in a.case.tries)
    return (one.amount == other.amount or a.excess > CENT) and not tried_between


def _names_known(a: Account) -> bool:
    """Whether the captures name a transaction that is on record, though it is not the one matched."""
    assert a.ledger is not None
    known = {key for t in (*a.case.story.transactions, *a.case.story.elsewhere) for key in (t.id, t.said)}
    return all(p.transaction in known for p in a.ledger.captures)


def _in_books(a: Account, named: str) -> bool:
    wanted = named.strip().casefold()
    return any(
        wanted == (key or "").casefold()
        for p in (*a.case.story.payments, *a.case.payments)
        for key in (p.reference, p.order, p.of)
    )


def _session_end(a: Account, hold: Payment) -> datetime:
    return max(hold.at, a.case.stopped_at) if a.case.transaction else hold.at


def _idle_charged(a: Account) -> Decimal | None:
    """What was charged beyond energy and start fee, where that can be an idle fee."""
    r = a.rating
    if r is None or a.bill is None or r.tariff.idle is None or not a.paid:
        return None
    beyond = a.bill.charged - money(r.energy_cost() + r.start_fee)
    if beyond <= CENT:
        return None
    right = abs(beyond - money(r.idle_fee)) <= CENT
    return beyond if right or a.case.claim.topic == "idle_fee" or _may_be_idle(a, r, beyond) else None


def _may_be_idle(a: Account, r: Rating, amount: Decimal) -> bool:
    """Whether an amount is whole minutes of the time plugged in after charging, where nobody says it is."""
    fee, t = r.tariff.idle, a.case.transaction
    if fee is None or t is None or r.nothing or not fee.price_per_minute or r.idle is None:
        return False
    if amount != fee.cap and amount % fee.price_per_minute:
        return False
    plugged = Decimal((r.idle.end - r.idle.start).total_seconds()) / 60
    return t.stop_received_at is None or amount <= (plugged + 1) * fee.price_per_minute


def _idle_text(a: Account, charged: Decimal) -> Words:
    assert a.rating is not None
    assert a.rating.tariff.idle is not None
    assert a.bill is not None
    taken, due = sum_of(charged, a.bill.currency), sum_of(money(a.rating.idle_fee), a.bill.currency)
    idle = a.rating.idle
    if idle is None:
        return Words(
            f"An idle fee of {taken[0]} was charged; the connector's record shows no time plugged in after charging.",
            f"收取了 {taken[1]}占位费，但枪口记录中没有充完后仍插着的时间。",
        )
    since, until = clock(a.case, idle.start), clock(a.case, idle.end)
    grace = a.rating.tariff.idle.grace_minutes
    own = " Minutes the station itself caused do not count." if idle.free else ""
    own_zh = "由充电桩造成的时间不计。" if idle.free else ""
    return Words(
        f"An idle fee of {taken[0]} was charged. After charging the plug stayed in from {since} to {until}, of which "
        f"{grace} minutes are free: by the record that is {due[0]}.{own}",
        f"收取了占位费 {taken[1]}。充完后枪在 {since} 至 {until} 仍插着，其中 {grace} 分钟免费，"
        f"按记录应为 {due[1]}。{own_zh}",
    )


def _idle_refs(a: Account) -> tuple[Ref, ...]:
    """The payments, and the statuses that begin and end the idle time."""
    idle = a.rating.idle if a.rating else None
    marks = {idle.start, idle.end} if idle else set()
    frames = {s.frame: Ref("frame", s.frame, s.at) for s in a.case.statuses if s.at in marks}
    return (*a.refs(a.paid), *frames.values())


def _en(payment: Payment) -> str:
    return sum_of(payment.amount, payment.currency)[0]


def _zh(payment: Payment) -> str:
    return sum_of(payment.amount, payment.currency)[1]
