"""Settings of tariffs: versions that never rewrite the past, and what an example charge costs by the new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Response

from complaints import changes
from complaints.billing import periods
from complaints.billing.energy import Slice
from complaints.web.frame import Visit, url
from complaints.web.office import forms
from csms.api import tariff_of
from csms.errors import BadInput, NotFound
from csms.kit.clock import iso
from csms.vocabulary import Tariff

ROWS = 8
CENT = Decimal("0.01")
EXAMPLES = (("08:30", 60, Decimal(30)), ("21:30", 90, Decimal(40)), ("02:00", 360, Decimal(35)))
"""(begins, minutes, kWh) of the example charges of the preview."""


@dataclass(frozen=True, slots=True)
class Example:
    begins: str
    minutes: int
    kwh: Decimal
    now: Decimal | None
    new: Decimal | None


async def listed(visit: Visit) -> Response:
    found = await visit.site.csms.tariffs(limit=200)
    return visit.page("office/tariffs.html", tariffs=found, may=visit.who.may(), form_now=clock)


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


async def new(visit: Visit) -> Response:
    return await _page(visit, None, {}, "", 200)


async def one(visit: Visit) -> Response:
    return await _page(visit, visit.part("id"), {}, "", 200)


async def _page(
    visit: Visit, id: str | None, wrong: Mapping[str, str], problem: str, status: int, made: Tariff | None = None
) -> Response:
    versions: Sequence[Tariff] = await visit.site.csms.tariff_versions(id) if id else []
    if id and not versions:
        raise NotFound(f"there is no tariff {id}")
    live = in_force(versions, visit.now)
    async with visit.site.desk.db.acquire() as conn:
        history = await changes.listed(conn, kind="tariff", name=id or "")
    return visit.page(
        "office/tariff.html", status, id=id, versions=list(reversed(versions)), live=live, history=history,
        wrong=wrong, problem=problem, typed=visit.form.texts() or _typed(versions[-1] if versions else None, visit),
        rows=range(1, ROWS + 1), clock=clock, may=visit.who.may(), preview=examples(live, made) if made else None,
    )


def in_force(versions: Sequence[Tariff], at: datetime) -> Tariff | None:
    return max((t for t in versions if t.valid_from <= at), key=lambda t: t.valid_from, default=None)


def _typed(tariff: Tariff | None, visit: Visit) -> dict[str, str]:
    """The newest version as the form's beginning."""
    if tariff is None:
        return {"currency": "CNY", "timezone": visit.site.zone, "start_fee": "0", "from1": "00:00", "to1": "24:00"}
    typed = {"currency": tariff.currency, "timezone": tariff.timezone, "start_fee": f"{tariff.start_fee:f}"}
    for n, p in enumerate(tariff.periods[:ROWS], 1):
        typed |= {f"from{n}": clock(p.start_minute), f"to{n}": clock(p.end_minute),
                  f"energy{n}": f"{p.energy_price:f}", f"service{n}": f"{p.service_price:f}"}
    if tariff.idle:
        typed |= {"grace": str(tariff.idle.grace_minutes), "idle_price": f"{tariff.idle.price_per_minute:f}",
                  "cap": "" if tariff.idle.cap is None else f"{tariff.idle.cap:f}"}
    return typed


def _body(visit: Visit) -> dict[str, Any]:
    """The form as a tariff's body. Raises BadInput."""
    form = visit.form
    begins = forms.moment(visit, "valid_from")
    assert begins is not None
    body: dict[str, Any] = {
        "currency": form.text("currency").upper(), "timezone": form.text("timezone"), "valid_from": iso(begins),
        "start_fee": form.text("start_fee") or "0",
        "periods": [
            {"from": form.text(f"from{n}"), "to": form.text(f"to{n}"), "energy_price": form.text(f"energy{n}"),
             "service_price": form.text(f"service{n}") or "0"}
            for n in range(1, ROWS + 1) if form.text(f"from{n}") or form.text(f"energy{n}")
        ],
    }
    if form.text("idle_price"):
        grace = forms.number(visit, "grace", 0, 1440) if form.text("grace") else 0
        body["idle"] = {"grace_minutes": grace, "price_per_minute": form.text("idle_price")}
        body["idle"] |= {"cap": form.text("cap")} if form.text("cap") else {}
    return body


