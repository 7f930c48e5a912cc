"""A new password through the station itself: nobody is locked out, nobody else learns it."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import orjson
import pytest
import structlog
from websockets.asyncio.client import ClientConnection

from charger_emulator.pytest_plugin import Charger
from csms.errors import BadInput
from csms.importer import rebuild
from csms.kit.crypto import SealingKey
from csms.kit.db import Db
from tests.reliability.sockets import until
from tests.security.conftest import Make, Site

OLD = "the password of old"
SECRET_KEY = {"ocpp1.6": "AuthorizationKey", "ocpp2.0.1": "BasicAuthPassword"}
BOTH = pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1"])


async def hears(socket: ClientConnection) -> tuple[str, str, str]:
    """(message id, action, the password it is told)."""
    _, id, action, payload = orjson.loads(await asyncio.wait_for(socket.recv(), 40))
    if action == "ChangeConfiguration":
        assert payload["key"] == "AuthorizationKey"
        return id, action, payload["value"]
    [one] = payload["setVariableData"]
    assert (one["component"]["name"], one["variable"]["name"]) == ("SecurityCtrlr", "BasicAuthPassword")
    return id, action, one["attributeValue"]


def answer(id: str, action: str, status: str) -> str:
    body: Any = {"status": status}
    if action == "SetVariables":
        body = {"setVariableResult": [{
            "attributeStatus": status, "component": {"name": "SecurityCtrlr"},
            "variable": {"name": "BasicAuthPassword"},
        }]}
    return orjson.dumps([3, id, body]).decode()


async def here(site: Site, **how: Any) -> ClientConnection:
    """The socket of CS-1 once it was answered: its arrival is on record by then, so it can be asked."""
    socket = await site.comes_in("CS-1", **how)
    await socket.send('[2,"hb","Heartbeat",{}]')
    assert orjson.loads(await asyncio.wait_for(socket.recv(), 40))[:2] == [3, "hb"]
    return socket


async def told(site: Site, protocol: str, status: str | None) -> tuple[ClientConnection, str, Any]:
    """(its socket, the new password as it was sent, the command) of a station that answers so, or not at all."""
    await site.put("CS-1", profile=1, password=OLD)
    socket = await here(site, password=OLD, protocol=protocol)
    asking = asyncio.create_task(site.centre.csms.change_password("CS-1", None, by="test", wait_s=5))
    id, action, new = await hears(socket)
    if status is not None:
        await socket.send(answer(id, action, status))
    return socket, new, await asking


async def everything_stored(db: Db) -> str:
    tables = await db.fetch("select tablename from pg_tables where schemaname = 'public'")
    return "\n".join([
        str(row["all"]) for table in tables
        for row in await db.fetch(f'select t::text as all from "{table["tablename"]}" t')
    ])


@BOTH
async def test_an_emulated_station_changes_its_password_and_comes_back_with_it(
    site: Site, charger: Charger, protocol: str
) -> None:
    await site.put("CS-1", profile=1, password=OLD)
    station = await charger(site.plain, "CS-1", protocol, password=OLD)
    done = await site.centre.csms.change_password("CS-1", None, by="test", wait_s=5)
    assert done.state == "accepted"
    for _ in range(2):
        await station.go_offline()
        await station.go_online(wait=True)
    assert await site.events("CS-1") == ["password_changed"]
    assert await site.knock("CS-1", password=OLD) == 401


@BOTH
async def test_after_a_lost_answer_old_and_new_are_good_until_the_new_one_was_used(
    sites: Make, protocol: str
) -> None:
    site = await sites(answer_within_s=0.3)
    _, new, command = await told(site, protocol, None)
    assert command.state == "unanswered"
    await site.comes_in("CS-1", password=OLD)
    await site.comes_in("CS-1", password=new)
    assert await site.knock("CS-1", password=OLD) == 401
    await site.comes_in("CS-1", password=new)
    assert await site.events("CS-1") == ["password_changed", "wrong_password"]


@BOTH
async def test_a_station_may_come_back_with_it_before_it_has_answered(site: Site, protocol: str) -> None:
    await site.put("CS-1", profile=1, password=OLD)
    socket = await here(site, password=OLD, protocol=protocol)
    asking = asyncio.create_task(site.centre.csms.change_password("CS-1", None, by="test", wait_s=5))
    _, _, new = await hears(socket)
    await site.comes_in("CS-1", password=new, protocol=protocol)
    await asking
    assert await site.knock("CS-1", password=OLD) == 401


@BOTH
@pytest.mark.parametrize("status", ["Rejected", "NotSupported"])
async def test_a_refused_password_is_none(site: Site, protocol: str, status: str) -> None:
    status = "UnknownVariable" if (protocol, status) == ("ocpp2.0.1", "NotSupported") else status
    _, new, command = await told(site, protocol, status)
    assert command.state in ("rejected", "unsupported")
    assert await site.knock("CS-1", password=new) == 401
    await site.comes_in("CS-1", password=OLD)


async def test_two_new_ones_after_two_lost_answers_are_both_good(sites: Make, db: Db) -> None:
    site = await sites(answer_within_s=0.2)
    socket, first, _ = await told(site, "ocpp2.0.1", None)
    asking = asyncio.create_task(site.centre.csms.change_password("CS-1", None, by="test", wait_s=5))
    _, _, second = await hears(socket)
    await asking
    await site.comes_in("CS-1", password=first)
    assert await site.knock("CS-1", password=OLD) == 401
    await site.comes_in("CS-1", password=second)  # which the station may have taken all the same, later
    assert await site.knock("CS-1", password=first) == 401
    assert await db.fetchval("select count(*) from new_passwords") == 0


@pytest.mark.parametrize("spelt", [bytes.fromhex, str, str.upper])
async def test_a_1_6_station_may_send_the_key_s_bytes_or_its_spelling(site: Site, spelt: Any) -> None:
    _, new, _ = await told(site, "ocpp1.6", "Accepted")
    await site.comes_in("CS-1", password=spelt(new))


async def test_a_chosen_password_is_told_in_hexadecimal_to_1_6(site: Site) -> None:
    await site.put("CS-1", profile=1, password=OLD)
    socket = await here(site, password=OLD)
    asking = asyncio.create_task(site.centre.csms.change_password("CS-1", "sixteen letters!", by="test", wait_s=5))
    id, action, new = await hears(socket)
    assert bytes.fromhex(new) == b"sixteen letters!"
    await socket.send(answer(id, action, "Accepted"))
    await asking
    await site.comes_in("CS-1", password="sixteen letters!")
    with pytest.raises(BadInput):
        await site.centre.csms.change_password("CS-1", "longer than a key of 1.6 can be", by="test")


@BOTH
async def test_no_trace_of_a_password_is_stored_or_logged(site: Site, db: Db, protocol: str) -> None:
    with structlog.testing.capture_logs() as logs:
        socket, new, command = await told(site, protocol, "Accepted")
        chosen = secrets.token_hex(18)
        message = {
            "ocpp1.6": ("ChangeConfiguration", {"key": "authorizationkey", "value": chosen}),
            "ocpp2.0.1": ("SetVariables", {"setVariableData": [{
                "component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"},
                "attributeValue": chosen,
            }]}),
        }[protocol]
        asking = asyncio.create_task(site.centre.csms.send_message("CS-1", *message, by="test", wait_s=5))
        id, action, *_ = orjson.loads(await asyncio.wait_for(socket.recv(), 40))[1:]
        await socket.send(answer(id, action, "Accepted"))
        by_hand = await asking
        await site.comes_in("CS-1", password=chosen)
    stored = await everything_stored(db)
    for secret in (new, chosen, OLD):
        assert secret not in stored
        assert secret not in str(logs)
    assert "***" in str(command.payload)
    assert "***" in str(by_hand.payload)
    frames = await db.fetch("select frame, repairs from frames where kind = 'sent' and repairs is not null")
    assert len(frames) == 2
    assert all("***" in row["frame"] and row["repairs"] == ["secret_masked"] for row in frames)
    counted = "select sum(times) from repairs where name = 'secret_masked'"
    masked = await db.fetchval(counted)
    await rebuild(db)
    assert await db.fetchval(counted) == masked
    assert await db.fetchval("select count(*) from sealed_payloads") == 0
    checked, broken = await site.centre.csms.archive.verify("CS-1")
    assert (checked > 4, broken) == (True, [])


async def test_a_password_that_a_station_lets_slip_is_not_kept(site: Site, db: Db) -> None:
    slipped = "the station's own secret"
    await site.put("CS-1")
    socket = await here(site)
    asking = asyncio.create_task(
        site.centre.csms.send_message("CS-1", "GetConfiguration", {"key": ["AuthorizationKey"]}, by="t", wait_s=5)
    )
    id = orjson.loads(await asyncio.wait_for(socket.recv(), 40))[1]
    key = {"key": "AuthorizationKey", "readonly": False, "value": slipped}
    await socket.send(orjson.dumps([3, id, {"configurationKey": [key]}]).decode())
    assert "***" in str((await asking).answer)
    assert slipped not in await everything_stored(db)


async def test_a_password_waits_sealed_for_an_offline_station_and_for_another_process(
    sites: Make, db: Db
) -> None:
    key = SealingKey(b"the same on all nodes")
    first, second = await sites(sealing_key=key), await sites(sealing_key=key, node="b")
    await first.put("CS-1", profile=1, password=OLD)
    until = first.centre.clock().replace(year=2100)
    await first.centre.csms.change_password("CS-1", "sixteen letters!", by="test", queue_until=until)
    assert await db.fetchval("select count(*) from sealed_payloads") == 1
    assert "sixteen" not in await everything_stored(db)
    assert await first.knock("CS-1", password="sixteen letters!") == 401
    socket = await second.comes_in("CS-1", password=OLD)
    assert bytes.fromhex((await hears(socket))[2]) == b"sixteen letters!"


async def test_a_secret_whose_key_is_gone_is_not_sent_as_asterisks(sites: Make, db: Db) -> None:
    first, second = await sites(), await sites(node="b")
    await first.put("CS-1", profile=1, password=OLD)
    century = first.centre.clock().replace(year=2100)
    asked = await first.centre.csms.change_password("CS-1", None, by="test", queue_until=century)
    await second.comes_in("CS-1", password=OLD)
    await until(lambda: db.fetchval("select state = 'expired' from commands where id = $1", asked.id))


async def test_a_password_goes_alone(site: Site, db: Db) -> None:
    await site.put("CS-1")
    await site.comes_in("CS-1", protocol="ocpp2.0.1")
    one = {"component": {"name": "C"}, "variable": {"name": "BasicAuthPassword"}, "attributeValue": "x" * 20}
    other = {"component": {"name": "C"}, "variable": {"name": "V"}, "attributeValue": "1"}
    await until(lambda: db.fetchval("select protocol from stations"))
    with pytest.raises(BadInput):
        await site.centre.csms.send_message("CS-1", "SetVariables", {"setVariableData": [one, other]}, by="t")


def test_a_box_opens_only_with_its_key_and_as_its_own(tmp_path: Any) -> None:
    key = SealingKey.kept_in(tmp_path / "deep" / "secret.key")
    again = SealingKey.kept_in(tmp_path / "deep" / "secret.key")
    box = key.seal(b"secret", "1")
    assert again.unseal(box, "1") == b"secret"
    assert (key.unseal(box, "2"), SealingKey.fresh().unseal(box, "1"), key.unseal(b"", "1")) == (None, None, None)
    assert (tmp_path / "deep" / "secret.key").stat().st_mode & 0o077 == 0
    assert "secret" not in repr(SealingKey(b"secret"))
