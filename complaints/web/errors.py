"""Pages for what goes wrong: each says what happened and what to do next."""

from __future__ import annotations

import structlog
from fastapi import Response
from starlette.exceptions import HTTPException

from complaints.states import NotAllowedIn
from complaints.web.frame import MOST_FILES, Visit, url
from complaints.web.labels import FIELD, GUARD, ROLE, STATE
from csms.errors import BadInput, Conflict, NotFound, Refused, TheyErred


def problem(
    visit: Visit, status: int, title: str, detail: str, link: tuple[str, str] | None = None, *, reference: str = ""
) -> Response:
    """`link`: (words, where) of what to do next. `reference`: what finds it in the log."""
    if link is None and visit.known:
        link = (visit.say("Back to the desk"), "/desk")
    template = "problem_part.html" if visit.partial else "problem.html"
    return visit.page(template, status, title=title, detail=detail, link=link, reference=reference)


def log_in_first(visit: Visit) -> Response:
    here = visit.request.url.path + (f"?{visit.request.url.query}" if visit.request.url.query else "")
    if visit.partial:
        # A part of a page cannot show the log-in: let htmx go there.
        return Response(status_code=401, headers={"HX-Redirect": url("login", to=here)})
    return visit.go(url("login", to=here if visit.request.method == "GET" else None))


def not_your_role(visit: Visit, roles: tuple[str, ...]) -> Response:
    who = visit.who
    return problem(
        visit, 403, visit.say("Your role may not do this"),
        visit.say(
            "You are logged in as %(name)s (%(role)s). It is for: %(roles)s. Ask one of them.", name=who.name,
            role=visit.say(ROLE[who.role]), roles=", ".join(visit.say(ROLE[r]) for r in (*roles, "admin")),
        ),
    )


def not_sealed(visit: Visit) -> Response:
    return problem(
        visit, 403, visit.say("This form is too old"),
        visit.say("Nothing was changed. Go back, reload the page and send it again."),
    )


def they_erred(visit: Visit, error: TheyErred) -> Response:
    if isinstance(error, NotFound):
        return nothing_here(visit)
    return problem(visit, status_of(error), visit.say("That was not possible"), words_for(visit, error))


def http(visit: Visit, error: HTTPException) -> Response:
    """What the web framework refuses by itself: a broken form, a body too large, a role."""
    if error.status_code == 413:
        return too_large(visit)
    if str(error.detail).startswith("Too many files"):
        return problem(visit, error.status_code, visit.say("That was not possible"),
                       visit.say("At most %(n)s files are taken at once. Go back and choose fewer.", n=MOST_FILES))
    return not_possible(visit, error.status_code)


def nothing_here(visit: Visit, status: int = 404) -> Response:
    if visit.known or visit.request.url.path.startswith("/desk"):
        return problem(visit, status, visit.say("There is nothing here"),
                       visit.say("The address may be mistyped, or what it led to is gone."),
                       (visit.say("Back to the desk"), "/desk"))
    return problem(
        visit, status, visit.say("There is nothing here"),
        visit.say("Part of the address may be missing. Scan the QR code on the charger again, or open the link from "
                  "where you saved it."),
        (visit.say("To the front page"), "/"),
    )


def too_large(visit: Visit) -> Response:
    return problem(
        visit, 413, visit.say("What was sent is too large"),
        visit.say("Go back and send fewer or smaller files. What you wrote is still there."),
    )


def too_many(visit: Visit, minutes: int) -> Response:
    return problem(
        visit, 429, visit.say("That was too much at once"),
        visit.say("Wait %(n)s min, go back and send it again. What you wrote is still there.", n=minutes),
    )


def not_possible(visit: Visit, status: int) -> Response:
    again = visit.say("Go back, reload the page and try again.")
    return problem(visit, status, visit.say("That was not possible"), again)


def status_of(error: TheyErred) -> int:
    return 422 if isinstance(error, BadInput) else 409 if isinstance(error, (Conflict, Refused)) else 400


def words_for(visit: Visit, error: TheyErred) -> str:
    """An error of the desk in the visitor's language, as far as it has one."""
    match error:
        case Refused():
            return " ".join(visit.say(GUARD[g]) if g in GUARD else g for g in error.guards)
        case NotAllowedIn():
            state = error.members["not_allowed_in"]
            return visit.say("Not possible while the case is: %(state)s.", state=visit.say(STATE[state]))
        case BadInput():
            name = error.field.partition("[")[0]
            return f"{visit.say(FIELD[name]) if name in FIELD else error.field}: {visit.mistake(error)}"
        case _:
            return visit.mistake(error)


def away(visit: Visit) -> Response:
    return problem(
        visit, 503, visit.say("One moment, please"),
        visit.say("The records cannot be reached right now. Nothing was lost; try again in a minute."),
    )


def we_erred(visit: Visit) -> Response:
    """The mistake is in the log under the request's id; whoever asks us for help can name it."""
    sent = visit.request.method == "POST"
    detail = (
        visit.say("What you just sent may not have arrived. Go back: what you wrote is still there. Send it again in a "
                  "minute.")
        if sent else visit.say("It is not your fault, and it has been noted. Try again in a minute.")
    )
    return problem(
        visit, 500, visit.say("Something went wrong on our side"), detail,
        reference=str(structlog.contextvars.get_contextvars().get("request", "")),
    )
