"""Why we did so, in the reader's language: reasons of the matching, sorting, grouping and assigning, and titles and
lines of bills that no person wrote. They are kept in English. Pure."""

from __future__ import annotations

from complaints.web.sentences import Phrasebook
from complaints.web.tongue import N_, Tongue

MATCHING = (
    N_("a payment of the customer names it"), N_("a payment of the customer fits it"), N_("the customer's token"),
    N_("same connector"), N_("same station"), N_("another connector"), N_("the amount is equal"),
    N_("the only session there around that time"), N_("the stated time lies within it"),
    N_("started %(n)s min after the stated time"), N_("ended %(n)s min before the stated time"),
)
BILL = (
    N_("Energy%(span)s (%(energy)s energy + %(service)s service)"), N_("Start fee"),
    N_("Idle fee after %(n)s min free, capped"), N_("Idle fee after %(n)s min free"),
)
SORTING = (N_("records: %(record)s"), N_("could not be classified"))
GROUPING = (
    N_("%(n)s stations dropped within %(minutes)s minutes (%(share)s)"),
    N_("%(n)s reports of %(topic)s at %(sites_n)s sites"), N_("%(n)s reports from %(stations_n)s stations"),
    N_("%(n)s reports: %(topics)s"),
    N_("Many stations lost their connection at once"), N_("%(topic)s with %(model)s, firmware %(version)s"),
    N_("Trouble at several stations of %(place)s"), N_("Trouble at %(place)s"),
)
ASSIGNING = (
    N_("does %(department)s"), N_("nobody on duty does %(department)s"),
    N_("stands in for %(who)s"), N_("site %(place)s"), N_("region %(place)s"), N_("speaks %(language)s"),
    N_("%(n)s open cases"), N_("second review"),
)
UPKEEP = (
    N_("%(sentence)s (every %(n)s days): %(items)s"), N_("%(sentence)s (%(n)s kWh since): %(items)s"),
    N_("%(sentence)s (%(n)s sessions since): %(items)s"),
    N_("plug %(n)s: %(warning)s %(value)s, usual is %(usual)s; look before it fails"),
    N_("plug %(n)s: %(warning)s %(value)s; look before it fails"),
    N_("daily inspection"), N_("deep test"), N_("shell"), N_("cable"), N_("lamp"),
    N_("connector seat"), N_("screen"), N_("voltage under load"), N_("current under load"), N_("earth resistance"),
    N_("communication"), N_("clear the cooling"), N_("check the seals"),
)
"""The plans that came with the product, and the orders that plans and readings open."""
MONEY = (N_("paid, and the records show no energy"),)
LIKENESS = (N_("same phone"), N_("same plate"), N_("same time"), N_("same topic"), N_("same words"))
FORECAST = (
    N_("too little is known yet"), N_("level times season of the year"), N_("level of the last weeks"),
)
NOTICED = N_("We noticed it by ourselves: %(amount)s %(currency)s was taken for this session and no energy came. "
             "We look into it and propose to give it back.")
OTHERWISE = {
    "duty manager for level 1": N_("duty manager for urgent cases"),
    "gun and cooling": N_("plug and cooling"), "clean and grease the gun": N_("clean and grease the plug"),
    "same email": N_("same e-mail"), "same token": N_("same card or account"),
    "same payment_reference": N_("same payment"), "same order_ref": N_("same order"),
    "same matched": N_("same session"),
    "系统自动发现:本次充电已收款 %(amount)s %(currency)s,但未充入电量。我们主动为您核查并提出退款。": NOTICED,
    # As it was once written, in two languages at once.
    "系统自动发现:本次充电已收款 %(amount)s %(currency)s,但未充入电量。我们主动为您核查并提出退款。"
    "(Noticed by ourselves: paid, but no energy was delivered.)": NOTICED,
    "the filing lies within it": N_("the complaint was filed while it ran"),
    "started %(n)s min after the filing": N_("started %(n)s min after the complaint"),
    "ended %(n)s min before the filing": N_("ended %(n)s min before the complaint"),
}
REASONS = Phrasebook(
    (*MATCHING, *BILL, *SORTING, *GROUPING, *ASSIGNING, *UPKEEP, *MONEY, *LIKENESS, *FORECAST), OTHERWISE
)


def reason(text: str, tongue: Tongue) -> str:
    """As it is where we have no words for it: a customer's own words, an incident's title by hand."""
    return REASONS.told(text, tongue)
