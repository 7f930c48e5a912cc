"""Staff: tokens, log-ins, lock-out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from complaints.staff import Staff, add_user, create_token, revoke_tokens
from csms.errors import BadInput, Conflict
from csms.kit.clock import SetClock
from csms.kit.db import Conn, Db


async def test_a_token_is_known_until_revoked_and_kept_only_as_a_hash(db: Db, clock: SetClock) -> None:
    staff = Staff(db, clock)
    token = await create_token(db, "billing", "integration", clock())
    who = await staff.authenticate(token)
    assert who is not None
    assert (who.name, who.role) == ("billing", "integration")
    assert token.encode() not in (await db.fetchval("select hash from api_tokens"))
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
