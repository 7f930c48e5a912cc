"""Reasons of the matching and lines of the bill in the reader's language: they are kept in English. Pure."""

from __future__ import annotations

import re

from complaints.web.tongue import N_, Tongue

REASONS: tuple[tuple[re.Pattern[str], str], ...] = tuple((re.compile(pattern), text) for pattern, text in (
    ("a payment of the customer names it", N_("a payment of the customer names it")),
    ("a payment of the customer fits it", N_("a payment of the customer fits it")),
    ("the customer's token", N_("the customer's token")),
    ("same connector", N_("same connector")),
    ("same station", N_("same station")),
    ("another connector", N_("another connector")),
    ("the amount is equal", N_("the amount is equal")),
    ("the only session there around that time", N_("the only session there around that time")),
    ("the stated time lies within it", N_("the stated time lies within it")),
    ("the filing lies within it", N_("the complaint was filed while it ran")),
    (r"started (?P<n>\d+) min after the stated time", N_("started %(n)s min after the stated time")),
    (r"started (?P<n>\d+) min after the filing", N_("started %(n)s min after the complaint")),
    (r"ended (?P<n>\d+) min before the stated time", N_("ended %(n)s min before the stated time")),
    (r"ended (?P<n>\d+) min before the filing", N_("ended %(n)s min before the complaint")),
    (r"Energy(?P<span> [\d:-]+)? \((?P<energy>[\d.]+) energy \+ (?P<service>[\d.]+) service\)",
     N_("Energy%(span)s (%(energy)s energy + %(service)s service)")),
    ("Start fee", N_("Start fee")),
    (r"Idle fee after (?P<n>\d+) min free, capped", N_("Idle fee after %(n)s min free, capped")),
    (r"Idle fee after (?P<n>\d+) min free", N_("Idle fee after %(n)s min free")),
))


def reason(text: str, tongue: Tongue) -> str:
    """As it is where we have no words for it."""
    for pattern, words in REASONS:
        if found := pattern.fullmatch(text):
            values = {name: value or "" for name, value in found.groupdict().items()}
            return tongue.say(words, **values)
    return text
