"""The frame of every page: one visit with its language, person and form; how a template becomes an answer."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.bccache import Bucket
from starlette.datastructures import FormData, UploadFile

from complaints.chinese import traditional
from complaints.desk import Desk
from complaints.intake.attachments import Sent
from complaints.office import Office
from complaints.oidc import oidc_of
from complaints.settings import Settings
from complaints.staff import Staff
from complaints.web import session, shown
from complaints.web.because import reason
from complaints.web.labels import LABELS
from complaints.web.mistakes import mistake
from complaints.web.office.rooms import ROOMS
from complaints.web.progress import Watch
from complaints.web.pulse import Pulse, Snapshot
from complaints.web.records import Shelf
from complaints.web.said import SAID
from complaints.web.sections import SECTIONS
from complaints.web.session import Seal
from complaints.web.tongue import LANGUAGES, Tongue, choose
from complaints.worklist import Worklist
from csms.api import Csms
from csms.errors import TheyErred
from csms.kit.clock import Clock
from csms.rest.http import Principal

HERE = Path(__file__).parent
MOST_FILES, MOST_FIELDS = 6, 260

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
                               " object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(self)",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file, read once at start."""

    content: bytes
    mime: str
    version: str


def read_assets(folder: Path) -> dict[str, Asset]:
    found = {}
    for file in sorted(folder.rglob("*")):
        if file.suffix in (".css", ".js", ".svg"):
            content = file.read_bytes()
            mime = mimetypes.types_map.get(file.suffix, "application/octet-stream")
            name = file.relative_to(folder).as_posix()
            found[name] = Asset(content, mime, hashlib.sha256(content).hexdigest()[:12])
    return found


