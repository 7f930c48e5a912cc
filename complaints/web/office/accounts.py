"""Settings of accounts: who logs in with which role, and which programs call with which token."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Response

from complaints import accounts, changes
from complaints.web.frame import Visit, url
from complaints.web.labels import ROLE
from complaints.web.office import forms

PEOPLE = tuple(role for role in ROLE if role != "integration")
USERS, TOKENS = "/desk/settings/users", "/desk/settings/tokens"


async def users(visit: Visit) -> Response:
    return await _users(visit, {}, "", 200)


async def _users(visit: Visit, wrong: Mapping[str, str], problem: str, status: int) -> Response:
    async with visit.site.desk.db.acquire() as conn:
        found, history = await accounts.users(conn), await changes.listed(conn, kind="user", limit=20)
    return visit.page(
        "office/users.html", status, users=found, history=history, roles=PEOPLE, wrong=wrong, problem=problem,
        typed=visit.form.texts(), may=visit.who.may(),
    )


async def add_user(visit: Visit) -> Response:
    async def act() -> str:
        name, role = forms.words(visit, "name", longest=60), forms.choice(visit, "role", PEOPLE)
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            await accounts.add(conn, name, role, visit.form.raw("password"), by=visit.who.name,
                               reason=forms.words(visit, "reason", longest=2000), now=visit.now)
        return url("desk", "settings", "users", name)

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _users(visit, wrong, problem, status)

    return await forms.attempt(visit, act, again, "set")


async def user(visit: Visit) -> Response:
    return await _user(visit, {}, "", 200)


async def _user(visit: Visit, wrong: Mapping[str, str], problem: str, status: int) -> Response:
    name = visit.part("name")
    async with visit.site.desk.db.acquire() as conn:
        found, history = await accounts.user(conn, name), await changes.listed(conn, kind="user", name=name)
    return visit.page(
        "office/user.html", status, user=found, history=history, roles=PEOPLE, wrong=wrong, problem=problem,
        typed=visit.form.texts(), may=visit.who.may(),
    )


async def change_user(visit: Visit) -> Response:
    name = visit.part("name")

    async def act() -> str:
        role, reason = forms.choice(visit, "role", PEOPLE), forms.words(visit, "reason", longest=2000)
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            await accounts.change(
                conn, name, role=role, active=visit.form.text("active") == "1", password=visit.form.raw("password"),
                by=visit.who.name, reason=reason, now=visit.now,
            )
        return url("desk", "settings", "users", name)

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _user(visit, wrong, problem, status)

    return await forms.attempt(visit, act, again, "set")


async def tokens(visit: Visit) -> Response:
    return await _tokens(visit, {}, "", 200)


async def _tokens(
    visit: Visit, wrong: Mapping[str, str], problem: str, status: int, made: str | None = None
) -> Response:
    async with visit.site.desk.db.acquire() as conn:
        found, history = await accounts.tokens(conn), await changes.listed(conn, kind="token", limit=20)
    return visit.page(
        "office/tokens.html", status, tokens=found, history=history, roles=tuple(ROLE), wrong=wrong, problem=problem,
        typed=visit.form.texts() if not made else {}, made=made, may=visit.who.may(),
    )


async def add_token(visit: Visit) -> Response:
    """The answer itself shows it: it is nowhere to be read again."""
    made: list[str] = []

    async def act() -> str:
        name, role = forms.words(visit, "name", longest=60), forms.choice(visit, "role", tuple(ROLE))
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            made.append(await accounts.new_token(
                conn, name, role, by=visit.who.name, reason=forms.words(visit, "reason", longest=2000), now=visit.now
            ))
        return TOKENS

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _tokens(visit, wrong, problem, status)

    answer = await forms.attempt(visit, act, again, "set")
    return await _tokens(visit, {}, "", 200, made[0]) if made else answer


async def revoke(visit: Visit) -> Response:
    name = visit.part("name")

    async def act() -> str:
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            await accounts.revoke(conn, name, by=visit.who.name, now=visit.now,
                                  reason=forms.words(visit, "reason", longest=2000))
        return TOKENS

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _tokens(visit, wrong, problem, status)

    return await forms.attempt(visit, act, again, "set")
