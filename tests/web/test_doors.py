"""The doors of the pages: who comes in, what forms are worth, what is told when something is wrong. No browser."""

from __future__ import annotations

import asyncio
import re
from contextlib import aclosing
from datetime import timedelta

import httpx
import pytest
import structlog
from babel.messages.extract import extract_from_dir

from complaints.app import announced
from complaints.cases import Wanted
from complaints.web import routes
from complaints.web.frame import COMPILED, HERE
from complaints.web.routes import TABLE, Url
from complaints.web.tongue import Tongue, catalogue, choose
from tests.web.stage import PASSWORD, PEOPLE, Stage, photo, stage

ZH = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}
EN = {"Accept-Language": "en-GB"}


def visitor(staged: Stage, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=staged.http, headers=EN | headers, timeout=60)


async def logged_in(staged: Stage, name: str) -> httpx.AsyncClient:
    client = visitor(staged)
    answer = await client.post("/login", data={"name": name, "password": PASSWORD})
    assert answer.status_code == 303, answer.text
    return client


def token(page: str) -> str:
    found = re.search(r'name="token" value="(\w+)"', page)
    assert found
    return found[1]


PATHS = {
    "number": "C-1", "station": "CS-1", "id": "CS-1", "evse": "1", "seq": "1", "name": "live", "kind": "frame",
    "action": "reset", "tracking": "nothing", "form": "html", "upload": "none", "slug": "none", "step": "approve",
    "file": "none",
}


def path_of(to: Url) -> str:
    return re.sub(r"{(\w+)(?::(\w+))?}", lambda m: "1" if m[2] == "int" else PATHS[m[1]], to.path)


async def test_every_route_lets_in_only_whom_its_table_names(told: Stage) -> None:
    """Strangers are sent to the log-in; a role that is not named gets 403; a staff form needs its token."""
    async with visitor(told) as stranger:
        clients = {role: await logged_in(told, name) for name, role in PEOPLE.items()}
        for to in TABLE:
            if to.roles is None:
                continue
            answer = await stranger.request(to.method, path_of(to))
            assert (answer.status_code, answer.headers["location"][:6]) == (303, "/login"), to
            for role, client in clients.items():
                async with client.stream(to.method, path_of(to)) as answer:  # some pages tell news without end
                    pass
                if role not in to.roles or to.method == "POST":
                    assert answer.status_code == 403, (to, role)
                else:
                    assert answer.status_code in (200, 404), (to, role, answer.status_code)
        for client in clients.values():
            await client.aclose()


async def test_every_answer_carries_the_headers_that_keep_others_out(told: Stage) -> None:
    async with visitor(told) as stranger:
        for path in ("/", "/r/CS-1/1", "/c/nothing", "/login", "/static/base.css", "/desk"):
            answer = await stranger.get(path)
            assert "default-src 'self'" in answer.headers["content-security-policy"]
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"]
            for cookie in answer.headers.get_list("set-cookie"):
                assert "HttpOnly" in cookie
                assert "samesite=lax" in cookie.lower()


def test_no_page_holds_inline_script_or_style() -> None:
    """The policy would stop them; so that nobody wonders why."""
    for file in (HERE / "templates").rglob("*.html"):
        text = file.read_text()
        assert not re.search(r"\sstyle=|\son\w+=\"|<style|<script(?![^>]*\ssrc=)|javascript:", text), file.name


async def test_a_staff_form_from_elsewhere_does_nothing(told: Stage) -> None:
    async with aclosing(await logged_in(told, "tan")) as technician:
        good = token((await technician.get("/desk/stations")).text)
        elsewhere = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
        for data, headers in (({}, {}), ({"token": "0" * 64}, {}), ({"token": good}, elsewhere)):
            answer = await technician.post("/desk/stations", data={"id": "CS-9"} | data, headers=headers)
            assert answer.status_code == 403
        assert await told.product.csms.station("CS-9") is None
        answer = await technician.post("/desk/stations", data={"id": "CS-9", "plugs": "2", "token": good})
        assert answer.headers["location"].startswith("/desk/stations/CS-9")


async def test_the_drivers_page_is_small_whole_and_tells_nothing_personal(told: Stage) -> None:
    async with visitor(told) as driver:
        page = await driver.get("/r/CS-1/1")
        weight = len(page.content)
        for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
            weight += len((await driver.get(path.replace("&amp;", "&"))).content)
        assert weight < 100_000


