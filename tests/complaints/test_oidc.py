"""Staff log in with their company's account: through a real provider on loopback and our real pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from joserfc.jwk import RSAKey

from complaints.oidc import OidcOptions, role_of, roles_of
from complaints.settings import Settings
from complaints.staff import Staff, add_user
from complaints.web import routes as pages
from complaints.web.frame import Site
from csms.errors import BadInput
from csms.kit.clock import system_clock
from tests.complaints.desk import Bench
from tests.complaints.provider import CLIENT, SECRET, Provider, provider

LIN = {"sub": "77", "preferred_username": "lin", "email": "lin@example.org", "groups": ["x", "desk"]}


def test_the_first_role_in_our_order_that_a_claim_names_counts() -> None:
    options = OidcOptions("i", "c", role_claim="realm.groups", roles=roles_of("leads=supervisor, desk=agent"))
    assert role_of({"realm": {"groups": ["desk", "leads"]}}, options) == "supervisor"
    assert role_of({"realm": {"groups": "desk"}}, options) == "agent"
    for claims in ({}, {"realm": "desk"}, {"realm": {"groups": ["deskx"]}}, {"groups": ["desk"]}):
        assert role_of(claims, options) is None
    for text in ("desk", "desk=king", "=agent"):
        with pytest.raises(BadInput):
            roles_of(text)
    with pytest.raises(BadInput):
        Settings.load({}, oidc_issuer="https://id.example.org")


@pytest.fixture
async def idp() -> AsyncIterator[Provider]:
    async with provider() as made:
        made.claims = dict(LIN)
        yield made


@pytest.fixture
async def browser(bench: Bench, idp: Provider) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings.load(
        {}, oidc_issuer=idp.issuer, oidc_client_id=CLIENT, oidc_client_secret=SECRET,
        oidc_roles="leads=supervisor,desk=agent",
    )
    async with visitor(bench, settings) as made:
        yield made


def visitor(bench: Bench, settings: Settings) -> httpx.AsyncClient:
    """A browser of our pages, as these settings make them."""
    app = FastAPI()
    staff = Staff(bench.db, system_clock)
    app.include_router(pages.build(Site(bench.desk, bench.csms, staff, settings, system_clock, office=bench.office)))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://desk")


async def sent_back(browser: httpx.AsyncClient, to: str = "/desk/help") -> str:
    """Our page sends the browser to the provider, which sends it back: the address it comes back by."""
    away = await browser.get("/login/elsewhere", params={"to": to})
    assert away.status_code == 303
    async with httpx.AsyncClient() as outside:
        return str((await outside.get(away.headers["location"])).headers["location"])


async def log_in(browser: httpx.AsyncClient, to: str = "/desk/help") -> httpx.Response:
    return await browser.get(await sent_back(browser, to))


async def person(bench: Bench) -> Any:
    return await bench.db.fetchrow("select name, role, subject, password_hash from users where subject = '77'")


async def test_somebody_new_is_let_in_with_the_role_of_his_claim_which_is_followed(
    bench: Bench, browser: httpx.AsyncClient, idp: Provider
) -> None:
    assert "/login/elsewhere" in (await browser.get("/login")).text
    answer = await log_in(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/help")
    assert (await browser.get("/desk/help")).status_code == 200
    assert tuple(await person(bench)) == ("lin", "agent", "77", None)
    idp.claims["groups"] = ["leads"]
    browser.cookies.clear()
    assert (await log_in(browser)).status_code == 303
    assert (await person(bench))["role"] == "supervisor"
    log = [row["what"] for row in await bench.db.fetch("select what from staff_log order by id")]
    assert log == ["user.added", "user.changed"]
    assert (await Staff(bench.db, system_clock).log_in("lin", "")).session is None  # no password opens it


async def test_who_may_not_come_in_is_told_why(bench: Bench, browser: httpx.AsyncClient, idp: Provider) -> None:
    await add_user(bench.db, "wang", "agent", "long enough", system_clock())
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"groups": ["others"]}, {}), ({"preferred_username": "wang"}, {}), ({}, {"nonce": "another"}),
        ({}, {"aud": "another"}), ({}, {"iss": "http://elsewhere"}), ({}, {"exp": 1}), ({}, {"sub": None}),
    ]
    for claims, wrong in cases:
        idp.claims, idp.wrong = LIN | claims, wrong
        answer = await log_in(browser)
        assert answer.status_code == 403, (claims, wrong)
        assert "ohm_session" not in browser.cookies
    idp.claims, idp.wrong, idp.signs_with = dict(LIN), {}, RSAKey.generate_key(2048, {"kid": "k1"})
    assert (await log_in(browser)).status_code == 403  # signed by somebody else
    idp.signs_with = None
    assert (await log_in(browser)).status_code == 303
    await bench.db.execute("update users set active = false where name = 'lin'")
    assert (await log_in(browser)).status_code == 403
    assert (await browser.get("/desk/help")).status_code == 303  # nor does the open session count any more


async def test_a_log_in_belongs_to_one_browser_and_works_once(browser: httpx.AsyncClient, bench: Bench) -> None:
    back = await sent_back(browser)
    other = dict(browser.cookies)
    browser.cookies.clear()
    assert (await browser.get(back)).status_code == 403  # somebody else's link
    browser.cookies.update(other)
    assert (await browser.get(back)).status_code == 303
    browser.cookies.update(other)
    assert (await browser.get(back)).status_code == 403
    assert (await browser.get("/login/back", params={"error": "access_denied"})).status_code == 403
    browser.cookies.clear()
    assert (await log_in(browser, "https://evil.example.org/desk")).headers["location"] == "/desk"
    assert await bench.db.fetchval("select count(*) from oidc_pending") == 0


async def test_without_a_provider_there_is_no_such_page_and_one_that_is_away_is_said_so(
    bench: Bench, browser: httpx.AsyncClient, idp: Provider
) -> None:
    async with visitor(bench, Settings.load({})) as plain:
        assert (await plain.get("/login/elsewhere")).status_code == 404
        assert "/login/elsewhere" not in (await plain.get("/login")).text
    idp.issuer = "http://another"  # it no longer calls itself what we were told
    assert (await browser.get("/login/elsewhere")).status_code == 409
