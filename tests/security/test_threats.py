"""One test for each threat of docs/security.md that has no file of its own here."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from starlette.responses import Response
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from complaints.app import Product, running
from complaints.intake.form import read
from complaints.outbound import HookTransport, Message, Unwanted
from complaints.outbound.deliver import Undelivered
from complaints.outbound.targets import INWARD, is_public, networks, reach
from complaints.settings import Settings
from complaints.staff import add_user, create_token, revoke_tokens
from csms import journal
from csms.kit.clock import system_clock
from csms.rest.traffic import Buckets, Limits, Throttle
from tests.database import Databases

ROOT = Path(__file__).parents[2]
XSS = "<script>alert(1)</script><img src=x onerror=alert(2)>"
PASSWORD = "correct-horse-2026"


@pytest.fixture(scope="module")
async def product(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    """One for all: each test has stations and people of its own."""
    settings = Settings.load(
        {}, database=await databases.create(), data=tmp_path_factory.mktemp("data"), http_port=0, ocpp_port=0,
        unknown_stations="accept", unknown_tokens="accept", rate_public=0.05,
    )
    async with running(settings) as made:
        yield made


class Talk:
    """A station's socket, by hand."""

    def __init__(self, product: Product, station: str) -> None:
        self.address, self.n = f"{product.ocpp}/{station}", 0

    async def __aenter__(self) -> Talk:
        self.socket = await connect(self.address, subprotocols=[Subprotocol("ocpp1.6")])
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()

    async def ask(self, action: str, payload: dict[str, Any], id: str | None = None) -> list[Any]:
        self.n += 1
        await self.socket.send(orjson.dumps([2, id or str(self.n), action, payload]).decode())
        return list(orjson.loads(await self.socket.recv()))


async def bearer(product: Product, name: str) -> dict[str, str]:
    async with product.db.acquire() as conn:
        return {"Authorization": f"Bearer {await create_token(conn, name, 'admin', system_clock())}"}


# --- stations -----------------------------------------------------------------------------------------


async def test_a_station_cannot_touch_another_s_transaction_and_a_replay_changes_nothing(product: Product) -> None:
    start = {"connectorId": 1, "idTag": "T", "meterStart": 5, "timestamp": "2026-11-22T04:00:00Z"}
    async with Talk(product, "A") as a, Talk(product, "B") as b:
        begun = (await a.ask("StartTransaction", start))[2]["transactionId"]
        assert (await a.ask("StartTransaction", start, "again"))[2]["transactionId"] == begun
        stop = {"transactionId": begun, "meterStop": 9, "timestamp": "2026-11-22T04:01:00Z"}
        assert (await b.ask("StopTransaction", stop))[0] == 3  # a station that is told no may never stop asking
        (only,) = await product.csms.transactions(station="A")
        assert (only.state, only.stopped_at) == ("open", None)
        suspects = await product.csms.archive.suspects(station="B")
        assert suspects
        async with product.db.acquire() as conn:
            assert (await journal.verify(conn, "A"))[1] == []


async def test_what_poses_as_two_frames_or_as_another_s_is_one_frame_of_its_own_socket(product: Product) -> None:
    odd = ['1"],[2,"x', "a\x1fb", '\n[2,"y","Heartbeat",{}]', "../../A", "x" * 300, "\u0000"]
    async with Talk(product, "ODD") as a:
        for id in odd:
            answer = await a.ask("Heartbeat", {"station": "OTHER"} if id == "../../A" else {}, id)
            assert answer[0] in (3, 4)
    async with product.db.acquire() as conn:
        whose = await conn.fetch("select station, count(*) as n from frames where station like any($1) group by 1",
                                 ["ODD%", "%OTHER%", "%..%"])
        assert [(row["station"], row["n"] >= 2 * len(odd)) for row in whose] == [("ODD", True)]
        assert (await journal.verify(conn, "ODD"))[1] == []


async def test_a_station_that_floods_is_sent_away_and_the_others_are_served(product: Product) -> None:
    async with Talk(product, "FLOOD") as flood, Talk(product, "CALM") as calm:
        with pytest.raises(ConnectionClosed) as ended:
            await _pour(flood)
        assert ended.value.rcvd
        assert ended.value.rcvd.code == 1013
        assert (await calm.ask("Heartbeat", {}))[0] == 3


async def _pour(flood: Talk) -> None:
    for n in range(5000):
        await flood.socket.send(f'[2,"{n}","Heartbeat",{{}}]')
    while True:
        await flood.socket.recv()


# --- pages --------------------------------------------------------------------------------------------


