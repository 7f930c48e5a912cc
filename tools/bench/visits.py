"""Which pages `tools.bench.pages` visits: every GET of the table of routes, each with rows that fill its address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from complaints.web.routes import TABLE

CASE = "select number from complaints order by md5(number) limit $1"
OPEN_CASE = "select number from complaints where closed_at is null order by md5(number) limit $1"
STATION = "select id from stations order by md5(id) limit $1"
PLUG = "select station, evse from connectors order by md5(station || evse) limit $1"
ORDER = "select id from work_orders order by md5(id::text) limit $1"
REFUND = "select complaint as number, n from refunds order by md5(complaint) limit $1"
UPLOAD = "select station as id, token as upload from uploads order by token limit $1"
LONG_CASE = """
    select complaint as number from assessments where asked_by = 'bench' and $1::int > 0 limit 1
"""
FULL_CASE = """
    select complaint as number from entries group by complaint having count(*) > 0 and $1::int > 0
    order by count(*) desc limit 1
"""
CITED = """
    select complaint as number, id from evidence_frames order by md5(complaint || id) limit $1
"""
MATCHED = """
    select number, matched::text as id from complaints where matched is not null order by md5(number) limit $1
"""
FRAME = """
    select h.station as id, h.seq - 1 as seq from heads h where h.seq > 2 order by md5(h.station) limit $1
"""
ORDER_FILE = "select work_order as id, id::text as file from work_order_files order by md5(id::text) limit $1"
CASE_FILE = "select complaint as number, id::text as id from attachments order by md5(id::text) limit $1"
INCIDENT = "select id from incidents order by md5(id::text) limit $1"
TRACKING = "select tracking from complaints order by md5(number) limit $1"
ARTICLE = "select slug from articles where version = 1 order by slug limit $1"
AUDIT = "select id from audits limit $1"
PLAN = "select id from upkeep limit $1"
PERSON = "select name from users order by name limit $1"
ON_DUTY = "select name from users where role in ('agent', 'technician', 'supervisor') order by name limit $1"
TEAM = "select name from teams limit $1"
TARIFF = "select id from tariffs group by id limit $1"
SITE = "select site from sites order by md5(site) limit $1"

DRIVER, DESK, TECHNICIAN, OFFICE = "driver", "desk", "technician", "office"
WHO = {DRIVER: None, DESK: "root", OFFICE: "root", TECHNICIAN: "tan"}
"""Who visits: an admin sees all there is on a page. (The technician's own list is another's for an admin.)"""


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `rows`: the statement that gives what fills its address and its query, one visit a row."""

    face: str
    path: str
    rows: str = ""
    query: str = ""
    fixed: Mapping[str, str] | None = None
    note: str = ""

    @property
    def name(self) -> str:
        path = self.path
        for part, value in (self.fixed or {}).items():
            path = path.replace(f"{{{part}}}", value)
        return path + (f"?{self.query}" if self.query else "") + (f" ({self.note})" if self.note else "")

    def address(self, row: Mapping[str, Any]) -> str:
        path, query = self.path, self.query
        for part, value in {**row, **(self.fixed or {})}.items():
            for form in (f"{{{part}}}", f"{{{part}:int}}", f"{{{part}:path}}"):
                path = path.replace(form, quote(str(value)))
            query = query.replace(f"{{{part}}}", quote(str(value)))
        return path + (f"?{query}" if query else "")


def _case(end: str = "", rows: str = CASE, **more: Any) -> Page:
    return Page(DESK, "/desk/cases/{number}" + end, rows, **more)


def _station(end: str = "", rows: str = STATION, **more: Any) -> Page:
    return Page(DESK, "/desk/stations/{id}" + end, rows, **more)


