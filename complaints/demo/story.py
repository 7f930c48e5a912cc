"""The demo's story: a session goes wrong, the driver complains, the truth comes out, the reset helps.

Everything is real: PostgreSQL, sockets, HTTP, two emulated stations. Only time runs faster: a minute
lasts a second, for the stations and for the product alike, so that nobody waits ten minutes for a car.
"""

from __future__ import annotations

import asyncio
import io
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import httpx
from PIL import Image

from charger_emulator import Clock, Station, Vehicle
from complaints.app import Product
from complaints.demo import town
from complaints.staff import create_token
from csms.kit.clock import iso

MINUTES_A_SECOND = 60
PATIENCE_S = 25.0
"""Our own seconds that one thing may take to happen."""

DRIVER, NEIGHBOUR, VISITOR = "APP-WANG", "APP-CHEN", "APP-LIN"
COMPLAINT = "扫码付了30块钱,插着枪等了快十分钟,一度电都没充进去,钱也没退,怎么回事?"
CONTACTOR = "1 号枪接触器不吸合"


class StepFailed(Exception):
    """Something in the story did not come about."""


@dataclass(slots=True)
class Teller:
    """Prints the story, one line a thing that was seen."""

    began: float = field(default_factory=time.monotonic)
    chapters: int = 0

    def chapter(self, title: str) -> None:
        self.chapters += 1
        print(f"\n{self.chapters}. {title}", flush=True)

    def say(self, text: str) -> None:
        print(f"   {text}", flush=True)

    def saw(self, held: bool, text: str) -> None:
        """A step of the story: printed when it held, the end of the story when not."""
        print(f"   {'ok' if held else 'NOT SEEN'}  {text}", flush=True)
        if not held:
            raise StepFailed(text)