async def test_what_strangers_write_is_shown_as_text_and_never_runs(product: Product) -> None:
    async with product.db.acquire() as conn:
        await add_user(conn, "li", "supervisor", PASSWORD, system_clock())
    async with Talk(product, "XSS") as a:
        boot = {"chargePointVendor": "<b>v</b>", "chargePointModel": "<i>m</i>"}
        await a.ask("BootNotification", boot)
        await a.ask("StatusNotification", {
            "connectorId": 1, "errorCode": "OtherError", "status": "Faulted", "info": XSS[:50],
            "vendorErrorCode": XSS[:50], "vendorId": "<u>x</u>",
        })
        filed = await product.desk.file(
            read({"channel": "qr", "text": XSS, "station": "XSS", "evse": 1, "customer": {"name": XSS}}), by="customer",
            strict=False,
        )
        await product.desk.try_to_assess(filed.case.number)
        async with httpx.AsyncClient(base_url=product.http, timeout=60) as client:
            tracking = await client.get(f"/c/{filed.case.tracking}")
            assert (await client.post("/login", data={"name": "li", "password": PASSWORD})).status_code == 303
            pages = [tracking] + [await client.get(path) for path in (
                f"/desk/cases/{filed.case.number}", "/desk", "/desk/stations", "/desk/stations/XSS", "/r/XSS/1",
            )]
            export = await client.get(f"/api/v1/complaints/{filed.case.number}/export.html",
                                      headers=await bearer(product, "xss"))
    assert [page.status_code for page in pages] == [200] * len(pages)
    assert "&lt;script&gt;" in pages[1].text
    for page in (*pages, export):
        assert not re.search(r"<script>alert|<img src=x|<[bi]>[vm]<|<u>x<", page.text), page.url
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'self'" in policy or "default-src 'none'" in policy


async def test_a_qr_page_tells_nothing_of_who_charged_or_complained_and_links_cannot_be_guessed(
    product: Product
) -> None:
    async with Talk(product, "QR") as a:
        await a.ask("BootNotification", {"chargePointVendor": "v", "chargePointModel": "m"})
        await a.ask("StartTransaction", {"connectorId": 1, "idTag": "TAG-OF-LI", "meterStart": 0,
                                         "timestamp": system_clock().isoformat()})
        filed = await product.desk.file(read({
            "channel": "qr", "text": "MY-WORDS", "station": "QR",
            "customer": {"name": "LI-NAME", "phone": "13812345678"},
        }), by="customer", strict=False)
        async with httpx.AsyncClient(base_url=product.http, timeout=60) as client:
            page = (await client.get("/r/QR")).text
            guessed = [(await client.get(f"/c/{secrets.token_urlsafe(16)}")).status_code for _ in range(3)]
            by_number = (await client.get(f"/c/{filed.case.number}")).status_code
    assert not any(secret in page for secret in ("TAG-OF-LI", "MY-WORDS", "LI-NAME", "1381234", filed.case.tracking))
    assert {*guessed, by_number} == {404}
    assert len(filed.case.tracking) >= 20


async def test_a_stolen_or_revoked_token_is_worth_nothing_and_cookies_are_out_of_reach(product: Product) -> None:
    headers = await bearer(product, "stolen")
    async with product.db.acquire() as conn:
        await add_user(conn, "wang", "agent", PASSWORD, system_clock())
        stored = " ".join(map(str, await conn.fetch("select * from api_tokens"))).lower()
        assert headers["Authorization"].removeprefix("Bearer ").lower() not in stored
    async with httpx.AsyncClient(base_url=product.http) as client:
        assert (await client.get("/api/v1/stations", headers=headers)).status_code == 200
        assert (await client.get("/api/v1/stations", params={"token": headers["Authorization"]})).status_code == 401
        async with product.db.acquire() as conn:
            await revoke_tokens(conn, "stolen", system_clock())
        assert (await client.get("/api/v1/stations", headers=headers)).status_code == 401
        logged_in = await client.post("/login", data={"name": "wang", "password": PASSWORD})
        cookie = logged_in.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite" in cookie


async def test_a_case_that_is_not_there_is_not_our_fault(product: Product) -> None:
    """Found by fuzzing the OpenAPI."""
    async with httpx.AsyncClient(base_url=f"{product.http}/api/v1", timeout=60) as client:
        answer = await client.post("/complaints/0/tasks", headers=await bearer(product, "fuzz"),
                                   json={"department": "0", "what": "0"})
    assert answer.status_code == 404, answer.text


# --- too much -----------------------------------------------------------------------------------------


