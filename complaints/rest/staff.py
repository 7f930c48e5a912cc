"""Users, teams, API tokens over HTTP, for admins. Thin."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field

from complaints import staff, teams
from complaints.intake.form import Lenient, LongText, Short, UtcTime
from complaints.office import Office
from complaints.rest.reports import plain
from csms.rest.http import Principal, need

Admin = Annotated[Principal, Depends(need("admin"))]
Watcher = Annotated[Principal, Depends(need("admin", "auditor"))]


class UserIn(Lenient):
    name: LongText
    role: LongText
    password: str = Field(min_length=1, max_length=1000)


class UserChange(Lenient):
    role: Short = None
    active: bool | None = None
    password: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    unlock: bool = False


class TeamIn(Lenient):
    department: Short = None
    lead: Short = None
    members: list[str] = Field(default=[], max_length=500)


class TokenIn(Lenient):
    """`scopes`: area:read or area:write, the area being the first word of the path below /api/v1."""

    name: LongText
    role: LongText
    scopes: list[str] = Field(default=[], max_length=50)
    expires_at: UtcTime | None = None


def router(office: Office) -> APIRouter:
    made = APIRouter(tags=["staff"])
    _users(made, office)
    _teams(made, office)
    _tokens(made, office)
    return made


def _listed(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"items": [plain(item) for item in items], "next_cursor": None}


def _users(made: APIRouter, office: Office) -> None:
    @made.get("/users")
    async def users(_who: Watcher) -> dict[str, Any]:
        """Everybody, with role, teams, open sessions."""
        async with office.db.acquire() as conn:
            return _listed(await staff.users(conn, office.clock()))

    @made.post("/users", status_code=201)
    async def add(given: UserIn, who: Admin) -> dict[str, Any]:
        async with office.db.acquire() as conn, conn.transaction():
            await staff.add_user(conn, given.name, given.role, given.password, office.clock(), by=who.name)
        return {"name": given.name.strip(), "role": given.role}

    @made.patch("/users/{name}", status_code=204)
    async def change(name: str, given: UserChange, who: Admin) -> None:
        """Role, password, off or on, unlock; sessions end."""
        async with office.db.acquire() as conn, conn.transaction():
            await staff.change_user(
                conn, name, who.name, office.clock(), role=given.role, active=given.active, password=given.password,
                unlock=given.unlock,
            )

    @made.get("/staff-log")
    async def log(_who: Watcher) -> dict[str, Any]:
        """What was done with users, teams and tokens, by whom."""
        async with office.db.acquire() as conn:
            return _listed(await staff.logged(conn))


def _teams(made: APIRouter, office: Office) -> None:
    @made.get("/teams")
    async def listed(_who: Watcher) -> dict[str, Any]:
        async with office.db.acquire() as conn:
            return _listed([asdict(team) for team in await teams.listed(conn)])

    @made.put("/teams/{name}", status_code=204)
    async def put(name: str, given: TeamIn, who: Admin) -> None:
        async with office.db.acquire() as conn, conn.transaction():
            await teams.put(
                conn, name, who.name, office.clock(), department=given.department, lead=given.lead,
                members=given.members,
            )

    @made.delete("/teams/{name}", status_code=204)
    async def drop(name: str, who: Admin) -> None:
        async with office.db.acquire() as conn, conn.transaction():
            await teams.drop(conn, name, who.name, office.clock())


def _tokens(made: APIRouter, office: Office) -> None:
    @made.get("/api-tokens")
    async def tokens(_who: Watcher) -> dict[str, Any]:
        """Names, scopes, ends and last use; never the tokens."""
        async with office.db.acquire() as conn:
            return _listed(await staff.tokens(conn))

    @made.post("/api-tokens", status_code=201)
    async def create(given: TokenIn, who: Admin) -> dict[str, Any]:
        """The token is shown this once."""
        async with office.db.acquire() as conn, conn.transaction():
            return {"token": await staff.create_token(
                conn, given.name, given.role, office.clock(), scopes=given.scopes, expires_at=given.expires_at,
                by=who.name,
            )}

    @made.delete("/api-tokens/{id}", status_code=204)
    async def revoke(id: int, who: Admin) -> None:
        async with office.db.acquire() as conn, conn.transaction():
            await staff.revoke_token(conn, id, office.clock(), who.name)
