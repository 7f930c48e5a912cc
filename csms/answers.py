"""What follows from a station's answer: an accepted question has changed something at the station."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from csms import (
    certificates,
    displays,
    firmware,
    grid,
    local_lists,
    monitoring,
    notices,
    posted_tariffs,
    profiles,
    reservations,
    streams,
    swaps,
    transactions,
    variables,
)
from csms.kit.db import Conn
from csms.vocabulary import (
    AdjustStream,
    CancelReservation,
    CertificatesTold,
    ChangeTariff,
    ClearGridControls,
    ClearMonitors,
    ClearProfiles,
    ClearTariffs,
    Command,
    CommandState,
    CompositeTold,
    DeleteCertificate,
    DeliverCertificate,
    GridControlTaken,
    InstallCertificate,
    ListCertificates,
    ListVersionTold,
    MonitorsCleared,
    MonitorsSet,
    PostTariff,
    PublishFirmware,
    Reserve,
    SendList,
    SetGridControl,
    SetMonitoringBase,
    SetMonitoringLevel,
    SetNetworkProfile,
    SetProfile,
    Show,
    Start,
    StreamsTold,
    SwapBattery,
    TakeDown,
    TariffsCleared,
    TariffsTold,
    TellCost,
    Told,
    TransactionStatusTold,
    UpdateFirmware,
    UpdateLimit,
    VariablesReported,
    VariablesWritten,
    VariableValue,
)
from csms.vocabulary.heard import Heard, Notes

ALREADY_GONE = frozenset({"Unknown", "NotFound", "Rejected"})
"""Asked to give up what it does not have, a station says one of these: then it is gone all the same."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A question of ours with its answer, as a feature needs it."""

    station: str
    seq: int
    at: datetime
    asked: Command
    state: str
    word: str | None
    """The status in the answer."""
    told: Told | None = None
    by: str | None = None


def word_of(answer: Mapping[str, Any] | None, told: Told | None) -> str | None:
    """The one status that an answer comes to; a reboot wanted for one variable is wanted."""
    if isinstance(told, VariablesWritten):
        words = [word for _, word in told.results]
        return "RebootRequired" if "RebootRequired" in words else next(iter(words), None)
    word = (answer or {}).get("status")
    return word if isinstance(word, str) else None


async def follow(conn: Conn, it: Answered, notes: Notes) -> None:
    """Change what is known of the station as its answer says."""
    if it.told is not None:
        await _note_told(conn, it, it.told, notes)
    if it.state == CommandState.ACCEPTED:
        await _carry_out(conn, it)
    else:
        await _give_up(conn, it)


async def _note_told(conn: Conn, it: Answered, told: Told, notes: Notes) -> None:
    match told:
        case VariablesReported():
            await variables.note(conn, [Heard(it.station, it.seq, it.at, told)])
        case VariablesWritten():
            await variables.note_written(conn, it.station, told, it.at, it.by)
        case ListVersionTold():
            await local_lists.note_version(conn, it.station, told, it.at)
        case CompositeTold():
            await profiles.keep_composite(conn, it.station, told, it.at, it.seq)
        case CertificatesTold():
            types = it.asked.types if isinstance(it.asked, ListCertificates) else ()
            await certificates.note_held(conn, it.station, told, types, it.at)
        case MonitorsSet(monitors=monitors):
            await monitoring.keep(conn, it.station, monitors, it.at)
        case MonitorsCleared(ids=ids):
            await monitoring.clear(conn, it.station, ids, it.at)
        case TransactionStatusTold():
            said = getattr(it.asked, "transaction", None)
            if said is not None and told.ongoing is False and not told.messages_queued:
                await transactions.doubt_running(conn, it.station, said, it.at, it.seq, notes)
        case GridControlTaken(superseded=ids):
            await grid.supersede(conn, it.station, ids, it.at)
        case StreamsTold():
            await streams.note_all(conn, it.station, told, it.at, it.seq)
        case TariffsTold():
            await posted_tariffs.note_all(conn, it.station, told, it.at, it.seq)
        case TariffsCleared():
            if isinstance(it.asked, ClearTariffs):
                await posted_tariffs.clear(conn, it.station, it.asked, told, it.at)
        case _:
            assert_never(told)


