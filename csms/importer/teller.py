"""One station's history told line by line, as entries for the writer."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from csms import commands
from csms.errors import StationMistake
from csms.importer.lines import Row
from csms.inbox import Arrival, Departure, Entry, Recall, Settlement
from csms.journal import Line
from csms.ocpp import TRANSLATORS, Answered, Asked, Broken, Link, Stray, decode
from csms.ocpp.acceptance import EARLY, NOT_YET
from csms.ocpp.veil import MASKED
from csms.vocabulary import Command, Reply
from csms.vocabulary.heard import record_id


@dataclass(slots=True)
class _Asked:
    """A command of history whose answer may still come."""

    id: str
    kind: str
    action: str
    evse: int | None
    at: datetime
    asked: Command
    payload: Mapping[str, Any]
    by: str | None


class Teller:
    """One station's history, line by line, as entries for the writer. `strict`: nothing it said is repaired."""

    def __init__(self, station: str, rows: Sequence[Row], protocol: str | None, *, strict: bool = False) -> None:
        self.station = station
        self.strict = strict
        self.rows = deque(rows)
        self.protocol = protocol or _guess(rows)
        self.answers, self.early = _answers(rows)
        self.open: dict[str, _Asked] = {}

    def next(self, seq: int) -> Entry:
        """The next line's entry, which will be number `seq` in the station's journal."""
        row = self.rows.popleft()
        entry = self._told(row, seq)
        if MASKED in row.repairs:
            entry.line = replace(entry.line, repairs=(*entry.line.repairs, MASKED))
        return entry

    def _told(self, row: Row, seq: int) -> Entry:
        match row.kind:
            case "connected":
                self.protocol = row.protocol or self.protocol
                line = Line(row.station, row.at, "connected", action=self.protocol, repairs=row.repairs)
                return Entry(line, then=Arrival(self.protocol))
            case "disconnected":
                return Entry(Line(row.station, row.at, "disconnected", row.frame), then=Departure(row.code))
            case "sent":
                return self._sent(row, seq)
            case _:
                return self._received(row)

    def _sent(self, row: Row, seq: int) -> Entry:
        asked = Link(self.protocol).receive(row.frame or "")
        if not isinstance(asked, Asked):
            id, action = _named(row.frame or "")
            return Entry(Line(row.station, row.at, "sent", row.frame, id, action, by=row.by, complaint=row.complaint))
        command = TRANSLATORS[self.protocol].read_command(asked.action, asked.payload)
        id = record_id("command", row.station, seq)
        kind = commands.KINDS[type(command)]
        self.open[asked.id] = _Asked(
            id, kind, asked.action, getattr(command, "evse", None), row.at, command, asked.payload, row.by
        )
        line = Line(row.station, row.at, "sent", row.frame, asked.id, asked.action, by=row.by, complaint=row.complaint)
        return Entry(line, then=Recall(id, command, asked.action, asked.payload))

    def _received(self, row: Row) -> Entry:
        heard = Link(self.protocol, strict=self.strict).receive(row.frame or "")
        match heard:
            case Asked():
                return self._asked(row, heard)
            case Stray() | Answered():
                return self._answered(row, heard)
            case Broken(id=id, action=action):
                return Entry(Line(
                    row.station, row.at, "received", row.frame, id, action, repairs=() if id else ("unreadable",)
                ))
            case _:
                return Entry(Line(row.station, row.at, "received", row.frame, heard.id))

    def _asked(self, row: Row, asked: Asked) -> Entry:
        try:
            decoded = decode(self.protocol, asked.action, asked.payload, self.strict)
        except StationMistake:
            return Entry(Line(
                row.station, row.at, "received", row.frame, asked.id, asked.action,
                repairs=asked.repairs if asked.answerable else (*asked.repairs, "unreadable"),
            ))
        line = Line(
            row.station, row.at, "received", row.frame, asked.id, asked.action, getattr(decoded.message, "at", None),
            repairs=(*asked.repairs, *decoded.repairs, *((EARLY,) if row.number in self.early else ())),
        )
        return Entry(line, decoded.message, recorded=self._recorded(row, asked))

    def _recorded(self, row: Row, asked: Asked) -> Reply:
        payload = self.answers.get(row.number)
        if payload is None:
            return Reply(row.at, token_status="Invalid" if row.number in self.early else None)
        return TRANSLATORS[self.protocol].read_reply(asked.action, payload, row.at)

    def _answered(self, row: Row, heard: Stray | Answered) -> Entry:
        asked = self.open.pop(heard.id, None)
        if asked is None:
            return Entry(Line(row.station, row.at, "received", row.frame, heard.id))
        translator = TRANSLATORS[self.protocol]
        state = translator.read_outcome(asked.action, heard.payload, heard.error_code)
        told = None
        if heard.payload is not None:
            told = translator.read_answer(asked.action, asked.payload, heard.payload)
        answer = heard.payload if heard.payload is not None else {
            "errorCode": heard.error_code, "errorDescription": heard.error_description
        }
        return Entry(
            Line(row.station, row.at, "received", row.frame, heard.id, asked.action),
            then=Settlement(asked.id, asked.kind, state, answer, asked.evse, asked.asked, told, asked.by),
        )


def _guess(rows: Sequence[Row]) -> str:
    """The version of a station that never said it: told from its boot, else the commonest."""
    named = next((row.protocol for row in rows if row.protocol), None)
    later = any('"chargingStation"' in (row.frame or "") or '"TransactionEvent"' in (row.frame or "") for row in rows)
    return named or ("ocpp2.0.1" if later else "ocpp1.6")


def _answers(rows: Sequence[Row]) -> tuple[dict[int, Mapping[str, Any]], set[int]]:
    """Line number of a question -> the payload it was answered with; and of those that came before the station was
    accepted. Message ids come again; pairs are near.
    """
    found: dict[int, Mapping[str, Any]] = {}
    early: set[int] = set()
    waiting: dict[str, int] = {}
    for row in rows:
        if row.kind not in ("received", "sent"):
            continue
        heard = Link("ocpp2.1").receive(row.frame or "")
        if row.kind == "received" and isinstance(heard, Asked):
            waiting[heard.id] = row.number
        elif row.kind == "sent" and isinstance(heard, Stray) and heard.id in waiting:
            if heard.payload is not None:
                found[waiting.pop(heard.id)] = heard.payload
            elif heard.error_code == NOT_YET:
                early.add(waiting.pop(heard.id))
    return found, early


def _named(text: str) -> tuple[str | None, str | None]:
    """(message id, None) of an answer of ours."""
    heard = Link("ocpp2.1").receive(text)
    return (heard.id if isinstance(heard.id, str) else None), None