async def test_what_was_typed_stays_when_a_field_is_wrong(told: Stage) -> None:
    """Each mistake names its field, and nothing is filed."""
    wrongs = [
        ({"text": "", "payment_reference": "P-77"}, None, "wrong-text"),
        ({"text": "dead", "contact": "not a number", "payment_reference": "P-77"}, None, "wrong-contact"),
        ({"text": "dead", "occurred_at": "2099-01-01T10:00", "payment_reference": "P-77"}, None, "wrong-occurred_at"),
        ({"text": "dead", "payment_reference": "P-77"}, ("x.jpg", b"not a picture", "image/jpeg"), "wrong-photo"),
    ]
    async with visitor(told) as driver:
        for data, file, where in wrongs:
            answer = await driver.post("/r/CS-1/1", data=data, files={"photo": file} if file else None)
            assert answer.status_code == 422
            assert f'id="{where}"' in answer.text
            assert 'value="P-77"' in answer.text
        assert (await told.product.desk.listed(Wanted())) == []


async def test_a_code_we_never_put_up_still_takes_a_complaint(told: Stage) -> None:
    """Also from a phone without cookies, and with a danger picked: level 1."""
    async with visitor(told, **ZH) as driver:
        page = await driver.get("/r/GHOST-7/2")
        assert page.status_code == 200
        driver.cookies.clear()
        answer = await driver.post(
            "/r/GHOST-7/2", data={"danger": "smoke", "text": ""}, files={"photo": ("a.jpg", photo(), "image/jpeg")}
        )
        assert answer.status_code == 303
        followed = await driver.get(answer.headers["location"])
        assert followed.status_code == 200
        case = (await told.product.desk.listed(Wanted()))[0].case
        assert (case.station, case.evse, case.level, case.channel, case.language) == ("GHOST-7", 2, 1, "qr", "zh-Hans")


async def test_a_mistyped_link_is_met_with_kindness(told: Stage) -> None:
    async with visitor(told, **ZH) as driver:
        answer = await driver.get("/c/AAAAAAAAAAAAAAAAAAAAAA")
        assert answer.status_code == 404
        assert "链接无效" in answer.text
        assert (await driver.post("/c/nothing", data={"answer": "yes"})).status_code == 404


async def test_what_never_reaches_a_page_still_has_a_face_for_a_browser(told: Stage) -> None:
    """No such address, no such way of asking, too much at once; a program is told as programs are."""
    async with visitor(told, **ZH, Accept="text/html") as driver:
        lost = await driver.get("/nothing/here")
        assert (lost.status_code, "没有找到" in lost.text) == (404, True)
        assert "frame-ancestors 'none'" in lost.headers["content-security-policy"]
        assert (await driver.delete("/login")).status_code == 405
        for _ in range(300):  # on a slow machine some are forgiven meanwhile
            answer = await driver.post("/c/nothing", data={"text": "again"})
            if answer.status_code == 429:
                break
        assert (answer.status_code, "操作太频繁" in answer.text) == (429, True)
        assert int(answer.headers["retry-after"]) > 0
        assert (await driver.get("/api/v1/nothing")).headers["content-type"] == "application/problem+json"
    async with visitor(told) as program:
        assert (await program.get("/nothing")).headers["content-type"] == "application/problem+json"


async def test_a_mistake_of_ours_is_a_page_with_a_reference_that_finds_it_in_the_log(told: Stage) -> None:
    """Who sent a form reads that it may not have arrived."""
    def breaks(*_: object) -> None:
        raise RuntimeError("a mistake of ours")

    site = told.product.site
    assert site
    site.desk.tracked = site.desk.customer_answers = breaks  # type: ignore[assignment]
    async with visitor(told, **ZH, Accept="text/html") as driver:
        with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as log:
            read = await driver.get("/c/AAAAAAAAAAAAAAAAAAAAAA")
            sent = await driver.post("/c/AAAAAAAAAAAAAAAAAAAAAA", data={"answer": "yes"})
    noted = [line for line in log if line["event"] == "page_failed"]
    for answer, line, words in ((read, noted[0], "这不是您的问题"), (sent, noted[1], "您写的内容还在")):
        assert (answer.status_code, words in answer.text) == (500, True)
        assert f'<b class="number">{line["request"]}</b>' in answer.text
        assert answer.headers["x-request-id"] == line["request"]


async def test_who_may_not_is_told_who_may_and_keeps_the_way_on(told: Stage) -> None:
    async with aclosing(await logged_in(told, "li")) as agent:
        page = await agent.get("/desk/settings/teams/new", headers={"Accept": "text/html"})
        assert page.status_code == 403
        assert "You are logged in as li (Agent). It is for: Administrator" in page.text
        assert 'href="/desk/stations"' in page.text
        part = await agent.get("/desk/settings/teams/new", headers={"Accept": "text/html", "HX-Request": "true"})
        assert (part.status_code, "<html" in part.text) == (403, False)
        lost = await agent.get("/desk/cases/C-1", headers={"Accept": "text/html"})
        assert (lost.status_code, 'href="/desk/stations"' in lost.text) == (404, True)


