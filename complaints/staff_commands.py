"""`ohmbudsman token` and `ohmbudsman user`: who may come in, from the machine that the server runs on."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from complaints.command_line import where, with_database


@click.group()
def token() -> None:
    """API tokens."""


@token.command("create")
@click.option("--name", required=True, help="Whose it is.")
@click.option("--role", required=True, help="agent technician finance supervisor auditor admin integration")
@click.option("--scope", "scopes", multiple=True, help="complaints:read, stations:write, *:read ...; all without.")
@click.option("--days", type=click.IntRange(1), default=None, help="Ends after so many days; never without.")
@where
def token_create(
    name: str, role: str, scopes: tuple[str, ...], days: int | None, data: Path | None, database: str | None
) -> None:
    """Print a new API token, alone. Works while the server runs."""
    from complaints.staff import create_token
    from csms.kit.clock import system_clock

    async def work(db: Any) -> str:
        async with db.acquire() as conn, conn.transaction():
            now = system_clock()
            ends = now + timedelta(days=days) if days else None
            return await create_token(conn, name, role, now, scopes=scopes, expires_at=ends)

    click.echo(with_database(data, database, work))


@token.command("list")
@where
def token_list(data: Path | None, database: str | None) -> None:
    """Names, roles, scopes and ends of all tokens; never the tokens themselves."""
    from complaints.staff import tokens

    async def work(db: Any) -> Any:
        async with db.acquire() as conn:
            return await tokens(conn)

    for row in with_database(data, database, work):
        end = "revoked" if row["revoked_at"] else f"until {row['expires_at']:%Y-%m-%d}" if row["expires_at"] else "good"
        click.echo(f"{row['id']}\t{row['name']}\t{row['role']}\t{','.join(row['scopes']) or '-'}\t{end}")


@token.command("revoke")
@click.argument("name")
@where
def token_revoke(name: str, data: Path | None, database: str | None) -> None:
    """End all tokens of NAME. Works while the server runs."""
    from complaints.staff import revoke_tokens
    from csms.kit.clock import system_clock

    async def work(db: Any) -> Any:
        async with db.acquire() as conn, conn.transaction():
            return await revoke_tokens(conn, name, system_clock())

    click.echo(f"{with_database(data, database, work)} token(s) of {name} ended")


@click.group()
def user() -> None:
    """People at the desk."""


@user.command("add")
@click.argument("name")
@click.option("--role", required=True, help="agent technician finance supervisor auditor admin")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
@where
def user_add(name: str, role: str, password_stdin: bool, data: Path | None, database: str | None) -> None:
    """Add a person, or give one a new role and password."""
    from complaints.staff import add_user
    from csms.kit.clock import system_clock

    password = sys.stdin.readline().rstrip("\n") if password_stdin else click.prompt(
        "Password", hide_input=True, confirmation_prompt=True
    )

    async def work(db: Any) -> None:
        async with db.acquire() as conn, conn.transaction():
            await add_user(conn, name, role, password, system_clock())

    with_database(data, database, work)
    click.echo(f"{name} may log in as {role}")


@user.command("set")
@click.argument("name")
@click.option("--role", default=None, help="Another role.")
@click.option("--off/--on", "off", default=None, help="Switch the account off, or on again.")
@click.option("--unlock", is_flag=True, help="Lift a lock-out.")
@click.option("--password-stdin", is_flag=True, help="Read a new password from standard input.")
@where
def user_set(
    name: str, role: str | None, off: bool | None, unlock: bool, password_stdin: bool, data: Path | None,
    database: str | None,
) -> None:
    """Change a person's role, password or account; ends open sessions. Works while the server runs."""
    from complaints.staff import change_user
    from csms.kit.clock import system_clock

    password = sys.stdin.readline().rstrip("\n") if password_stdin else None

    async def work(db: Any) -> None:
        async with db.acquire() as conn, conn.transaction():
            active = None if off is None else not off
            await change_user(conn, name, "command line", system_clock(), role=role, active=active,
                              password=password, unlock=unlock)

    with_database(data, database, work)
    click.echo(f"{name} is changed")
