"""Settings of accounts: who logs in with which role, and which programs call with which token."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fastapi import Response

from complaints import changes, staff
from complaints.web.frame import Visit, url
from complaints.web.labels import ROLE
from complaints.web.office import forms
from csms.errors import NotFound

PEOPLE = tuple(role for role in ROLE if role != "integration")
TOKENS = "/desk/settings/tokens"


async def users(visit: Visit) -> Response:
    return await _users(visit, {}, "", 200)


async def _users(visit: Visit, wrong: Mapping[str, str], problem: str, status: int) -> Response:
    async with visit.site.desk.db.acquire() as conn:
        found, history = await staff.users(conn, visit.now), await changes.listed(conn, kind="user", limit=20)
    return visit.page(
        "office/users.html", status, users=found, history=history, roles=PEOPLE, wrong=wrong, problem=problem,
        typed=visit.form.texts(), may=visit.who.may(),
    )


async def add_user(visit: Visit) -> Response:
    async def act() -> str:
        name, role = forms.words(visit, "name", longest=60), forms.choice(visit, "role", PEOPLE)
        reason = forms.words(visit, "reason", longest=2000)
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            await staff.add_user(conn, name, role, visit.form.raw("password"), visit.now, by=visit.who.name)
            await changes.note(conn, "user", name, None, {"role": role}, by=visit.who.name, reason=reason,
                               now=visit.now)
        return url("desk", "settings", "users", name)

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _users(visit, wrong, problem, status)

    return await forms.attempt(visit, act, again, "set")


async def user(visit: Visit) -> Response:
    return await _user(visit, {}, "", 200)


async def _user(visit: Visit, wrong: Mapping[str, str], problem: str, status: int) -> Response:
    name = visit.part("name")
    async with visit.site.desk.db.acquire() as conn:
        found = next((u for u in await staff.users(conn, visit.now) if u["name"] == name), None)
        history = await changes.listed(conn, kind="user", name=name)
    if found is None:
        raise NotFound(f"there is no user {name}")
    return visit.page(
        "office/user.html", status, user=found, history=history, roles=PEOPLE, wrong=wrong, problem=problem,
        typed=visit.form.texts(), may=visit.who.may(),
    )


async def change_user(visit: Visit) -> Response:
    """Another role, shut out or let in again, a new password. Whoever is changed logs in anew."""
    name = visit.part("name")

    async def act() -> str:
        role, reason = forms.choice(visit, "role", PEOPLE), forms.words(visit, "reason", longest=2000)
        active, password = visit.form.text("active") == "1", visit.form.raw("password") or None
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            before = next((u for u in await staff.users(conn, visit.now) if u["name"] == name), None)
            await staff.change_user(conn, name, visit.who.name, visit.now, role=role, active=active, password=password,
                                    unlock=password is not None)
            was = {"role": before["role"], "active": before["active"]} if before else None
            is_now = {"role": role, "active": active} | ({"renewed": True} if password else {})
            await changes.note(conn, "user", name, was, is_now, by=visit.who.name, reason=reason, now=visit.now)
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
        found, history = await staff.tokens(conn), await changes.listed(conn, kind="token", limit=20)
    good = [t for t in found if t["revoked_at"] is None]
    return visit.page(
        "office/tokens.html", status, tokens=good, history=history, roles=tuple(ROLE), wrong=wrong, problem=problem,
        typed=visit.form.texts() if not made else {}, made=made, may=visit.who.may(),
    )


async def add_token(visit: Visit) -> Response:
    """The answer itself shows it: it is nowhere to be read again."""
    made: list[str] = []

    async def act() -> str:
        name, role = forms.words(visit, "name", longest=60), forms.choice(visit, "role", tuple(ROLE))
        scopes, ends = visit.form.text("scopes").replace(",", " ").split(), _end(visit)
        reason = forms.words(visit, "reason", longest=2000)
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            made.append(await staff.create_token(
                conn, name, role, visit.now, scopes=scopes, expires_at=ends, by=visit.who.name
            ))
            after = {"role": role, "scopes": " ".join(scopes)}
            await changes.note(conn, "token", name, None, after, by=visit.who.name, reason=reason, now=visit.now)
        return TOKENS

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _tokens(visit, wrong, problem, status)

    answer = await forms.attempt(visit, act, again, "set")
    return await _tokens(visit, {}, "", 200, made[0]) if made else answer


def _end(visit: Visit) -> datetime | None:
    """The last day that a token is good for, whole in the sites' zone."""
    if not visit.form.text("last_day"):
        return None
    last = forms.day(visit, "last_day") + timedelta(days=1)
    return datetime.combine(last, time(0), ZoneInfo(visit.site.zone)).astimezone(UTC)


async def revoke(visit: Visit) -> Response:
    id = min(int(visit.part("id")), 2**62)

    async def act() -> str:
        reason = forms.words(visit, "reason", longest=2000)
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            name = next((t["name"] for t in await staff.tokens(conn) if t["id"] == id), "")
            await staff.revoke_token(conn, id, visit.now, visit.who.name)
            await changes.note(conn, "token", name, {"token": id}, {"token": None}, by=visit.who.name, reason=reason,
                               now=visit.now)
        return TOKENS

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _tokens(visit, wrong, problem, status)

    return await forms.attempt(visit, act, again, "set")
