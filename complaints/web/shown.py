"""How facts are shown: times in the site's zone with UTC on hover, energy, money, lengths of time."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from markupsafe import Markup, escape

from complaints.web.finding_names import by_name
from complaints.web.ocpp_words import stopped_because
from complaints.web.office.kept import field_words, value_words
from complaints.web.tongue import Tongue
from csms.kit.clock import iso

FORMS = {"full": "%Y-%m-%d %H:%M", "near": "%m-%d %H:%M", "clock": "%H:%M", "second": "%H:%M:%S", "day": "%Y-%m-%d",
         "exact": "%Y-%m-%d %H:%M:%S"}


def moment(value: datetime | str) -> datetime:
    """A time, out of the database or out of kept JSON."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def when(zone: str) -> Callable[..., Markup]:
    """A filter: `<time>` in the site's zone; hovering shows UTC."""
    here = ZoneInfo(zone)

    def show(value: datetime | str | None, form: str = "near") -> Markup:
        if value is None:
            return Markup("–")
        at = moment(value)
        text = at.astimezone(here).strftime(FORMS[form])
        utc = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return Markup('<time datetime="{}" title="{}">{}</time>').format(iso(at), utc, text)

    return show


def local(at: datetime, zone: str, form: str = "clock") -> str:
    """A time as plain text in the site's zone: for charts and form fields."""
    return at.astimezone(ZoneInfo(zone)).strftime(FORMS.get(form, form))


def kwh(wh: float | None) -> str:
    return "–" if wh is None else f"{wh / 1000:.3f} kWh"


def power(watts: float | None) -> str:
    return "–" if watts is None else f"{watts / 1000:.1f} kW"


def amount(value: Decimal | str | None, currency: str | None, tongue: Tongue) -> str:
    """30.00 元 where one reads Chinese, CNY 30.00 elsewhere: never an ambiguous sign."""
    if value is None:
        return "–"
    number = f"{Decimal(value):,.2f}"
    if currency == "CNY" and tongue.language.startswith("zh"):
        return f"{number} 元"
    return f"{currency} {number}" if currency else number


def length(span: timedelta, tongue: Tongue) -> str:
    """About how long: two units at most."""
    minutes = int(abs(span).total_seconds() // 60)
    if minutes < 60:
        return tongue.say("%(n)s min", n=minutes)
    if minutes < 48 * 60:
        hours, rest = divmod(minutes, 60)
        if hours < 6 and rest:
            return tongue.say("%(h)s h %(m)s min", h=hours, m=rest)
        return tongue.say("%(n)s h", n=hours)
    return tongue.say("%(n)s days", n=minutes // (24 * 60))


UNBROKEN = re.compile(
    r"(?<![\w-])(?:\d{4}-\d\d-\d\d(?: \d\d:\d\d)?"
    r"|(?=[A-Za-z-]*\d)(?=[\w-]{,24}(?![\w-]))\w+(?:-\w+)+"
    r"|\d+(?:[.,]\d+)* (?:k?Wh?|[AV]|元|[A-Z]{3}|min))(?![\w-])",
    re.ASCII,
)
"""A date with its time, the number of a case or a station, a quantity: a line that ends in the middle is misread."""


def whole(text: str | None) -> Markup:
    """A text whose dates, numbers and quantities stay on one line."""
    safe = str(escape(text or ""))
    return Markup(UNBROKEN.sub(lambda m: f'<span class="whole">{m[0]}</span>', safe))  # noqa: S704 - escaped above


def country(code: str, tongue: Tongue) -> str:
    """Whose calendar it is, in the reader's language: "CN" says little to who sets a holiday."""
    land, _, part = code.partition("-")
    name = Locale.parse(tongue.language, sep="-").territories.get(land, land)
    return f"{name} {part}".rstrip()


def filters(tongue: Tongue, zone: str, labels: Mapping[str, Mapping[str, str]]) -> dict[str, Callable[..., Any]]:
    """What templates show facts with, in one language."""
    def label(value: Any, table: str) -> str:
        text = labels[table].get(str(value))
        return tongue.gettext(text) if text else str(value)

    shown = when(zone)
    return {
        "when": shown, "kwh": kwh, "power": power, "label": label,
        "amount": lambda value, currency=None: amount(value, currency, tongue),
        "stopped": lambda code: stopped_because(code, tongue.say),
        "findings": lambda text: by_name(text, tongue.say),
        "decimal": Decimal, "span": lambda span: length(span, tongue), "words": tongue.of,
        "field_words": lambda name: field_words(name, tongue),
        "value_words": lambda value, field, setting: value_words(
            value, field, setting, tongue=tongue, label=label, when=shown
        ),
        "whole": whole, "country": lambda code: country(code, tongue),
        "date_only": lambda at: local(moment(at), zone, "day"),
    }