async def until(look: Callable[[], Awaitable[Any]], what: str) -> Any:
    """What `look` finds, once it finds something. Raises StepFailed after a while."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if found := await look():
            return found
        await asyncio.sleep(0.1)
    raise StepFailed(f"{what}: not within {PATIENCE_S:.0f} s")


class Story:
    """The cast and the chapters."""

    def __init__(self, product: Product, clock: Clock, teller: Teller) -> None:
        self.product, self.clock, self.teller = product, clock, teller
        self.stations: list[Station] = []
        self.api: httpx.AsyncClient
        self.web: httpx.AsyncClient
        self.number = self.tracking = ""

    async def run(self, web: httpx.AsyncClient) -> bool:
        self.web = web
        try:
            async with httpx.AsyncClient(base_url=f"{self.product.http}/api/v1", timeout=30) as self.api:
                await self.set_the_stage()
                await self.a_session_goes_wrong()
                await self.the_driver_complains()
                await self.the_truth_comes_out()
                await self.the_reset_is_refused()
                await self.the_reset_helps()
                await self.the_next_one_charges()
                await self.the_money_goes_back()
                await self.the_driver_confirms()
        except StepFailed as failure:
            print(f"\nThe story did not hold: {failure}", flush=True)
            return False
        took = time.monotonic() - self.teller.began
        print(f"\nEvery step held. The story took {took:.0f} s; its stations lived through "
              f"{took * MINUTES_A_SECOND / 60:.0f} minutes.", flush=True)
        return True

    async def leave(self) -> None:
        for station in self.stations:
            await station.shutdown()

    # --- chapters -------------------------------------------------------------------------------------

    async def set_the_stage(self) -> None:
        self.teller.chapter("Two stations go to work")
        async with self.product.db.acquire() as conn, conn.transaction():
            token = await create_token(conn, "demo", "admin", self.clock.now())
            await town.people_come(conn, self.clock.now())
        self.api.headers["Authorization"] = f"Bearer {token}"
        await self.put("/tariffs/standard", town.TARIFFS["standard"])
        self.dc = await self.station("DC60-01", "ocpp1.6", "Hualian", "DC60", [60.0, 60.0], 180_220)
        self.ac = await self.station("AC22-02", "ocpp2.0.1", "Volterra", "VT22", [22.0], 50_000)
        for station in self.stations:
            shown = (await self.get(f"/stations/{station.id}"))["connectors"]
            free = all(c["status"] == "Available" for c in shown)
            spoken = station.wire.line.subprotocols[0]
            self.teller.saw(free, f"{station.id} speaks {spoken} and is free on {len(shown)} plug(s)")
        await self.ac.plug_in(1, Vehicle(max_kw=22))
        await self.start("AC22-02", 1, VISITOR)
        self.teller.say("AC22-02 charges a car all the while; the story is about DC60-01.")

    async def a_session_goes_wrong(self) -> None:
        self.teller.chapter("A paid session delivers nothing")
        self.dc.set_contactor(1, stuck_open=True)
        await self.pay("PAY-1", "30.00", DRIVER, 1)
        self.teller.say("Mr Wang scans the code on plug 1 and pays 30.00 yuan.")
        await self.dc.plug_in(1, Vehicle(max_kw=80))
        self.transaction = await self.start("DC60-01", 1, DRIVER)
        await self.clock.sleep(6 * 60)
        await self.dc.plug_in(2, Vehicle(max_kw=60, soc=20))
        await self.start("DC60-01", 2, NEIGHBOUR)
        await self.clock.sleep(2 * 60)
        await self.dc.unplug(1)
        ended = await self.ended(self.transaction)
        self.teller.saw(
            ended["energy_wh"] is not None and ended["energy_wh"] < 50,
            f"transaction {ended['number']} ended with {ended['energy_wh']:.0f} Wh: the contactor never closed",
        )

    async def the_driver_complains(self) -> None:
        self.teller.chapter("The driver scans the code again and complains")
        page = await self.web.get("/r/DC60-01/1", headers={"Accept-Language": "zh-CN"})
        self.teller.saw(page.status_code == 200, "the page behind the QR code opens, in Chinese, without an account")
        form = Form.of(page.text, "text")
        answer = await self.web.post(form.action or "/r/DC60-01/1", data=form.fields | {
            "text": COMPLAINT, "payment_reference": "PAY-1",
        }, files={"photo": ("screen.jpg", photo(), "image/jpeg")}, headers={"Accept-Language": "zh-CN"})
        self.tracking = answer.headers.get("location", "")
        self.teller.saw(answer.status_code == 303 and self.tracking.startswith("/c/"),
                        f"filed with a photo: “{COMPLAINT}”")
        filed = (await self.get("/complaints?station=DC60-01"))["items"]
        self.number = next(c["number"] for c in filed if c["channel"] == "qr")
        case = await self.get(f"/complaints/{self.number}")
        due = ", ".join(f"{d['kind']} by {d['due_at'][:16].replace('T', ' ')} UTC" for d in case["deadlines"])
        self.teller.saw(
            case["topic"] == "charged_no_energy" and case["level"] == 2,
            f"{self.number}: {case['category']}/{case['topic']}, level {case['level']}, for {case['department']}",
        )
        self.teller.say(f"Clocks run: {due}.")

    async def the_truth_comes_out(self) -> None:
        self.teller.chapter("Before anybody looks, the evidence is gathered and frozen")
        found = await self.get(f"/complaints/{self.number}/assessment")
        matched = found["transaction"]
        self.teller.saw(bool(matched) and matched["id"] == self.transaction,
                        f"matched to his session ({matched['score']:.2f}): {', '.join(matched['because'])}")
        for finding in found["findings"]:
            if finding["stance"] == "supports":
                proof = ", ".join(f"{r['kind']} {r['id'][:24]}" for r in finding["refs"][:2])
                self.teller.say(f"+ {finding['summary']['en']}  [{finding['code']}; {proof}]")
        self.teller.saw(found["verdict"] == "upheld" and found["liability"] == "station",
                        f"verdict {found['verdict']}, liable: {found['liability']}")
        bill = found["bill"]
        self.teller.saw(Decimal(bill["charged"]) - Decimal(bill["expected"]) == 30,
                        f"bill should be {bill['expected']}, was {bill['charged']} {bill['currency']}; remedies: "
                        + ", ".join(r["kind"] for r in found["remedies"]))
        self.teller.say(found["explanation"]["zh"])
        self.teller.say(f"frozen with checksum {found['checksum'][:16]}...")

    async def the_reset_is_refused(self) -> None:
        self.teller.chapter("The agent wants to reset, but somebody is charging on plug 2")
        answer = await self.api.post(f"/complaints/{self.number}/actions", json={
            "action": "reset", "reason": CONTACTOR,
        })
        self.teller.saw(answer.status_code == 409 and "G2" in answer.json().get("guards", []),
                        f"refused by guard {', '.join(answer.json().get('guards', []))}: {answer.json().get('detail')}")
        await self.clock.sleep(60)
        await self.dc.present_token(2, NEIGHBOUR)
        await self.dc.unplug(2)
        await until(self.free, "plug 2 free")
        self.teller.say("Ms Chen has finished and left.")

    async def the_reset_helps(self) -> None:
        self.teller.chapter("Now the reset is allowed, and watched")
        answer = await self.act("reset", reason=CONTACTOR, wait_s=10)
        command = (answer.get("command") or answer).get("id")
        self.teller.saw(bool(command), "asked from the case")
        self.dc.set_contactor(1, stuck_open=False)  # the restart frees the relay's driver that had hung
        seen = await until(lambda: self.effect(str(command)), "the effect of the reset")
        self.teller.saw(seen["effect"] == "observed",
                        f"{seen['state']}; then the socket dropped, it booted, both plugs came back: {seen['effect']}")
        await self.dc.wait_for("Available", 1, timeout=20)
        await self.entry("effect", "written into the case")

    async def the_next_one_charges(self) -> None:
        self.teller.chapter("The next car on that plug charges")
        await self.dc.plug_in(1, Vehicle(max_kw=60, soc=40))
        transaction = await self.start("DC60-01", 1, VISITOR)
        await self.clock.sleep(4 * 60)
        await self.dc.present_token(1, VISITOR)
        await self.dc.unplug(1)
        ended = await self.ended(transaction)
        self.teller.saw((ended["energy_wh"] or 0) > 500, f"{ended['energy_wh'] / 1000:.2f} kWh delivered")
        await self.entry("verification", "the proof that the reset helped is in the case")

    async def the_money_goes_back(self) -> None:
        self.teller.chapter("The refund")
        await self.act("refund", reason="没有充入电量", approve=False)
        self.teller.say("The agent proposes 30.00 CNY.")
        await self.act("refund", reason="证据清楚", approve=True)
        paid = await until(self.refunded, "the refund among the payments")
        self.teller.saw(Decimal(paid["amount"]) == 30, f"approved and sent: {paid['amount']} {paid['currency']}")
        await self.act("resolve", reason="重启后恢复，已退款",
                       text="经查记录,这次充电没有输出电量,30.00元已原路退回;充电桩已恢复正常。很抱歉给您添麻烦了。")

    async def the_driver_confirms(self) -> None:
        self.teller.chapter("The driver opens his link and confirms")
        page = await self.web.get(self.tracking, headers={"Accept-Language": "zh-CN"})
        told = page.status_code == 200 and "30.00" in page.text
        self.teller.saw(told, "it tells him what happened and what comes back")
        form = Form.of(page.text, "satisfaction")
        await self.web.post(form.action or self.tracking, data=form.fields | {"answer": "yes", "satisfaction": "5"})
        case = await until(self.confirmed, "his confirmation")
        self.teller.saw(case["state"] in ("confirming", "closed"), f"confirmed; the case is {case['state']}")
        if case["state"] != "closed":
            await self.act("close", reason="车主已确认解决")
        case = await self.get(f"/complaints/{self.number}")
        self.teller.saw(case["state"] == "closed", f"closed, with {len(case['entries'])} entries on record")

    # --- what it takes --------------------------------------------------------------------------------

    async def station(
        self, id: str, protocol: str, vendor: str, model: str, kw: list[float], meter_wh: float
    ) -> Station:
        await self.put(f"/stations/{id}", {
            "vendor": vendor, "model": model, "site": town.SITES[0].name, "tariff": "standard",
            "max_power_w": sum(kw) * 1000,
            "connectors": [{"evse": n, "connector": 1, "max_power_w": p * 1000} for n, p in enumerate(kw, 1)],
        })
        station = Station(
            self.product.ocpp, id, protocol, connectors=kw, vendor=vendor, model=model, firmware="2.1.4",
            clock=self.clock, boot_time_s=40, meter_start_wh=meter_wh,
            settings={"MeterValueSampleInterval": "60"},
        )
        self.stations.append(station)
        await station.start()

        async def all_free() -> bool:
            shown = (await self.get(f"/stations/{id}"))["connectors"]
            return len(shown) == len(kw) and all(c["status"] == "Available" for c in shown)

        await until(all_free, f"{id} free")
        return station

    async def start(self, station: str, evse: int, token: str) -> str:
        """Start from the app, as a payment does; the transaction's id."""
        later = station == "AC22-02"
        asked = await self.post(f"/stations/{station}/commands", {
            "action": "RequestStartTransaction" if later else "RemoteStartTransaction",
            "payload": {"idToken": {"idToken": token, "type": "Central"}, "remoteStartId": 1, "evseId": evse} if later
            else {"connectorId": evse, "idTag": token},
            "wait_s": 10,
        })
        self.teller.saw(asked["state"] == "accepted", f"start for {token} on {station} plug {evse}: {asked['state']}")

        async def begun() -> Any:
            items = (await self.get(f"/transactions?station={station}&state=open"))["items"]
            return next((t["id"] for t in items if t["token"] == token), None)

        return str(await until(begun, "the transaction"))

    async def ended(self, transaction: str) -> Any:
        async def closed() -> Any:
            found = await self.get(f"/transactions/{transaction}")
            return found if found["state"] == "closed" else None

        return await until(closed, "the end of the transaction")

    async def pay(self, reference: str, amount: str, token: str, evse: int) -> None:
        await self.post("/payments", {
            "reference": reference, "kind": "capture", "amount": amount, "currency": "CNY", "at": iso(self.clock.now()),
            "method": "wechat", "station": "DC60-01", "evse": evse, "token": token,
        })

    async def act(self, action: str, **fields: Any) -> Any:
        return await self.post(f"/complaints/{self.number}/actions", {"action": action, **fields})

    async def entry(self, type: str, text: str) -> None:
        async def written() -> Any:
            entries = (await self.get(f"/complaints/{self.number}"))["entries"]
            return next((e for e in entries if e["type"] == type), None)

        found = await until(written, f"the entry {type}")
        self.teller.saw(bool(found), f"{text}: “{found.get('text') or found['type']}”")

    async def effect(self, command: str) -> Any:
        found = await self.get(f"/commands/{command}")
        return found if found["effect"] in ("observed", "not_observed") else None

    async def free(self) -> bool:
        shown = (await self.get("/stations/DC60-01"))["connectors"]
        return all(c["status"] == "Available" for c in shown)

    async def refunded(self) -> Any:
        items = (await self.get("/payments?reference=PAY-1"))["items"]
        return next((p for p in items if p["kind"] == "refund"), None)

    async def confirmed(self) -> Any:
        case = await self.get(f"/complaints/{self.number}")
        return case if any(e["type"] in ("confirmation", "survey") for e in case["entries"]) else None

    async def get(self, path: str) -> Any:
        return self._read(await self.api.get(path))

    async def post(self, path: str, body: Any) -> Any:
        return self._read(await self.api.post(path, json=body))

    async def put(self, path: str, body: Any) -> Any:
        return self._read(await self.api.put(path, json=body))

    @staticmethod
    def _read(answer: httpx.Response) -> Any:
        if answer.status_code >= 400:
            raise StepFailed(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}")
        return answer.json()


def photo() -> bytes:
    """A photo of a screen, as a phone would send one."""
    file = io.BytesIO()
    Image.new("RGB", (320, 200), (20, 24, 28)).save(file, "JPEG")
    return file.getvalue()


class Form(HTMLParser):
    """The form of a page that has a given field, with its hidden fields filled in: what a browser would send."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str], set[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((given.get("action", ""), {}, set()))
        elif tag in ("input", "textarea", "select", "button") and self.forms and "name" in given:
            _, hidden, names = self.forms[-1]
            names.add(given["name"])
            if given.get("type") == "hidden":
                hidden[given["name"]] = given.get("value", "")

    @classmethod
    def of(cls, page: str, field: str) -> Found:
        parser = cls()
        parser.feed(page)
        for action, hidden, names in parser.forms:
            if field in names:
                return Found(action, hidden)
        raise StepFailed(f"the page has no form with the field {field}: {re.sub(r'<[^>]+>', ' ', page)[:200]}")


@dataclass(frozen=True, slots=True)
class Found:
    action: str
    fields: dict[str, str]
