"""The same thing done to many cases at once: each by itself, so that one that cannot does not hold up the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from complaints.actions import Ask
from complaints.desk import Desk
from complaints.incidents import rows as incidents
from csms.errors import TheyErred
from csms.rest.http import Principal

MOST = 200


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
    done, refused = [], []
    async with desk.db.acquire() as conn:
        await incidents.get(conn, incident)
        for number in numbers[:MOST]:
            async with conn.transaction():
                joined = await incidents.join(conn, incident, number, who.name, desk.clock())
            if joined:
                done.append(number)
            else:
                refused.append((number, "it has ended, or belongs to an incident already"))
    return Done(done, refused)
