"""What the office's forms have in common: reading a field with its mistake named, and showing a form again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Response

from complaints.web import errors
from complaints.web.frame import Visit, url
from complaints.web.labels import FIELD
from complaints.web.tongue import N_
from csms.errors import BadInput, NotFound, TheyErred

Again = Callable[[Mapping[str, str], str, int], Awaitable[Response]]
"""Shows the page once more: field -> what is wrong with it, what is wrong in all, the HTTP status."""

NEEDED = N_("is needed")
MARKED = N_("Look at the marked field.")
LONGEST = 20_000


async def attempt(
    visit: Visit, doing: Callable[[], Awaitable[str]], again: Again, said: str = "done"
) -> Response:
    """Do what the form asks and go where it says; else the form again, with what was typed and what is wrong."""
    try:
        to = await doing()
    except NotFound:
        raise
    except TheyErred as error:
        if isinstance(error, BadInput):
            return await again({error.field: visit.mistake(error)}, marked(visit, error), errors.status_of(error))
        return await again({}, errors.words_for(visit, error), errors.status_of(error))
    return done(visit, to, said)


def marked(visit: Visit, error: BadInput) -> str:
    """What stands above a form with a mistake in it: that one is marked, and what it is."""
    what = errors.words_for(visit, error) if error.field in FIELD else visit.mistake(error)
    return f"{visit.say(MARKED)} {what}"


def done(visit: Visit, to: str, said: str) -> Response:
    """On to the next page; htmx is told to go there as a whole."""
    response = visit.go(to, said)
    if not visit.partial:
        return response
    return Response(status_code=204, headers={"HX-Redirect": response.headers["location"]})


def words(visit: Visit, name: str, *, needed: bool = True, longest: int = LONGEST) -> str:
    text = visit.form.text(name).replace("\x00", "")
    if needed and not text:
        raise BadInput(name, visit.say(NEEDED))
    if len(text) > longest:
        raise BadInput(name, visit.say("is too long: at most %(n)s characters", n=longest))
    return text


def number(visit: Visit, name: str, least: int, most: int) -> int:
    text = visit.form.text(name)
    if not text.isdecimal() or not least <= int(text) <= most:
        raise BadInput(name, visit.say("must be a whole number from %(least)s to %(most)s", least=least, most=most))
    return int(text)


def money(visit: Visit, name: str) -> Decimal | None:
    """None where nothing is typed."""
    text = visit.form.text(name)
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or value < 0 or value > Decimal("1e10"):
        raise BadInput(name, visit.say("must be an amount such as 200 or 49.90"))
    return value


def moment(visit: Visit, name: str, *, needed: bool = True) -> datetime | None:
    """A time as typed in the sites' zone, in UTC."""
    text = visit.form.text(name)
    if not text and not needed:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(name, visit.say("must be a date and a time")) from None
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(visit.site.zone))).astimezone(UTC)


def day(visit: Visit, name: str) -> date:
    try:
        return date.fromisoformat(visit.form.text(name))
    except ValueError:
        raise BadInput(name, visit.say("must be a date such as 2027-01-31")) from None


def choice(visit: Visit, name: str, allowed: tuple[str, ...]) -> str:
    text = visit.form.text(name)
    if text not in allowed:
        raise BadInput(name, visit.say("pick one of the list"))
    return text


def skipped(visit: Visit) -> int:
    text = visit.query("skip")
    return min(int(text), 100_000) if text.isdecimal() else 0


def pages(visit: Visit, skip: int, size: int, found: int) -> dict[str, Any]:
    """Addresses of the page before and after this one; `found` may be one more than the page shows."""
    def at(skip: int) -> str:
        kept = {k: v for k, v in visit.request.query_params.items() if k not in ("skip", "said", "lang")}
        path = visit.request.url.path.strip("/").split("/")
        return url(*path, **(kept | {"skip": max(0, skip) or None}))

    return {"before": at(skip - size) if skip else None, "after": at(skip + size) if found > size else None}


def attachment(content: bytes, name: str, mime: str = "text/csv; charset=utf-8") -> Response:
    """A file to keep."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=mime, headers=headers)
