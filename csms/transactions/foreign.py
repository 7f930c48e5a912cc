"""Meter values that name a transaction which is not theirs (lbbrhzn#1749): stale, of another plug, or of nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from csms.kit.db import Conn
from csms.vocabulary import MeterReported
from csms.vocabulary.heard import Heard, Notes

CLOSING = timedelta(minutes=15)
"""So long after a stop its last meter values may still come (Ocular: station-quirks 24)."""

NAMED = """
    select w.i, t.id, t.state, t.stopped_at, t.evse, o.id as open
    from unnest($1::int[], $2::text[], $3::int[], $4::text[], $5::int[]) as w (i, station, evse, said, number)
    left join lateral (
        select id, state, stopped_at, evse from transactions t
        where t.station = w.station and (t.reference = w.said or t.number = w.number)
        order by started_at desc limit 1) t on true
    left join lateral (
        select id from transactions o where o.station = w.station and o.state = 'open' and o.evse = w.evse
        order by started_at desc limit 1) o on true
"""

DOUBT = """
    update transactions set suspect = array_append(suspect, 'foreign_transaction')
    where id = any($1::uuid[]) and not 'foreign_transaction' = any(suspect)
"""


@dataclass(slots=True)
class Vouched:
    """The transaction last named at each plug, looked into once: a steady stream of readings asks nobody."""

    named: dict[str, dict[int, str]] = field(default_factory=dict)
    """Station -> EVSE -> the transaction."""

    def is_new(self, station: str, said: MeterReported) -> bool:
        if said.transaction is None:
            return False
        plugs = self.named.get(station)
        return plugs is None or plugs.get(said.evse) != said.transaction

    def vouch(self, station: str, said: MeterReported) -> None:
        self.named.setdefault(station, {})[said.evse] = said.transaction or ""

    def forget(self, station: str) -> None:
        """Something began or ended there."""
        self.named.pop(station, None)


async def look_into(
    conn: Conn, heards: Sequence[Heard[MeterReported]], vouched: Vouched, notes: Notes
) -> None:
    """Whether those named for the first time run at that plug; note it where not."""
    for heard in heards:
        vouched.vouch(heard.station, heard.said)
    asked = [h for h in heards if h.said.transaction not in ("", "0", "-1")]
    if not asked:
        return
    rows = await conn.fetch(
        NAMED, list(range(len(asked))), [h.station for h in asked], [h.said.evse for h in asked],
        [h.said.transaction for h in asked], [_number(h.said.transaction or "") for h in asked],
    )
    doubted = []
    for row in rows:
        heard = asked[row["i"]]
        if _is_foreign(row["id"], row["state"], row["stopped_at"], row["evse"], heard):
            notes.suspect(
                heard, "foreign_transaction", str(row["open"]) if row["open"] else None,
                named=heard.said.transaction, evse=heard.said.evse,
            )
            notes.rule(heard, "foreign_transaction")
            doubted += [row["open"]] if row["open"] else []
    if doubted:
        await conn.execute(DOUBT, doubted)


def _is_foreign(
    id: object, state: str | None, stopped_at: datetime | None, evse: int | None, heard: Heard[MeterReported]
) -> bool:
    if id is None:
        return True
    if evse is not None and heard.said.evse not in (0, evse):
        return True
    at = max((r.at for r in heard.said.readings), default=heard.received_at)
    return state == "closed" and (stopped_at is None or at > stopped_at + CLOSING)


def _number(said: str) -> int | None:
    return int(said) if said.lstrip("-").isdecimal() and len(said) < 10 else None