async def test_pages_are_compiled_before_the_first_visit_and_once_for_all_languages(told: Stage) -> None:
    site = told.product.site
    assert site
    await asyncio.to_thread(site.warm)
    kept = dict(COMPILED.kept)
    assert len(kept) == len(list((HERE / "templates").rglob("*.html")))
    async with visitor(told) as anybody:
        for language in ("zh-Hans", "zh-Hant", "en"):
            assert (await anybody.get(f"/r/CS-1/1?lang={language}")).status_code == 200
    assert COMPILED.kept == kept
    of_tongues = [site._environment(tongue) for tongue in site.tongues.values()]
    for name in of_tongues[0].list_templates():
        source = (HERE / "templates" / name).read_text()
        assert len({environment.compile(source, name, raw=True) for environment in of_tongues}) == 1, name


async def test_the_language_follows_the_browser_until_one_is_chosen(told: Stage) -> None:
    async with visitor(told, **ZH) as driver:
        assert 'lang="zh-Hans"' in (await driver.get("/login")).text
        assert 'lang="en"' in (await driver.get("/login?lang=en")).text
        assert 'lang="en"' in (await driver.get("/login")).text


@pytest.mark.parametrize(("accept", "language"), [
    ("zh-CN,zh;q=0.9", "zh-Hans"), ("zh-TW", "zh-Hant"), ("zh-HK;q=0.5,en;q=0.4", "zh-Hant"), ("zh", "zh-Hans"),
    ("de,zh-Hant;q=0.3,en;q=0.2", "zh-Hant"), ("fr", "en"), ("", "en"), ("zh;q=0,en", "en"), (";;,=", "en"),
])
def test_the_first_language_we_have_is_taken(accept: str, language: str) -> None:
    assert choose(None, None, accept) == language


def test_every_text_has_its_chinese() -> None:
    """A new text without a translation fails here, by name."""
    method = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
    found = {
        message if isinstance(message, str) else message[0]
        for _, _, message, _, _ in extract_from_dir(HERE, method, keywords={"N_": None, "say": None, "_": None,
                                                                           "gettext": None})
    }
    missing = sorted(found - catalogue("zh-Hans").keys())
    assert not missing
    for text in found:
        said = Tongue("zh-Hant").gettext(text)
        assert set(re.findall(r"%\(\w+\)s", text)) == set(re.findall(r"%\(\w+\)s", said)), text


async def test_wrong_passwords_lock_the_account_and_the_way_back_stays_inside(told: Stage) -> None:
    async with visitor(told) as client:
        answer = await client.post("/login", data={"name": "li", "password": PASSWORD, "to": "https://evil.example/desk"})
        assert answer.headers["location"] == "/desk"
        client.cookies.clear()
        for _ in range(4):
            assert (await client.post("/login", data={"name": "zhao", "password": "wrong-one"})).status_code == 401
        assert (await client.post("/login", data={"name": "zhao", "password": "wrong-one"})).status_code == 429


def test_the_table_names_every_url_once() -> None:
    assert len({(to.method, to.path) for to in TABLE}) == len(TABLE)
    assert routes.STAFF


async def test_the_first_user_is_made_once_and_only_with_the_printed_code(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(dsn, past=timedelta(0), pace=1, people=False) as empty, visitor(empty) as anyone:
        ready, set_up = await announced(empty.product, desk=True)
        assert ready.startswith("ready http=http://")
        address, code = set_up.removeprefix("set-up ").split("?code=")
        assert address == f"{empty.http}/setup"
        monkeypatch.setattr(empty.product, "settings", empty.product.settings.model_copy(
            update={"public_url": "https://help.example"}
        ))
        assert await announced(empty.product, desk=True) == [ready, f"set-up https://help.example/setup?code={code}"]
        good = {"code": code, "name": "root", "password": PASSWORD, "again": PASSWORD}
        for wrong, field in (({"code": "guess"}, "code"), ({"again": "other-one"}, "again"),
                             ({"password": "short", "again": "short"}, "password"), ({"name": " "}, "name")):
            answer = await anyone.post("/setup", data=good | wrong)
            assert (answer.status_code, f'id="wrong-{field}"' in answer.text) == (422, True)
        elsewhere = {"sec-fetch-site": "cross-site"}
        assert (await anyone.post("/setup", data=good, headers=elsewhere)).status_code == 403
        assert await empty.product.staff.nobody_yet()
        answer = await anyone.post("/setup", data=good)
        assert answer.headers["location"].startswith("/desk/stations")
        assert (await anyone.get("/desk/stations")).status_code == 200
        again = await anyone.post("/setup", data=good | {"name": "second"})
        assert (again.status_code, again.headers["location"]) == (303, "/login")
        assert (await anyone.get("/setup")).headers["location"] == "/login"
        assert [p.name for p in await empty.product.staff.people()] == ["root"]
        assert len(await announced(empty.product, desk=True)) == 1
