"""The same thing done to many cases at once: each by itself, so that one that cannot does not hold up the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from complaints.actions import Ask
from complaints.desk import Desk
from complaints.incidents import rows as incidents
from csms.errors import Conflict, TheyErred
from csms.kit.db import Conn
from csms.rest.http import Principal

MOST = 200
OVER = "it has ended, or belongs to an incident already"


@dataclass(frozen=True, slots=True)
class Done:
    """Which cases it was done to, and which not, with the reason."""

    done: Sequence[str]
    refused: Sequence[tuple[str, str]]


async def assign(desk: Desk, numbers: Sequence[str], owner: str, who: Principal) -> Done:
    """A named person is responsible for all of them from now on."""
    done, refused = [], []
    for number in numbers[:MOST]:
        try:
            await desk.act(number, Ask(action="assign", owner=owner), who)
            done.append(number)
        except TheyErred as error:
            refused.append((number, str(error)))
    return Done(done, refused)


async def join(desk: Desk, numbers: Sequence[str], incident: int, who: Principal) -> Done:
    """All of them belong to this incident. Raises NotFound."""
    async with desk.db.acquire() as conn, conn.transaction():
        await incidents.alone(conn)
        await incidents.get(conn, incident)
        return await _joined(desk, conn, numbers, incident, who)


async def begin(desk: Desk, numbers: Sequence[str], title: str, who: Principal) -> tuple[int, Done]:
    """A new incident with all of them in it. Raises BadInput; Conflict where none could be, and then none is begun."""
    async with desk.db.acquire() as conn, conn.transaction():
        await incidents.alone(conn)
        made = await incidents.begin(conn, title, who.name, desk.clock())
        joined = await _joined(desk, conn, numbers, made.id, who)
        if not joined.done:
            raise Conflict("none of them can be linked: each has ended, or belongs to an incident already")
        return made.id, joined


async def _joined(desk: Desk, conn: Conn, numbers: Sequence[str], incident: int, who: Principal) -> Done:
    done, refused = [], []
    for number in numbers[:MOST]:
        if await incidents.join(conn, incident, number, who.name, desk.clock()):
            done.append(number)
        else:
            refused.append((number, OVER))
    return Done(done, refused)
