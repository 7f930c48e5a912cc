"""The front page, logging in and out, static files."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from fastapi import Response

from complaints.oidc import NotLetIn
from complaints.web import session
from complaints.web.frame import Visit, url
from complaints.web.labels import ROLE
from complaints.web.public import has_answers
from complaints.web.tongue import N_
from csms.errors import BadInput, Conflict, NotFound

WRONG = {
    "code": N_("This is not the code that was printed when the server started."),
    "name": N_("A name is needed."), "password": N_("A password has at least 8 characters."),
}
STATE = "ohm_oidc"
WHY = {
    "another_browser": N_("This log-in was begun in another browser. Begin again."),
    "too_late": N_("This log-in took too long or was used already. Begin again."),
    "refused_there": N_("Your company's log-in did not let you in."),
    "not_believed": N_("The answer of your company's log-in could not be believed. Tell an admin."),
    "no_role": N_("Your company account has no role here. Ask an admin for one."),
    "switched_off": N_("This account is switched off here."),
    "name_taken": N_("Somebody else has this name here. An admin has to put that right."),
}
"""Why somebody who comes back from the provider is not let in."""
FOREVER = "public, max-age=31536000, immutable"


async def front(visit: Visit) -> Response:
    """Staff go to work; anybody else reads what this is and where the QR codes are."""
    return visit.go("/desk") if visit.known else visit.page("front.html", answers=await has_answers(visit))


async def static(visit: Visit) -> Response:
    asset = visit.site.assets.get(visit.part("name"))
    if asset is None:
        raise NotFound("no such file")
    if visit.request.headers.get("if-none-match") == f'"{asset.version}"':
        return Response(status_code=304)
    cache = FOREVER if visit.query("v") == asset.version else "no-cache"
    headers = {"Cache-Control": cache, "ETag": f'"{asset.version}"'}
    return Response(asset.content, media_type=asset.mime, headers=headers)


async def ask_log_in(visit: Visit) -> Response:
    if visit.known:
        return visit.go("/desk")
    return await _log_in_page(visit)


async def _log_in_page(visit: Visit, wrong: str = "", status: int = 200) -> Response:
    nobody = await visit.site.staff.nobody_yet()
    return visit.page(
        "login.html", status, wrong=wrong, name=visit.form.text("name"), nobody=nobody,
        to=visit.form.text("to") or visit.query("to"), elsewhere=visit.site.oidc is not None,
    )


async def first_run(visit: Visit) -> Response:
    """The first user is made here, once: with the code that `serve` printed on the machine it runs on."""
    return await _first_run(visit, {})


async def _first_run(visit: Visit, wrong: dict[str, str], status: int = 200) -> Response:
    if not await visit.site.staff.nobody_yet():
        return visit.go("/login")
    return visit.page("setup.html", status, wrong=wrong, typed=visit.form.texts() | {
        "code": visit.form.text("code") or visit.query("code")})


async def begin(visit: Visit) -> Response:
    form, staff = visit.form, visit.site.staff
    name, password = form.text("name"), form.raw("password")
    if password != form.raw("again"):
        return await _first_run(visit, {"again": visit.say("The two passwords differ.")}, 422)
    try:
        await staff.begin(form.text("code"), name, password)
    except Conflict:
        return visit.go("/login")
    except BadInput as error:
        words = visit.say(WRONG[error.field]) if error.field in WRONG else visit.mistake(error)
        return await _first_run(visit, {error.field: words}, 422)
    made = await staff.log_in(name, password)
    response = visit.go("/desk/stations", "begun")
    if made.session:
        lasts = visit.site.settings.session_hours * 3600
        session.put_cookie(response, visit.request, session.LOGIN, made.session, lasts)
    return response


async def log_in(visit: Visit) -> Response:
    tried = await visit.site.staff.log_in(visit.form.text("name"), visit.form.raw("password"))
    if tried.session is None:
        if tried.locked_until:
            minutes = (tried.locked_until - visit.now) // timedelta(minutes=1) + 1
            locked = visit.say("Too many wrong passwords. Try again in %(n)s min.", n=minutes)
            return await _log_in_page(visit, locked, 429)
        return await _log_in_page(visit, visit.say("Name or password is wrong."), 401)
    response = visit.go(inside(visit.form.text("to")))
    lasts = visit.site.settings.session_hours * 3600
    session.put_cookie(response, visit.request, session.LOGIN, tried.session, lasts)
    return response


async def log_in_elsewhere(visit: Visit) -> Response:
    """Off to the OpenID provider; the browser keeps what shows that it is the same one that comes back."""
    oidc = visit.site.oidc
    if oidc is None:
        raise NotFound("no such page")
    where, state = await oidc.begin(_back(visit), inside(visit.query("to")))
    response = Response(status_code=303, headers={"Location": where, "Cache-Control": "no-store"})
    session.put_cookie(response, visit.request, STATE, state, 600)
    return response


async def come_back(visit: Visit) -> Response:
    """From the OpenID provider, with a code or with an error."""
    oidc = visit.site.oidc
    if oidc is None:
        raise NotFound("no such page")
    try:
        made, to = await oidc.finish(_back(visit), visit.request.query_params, visit.request.cookies.get(STATE, ""))
    except NotLetIn as error:
        return await _log_in_page(visit, visit.say(WHY[error.why]), 403)
    response = visit.go(inside(to))
    session.drop_cookie(response, STATE)
    session.put_cookie(response, visit.request, session.LOGIN, made, visit.site.settings.session_hours * 3600)
    return response


def _back(visit: Visit) -> str:
    base = visit.site.settings.public_url or str(visit.request.base_url)
    return base.rstrip("/") + "/login/back"


def inside(to: str) -> str:
    """Where to go after the log-in: a page of the desk and nowhere else."""
    parts = urlsplit(to)
    return to if not parts.netloc and not parts.scheme and parts.path.startswith("/desk") else "/desk"


async def log_out(visit: Visit) -> Response:
    await visit.site.staff.log_out(visit.request.cookies.get(session.LOGIN, ""))
    response = visit.go(url("login"), "out")
    session.drop_cookie(response, session.LOGIN)
    return response


async def help_page(visit: Visit) -> Response:
    """Keys of the desk, and who may do what."""
    return visit.page("help.html", roles=ROLE, ocpp=visit.site.ocpp)
