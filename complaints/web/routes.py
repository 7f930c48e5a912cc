"""Every URL of the pages in one table, who may come there, and the door they all come in by."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from complaints.actions import DESK
from complaints.rest.complaints import FILERS, READERS
from complaints.rest_evidence import EXPORTERS
from complaints.web import (
    desk_case,
    desk_do,
    desk_list,
    door,
    errors,
    fleet,
    frames,
    live,
    proof,
    public,
    session,
    station_do,
    stations,
    tracking,
)
from complaints.web.fleet import SETUP
from complaints.web.frame import HEADERS, Site, Visit
from complaints.web.office import (
    accounts,
    articles,
    audits,
    days,
    figures,
    hotline,
    incidents,
    money,
    orders,
    outlook,
    overview,
    people,
    places,
    policies,
    tariffs,
    teams,
    upkeep,
)
from csms.errors import TheyErred
from csms.kit.db import AWAY
from csms.rest.http import Principal

log = structlog.get_logger()

Handler = Callable[[Visit], Awaitable[Response]]

STAFF = tuple(role for role in READERS if role != "integration")
"""Who reads at the desk. Programs come by the API."""
ACTING = tuple(role for role in FILERS if role != "integration")
"""Who does anything there; what exactly is for actions.ROLES to say."""
GOES = ("agent", "technician", "supervisor")
"""Who sends technicians, and goes there."""
PAYS = ("agent", "finance", "supervisor")
"""Who may decide on money; up to which amount is for the policy to say."""
CALLS = ("agent", "supervisor")
CHECKS = ("auditor", "supervisor")
FIGURES = ("finance", "supervisor", "auditor")
SENIOR = ("supervisor",)
ADMIN: tuple[str, ...] = ()
"""Admins only: they come everywhere."""


@dataclass(frozen=True, slots=True)
class Url:
    """`roles` None: open to the public. Admins come everywhere."""

    method: str
    path: str
    handler: Handler
    roles: tuple[str, ...] | None = None


TABLE: tuple[Url, ...] = (
    Url("GET", "/", door.front),
    Url("GET", "/static/{name:path}", door.static),
    Url("GET", "/r/{station}", public.scan),
    Url("POST", "/r/{station}", public.file),
    Url("GET", "/r/{station}/{evse:int}", public.scan),
    Url("POST", "/r/{station}/{evse:int}", public.file),
    Url("GET", "/c/{tracking}", tracking.follow),
    Url("POST", "/c/{tracking}", tracking.answer),
    Url("GET", "/login", door.ask_log_in),
    Url("POST", "/login", door.log_in),
    Url("GET", "/setup", door.first_run),
    Url("POST", "/setup", door.begin),
    Url("GET", "/login/elsewhere", door.log_in_elsewhere),
    Url("GET", "/login/back", door.come_back),
    Url("POST", "/logout", door.log_out, STAFF),
    Url("GET", "/desk", desk_list.work, STAFF),
    Url("GET", "/desk/live", live.watch_list, STAFF),
    Url("POST", "/desk/many", desk_list.many, DESK),
    Url("POST", "/desk/filters", desk_list.keep, STAFF),
    Url("GET", "/desk/cases/{number}", desk_case.case, STAFF),
    Url("GET", "/desk/cases/{number}/part/{name}", desk_case.part, STAFF),
    Url("GET", "/desk/cases/{number}/live", live.watch, STAFF),
    Url("GET", "/desk/cases/{number}/proof/{kind}/{id:path}", proof.show, STAFF),
    Url("GET", "/desk/cases/{number}/files/{id}", desk_case.file, STAFF),
    Url("GET", "/desk/cases/{number}/export.{form}", desk_case.handed, EXPORTERS),
    Url("GET", "/desk/cases/{number}/scenario.yaml", desk_case.retold, STAFF),
    Url("GET", "/desk/cases/{number}/do/{action}", desk_do.ask, ACTING),
    Url("POST", "/desk/cases/{number}/do/{action}", desk_do.do, ACTING),
    Url("GET", "/desk/stations", fleet.listed, STAFF),
    Url("POST", "/desk/stations", fleet.add, SETUP),
    Url("GET", "/desk/knocks", fleet.knocking, STAFF),
    Url("GET", "/desk/stations/{id}", stations.one, STAFF),
    Url("GET", "/desk/stations/{id}/commands", stations.commands, STAFF),
    Url("GET", "/desk/stations/{id}/offers", station_do.offers, STAFF),
    Url("GET", "/desk/stations/{id}/do/{action}", station_do.ask, ACTING),
    Url("POST", "/desk/stations/{id}/do/{action}", station_do.do, ACTING),
    Url("GET", "/desk/stations/{id}/frames", frames.listed, STAFF),
    Url("GET", "/desk/stations/{id}/frames/{seq:int}", frames.one, STAFF),
    Url("GET", "/desk/stations/{id}/frames.ndjson", stations.download, STAFF),
    Url("GET", "/desk/stations/{id}/settings", stations.settings, STAFF),
    Url("GET", "/desk/stations/{id}/logs", stations.logs, STAFF),
    Url("GET", "/desk/stations/{id}/logs/{upload}", stations.log, STAFF),
    Url("GET", "/desk/stations/{id}/logs/{upload}/file", stations.log_file, STAFF),
    Url("GET", "/desk/stations/{id}/history", stations.history, STAFF),
    Url("GET", "/desk/stations/{id}/qr/{evse:int}.svg", stations.code, STAFF),
    Url("GET", "/desk/help", door.help_page, STAFF),
    Url("GET", "/faq", articles.faq),
    Url("GET", "/desk/office", overview.page, STAFF),
    Url("POST", "/desk/alarms/{id:int}", overview.clear, GOES),
    Url("GET", "/desk/hotline", hotline.ask, CALLS),
    Url("POST", "/desk/hotline", hotline.file, CALLS),
    Url("GET", "/desk/hotline/{number}", hotline.taken, CALLS),
    Url("GET", "/desk/incidents", incidents.listed, STAFF),
    Url("POST", "/desk/incidents", incidents.begin, ACTING),
    Url("GET", "/desk/incidents/{id:int}", incidents.one, STAFF),
    Url("POST", "/desk/incidents/{id:int}/answer", incidents.answer, ACTING),
    Url("POST", "/desk/incidents/{id:int}/do/{step}", incidents.do, ACTING),
    Url("GET", "/desk/refunds", money.queue, STAFF),
    Url("GET", "/desk/refunds.csv", money.csv, ("finance", "supervisor", "auditor")),
    Url("GET", "/desk/refunds/{number}/{n:int}/{step}", money.ask, PAYS),
    Url("POST", "/desk/refunds/{number}/{n:int}/{step}", money.do, PAYS),
    Url("GET", "/desk/mine", orders.mine, SETUP),
    Url("GET", "/desk/orders", orders.listed, STAFF),
    Url("POST", "/desk/orders", orders.plan, GOES),
    Url("GET", "/desk/orders/{id:int}", orders.one, STAFF),
    Url("POST", "/desk/orders/{id:int}/assign", orders.assign, GOES),
    Url("POST", "/desk/orders/{id:int}/{step}", orders.move, GOES),
    Url("GET", "/desk/orders/{id:int}/files/{file}", orders.file, STAFF),
    Url("GET", "/desk/upkeep", upkeep.listed, STAFF),
    Url("GET", "/desk/upkeep/new", upkeep.new, SENIOR),
    Url("POST", "/desk/upkeep/new", upkeep.put, SENIOR),
    Url("GET", "/desk/upkeep/{id:int}", upkeep.one, STAFF),
    Url("POST", "/desk/upkeep/{id:int}", upkeep.put, SENIOR),
    Url("POST", "/desk/upkeep/warnings/{id:int}", upkeep.judge, GOES),
    Url("GET", "/desk/knowledge", articles.listed, STAFF),
    Url("GET", "/desk/knowledge/new", articles.new, ACTING),
    Url("POST", "/desk/knowledge/new", articles.write, ACTING),
    Url("GET", "/desk/knowledge/{slug}", articles.one, STAFF),
    Url("POST", "/desk/knowledge/{slug}", articles.write, ACTING),
    Url("POST", "/desk/knowledge/{slug}/{version:int}/publish", articles.publish, SENIOR),
    Url("GET", "/desk/audit", audits.page, CHECKS),
    Url("POST", "/desk/audit", audits.draw, CHECKS),
    Url("POST", "/desk/audit/verify", audits.verify, CHECKS),
    Url("GET", "/desk/audit/looks.csv", audits.looks_csv, CHECKS),
    Url("GET", "/desk/audit/{id:int}", audits.one, CHECKS),
    Url("POST", "/desk/audit/{id:int}/{number}", audits.judge, CHECKS),
    Url("GET", "/desk/reports", figures.page, FIGURES),
    Url("GET", "/desk/reports.csv", figures.csv, FIGURES),
    Url("GET", "/desk/reports/overdue.csv", figures.late_csv, FIGURES),
    Url("GET", "/desk/reports/forecast", outlook.forecast, FIGURES),
    Url("GET", "/desk/reports/reviews", outlook.reviews, FIGURES),
    Url("POST", "/desk/reports/reviews", outlook.keep, SENIOR),
    Url("GET", "/desk/settings", overview.settings, CHECKS),
    Url("GET", "/desk/settings/users", accounts.users, CHECKS),
    Url("POST", "/desk/settings/users", accounts.add_user, ADMIN),
    Url("GET", "/desk/settings/users/{name}", accounts.user, CHECKS),
    Url("POST", "/desk/settings/users/{name}", accounts.change_user, ADMIN),
    Url("GET", "/desk/settings/tokens", accounts.tokens, CHECKS),
    Url("POST", "/desk/settings/tokens", accounts.add_token, ADMIN),
    Url("POST", "/desk/settings/tokens/{id:int}", accounts.revoke, ADMIN),
    Url("GET", "/desk/settings/policy", policies.page, CHECKS),
    Url("POST", "/desk/settings/policy", policies.put, ADMIN),
    Url("GET", "/desk/settings/calendars", days.page, CHECKS),
    Url("POST", "/desk/settings/calendars", days.put, ADMIN),
    Url("GET", "/desk/settings/people", people.listed, CHECKS),
    Url("GET", "/desk/settings/people/{name}", people.one, CHECKS),
    Url("POST", "/desk/settings/people/{name}", people.put, SENIOR),
    Url("POST", "/desk/settings/people/{name}/away", people.away, SENIOR),
    Url("POST", "/desk/settings/people/{name}/back/{id:int}", people.back, SENIOR),
    Url("GET", "/desk/settings/teams", teams.listed, CHECKS),
    Url("GET", "/desk/settings/teams/new", teams.new, ADMIN),
    Url("POST", "/desk/settings/teams/new", teams.put, ADMIN),
    Url("GET", "/desk/settings/teams/{name}", teams.one, CHECKS),
    Url("POST", "/desk/settings/teams/{name}", teams.put, ADMIN),
    Url("POST", "/desk/settings/teams/{name}/drop", teams.drop, ADMIN),
    Url("GET", "/desk/settings/sites", places.listed, CHECKS),
    Url("POST", "/desk/settings/sites", places.put, SENIOR),
    Url("GET", "/desk/settings/tariffs", tariffs.listed, CHECKS),
    Url("GET", "/desk/settings/tariffs/new", tariffs.new, ADMIN),
    Url("POST", "/desk/settings/tariffs/new", tariffs.put, ADMIN),
    Url("GET", "/desk/settings/tariffs/{id}", tariffs.one, CHECKS),
    Url("POST", "/desk/settings/tariffs/{id}", tariffs.put, ADMIN),
)


def build(site: Site) -> APIRouter:
    """All pages with their static files."""
    made = APIRouter(include_in_schema=False)
    for each in TABLE:
        made.add_api_route(each.path, _endpoint(site, each), methods=[each.method], response_model=None)
    return made


def _endpoint(site: Site, to: Url) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        began = time.perf_counter()
        visit = await _arrive(site, request, to)
        try:
            response = await _come_in(visit, to)
        finally:
            await visit.form.close()
        _dress(response, visit)
        response.headers["Server-Timing"] = f"page;dur={(time.perf_counter() - began) * 1000:.1f}"
        return response

    return endpoint


async def _arrive(site: Site, request: Request, to: Url) -> Visit:
    who: Principal | None = None
    if (cookie := request.cookies.get(session.LOGIN)) and not to.path.startswith("/static"):
        try:
            who = await site.staff.who(cookie)
        except AWAY:
            log.warning("database_away", path=request.url.path)
    return Visit(site, request, who, session.seal_of(request, staff=to.roles is not None))


async def _come_in(visit: Visit, to: Url) -> Response:
    try:
        if to.roles is not None and (refused := _refused(visit, to.roles)):
            return refused
        if to.method == "POST":
            await visit.take_form()
            if not _sealed(visit, to):
                return errors.not_sealed(visit)
        return await to.handler(visit)
    except TheyErred as error:
        return errors.they_erred(visit, error)
    except HTTPException as error:
        return errors.http(visit, error)
    except AWAY as error:
        log.warning("page_waits", path=visit.request.url.path, error=repr(error))
        return errors.away(visit)
    except Exception:
        log.exception("page_failed", path=visit.request.url.path)
        return errors.we_erred(visit)


def _refused(visit: Visit, roles: tuple[str, ...]) -> Response | None:
    if visit.known is None:
        return errors.log_in_first(visit)
    return None if visit.known.may(*roles) else errors.not_your_role(visit, roles)


def _sealed(visit: Visit, to: Url) -> bool:
    """Staff forms need their token. A driver's form acts for nobody: it only must not come from another site,
    so that a phone without cookies loses no complaint."""
    elsewhere = session.from_elsewhere(visit.request)
    if visit.seal.fits(visit.form.text("token")):
        return not elsewhere
    return to.roles is None and not elsewhere


def _dress(response: Response, visit: Visit) -> None:
    """Headers of every answer, and the cookies that this visit has earned."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    request = visit.request
    if visit.seal.fresh and visit.known is None and "text/html" in response.headers.get("content-type", ""):
        session.put_cookie(response, request, session.SEED, visit.seal.secret, session.DAY)
    if request.query_params.get("lang") == visit.tongue.language:
        session.put_cookie(response, request, session.LANGUAGE, visit.tongue.language, session.YEAR)