PAGES: Sequence[Page] = (
    Page(DRIVER, "/"),
    Page(DRIVER, "/static/{name:path}", fixed={"name:path": "base.css"}),
    Page(DRIVER, "/r/{station}", "select id as station from stations order by md5(id) limit $1"),
    Page(DRIVER, "/r/{station}/{evse:int}", PLUG),
    Page(DRIVER, "/c/{tracking}", TRACKING),
    Page(DRIVER, "/faq"),
    Page(DRIVER, "/login"),
    Page(DRIVER, "/setup"),
    Page(DESK, "/desk"),
    Page(DESK, "/desk", query="view=open"),
    Page(DESK, "/desk", query="view=ended"),
    Page(DESK, "/desk", query="view=all&skip=4000"),
    Page(DESK, "/desk", query="view=all&department=finance"),
    Page(DESK, "/desk", query="q=充电"),
    Page(DESK, "/desk", CASE, query="q={number}"),
    Page(DESK, "/desk", "select id as station from stations order by md5(id) limit $1", query="station={station}"),
    _case(),
    _case(rows=LONG_CASE, note="20,000 readings"),
    _case(rows=FULL_CASE, note="the longest thread"),
    _case(query="offers=1", rows=OPEN_CASE),
    _case("/part/{name}", fixed={"name": "live"}),
    _case("/part/{name}", fixed={"name": "offers"}, rows=OPEN_CASE),
    _case("/part/{name}", fixed={"name": "chart"}),
    _case("/part/{name}", fixed={"name": "chart"}, rows=LONG_CASE, note="20,000 readings"),
    _case("/part/{name}", fixed={"name": "chart"}, rows=LONG_CASE, query="span=all", note="20,000 readings"),
    _case("/proof/{kind}/{id:path}", CITED, fixed={"kind": "frame"}),
    _case("/proof/{kind}/{id:path}", MATCHED, fixed={"kind": "transaction"}),
    _case("/files/{id}", CASE_FILE),
    _case("/export.{form}", fixed={"form": "html"}),
    _case("/export.{form}", fixed={"form": "zip"}),
    _case("/scenario.yaml", MATCHED),
    *(_case("/do/{action}", OPEN_CASE, fixed={"action": action})
      for action in ("assign", "refund", "dispatch", "resolve", "refer", "reset")),
    Page(DESK, "/desk/stations"),
    Page(DESK, "/desk/stations", query="show=list"),
    Page(DESK, "/desk/stations", query="by=model&state=faulted"),
    Page(DESK, "/desk/stations", STATION, query="q={id}"),
    Page(DESK, "/desk/knocks"),
    _station(),
    _station("/commands"),
    _station("/offers"),
    *(_station("/do/{action}", fixed={"action": action}) for action in ("reset", "unlock", "get_log")),
    _station("/frames"),
    _station("/frames", query="action=MeterValues"),
    _station("/frames", query="q=Charging"),
    _station("/frames/{seq:int}", FRAME),
    _station("/frames.ndjson", query="hours=168"),
    _station("/settings"),
    _station("/logs"),
    _station("/logs", query="q=contactor"),
    _station("/logs/{upload}", UPLOAD),
    _station("/logs/{upload}/file", UPLOAD),
    _station("/history"),
    _station("/qr/{evse:int}.svg", "select station as id, evse from connectors order by md5(station) limit $1"),
    Page(DESK, "/desk/help"),
    Page(TECHNICIAN, "/desk/mine"),
    Page(TECHNICIAN, "/desk/orders/{id:int}", ORDER),
    Page(TECHNICIAN, "/desk/orders"),
    Page(OFFICE, "/desk/office"),
    Page(OFFICE, "/desk/hotline"),
    Page(OFFICE, "/desk/hotline/{number}", CASE),
    Page(OFFICE, "/desk/incidents"),
    Page(OFFICE, "/desk/incidents/{id:int}", INCIDENT),
    Page(OFFICE, "/desk/refunds"),
    Page(OFFICE, "/desk/refunds", query="view=all"),
    Page(OFFICE, "/desk/refunds.csv"),
    Page(OFFICE, "/desk/refunds/{number}/{n:int}/{step}", REFUND, fixed={"step": "approve"}),
    Page(OFFICE, "/desk/orders"),
    Page(OFFICE, "/desk/orders", query="view=done"),
    Page(OFFICE, "/desk/orders/{id:int}", ORDER),
    Page(OFFICE, "/desk/orders/{id:int}/files/{file}", ORDER_FILE),
    Page(OFFICE, "/desk/upkeep"),
    Page(OFFICE, "/desk/upkeep/new"),
    Page(OFFICE, "/desk/upkeep/{id:int}", PLAN),
    Page(OFFICE, "/desk/knowledge"),
    Page(OFFICE, "/desk/knowledge/new"),
    Page(OFFICE, "/desk/knowledge/{slug}", ARTICLE),
    Page(OFFICE, "/desk/audit"),
    Page(OFFICE, "/desk/audit", CASE, query="case={number}"),
    Page(OFFICE, "/desk/audit/looks.csv"),
    Page(OFFICE, "/desk/audit/{id:int}", AUDIT),
    Page(OFFICE, "/desk/reports"),
    *(Page(OFFICE, "/desk/reports", query=f"days=365&by={by}") for by in ("site", "station", "owner", "model")),
    Page(OFFICE, "/desk/reports.csv"),
    Page(OFFICE, "/desk/reports/overdue.csv"),
    Page(OFFICE, "/desk/reports/forecast"),
    Page(OFFICE, "/desk/reports/forecast", SITE, query="site={site}"),
    Page(OFFICE, "/desk/reports/reviews"),
    Page(OFFICE, "/desk/settings"),
    Page(OFFICE, "/desk/settings/users"),
    Page(OFFICE, "/desk/settings/users/{name}", PERSON),
    Page(OFFICE, "/desk/settings/tokens"),
    Page(OFFICE, "/desk/settings/policy"),
    Page(OFFICE, "/desk/settings/calendars"),
    Page(OFFICE, "/desk/settings/people"),
    Page(OFFICE, "/desk/settings/people/{name}", ON_DUTY),
    Page(OFFICE, "/desk/settings/teams"),
    Page(OFFICE, "/desk/settings/teams/new"),
    Page(OFFICE, "/desk/settings/teams/{name}", TEAM),
    Page(OFFICE, "/desk/settings/sites"),
    Page(OFFICE, "/desk/settings/sites", SITE, query="site={site}"),
    Page(OFFICE, "/desk/settings/tariffs"),
    Page(OFFICE, "/desk/settings/tariffs/new"),
    Page(OFFICE, "/desk/settings/tariffs/{id}", TARIFF),
)
NO_PAGES = {
    "/desk/live": "a stream that lasts", "/desk/cases/{number}/live": "a stream that lasts",
    "/login/elsewhere": "needs an OpenID provider", "/login/back": "needs an OpenID provider",
}
"""GETs of the table that are not visited, and why."""


def forgotten() -> set[str]:
    """GETs of the table that are neither visited nor excused."""
    return {to.path for to in TABLE if to.method == "GET"} - {page.path for page in PAGES} - set(NO_PAGES)