async def _carry_out(conn: Conn, it: Answered) -> None:
    station, seq, at = it.station, it.seq, it.at
    match it.asked:
        case SetProfile(evse=evse, profile=profile):
            await profiles.install(conn, station, evse, profile, source="csms", at=at, seq=seq)
        case Start(evse=evse, profile=profile, remote_start_id=id) if profile is not None:
            await profiles.install(
                conn, station, evse or 0, profile, source="csms", at=at, seq=seq, remote_start_id=id
            )
        case ClearProfiles():
            await profiles.clear(conn, station, it.asked, at, seq)
        case Reserve():
            await reservations.make(conn, station, it.asked, at, seq)
        case CancelReservation(id=id):
            await reservations.end(conn, [(station, id, "cancelled", at, None)])
        case SendList():
            await local_lists.take(conn, station, it.asked, at)
        case UpdateFirmware() | PublishFirmware():
            await firmware.ask(conn, station, it.asked, at, seq)
        case Show(display=shown):
            await displays.put(conn, station, shown, at)
        case TakeDown(id=id):
            await displays.take_down(conn, station, id, at)
        case InstallCertificate(type=type, pem=pem):
            await certificates.install(conn, station, type, pem, at, seq)
        case DeleteCertificate(name=name):
            await certificates.delete(conn, station, name, at)
        case DeliverCertificate(type=type):
            await certificates.deliver(conn, station, type, True, at)
        case SetMonitoringBase(base=base):
            if base != "All":  # what others had set is gone (2.0.1 N05)
                await monitoring.clear(conn, station, None, at)
            await _monitoring(conn, it, "ActiveMonitoringBase", base)
        case SetMonitoringLevel(severity=severity):
            await _monitoring(conn, it, "ActiveMonitoringLevel", str(severity))
        case SetNetworkProfile(slot=slot, profile=connection):
            await notices.keep_network(conn, station, slot, connection, at)
        case TellCost(transaction=said, total=total):
            await notices.keep_cost(conn, station, said, total, at, seq)
        case UpdateLimit():
            await profiles.update(conn, station, it.asked, at, seq)
        case SetGridControl(control=control):
            await grid.put(conn, station, control, at, seq)
        case ClearGridControls():
            await grid.clear(conn, station, it.asked, at)
        case AdjustStream():
            await streams.adjust(conn, station, it.asked)
        case SwapBattery():
            await swaps.ask(conn, station, it.asked, at, seq)
        case PostTariff():
            await posted_tariffs.post(conn, station, it.asked, at, seq)
        case ChangeTariff():
            await posted_tariffs.change(conn, station, it.asked, at, seq)


async def _give_up(conn: Conn, it: Answered) -> None:
    """A no that tells that the thing is not there."""
    match it.asked:
        case ClearProfiles() if it.word in ALREADY_GONE - {"Rejected"}:
            await profiles.clear(conn, it.station, it.asked, it.at, it.seq)
        case CancelReservation(id=id) if it.word in ALREADY_GONE:
            await reservations.end(conn, [(it.station, id, "removed", it.at, None)])
        case TakeDown(id=id) if it.word in ALREADY_GONE - {"Rejected"}:
            await displays.take_down(conn, it.station, id, it.at)
        case DeleteCertificate(name=name) if it.word in ALREADY_GONE - {"Rejected"}:
            await certificates.delete(conn, it.station, name, it.at)
        case DeliverCertificate(type=type) if it.state == CommandState.REJECTED:
            await certificates.deliver(conn, it.station, type, False, it.at)
        case ClearGridControls() if it.word == "NotFound":
            await grid.clear(conn, it.station, it.asked, it.at)
        case ClearMonitors():
            pass  # told id by id


async def _monitoring(conn: Conn, it: Answered, variable: str, value: str) -> None:
    await variables.keep(conn, [(it.station, VariableValue("MonitoringCtrlr", variable, value), it.at)])
