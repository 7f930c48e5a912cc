"""Commands that waited for their station: sent when it is back, unless what is going on there forbids it by now."""

from __future__ import annotations

import structlog

from csms import commands, faults, transactions
from csms.gateway.parts import Parts
from csms.gateway.session import Session
from csms.kit.db import AWAY, Conn, Row
from csms.ocpp import TRANSLATORS

log = structlog.get_logger()


async def deliver(parts: Parts, session: Session) -> None:
    """In the order they were asked for. What is forbidden now goes on waiting, until it expires."""
    try:
        async with parts.db.acquire() as conn:
            waiting = await commands.queued(conn, session.station, parts.clock())
        for command in waiting:
            if await _may(parts, session, command):
                await session.perform(command)
    except AWAY:
        log.warning("queued_commands_not_read", station=session.station)


async def _may(parts: Parts, session: Session, command: str) -> bool:
    async with parts.db.acquire() as conn:
        row = await commands.row(conn, command)
        forbidding = await _guards(conn, parts, session, row) if row else []
    if row and row["override"]:
        forbidding = [guard for guard in forbidding if guard == "G1"]  # which nobody goes past
    if forbidding:
        log.info("queued_command_held", station=session.station, command=command, guards=forbidding)
    return not forbidding


async def _guards(conn: Conn, parts: Parts, session: Session, row: Row) -> list[str]:
    """As when it was asked for, but for its own place among the resets."""
    asked = TRANSLATORS[session.protocol].read_command(row["action"], row["payload"])
    running = await transactions.open_at(conn, session.station)
    around = await commands.circumstances(
        conn, session.station, running, parts.clock(), await faults.open_of(conn, session.station)
    )
    return [guard for guard in commands.guards(asked, around, parts.clock()) if guard != "G7"]
