"""Changes of settings in the reader's words: names of fields and of what they hold. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup, escape

from complaints.web.tongue import LANGUAGES, N_, Tongue

FIELDS: Mapping[str, str] = {
    "role": N_("Role"), "active": N_("Active"), "renewed": N_("New password"), "scopes": N_("Only for"),
    "token": N_("API token"), "name": N_("Name"), "department": N_("Department"), "departments": N_("Departments"),
    "lead": N_("Led by"), "members": N_("Members"), "regions": N_("Regions"), "region": N_("Region"),
    "sites": N_("Sites"), "site": N_("Site"), "languages": N_("Languages"), "notify": N_("Told by"),
    "zone": N_("Time zone"), "on_call": N_("Place on the call list"), "capacity": N_("Open cases at most"),
    "absence": N_("Absence"), "since": N_("From"), "until": N_("Until"), "substitute": N_("Stands in"),
    "calendar": N_("Calendar"), "kind": N_("Kind"), "address": N_("Address"), "position": N_("Position"),
    "valid_from": N_("Counts from"), "currency": N_("Currency"), "start_fee": N_("Start fee"), "idle": N_("Idle fee"),
    "price_per_minute": N_("Per minute"), "grace_minutes": N_("Free minutes"), "cap": N_("At most"),
    "every_days": N_("Days"), "every_kwh": N_("kWh delivered"), "every_sessions": N_("Number of sessions"),
    "station": N_("Station"), "vendor": N_("Brand"), "model": N_("Model"), "technician": N_("Technician"),
    "checklist": N_("Checklist"), "limits": N_("Limits of readings"),
}
"""What is not listed (the hours of a tariff) is shown as it is kept."""
TABLES = {"role": "role", "department": "department", "departments": "department"}
KINDS = {"site": "site_kind", "upkeep": "order_kind"}
"""Setting -> the table of labels that its `kind` is out of."""
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*(Z|[+-]\d\d:?\d\d)")

Label = Callable[[Any, str], str]


def field_words(name: str, tongue: Tongue) -> str:
    return tongue.gettext(FIELDS[name]) if name in FIELDS else name


def value_words(
    value: Any, field: str, setting: str, *, tongue: Tongue, label: Label, when: Callable[..., Markup]
) -> Markup | str:
    """What a field held, as people say it."""
    def told(one: Any, field: str = field) -> Markup | str:
        return value_words(one, field, setting, tongue=tongue, label=label, when=when)

    table = KINDS.get(setting) if field == "kind" else TABLES.get(field)
    match value:
        case _ if value in (None, "", [], {}):
            return "–"
        case bool():
            return tongue.say("yes") if value else tongue.say("no")
        case list():
            return Markup(", ").join(told(one) for one in value)
        case dict():
            rows = (Markup("{} {}").format(field_words(name, tongue), told(one, name)) for name, one in value.items())
            return Markup(", ").join(rows)
        case str() if table:
            return label(value, table)
        case str() if field == "languages":
            return LANGUAGES.get(value, value)
        case str() if MOMENT.fullmatch(value):
            return when(value, "full")
        case _:
            return escape(value)
