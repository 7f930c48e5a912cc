"""The verdict table: ordered rows, the first that fits decides, and which row it was is on record.

Read a row: for these topics, if any of these findings holds (and none of those), then this verdict, and
this one is liable. "+" after a code: it supports the claim; "-": it contradicts it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from complaints.findings import Liability, Verdict
from complaints.rules.topics import CUT_SHORT, DOWN, IDLE, NO_ENERGY, NOT_STARTED, SLOW
from complaints.verdict.view import View

Liable = Liability | Callable[[View], Liability]


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    topics: frozenset[str] | None
    """None: whatever it is about."""
    if_any: tuple[str, ...]
    """Empty: always."""
    verdict: Verdict
    liability: Liable
    unless: tuple[str, ...] = ()

    def fits(self, view: View) -> bool:
        if self.topics is not None and view.asks.isdisjoint(self.topics):
            return False
        return (not self.if_any or view.any(self.if_any)) and not view.any(self.unless)


@dataclass(frozen=True, slots=True)
class Decision:
    verdict: Verdict
    liability: Liability
    steps: tuple[str, ...]
    decisive: tuple[str, ...] = ()
    """The findings the row rests on, as far as they hold."""


def _t(*topics: str) -> frozenset[str]:
    return frozenset(topics)


def cause(view: View) -> Liability:
    """Whose doing it was that nothing came: the first of these that holds."""
    return next((who if isinstance(who, str) else who(view) for asked, who in CAUSES if view.any(asked)), "station")


def whose_fault(view: View) -> Liability:
    """A fault may be the car's or the grid's: that several cars had it makes it the station's."""
    if view.holds("others.same_failure"):
        return "station"
    at_stop = {f.kind for f in view.case.faults_during} or {f.kind for f in view.case.faults_around}
    t = view.case.transaction
    if at_stop == {"voltage"} or (t is not None and t.stop_reason == "PowerQuality"):
        return "grid"
    if at_stop == {"vehicle_communication"}:
        return "vehicle" if view.holds("others.fine") else "unknown"
    return "station"


def whose_bill(view: View) -> Liability:
    """A wrong bill is the station's where its clock, meter or missing stop made it, else the back office's."""
    station = ("clock.offset", "energy.jump", "energy.regressed", "stop.missing", "energy.after_stop+", "fault.meter")
    if view.any(("connectors.swapped", "vehicle.other_in_session+")):
        return "station" if view.holds("connectors.swapped") else "backoffice"
    return "station" if view.any(station) else "backoffice"


def whose_idle(view: View) -> Liability:
    return "station" if view.any(("stop.missing", "fault.lock", "station.suspended")) else "backoffice"


def whose_pause(view: View) -> Liability:
    return "site" if view.holds("power.limited_by_profile") else "station"


def whose_lock(view: View) -> Liability:
    """The lock in the car is the car's."""
    locks = [f for f in view.case.faults_around if f.kind == "lock"]
    cars = bool(locks) and all(f.code.startswith("EVRetentionLock") for f in locks)
    return "vehicle" if cars and not view.holds("connector.unlock_failed") else "station"


CAUSES: tuple[tuple[tuple[str, ...], Liable], ...] = (
    (("connectors.swapped",), "station"),
    (("stop.by_staff",), "backoffice"),
    (("stop.emergency",), "third_party"),
    (("stop.power_loss",), "grid"),
    (("start.station_offline", "connection.offline_then+"), "network"),
    (("start.refused_by_station", "start.station_faulted"), "station"),
    (("start.token_refused",), "backoffice"),
    (("others.same_failure",), "station"),
    (("stop.by_fault",), whose_fault),
    (("stop.reboot", "station.suspended"), "station"),
    (("stop.deauthorized",), "backoffice"),
    (("start.customer_timeout",), "customer"),
    (("vehicle.suspended", "stop.by_vehicle"), "vehicle"),
    (("fault.during+", "fault.around+"), whose_fault),
    (("start.no_transaction",), "station"),
)

SAFETY = _t("safety")
DANGERS = ("fault.ground", "fault.temperature", "fault.overcurrent", "fault.voltage", "fault.emergency",
           "energy.after_stop")
MONEY = _t("charged_no_energy", "start_failed_charged", "overcharged", "double_charged", "idle_fee", "wrong_tariff",
           "energy_too_high", "refund_missing", "discount_missing", "invoice", "not_my_session")
PRICE = _t("overcharged", "wrong_tariff", "energy_too_high", "discount_missing", "invoice")