def examples(live: Tariff | None, made: Tariff) -> list[Example]:
    """What three charges of a day cost by the tariff in force and by the new one: energy and start fee."""
    found = []
    for begins, minutes, kwh in EXAMPLES:
        hour, minute = map(int, begins.split(":"))
        zone = ZoneInfo(made.timezone)
        start = made.valid_from.astimezone(zone).replace(hour=hour, minute=minute, second=0, microsecond=0)
        slice_ = Slice(start, start + timedelta(minutes=minutes), kwh * 1000)
        same = live is not None and live.currency == made.currency
        found.append(Example(begins, minutes, kwh, _cost(slice_, live) if live and same else None, _cost(slice_, made)))
    return found


def _cost(slice_: Slice, tariff: Tariff) -> Decimal:
    return (periods.cost([slice_], tariff) + tariff.start_fee).quantize(CENT, ROUND_HALF_UP)


NAMES = {"idle.price_per_minute": "idle_price", "idle.grace_minutes": "grace", "idle.cap": "cap"}
PARTS = {"from": "from", "to": "to", "energy_price": "energy", "service_price": "service"}


def field_of(name: str) -> str:
    """The form's field for a mistake in the body: periods[1].energy_price is energy2."""
    if name.startswith("periods["):
        n, _, part = name.removeprefix("periods[").partition("].")
        return f"{PARTS.get(part, 'from')}{int(n) + 1}"
    return NAMES.get(name, name)


async def put(visit: Visit) -> Response:
    """First the examples are shown; the second time, with a reason, the version is kept."""
    known = visit.request.path_params.get("id")
    id = str(known) if known else visit.form.text("id")

    async def act() -> str:
        if not id.replace("-", "").replace("_", "").isalnum() or len(id) > 60:
            raise BadInput("id", visit.say("must be of letters, digits, - and _"))
        body, reason = _body(visit), forms.words(visit, "reason", longest=2000)
        versions = await visit.site.csms.tariff_versions(id)
        before = versions[-1] if versions else None
        made, is_new = await visit.site.csms.put_tariff(id, body)
        if is_new:
            async with visit.site.desk.db.acquire() as conn, conn.transaction():
                await changes.note(conn, "tariff", id, _flat(before) if before else None, _flat(made),
                                   by=visit.who.name, reason=reason, now=visit.now)
        return url("desk", "settings", "tariffs", id)

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _page(visit, known and str(known), {field_of(f): w for f, w in wrong.items()}, problem, status)

    if visit.form.text("send") == "1":
        return await forms.attempt(visit, act, again, "set")
    try:
        made = tariff_of(id or "new", _body(visit))
    except BadInput as error:
        return await again({error.field: visit.mistake(error)}, forms.marked(visit, error), 422)
    return await _page(visit, known and str(known), {}, "", 200, made)


def _flat(tariff: Tariff) -> dict[str, Any]:
    """A version in words, for the list of changes."""
    rows = {
        f"{clock(p.start_minute)}–{clock(p.end_minute)}": f"{p.energy_price:f} + {p.service_price:f}"
        for p in tariff.periods
    }
    idle = tariff.idle
    return {
        "valid_from": iso(tariff.valid_from), "currency": tariff.currency, "start_fee": f"{tariff.start_fee:f}", **rows,
        "idle": {"price_per_minute": f"{idle.price_per_minute:f}", "grace_minutes": idle.grace_minutes,
                 "cap": None if idle.cap is None else f"{idle.cap:f}"} if idle else None,
    }