async def test_who_asks_too_much_is_told_to_wait_by_address_by_token_and_at_the_public_doors() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await Response("here")(scope, receive, send)

    async def asked(limits: Limits, *requests: tuple[str, str, str]) -> list[int]:
        transport = httpx.ASGITransport(Throttle(app, limits=limits))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return [(await client.request(method, path, headers={"Authorization": token} if token else {})).status_code
                    for method, path, token in requests]

    by_token = [("GET", "/a", "Bearer one"), ("GET", "/a", "Bearer one"), ("GET", "/a", "Bearer two")]
    assert await asked(Limits(0, 0.001, 0), *by_token) == [200, 429, 200]
    by_address = [("GET", "/a", ""), ("GET", "/b", "Bearer two"), ("GET", "/health/live", ""), ("GET", "/static/x", "")]
    assert await asked(Limits(0.001, 0, 0), *by_address) == [200, 429, 200, 200]
    public = [("POST", "/r/CS-1", ""), ("POST", "/login", ""), ("GET", "/login", ""), ("POST", "/api/v1/payments", "")]
    assert await asked(Limits(0, 0, 0.001), *public) == [200, 429, 200, 200]
    assert await asked(Limits(0, 0, 0), *public * 5) == [200] * 20


async def test_the_product_limits_its_public_doors(product: Product) -> None:
    async with httpx.AsyncClient(base_url=product.http, timeout=60) as client:
        for n in range(100):
            answer = await client.post("/login", data={"name": "x", "password": str(n)})
            if answer.status_code == 429:
                break
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) >= 1
        assert (await client.get("/health/live")).status_code == 200


def test_a_bucket_fills_again_and_its_memory_has_a_size() -> None:
    buckets = Buckets(2.0, 2.0, room=10)
    assert [buckets.wait_s("a", 0.0) for _ in range(5)] == [0.0, 0.0, 0.0, 0.0, 0.5]
    assert buckets.wait_s("a", 0.5) == 0.0
    for n in range(100):
        buckets.wait_s(str(n), 1.0)
    assert len(buckets._left) == 10
    assert [Buckets(0.0, 1.0).wait_s("a", 0.0) for _ in range(3)] == [0.0] * 3


# --- going out ----------------------------------------------------------------------------------------

INSIDE = ["127.0.0.1", "10.1.2.3", "192.168.1.1", "169.254.169.254", "::1", "fd00::1", "::ffff:127.0.0.1", "0.0.0.0",
          "100.64.0.1", "fe80::1%eth0", "224.0.0.1"]


@pytest.mark.parametrize("address", INSIDE)
async def test_a_hook_s_name_that_leads_inside_is_not_called(address: str) -> None:
    async def resolve(_: str, __: int) -> list[str]:
        return ["93.184.215.14", address]

    assert not is_public(address)
    with pytest.raises(Unwanted):
        await reach("https://payments.example/x", resolve=resolve)


async def test_a_hook_is_called_at_the_address_that_was_looked_at() -> None:
    async def resolve(_: str, __: int) -> list[str]:
        return ["93.184.215.14"]

    target = await reach("https://payments.example:8443/x?y=1", resolve=resolve)
    assert (target.url, target.host, target.name) == (
        "https://93.184.215.14:8443/x?y=1", "payments.example:8443", "payments.example",
    )
    for url in ("file:///etc/passwd", "gopher://x", "https://user:pw@payments.example/", "http://"):
        with pytest.raises(Unwanted):
            await reach(url, resolve=resolve)
    allowed = networks("10.1.0.0/16, fd00::/8")
    assert is_public("10.1.2.3", allowed)
    assert is_public("fd00::1", allowed)
    assert not is_public("10.2.0.1", allowed)

    async def unknown(_: str, __: int) -> list[str]:
        raise OSError("no such name")

    with pytest.raises(Undelivered):
        await reach("https://payments.example/", resolve=unknown)


async def test_a_hook_inside_our_network_gets_no_call_even_from_the_transport(product: Product) -> None:
    async def find(_: str) -> tuple[str, str]:
        return f"{product.http}/health/live", "secret-of-16-chars"

    message = Message("k", "hook:x", None, "", "text", "en")
    with pytest.raises(Unwanted, match="public internet"):
        await HookTransport(find, system_clock).send(message)
    assert {"json", "file", "syslog", "form"} <= INWARD


# --- what is logged -----------------------------------------------------------------------------------

LOGGED = re.compile(r"\blog\.\w+\((?:[^()]|\([^()]*\))*\)", re.DOTALL)
TELLING = re.compile(r"\b(password|passwd|secret|token|authorization|cookie|tracking|phone|email)\s*=", re.IGNORECASE)


def test_no_line_of_code_logs_a_secret_or_a_person() -> None:
    calls = [
        (path.name, call) for package in ("csms", "complaints") for path in (ROOT / package).rglob("*.py")
        for call in LOGGED.findall(path.read_text("utf-8"))
    ]
    assert len(calls) > 20
    assert not [each for each in calls if TELLING.search(each[1])]