TABLE: tuple[Row, ...] = (
    # Danger: the words outrank a clean record, which never contradicts them.
    Row("danger, and the records show a cause", SAFETY, DANGERS, "upheld", "station"),
    Row("danger: clean records prove nothing", SAFETY, (), "inconclusive", "unknown"),

    # Where nothing that a station records can decide.
    Row("the bay: cameras know, records do not", _t("bay_blocked"), (), "inconclusive", "third_party"),
    Row("the site: records do not know", _t("site_closed", "dirty_or_dark", "parking_fee", "noise"), (),
        "inconclusive", "site"),
    Row("how we served: records do not know", _t("attitude", "no_answer", "slow_handling"), (), "inconclusive",
        "backoffice"),

    Row("not a matter of records", _t("suggestion", "privacy", "other"), (), "inconclusive", "backoffice"),
    Row("damage to a car: the records show a cause", _t("car_damage"), ("fault.voltage", "fault.overcurrent",
        "fault.ground"), "partly_upheld", "station"),
    Row("damage to a car: experts decide", _t("car_damage"), (), "inconclusive", "unknown"),

    # Whose session, whose money.
    Row("the payment went to somebody else", None, ("payment.not_ours+",), "upheld", "third_party"),
    Row("the payment is not in our books", MONEY | _t("hold_not_released"), ("payment.not_ours-",), "inconclusive",
        "third_party", unless=("payment.exceeds_bill", "payment.without_transaction", "payment.hold_open")),
    Row("started for one plug, charged at another", NO_ENERGY | _t("not_my_session", "overcharged"),
        ("connectors.swapped+", "start.other_connector+"), "upheld", "station"),
    Row("the card was used in two places", _t("not_my_session", "fraud"), ("token.two_places+",), "upheld",
        "third_party"),
    Row("another car in his session", _t("not_my_session", "overcharged", "energy_too_high", "charged_no_energy"),
        ("vehicle.other_in_session+",), "upheld", "backoffice"),
    Row("it ran on after he had left", _t("not_my_session"), ("stop.missing+",), "upheld", "station"),

    # Money taken twice, held, or for nothing.
    Row("taken twice", _t("double_charged"), ("payment.duplicate+",), "upheld", "payment"),
    Row("taken twice, and already given back", _t("double_charged"), ("payment.duplicate",), "partly_upheld",
        "payment"),
    Row("the hold is still open", _t("hold_not_released", "refund_missing"), ("payment.hold_open+",), "upheld",
        "payment"),
    Row("the hold was released: the bank takes its time", _t("hold_not_released"), ("payment.hold_released-",),
        "not_upheld", "payment"),
    Row("paid, and no session behind it", MONEY, ("payment.without_transaction+",), "upheld", cause),
    Row("paid, and no energy for it", NO_ENERGY, ("energy.none+",), "upheld", cause,
        unless=("payment.matches_bill-", "start.customer_timeout-", "case.unpaid")),
    Row("no energy, and nothing kept", MONEY & NO_ENERGY, ("energy.none+",), "partly_upheld", cause,
        unless=("start.customer_timeout-",)),

    # The size of the bill.
    Row("the idle fee is not what the plug's record supports", IDLE, ("bill.idle_unjustified+",), "upheld",
        whose_idle),
    Row("the idle fee is what the plug's record supports", IDLE, ("bill.idle_justified-",), "not_upheld", "customer"),
    Row("wrong times of day", MONEY, ("bill.period_shift+",), "upheld", whose_bill),
    Row("the meter cannot be right", PRICE, ("energy.jump+", "energy.regressed+"), "upheld", "station"),
    Row("a start fee for a failed session", MONEY, ("bill.start_fee_after_failure+",), "upheld", "backoffice"),
    Row("energy came, and the bill is too high for it", NO_ENERGY & MONEY, ("payment.exceeds_bill+",), "upheld",
        whose_bill, unless=("energy.none", "case.disputes_all")),
    Row("energy came, yet too much was taken", NO_ENERGY & MONEY, ("energy.delivered-",), "partly_upheld",
        "backoffice", unless=("payment.matches_bill-",)),
    Row("more was taken than the bill", MONEY, ("payment.exceeds_bill+",), "upheld", whose_bill),
    Row("the meter was faulty: its figures prove nothing", PRICE, ("fault.meter",), "inconclusive", "station"),
    Row("already given back: the bank takes its time", _t("refund_missing", "hold_not_released"),
        ("payment.matches_bill-",), "not_upheld", "payment", unless=("payment.hold_open",)),
    Row("the bill is right, yet it was cut short", NO_ENERGY & MONEY, ("stop.by_staff+", "stop.by_fault+",
        "stop.emergency+", "stop.power_loss+", "stop.reboot+"), "partly_upheld", cause, unless=("energy.none",)),
    Row("the bill is right", MONEY, ("payment.matches_bill-",), "not_upheld", "customer"),
    Row("the energy came", NO_ENERGY & MONEY, ("energy.delivered-",), "not_upheld", "customer"),
    Row("papers and discounts: records do not know", _t("invoice", "discount_missing"), (), "inconclusive",
        "backoffice"),

    # It stopped early: who ended it.
    Row("our own command ended it", CUT_SHORT, ("stop.by_staff+",), "upheld", "backoffice"),
    Row("the emergency stop ended it", CUT_SHORT | DOWN, ("stop.emergency+",), "upheld", "third_party"),
    Row("the power failed", CUT_SHORT | DOWN | _t("cannot_start"), ("stop.power_loss+",), "upheld", "grid"),
    Row("a fault ended it", CUT_SHORT | DOWN, ("stop.by_fault+",), "upheld", whose_fault),
    Row("the station restarted by itself", CUT_SHORT | DOWN, ("stop.reboot+",), "upheld", "station"),
    Row("the authorisation was withdrawn in error", CUT_SHORT, ("stop.deauthorized+",), "upheld", "backoffice"),
    Row("the station held back the power", CUT_SHORT | SLOW, ("station.suspended+",), "upheld", whose_pause),
    Row("the account was not in order", CUT_SHORT, ("stop.deauthorized-",), "not_upheld", "customer"),
    Row("its limit was reached", CUT_SHORT, ("stop.by_limit-",), "not_upheld", "customer"),
    Row("the car ended it", CUT_SHORT, ("stop.by_vehicle-", "vehicle.suspended-"), "not_upheld", "vehicle"),
    Row("the driver ended it", CUT_SHORT, ("stop.by_customer-",), "not_upheld", "customer"),

    # It was slow: who set the pace.
    Row("our limit made it slow", SLOW, ("power.limited_by_profile+",), "upheld", "site"),
    Row("the station gave less than it should", SLOW, ("power.limited_by_station+", "fault.temperature+"), "upheld",
        "station"),
    Row("the car set the pace", SLOW, ("power.limited_by_vehicle-", "vehicle.suspended-"), "not_upheld", "vehicle"),

    # It would not start.
    Row("the station refused or was out of order", NOT_STARTED, ("start.refused_by_station+", "start.station_faulted+"),
        "upheld", "station"),
    Row("the station was not connected", NOT_STARTED, ("start.station_offline+", "connection.offline_then+"), "upheld",
        "network"),
    Row("we refused the card in error", NOT_STARTED | _t("account"), ("start.token_refused+",), "upheld", "backoffice"),
    Row("the card was rightly refused", NOT_STARTED, ("start.token_refused-",), "not_upheld", "customer"),
    Row("he never plugged in", NOT_STARTED, ("start.customer_timeout-",), "not_upheld", "customer",
        unless=("others.same_failure+",)),
    Row("the start was asked and nothing came", NOT_STARTED, ("start.no_transaction+",), "upheld", cause),
    Row("the card was in use elsewhere", NOT_STARTED, ("token.two_places-",), "not_upheld", "customer"),
    Row("no energy for it", NO_ENERGY, ("energy.none+",), "upheld", cause),
    Row("it charged", _t("cannot_start"), ("energy.delivered-",), "not_upheld", "customer",
        unless=("fault.during+", "fault.around+")),

    # The plug would not let go, or would not stop.
    Row("the lock failed", _t("connector_stuck", "cannot_insert", "cannot_stop"),
        ("connector.unlock_failed+", "fault.lock+"), "upheld", whose_lock),
    Row("the session still runs: it has to be stopped first", _t("connector_stuck"), ("case.live",), "not_upheld",
        "customer"),
    Row("it went on after the stop", _t("cannot_stop", "connector_stuck", "overcharged", "energy_too_high"),
        ("energy.after_stop+",), "upheld", "station"),
    Row("the end never came", _t("cannot_stop"), ("stop.missing+",), "upheld", "station"),

    # Whatever else the records say for or against it.
    Row("others had the same trouble", None, ("others.same_failure+",), "upheld", "station"),
    Row("the station reported a fault then", None, ("fault.during+", "fault.around+"), "upheld", whose_fault),
)


