"""Staff: tokens, log-ins, lock-out."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from complaints.staff import Staff, add_user, create_token, revoke_tokens, tokens
from csms.errors import BadInput, Conflict
from csms.kit.clock import SetClock
from csms.kit.db import Conn, Db
from tests.complaints.desk import Bench
from tests.complaints.test_docs import ask, client

__all__ = ["client"]


async def test_a_token_is_known_until_revoked_and_kept_only_as_a_hash(db: Db, clock: SetClock) -> None:
    staff = Staff(db, clock)
    token = await create_token(db, "billing", "integration", clock())
    who = await staff.authenticate(token)
    assert who is not None
    assert (who.name, who.role) == ("billing", "integration")
    assert token.encode() not in (await db.fetchval("select hash from api_tokens"))
    assert (who.scopes, len(await tokens(db))) == ((), 1)
    assert await revoke_tokens(db, "billing", clock()) == 1
    assert await staff.authenticate(token) is None
    assert await staff.authenticate("ohm_wrong") is None


async def test_a_log_in_gives_a_session_that_expires(db: Db, clock: SetClock) -> None:
    staff = Staff(db, clock)
    await add_user(db, "wang", "agent", "correct horse", clock())
    session = (await staff.log_in("wang", "correct horse")).session
    assert session is not None
    assert (await staff.who(session)) is not None
    clock.move(timedelta(hours=13))
    assert await staff.who(session) is None
    assert (await staff.log_in("nobody", "correct horse")).session is None


async def test_a_name_is_known_in_any_case_of_its_letters(db: Db, clock: SetClock) -> None:
    """A phone writes the first letter large, and the person added as Wang Wei types wang wei."""
    async with db.acquire() as conn:
        await add_user(conn, "Wang Wei", "agent", "correct horse", clock())
        with pytest.raises(Conflict, match="there is a user Wang Wei already"):
            await add_user(conn, "wang wei", "admin", "correct horse", clock())
    staff = Staff(db, clock)
    session = (await staff.log_in("wang wei", "correct horse")).session
    assert session
    who = await staff.who(session)
    assert who
    assert who.name == "Wang Wei"
    for _ in range(5):
        await staff.log_in("WANG WEI", "wrong horse")
    assert (await staff.log_in("Wang Wei", "correct horse")).locked_until


async def test_five_wrong_passwords_lock_the_account_for_a_while(db: Db, clock: SetClock) -> None:
    staff = Staff(db, clock)
    await add_user(db, "wang", "agent", "correct horse", clock())
    for _ in range(5):
        attempt = await staff.log_in("wang", "wrong horse")
    assert attempt.locked_until == clock() + timedelta(minutes=15)
    assert (await staff.log_in("wang", "correct horse")).session is None
    clock.move(timedelta(minutes=16))
    session = (await staff.log_in("wang", "correct horse")).session
    assert session is not None
    await staff.log_out(session)
    assert await staff.who(session) is None


async def test_bad_users_are_told_what_is_wrong(conn: Conn, clock: SetClock) -> None:
    with pytest.raises(BadInput, match="one of"):
        await add_user(conn, "li", "king", "long enough", clock())
    with pytest.raises(BadInput, match="at least"):
        await add_user(conn, "li", "agent", "short", clock())
    await add_user(conn, "li", "agent", "long enough", clock())
    with pytest.raises(Conflict):
        async with conn.transaction():
            await add_user(conn, "li", "agent", "long enough", clock())


async def test_a_token_may_be_for_one_thing_only_and_for_a_time(
    bench: Bench, client: httpx.AsyncClient, clock: SetClock
) -> None:
    staff = Staff(bench.db, clock)
    client._transport.app.state.authenticate = staff.authenticate  # type: ignore[attr-defined]
    root = await create_token(bench.db, "root", "admin", clock())
    given = {"name": "bi", "role": "auditor", "scopes": ["reports:read"], "expires_at": bench.at(60)}
    status, made = await ask(client, "POST", "/api-tokens", given, root)
    assert status == 201
    assert (await ask(client, "GET", "/reports/summary", role=made["token"]))[0] == 200
    for method, path in (("GET", "/complaints"), ("GET", "/users"), ("POST", "/reviews")):
        assert (await ask(client, method, path, {}, made["token"]))[0] == 403, path
    for wrong in ({"scopes": ["all"]}, {"role": "king"}, {"expires_at": bench.at(-1)}):
        assert (await ask(client, "POST", "/api-tokens", given | wrong, root))[0] == 422
    listed = (await ask(client, "GET", "/api-tokens", role=root))[1]["items"]
    assert [(t["name"], t["scopes"], t["used_at"] is not None) for t in listed] == [
        ("bi", ["reports:read"], True), ("root", [], True)]
    assert made["token"] not in str(listed)
    clock.move(timedelta(hours=2))
    assert (await ask(client, "GET", "/reports/summary", role=made["token"]))[0] == 401  # its time is over
    writes = (await ask(client, "POST", "/api-tokens", {"name": "w", "role": "admin", "scopes": ["*:write"]}, root))[1]
    assert (await ask(client, "GET", "/users", role=writes["token"]))[0] == 200  # who writes may read
    id = (await ask(client, "GET", "/api-tokens", role=root))[1]["items"][0]["id"]
    assert (await ask(client, "DELETE", f"/api-tokens/{id}", role=root))[0] == 204
    assert (await ask(client, "DELETE", f"/api-tokens/{id}", role=root))[0] == 404
    assert (await ask(client, "GET", "/users", role=writes["token"]))[0] == 401


async def test_an_admin_adds_changes_and_switches_off_people_on_record(
    bench: Bench, client: httpx.AsyncClient, clock: SetClock
) -> None:
    staff = Staff(bench.db, clock)
    lin = {"name": "lin", "role": "agent", "password": "long enough"}
    assert (await ask(client, "POST", "/users", lin, "supervisor"))[0] == 403
    assert (await ask(client, "POST", "/users", lin, "admin"))[0] == 201
    assert (await ask(client, "POST", "/users", lin, "admin"))[0] == 409
    session = (await staff.log_in("lin", "long enough")).session
    assert session
    assert (await ask(client, "PATCH", "/users/lin", {"role": "finance"}, "admin"))[0] == 409  # nobody would be left
    await ask(client, "POST", "/users", lin | {"name": "boss", "role": "admin"}, "admin")
    assert (await ask(client, "PATCH", "/users/lin", {"role": "finance"}, "admin"))[0] == 204
    assert await staff.who(session) is None  # what he was is over
    for _ in range(5):
        await staff.log_in("lin", "wrong")
    assert (await staff.log_in("lin", "long enough")).locked_until
    assert (await ask(client, "PATCH", "/users/lin", {"unlock": True}, "admin"))[0] == 204
    assert (await staff.log_in("lin", "long enough")).session
    assert (await ask(client, "PATCH", "/users/lin", {"active": False}, "admin"))[0] == 204
    assert (await staff.log_in("lin", "long enough")).session is None
    assert (await ask(client, "PATCH", "/users/boss", {"active": False}, "admin"))[0] == 409
    assert (await ask(client, "PATCH", "/users/nobody", {"active": False}, "admin"))[0] == 404
    team = {"department": "finance", "lead": "boss", "members": ["lin", "boss"]}
    assert (await ask(client, "PUT", "/teams/night", team, "admin"))[0] == 204
    assert (await ask(client, "PUT", "/teams/night", team | {"members": ["ghost"]}, "admin"))[0] == 422
    users = {u["name"]: u for u in (await ask(client, "GET", "/users", role="auditor"))[1]["items"]}
    assert (users["lin"]["active"], users["lin"]["teams"], users["lin"]["sessions"]) == (False, ["night"], 0)
    assert (await ask(client, "GET", "/teams", role="admin"))[1]["items"][0]["members"] == ["boss", "lin"]
    assert (await ask(client, "DELETE", "/teams/night", role="admin"))[0] == 204
    log = [(e["what"], e["by"]) for e in (await ask(client, "GET", "/staff-log", role="auditor"))[1]["items"]]
    assert log[0] == ("team.dropped", "admin")
    assert ("user.changed", "admin") in log
