"""What forbids a remote action just now (contract/codes.md, G1 to G7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from csms.kit.db import Conn
from csms.vocabulary import (
    FIRMWARE_BUSY,
    FIRMWARE_FORGOTTEN,
    Command,
    Fault,
    Reset,
    SetAvailability,
    Start,
    Transaction,
    Unlock,
    UpdateFirmware,
    is_dangerous,
)

RESETS_AN_HOUR, HARD_RESETS_A_DAY = 2, 1
QUEUE_AFTER_OFFLINE = timedelta(minutes=10)
IN_USE = frozenset({"Charging", "SuspendedEV", "SuspendedEVSE", "Finishing"})

RESETS = """
    select requested_at, (body ->> 'hard')::boolean as hard from commands
    where station = $1 and kind = 'reset' and requested_at > $2 and state not in ('offline', 'expired', 'rejected')
"""

LAST_OFFLINE = "select max(disconnected_at) from connections where station = $1"

STATION_STATE = "select firmware_status, firmware_status_at from stations where id = $1"

PLUGS = "select evse, status, status_at from connectors where station = $1 and evse > 0"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the guards look at."""

    transactions: Sequence[Transaction] = ()
    plugs: Mapping[int, tuple[str | None, datetime | None]] = field(default_factory=dict)
    last_offline: datetime | None = None
    firmware_status: str | None = None
    resets: Sequence[tuple[datetime, bool]] = ()
    faults: Sequence[Fault] = ()
    """Those open now."""


def live(circumstances: Circumstances) -> list[Transaction]:
    """Open transactions whose plug has not been reported free since: a lost stop blocks nothing."""
    def freed(t: Transaction) -> bool:
        status, at = circumstances.plugs.get(t.evse or 0, (None, None))
        return status == "Available" and at is not None and at > t.started_at
    return [t for t in circumstances.transactions if t.state == "open" and not freed(t)]


def guards(command: Command, around: Circumstances, now: datetime) -> list[str]:
    """Which of G1 (by open faults alone), G2, G3, G4, G5, G7 forbid it now."""
    running = live(around)
    match command:
        case Reset(hard=hard, evse=evse):
            used = {e for e, (status, _) in around.plugs.items() if status in IN_USE} | {t.evse for t in running}
            found = {
                "G1": dangerous(around, evse),
                "G2": bool(used if evse is None else used & {evse}),
                "G3": hard and _queue_may_be_lost(around, running, now),
                "G4": around.firmware_status in FIRMWARE_BUSY,
                "G7": _too_many(around.resets, hard, now),
            }
            return [guard for guard, forbids in found.items() if forbids]
        case Unlock(evse=evse):
            found = {"G1": dangerous(around, evse), "G5": any(t.evse == evse for t in running)}
            return [guard for guard, forbids in found.items() if forbids]
        case Start(evse=evse) | SetAvailability(operative=True, evse=evse):
            return ["G1"] if dangerous(around, evse or None) else []
        case UpdateFirmware():
            found = {"G2": bool(running), "G4": around.firmware_status in FIRMWARE_BUSY}
            return [guard for guard, forbids in found.items() if forbids and command.install_at is None]
        case _:
            return []


def dangerous(around: Circumstances, evse: int | None) -> bool:
    """A fault that may hurt somebody is open at that EVSE or at the station as a whole (None: anywhere).

    What drivers say of danger is the case's to weigh.
    """
    return any(is_dangerous(f) and (evse is None or f.evse in (0, evse)) for f in around.faults)


def _queue_may_be_lost(around: Circumstances, running: Sequence[Transaction], now: datetime) -> bool:
    """Just back from an offline spell, or messages of a running session are missing."""
    just_back = around.last_offline is not None and now - around.last_offline < QUEUE_AFTER_OFFLINE
    return just_back or any("seq_gap" in t.suspect for t in running)


def _too_many(resets: Sequence[tuple[datetime, bool]], hard: bool, now: datetime) -> bool:
    last_hour = [at for at, _ in resets if now - at < timedelta(hours=1)]
    hard_today = [at for at, was_hard in resets if was_hard and now - at < timedelta(days=1)]
    return len(last_hour) >= RESETS_AN_HOUR or (hard and len(hard_today) >= HARD_RESETS_A_DAY)


async def circumstances(
    conn: Conn, station: str, running: Sequence[Transaction], now: datetime, faults: Sequence[Fault] = ()
) -> Circumstances:
    state = await conn.fetchrow(STATION_STATE, station)
    plugs = {row["evse"]: (row["status"], row["status_at"]) for row in await conn.fetch(PLUGS, station)}
    resets = [(r["requested_at"], bool(r["hard"])) for r in await conn.fetch(RESETS, station, now - timedelta(days=1))]
    updating = state and state["firmware_status_at"] and now - state["firmware_status_at"] < FIRMWARE_FORGOTTEN
    return Circumstances(
        transactions=running, plugs=plugs, last_offline=await conn.fetchval(LAST_OFFLINE, station),
        firmware_status=state["firmware_status"] if updating else None, resets=resets, faults=faults,
    )
