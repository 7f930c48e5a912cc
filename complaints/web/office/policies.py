"""Settings of the policy: clocks, hours, money and endings, in sentences; shown before they count, kept as versions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any

from fastapi import Response

from complaints import deadlines, policy, sla
from complaints.policy import Policy, Rule
from complaints.web.frame import Visit, url
from complaints.web.labels import LABELS
from complaints.web.office import forms
from complaints.web.shown import country
from complaints.web.tongue import N_
from csms.errors import BadInput

UNITS = ("minutes", "hours", "days", "working_hours", "working_days")
LONGEST = {"minutes": 10_000, "hours": 2_000, "days": 400, "working_hours": 1_000, "working_days": 200}


@dataclass(frozen=True, slots=True)
class Field:
    """One setting: where it stands in the policy, its name, a sentence, and what is allowed.

    `kind`: seconds (shown in `unit`), count, share (in per cent), time, money.
    """

    name: str
    label: str
    about: str
    kind: str
    unit: str = ""
    least: int = 0
    most: int = 1000

    @property
    def id(self) -> str:
        return self.name.replace(".", "-")


SECONDS = {"minutes": 60, "hours": 3600, "days": 86400}

PARTS: Mapping[str, tuple[Field, ...]] = {
    "hours": (
        Field("opens", N_("The desk opens"), N_("Working hours and days are counted from here."), "time"),
        Field("closes", N_("The desk closes"), N_("Urgent cases know no closing time."), "time"),
        Field("quiet.since", N_("Quiet from"), N_("Nobody is written to from then on, in the recipient's zone. Urgent "
              "cases are exempt."), "time"),
        Field("quiet.until", N_("Quiet until"), N_("Then what waited goes out."), "time"),
        Field("remind_at", N_("Remind the owner after"), N_("Share of a clock that has run by then."), "share", "%",
              10, 99),
        Field("escalate_every_level_1", N_("Escalate urgent cases (L1) every"),
              N_("Until the clock is met; each time higher."), "seconds", "minutes", 5, 1440),
        Field("escalate_every", N_("Escalate others every"), N_("After a breach, until it is met."), "seconds",
              "hours", 1, 240),
        Field("call_every", N_("Urgent (L1): call the next one after"),
              N_("How long each on the list has to take it up."), "seconds", "minutes", 1, 60),
        Field("word_every_days.1", N_("Urgent (L1): a word at least every"), N_("A word and a next date, even if there "
              "is nothing new."), "count", "days", 1, 30),
        Field("word_every_days.2", N_("Serious (L2): a word at least every"), "", "count", "days", 1, 30),
        Field("word_every_days.3", N_("General (L3): a word at least every"), "", "count", "days", 1, 30),
    ),
    "money": (
        Field("approval_limits.agent", N_("Agents approve up to"), N_("0: they only propose."), "money"),
        Field("approval_limits.finance", N_("Finance approves up to"), N_("Above it a supervisor decides."), "money"),
        Field("approval_limits.supervisor", N_("Supervisors approve up to"), N_("Above it an administrator decides."),
              "money"),
        Field("approval_limits.admin", N_("Administrators approve up to"), N_("Empty: any amount."), "money"),
    ),
    "ends": (
        Field("pause_cap", N_("Longest wait for a customer"), N_("Then the clocks run on, whether he answers or not."),
              "seconds", "hours", 1, 720),
        Field("pause_cap_round", N_("Waits of one round together"), N_("All waits of a round stop the clocks no "
              "longer than this."), "seconds", "days", 1, 60),
        Field("confirm_reminders", N_("Reminders to confirm"), N_("How often a customer is asked whether it is "
              "settled."), "count", "", 0, 10),
        Field("confirm_reminder_days", N_("Days between reminders"), "", "count", "days", 1, 30),
        Field("silence_days", N_("Silence counts as acceptance after"), N_("Days after the last reminder. It never "
              "counts as satisfaction."), "count", "days", 1, 60),
        Field("incident_window", N_("Incidents look back"), N_("Complaints and faults with one cause within this time "
              "belong together."), "seconds", "hours", 1, 168),
        Field("incident_at", N_("An incident begins at"), N_("So many complaints or faults with one cause."), "count",
              "", 2, 50),
        Field("repeat_days", N_("A complaint is repeated within"), N_("The same person and matter again."), "count",
              "days", 1, 365),
        Field("usual_handling", N_("Usual handling time"), N_("Told while there are no like cases to learn from."),
              "seconds", "hours", 1, 720),
    ),
}
TITLES = {"clocks": N_("Clocks"), "hours": N_("Hours, reminders, escalation"), "money": N_("Who approves how much"),
          "ends": N_("Waiting, confirming, incidents")}
FIELDS: Mapping[str, Field] = {field.name: field for part in PARTS.values() for field in part}
CLOCK = re.compile(r"\w+ \[(\d+)\]\.limit")
OWN_DAY = re.compile(r"days\.(\w*)\.(\d{4}-\d\d-\d\d)")
EXAMPLES = (
    (N_("Danger (urgent)"), sla.Facts(level=1, category="equipment")),
    (N_("Charger out of order (serious)"), sla.Facts(level=2, category="equipment")),
    (N_("Paid, got no energy (serious)"), sla.Facts(level=2, category="payment")),
    (N_("Suggestion (general)"), sla.Facts(level=3, category="other")),
)


async def page(visit: Visit) -> Response:
    return await _page(visit, {}, "", 200)


async def _page(
    visit: Visit, wrong: Mapping[str, str], problem: str, status: int, preview: Mapping[str, Any] | None = None
) -> Response:
    async with visit.site.desk.db.acquire() as conn:
        live = await deadlines.policy_now(conn, visit.now)
        versions = await deadlines.policy_versions(conn)
    shape = policy.as_json(live)
    typed = visit.form.texts()
    return visit.page(
        "office/policy.html", status, live=live, rules=list(enumerate(live.clocks)), policy_parts=PARTS, titles=TITLES,
        units=UNITS, values={name: typed.get(name, shown(field, shape)) for name, field in FIELDS.items()},
        versions=[(v, in_words(visit, v.policy.clocks, rows))
                  for v, rows in zip(versions, changed_fields(versions), strict=True)],
        whom=lambda rule: whom(visit, rule), wrong=wrong, problem=problem,
        typed=typed, preview=preview, may=visit.who.may(), four_eyes=visit.site.desk.options.four_eyes_above,
        part=visit.form.text("part"),
    )


def shown(field: Field, shape: Mapping[str, Any]) -> str:
    """A setting as the form shows it."""
    value: Any = shape
    for step in field.name.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    match field.kind:
        case "seconds":
            return f"{float(value) / SECONDS[field.unit]:g}"
        case "share":
            return f"{float(value) * 100:g}"
        case _:
            return "" if value is None else str(value)


def taken(visit: Visit, field: Field) -> Any:
    """A setting as the form gives it. Raises BadInput."""
    match field.kind:
        case "seconds":
            return forms.number(visit, field.name, field.least, field.most) * SECONDS[field.unit]
        case "share":
            return forms.number(visit, field.name, field.least, field.most) / 100
        case "count":
            return forms.number(visit, field.name, field.least, field.most)
        case "money":
            value = forms.money(visit, field.name)
            if value is None and not field.name.endswith(".admin"):
                raise BadInput(field.name, visit.say("must be an amount such as 200 or 49.90"))
            return None if value is None else str(value)
        case _:
            try:
                return time.fromisoformat(visit.form.text(field.name)).isoformat("minutes")
            except ValueError:
                raise BadInput(field.name, visit.say("must be a time of day such as 09:00")) from None


def asked_for(visit: Visit, live: Policy) -> Policy:
    """The live policy with one part as the form has it. Raises BadInput."""
    part, shape = forms.choice(visit, "part", tuple(TITLES)), policy.as_json(live)
    if part == "clocks":
        shape["clocks"] = [_clock(visit, n, rule) for n, rule in enumerate(shape["clocks"])]
    for field in PARTS.get(part, ()):
        outer, _, inner = field.name.partition(".")
        if inner:
            shape[outer] = dict(shape[outer]) | {inner: taken(visit, field)}
        else:
            shape[outer] = taken(visit, field)
    if shape["opens"] >= shape["closes"]:
        raise BadInput("closes", visit.say("must be after opening"))
    return policy.read(shape | {"valid_from": visit.now.isoformat()})


def _clock(visit: Visit, n: int, rule: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the clocks. One that is switched off for these cases stays so."""
    if rule["limit"] is None:
        return dict(rule)
    unit = forms.choice(visit, f"unit{n}", UNITS)
    amount = forms.number(visit, f"amount{n}", 1, LONGEST[unit])
    return dict(rule) | {"limit": {"amount": amount, "unit": unit}}


