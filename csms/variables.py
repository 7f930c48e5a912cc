"""Variables of stations, 1.6 configuration keys among them: what they are, what they should be, and the difference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from csms.kit.db import Conn, Row
from csms.vocabulary import EventsNoted, VariablesReported, VariablesWritten, VariableValue
from csms.vocabulary.heard import Heard

KEEP = """
    insert into variables (station, component, component_instance, variable, instance, evse, connector, attribute,
        value, read_only, received_at)
    select distinct on (1, 2, 3, 4, 5, 6, 7, 8) *
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::int[], $8::text[],
        $9::text[], $10::boolean[], $11::timestamptz[])
    on conflict (station, component, component_instance, variable, instance, evse, connector, attribute)
    do update set value = excluded.value, read_only = excluded.read_only, received_at = excluded.received_at
"""

# An event tells the value and nothing of who may write it.
KEEP_VALUES = """
    insert into variables (station, component, component_instance, variable, instance, evse, connector, attribute,
        value, received_at)
    select distinct on (1, 2, 3, 4, 5, 6, 7) station, component, '', variable, instance, evse, connector, 'Actual',
        value, at
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::int[], $7::text[], $8::timestamptz[])
        as e (station, component, variable, instance, evse, connector, value, at)
    order by 1, 2, 3, 4, 5, 6, 7, at desc
    on conflict (station, component, component_instance, variable, instance, evse, connector, attribute)
    do update set value = excluded.value, received_at = excluded.received_at
"""

WANT = """
    insert into wanted_variables (station, component, component_instance, variable, instance, evse, connector,
        attribute, wanted, wanted_at, wanted_by)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    on conflict (station, component, component_instance, variable, instance, evse, connector, attribute)
    do update set wanted = excluded.wanted, wanted_at = excluded.wanted_at, wanted_by = excluded.wanted_by
    where wanted_variables.wanted_at <= excluded.wanted_at
"""

LIST = """
    select station, component, component_instance, variable, instance, evse, connector, attribute, v.value,
        coalesce(v.read_only, false) as read_only, v.received_at, w.wanted, w.wanted_at,
        case when w.wanted is null or v.value is null then null else w.wanted <> v.value end as drift
    from variables v full join wanted_variables w
        using (station, component, component_instance, variable, instance, evse, connector, attribute)
    where station = $1
      and (component, component_instance, variable, instance, evse, connector, attribute) > ($2, $3, $4, $5, $6, $7, $8)
      and ($10::boolean is null or (w.wanted is not null and v.value is not null and w.wanted <> v.value) = $10)
    order by component, component_instance, variable, instance, evse, connector, attribute limit $9
"""

VALUE = """
    select value from variables
    where station = $1 and component = $2 and variable = $3 and evse = $4 and attribute = 'Actual' limit 1
"""

SECRETS = frozenset({"AuthorizationKey", "BasicAuthPassword"})
"""Written and never read back."""


def _key(v: VariableValue) -> tuple[Any, ...]:
    return (
        v.component, v.component_instance or "", v.variable, v.instance or "", v.evse or 0, v.connector or 0,
        v.attribute,
    )


async def note(conn: Conn, heards: Sequence[Heard[VariablesReported]]) -> None:
    await keep(conn, [(h.station, v, h.received_at) for h in heards for v in h.said.variables])


async def note_events(conn: Conn, heards: Sequence[Heard[EventsNoted]]) -> None:
    """What a variable is by the latest event about it (2.0.1 N07)."""
    rows = [
        (h.station, e.component, e.variable, e.instance or "", e.evse, e.connector or 0, e.value, h.received_at)
        for h in heards for e in h.said.events
    ]
    if rows:
        await conn.execute(KEEP_VALUES, *(list(column) for column in zip(*rows, strict=True)))


async def keep(conn: Conn, values: Iterable[tuple[str, VariableValue, datetime]]) -> None:
    rows = [(station, *_key(v), v.value, v.read_only, at) for station, v, at in values]
    if rows:
        await conn.execute(KEEP, *(list(column) for column in zip(*rows, strict=True)))


async def note_written(
    conn: Conn, station: str, told: VariablesWritten, at: datetime, by: str | None
) -> None:
    """What was taken is wanted from now on; what takes a reboot first is not so yet."""
    for value, word in told.results:
        if word not in ("Accepted", "RebootRequired"):
            continue
        secret = value.variable in SECRETS
        await conn.execute(WANT, station, *_key(value), "(secret)" if secret else value.value or "", at, by)
        if word == "Accepted" and not secret:
            await keep(conn, [(station, value, at)])


async def value_of(conn: Conn, station: str, component: str, variable: str, evse: int = 0) -> str | None:
    value: str | None = await conn.fetchval(VALUE, station, component, variable, evse)
    return value


async def listing(
    conn: Conn, station: str, after: tuple[str, str, str, str, int, int, str], limit: int,
    drift: bool | None = None,
) -> list[Row]:
    """Known and wanted values; `drift` true: only those that are not as they should be."""
    return list(await conn.fetch(LIST, station, *after, limit, drift))