def decide(view: View) -> Decision:
    """The first row that fits; then what the money or a counter-proof makes of it."""
    row = next((r for r in TABLE if r.fits(view)), None)
    if row is None:
        plain = _by_weight(view)
        if plain.verdict != "upheld" and view.excess > 0:
            return Decision("partly_upheld", whose_bill(view), (*plain.steps, "yet too much was taken"), plain.decisive)
        return plain
    who = row.liability if isinstance(row.liability, str) else row.liability(view)
    decision = Decision(row.verdict, who, (row.name,), tuple(a.rstrip("+-") for a in row.if_any if view.holds(a)))
    if decision.verdict == "not_upheld" and view.excess > 0:
        return _partly(decision, "yet too much was taken")
    if decision.verdict == "upheld" and view.claim.topic in SLOW and view.holds("power.limited_by_vehicle-"):
        return _partly(decision, "the car had its part in it")
    return decision


def _partly(decision: Decision, why: str) -> Decision:
    return Decision("partly_upheld", decision.liability, (*decision.steps, why), decision.decisive)


def _by_weight(view: View) -> Decision:
    """No row fits: what speaks for it and against it, and silence decides nothing."""
    decisive = tuple(c for c, f in view.findings.items() if f.stance != "inconclusive")
    if view.supports and view.contradicts:
        return Decision("partly_upheld", cause(view), ("records speak for it and against it",), decisive)
    if view.supports:
        return Decision("upheld", cause(view), ("records speak for it",), decisive)
    if view.contradicts:
        return Decision("not_upheld", "customer", ("records speak against it",), decisive)
    return Decision("inconclusive", "unknown", ("records decide nothing",))