def differences(before: Policy, after: Policy) -> list[tuple[str, str, str]]:
    """(field, before, after) of what differs, clocks by their row."""
    old, new = _flat(policy.as_json(before)), _flat(policy.as_json(after))
    names = dict.fromkeys([*old, *new])
    return [(n, old.get(n, "–"), new.get(n, "–")) for n in names if old.get(n) != new.get(n) and n != "valid_from"]


def _flat(value: Any, name: str = "") -> dict[str, str]:
    if isinstance(value, Mapping) and set(value) == {"amount", "unit"}:
        return {name: f"{value['amount']} {value['unit']}"}
    if isinstance(value, Mapping):
        found: dict[str, str] = {}
        for key, one in value.items():
            found |= _flat(one, f"{name}.{key}" if name else str(key))
        return found
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        found = {}
        for n, one in enumerate(value):
            found |= _flat(one, f"{one.get('clock', name)} [{n + 1}]")
        return found
    return {name: str(value)}


def in_words(visit: Visit, rules: Sequence[Rule], rows: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """What differs, as the form calls it."""
    return [(_named(visit, rules, name), _said(visit, name, was), _said(visit, name, will)) for name, was, will in rows]


def _named(visit: Visit, rules: Sequence[Rule], name: str) -> str:
    if name in FIELDS:
        return visit.say(FIELDS[name].label)
    if (row := CLOCK.fullmatch(name)) and int(row[1]) <= len(rules):
        rule = rules[int(row[1]) - 1]
        return f"{_label(visit, 'clock', rule.clock)} ({whom(visit, rule)})"
    if day := OWN_DAY.fullmatch(name):
        return f"{visit.say('Calendar')} {country(day[1], visit.tongue)} {day[2]}"
    return name


def _said(visit: Visit, name: str, value: str) -> str:
    if value in ("–", "None"):
        return "–"
    if OWN_DAY.fullmatch(name):
        return visit.say("worked") if value == "True" else visit.say("not worked")
    if name in FIELDS:
        return _measured(visit, FIELDS[name], value)
    amount, _, of = value.partition(" ")
    return f"{amount} {_label(visit, 'unit', of)}" if of in UNITS else value


def _measured(visit: Visit, field: Field, value: str) -> str:
    unit = _label(visit, "unit", field.unit)
    match field.kind:
        case "seconds":
            return f"{float(value) / SECONDS[field.unit]:g} {unit}"
        case "share":
            return f"{float(value) * 100:g} %"
        case _:
            return f"{value} {unit}".rstrip()


def _label(visit: Visit, table: str, code: str) -> str:
    words = LABELS[table].get(code, code)
    return visit.say(words) if words else ""


def whom(visit: Visit, rule: Rule) -> str:
    """Which cases a row of the clocks is for."""
    said = [f"{_label(visit, 'urgency', str(level))} (L{level})" for level in rule.levels]
    said += [_label(visit, "category", category) for category in rule.categories]
    said += [visit.say("fault level %(n)s", n=n) for n in rule.fault_levels]
    said += [_label(visit, "channel", channel) for channel in rule.channels]
    return ", ".join(said) or visit.say("all others")


def changed_fields(versions: Sequence[deadlines.PolicyVersion]) -> list[list[tuple[str, str, str]]]:
    """What each version changed against the one before it; the first against the built-in one."""
    before = [*(v.policy for v in versions[1:]), policy.DEFAULT][: len(versions)]
    return [differences(old, version.policy) for version, old in zip(versions, before, strict=True)]


def effects(visit: Visit, before: Policy, after: Policy) -> list[dict[str, Any]]:
    """When example cases filed now would be due, by the policy in force and by the new one."""
    rows = []
    for name, facts in EXAMPLES:
        old, new = facts.rules(before), facts.rules(after)
        for clock in dict.fromkeys([*old, *new]):
            was, will = (_due(visit, r.get(clock), facts, p) for r, p in ((old, before), (new, after)))
            if was != will:
                rows.append({"name": name, "clock": clock, "was": was, "will": will})
    return rows


def _due(visit: Visit, rule: Rule | None, facts: sla.Facts, under: Policy) -> Any:
    return sla.due(visit.now, rule.limit, facts.days(under)) if rule and rule.limit else None


async def put(visit: Visit) -> Response:
    """First what would change is shown; the second time, with a reason, it is kept as a new version."""
    if visit.form.text("send") != "1":
        return await _show(visit)

    async def act() -> str:
        reason = forms.words(visit, "reason", longest=2000)
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            live = await deadlines.policy_now(conn, visit.now)
            await deadlines.put_policy(conn, asked_for(visit, live), visit.who.name, reason, visit.now)
        return url("desk", "settings", "policy")

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        if "reason" not in wrong:
            return await _page(visit, wrong, problem, status)
        return await _show(visit, wrong, problem, status)

    return await forms.attempt(visit, act, again, "set")


async def _show(
    visit: Visit, wrong: Mapping[str, str] | None = None, problem: str = "", status: int = 200
) -> Response:
    async with visit.site.desk.db.acquire() as conn:
        live = await deadlines.policy_now(conn, visit.now)
    try:
        made = asked_for(visit, live)
    except BadInput as error:
        return await _page(visit, {error.field: visit.mistake(error)}, forms.marked(visit, error), 422)
    found = differences(live, made)
    preview = {"changes": in_words(visit, made.clocks, found), "effects": effects(visit, live, made)}
    return await _page(visit, wrong or {}, problem or ("" if found else visit.say("Nothing is different.")), status,
                       preview)