class Compiled(BytecodeCache):
    """Templates are compiled once in a process, not once for each language: that is what made first visits slow."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self.kept.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


def _at_each_visit(show: Callable[..., Any]) -> Callable[..., Any]:
    """Jinja fills a constant's filter in while it compiles, so that all languages would have the words of the first;
    not where the filter takes the context."""
    return pass_context(lambda _context, *given, **named: show(*given, **named))


class Site:
    """The parts that pages are made from. `ocpp` is where stations connect, as far as this process knows."""

    def __init__(
        self, desk: Desk, csms: Csms, staff: Staff, settings: Settings, clock: Clock, *, office: Office, ocpp: str = ""
    ) -> None:
        self.desk, self.csms, self.staff, self.settings, self.clock = desk, csms, staff, settings, clock
        self.ocpp, self.office = ocpp, office
        self.oidc = oidc_of(settings, desk.db, staff, clock)
        self.worklist = Worklist(desk.db, clock)
        self.shelf = Shelf(desk)
        self.watch = Watch(csms)
        self.pulse, self.fleet = Pulse(self.worklist), Snapshot(csms)
        self.assets = read_assets(HERE / "static")
        self.tongues = {language: Tongue(language) for language in LANGUAGES}
        self._templates = {language: self._environment(tongue) for language, tongue in self.tongues.items()}

    @property
    def zone(self) -> str:
        return self.settings.zone

    @property
    def uploads(self) -> Path:
        """Where the logs of stations lie."""
        return (self.settings.data or Path("data")) / "uploads"

    def _environment(self, tongue: Tongue) -> Environment:
        made = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True, bytecode_cache=COMPILED, extensions=["jinja2.ext.i18n"],
        )
        made.install_gettext_callables(  # type: ignore[attr-defined]  # added by the extension
            tongue.gettext, tongue.ngettext, newstyle=True
        )
        said = shown.filters(tongue, self.settings.zone, LABELS) | {"told": lambda text: reason(text, tongue)}
        made.filters |= {name: _at_each_visit(show) for name, show in said.items()}
        made.globals |= {
            "asset": self.asset, "language": tongue.language, "languages": LANGUAGES, "zone": self.settings.zone,
            "hotline": self.settings.hotline, "url": url, "kept": LABELS, "sections": SECTIONS, "rooms": ROOMS,
        }
        return made

    def warm(self) -> None:
        """Do now what the first visit of each page would wait for. Takes about two seconds, best in a thread."""
        for environment in self._templates.values():
            for name in environment.list_templates():
                environment.get_template(name)
        traditional("简体")

    def asset(self, name: str) -> str:
        return f"/static/{name}?v={self.assets[name].version}"

    def render(self, language: str, template: str, about: Mapping[str, Any]) -> str:
        return self._templates[language].get_template(template).render(about)


def url(*parts: str | int, **query: Any) -> str:
    """/a/b?c=d, each part escaped; nothing that is None."""
    path = "/" + "/".join(quote(str(part), safe="") for part in parts)
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


class Blank(dict[str, str]):
    """Fields of a form by name; what is not there is empty."""

    def __missing__(self, name: str) -> str:
        return ""


class Form:
    """What a form sent, as text and files."""

    def __init__(self, data: FormData) -> None:
        self._data = data

    def text(self, name: str) -> str:
        value = self._data.get(name)
        return value.strip() if isinstance(value, str) else ""

    def raw(self, name: str) -> str:
        """As typed, blanks included: passwords."""
        value = self._data.get(name)
        return value if isinstance(value, str) else ""

    def many(self, name: str) -> list[str]:
        """Everything ticked under one name."""
        return [value for value in self._data.getlist(name) if isinstance(value, str)]

    def texts(self) -> dict[str, str]:
        """All that was typed, to be shown again."""
        return {name: value for name, value in self._data.items() if isinstance(value, str) and name != "token"}

    async def close(self) -> None:
        """Let go of the files it came with."""
        await self._data.close()

    async def files(self, name: str) -> list[Sent]:
        """An empty file field sends a file without a name; that is none."""
        sent = [one for one in self._data.getlist(name) if isinstance(one, UploadFile) and one.filename]
        return [Sent(one.filename or name, await one.read()) for one in sent]


class Visit:
    """One request to a page. `who` is None for the public."""

    def __init__(self, site: Site, request: Request, who: Principal | None, seal: Seal) -> None:
        self.site, self.request, self.seal = site, request, seal
        self._who = who
        query, cookies = request.query_params, request.cookies
        language = choose(query.get("lang"), cookies.get(session.LANGUAGE), request.headers.get("accept-language"))
        self.tongue = site.tongues[language]
        self.now: datetime = site.clock()
        self.form = Form(FormData())

    @property
    def known(self) -> Principal | None:
        return self._who

    @property
    def who(self) -> Principal:
        """Whoever logged in: the table of routes lets nobody else come where this is asked."""
        assert self._who is not None
        return self._who

    @cached_property
    def partial(self) -> bool:
        """Whether only a part of the page is wanted, into the page that is there."""
        return self.request.headers.get("hx-request") == "true"

    def part(self, name: str) -> str:
        return str(self.request.path_params[name])

    def query(self, name: str) -> str:
        return self.request.query_params.get(name, "").strip()

    def say(self, text: str, **values: Any) -> str:
        return self.tongue.say(text, **values)

    def mistake(self, error: TheyErred) -> str:
        """What an error says, in the visitor's language."""
        return mistake(str(error), self.tongue)

    @property
    def base(self) -> str:
        """Where the public reaches us, without a slash at the end."""
        return (self.site.settings.public_url or str(self.request.base_url)).rstrip("/")

    async def take_form(self) -> None:
        self.form = Form(await self.request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS))

    def page(self, template: str, status: int = 200, **about: Any) -> Response:
        """A template as an answer. Every one knows who visits, the form token, and what was just done."""
        said = SAID.get(self.query("said"))
        frame = {
            "visit": self, "who": self._who, "now": self.now, "token": self.seal.token,
            "said": self.say(said) if said else None, "switch": self.switches(),
        }
        typed = {name: Blank(about[name]) for name in ("typed", "wrong") if isinstance(about.get(name), Mapping)}
        html = self.site.render(self.tongue.language, template, frame | about | typed)
        return HTMLResponse(html, status, {"Cache-Control": "no-store", "Content-Language": self.tongue.language})

    def switches(self) -> dict[str, str]:
        """Language -> this page in it."""
        kept = {k: v for k, v in self.request.query_params.items() if k not in ("lang", "said")}
        return {name: f"?{urlencode(kept | {'lang': name})}" for name in LANGUAGES}

    def go(self, to: str, said: str | None = None) -> Response:
        """After a form was taken: the page that shows it, so that a reload sends nothing twice."""
        if said:
            assert said in SAID, said
            to += ("&" if "?" in to else "?") + urlencode({"said": said})
        return RedirectResponse(to, 303)
