"""Reading a scenario, and telling it to a central system again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
import yaml

from complaints.intake.form import ComplaintIn, read as read_complaint
from complaints.scenario.write import FORMAT
from csms.api import Csms
from csms.errors import BadInput
from csms.kit.clock import parse_time
from csms.vocabulary import Payment


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario, as written."""

    filed_at: datetime
    assessed_at: datetime
    tariffs: Mapping[str, Sequence[Mapping[str, Any]]]
    stations: Mapping[str, Mapping[str, Any]]
    tokens: Sequence[Mapping[str, str]]
    journal: Sequence[bytes]
    payments: Sequence[Mapping[str, Any]]
    complaint: ComplaintIn
    expect: Mapping[str, Any]


def read(text: str) -> Scenario:
    """From YAML or JSON. Raises BadInput naming what is missing."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadInput("scenario", f"is neither YAML nor JSON: {error}") from None
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise BadInput("format", f"must be {FORMAT}")
    try:
        return Scenario(
            parse_time(raw["filed_at"]), parse_time(raw["assessed_at"]), raw["tariffs"], raw["stations"],
            raw.get("tokens", ()), _lines(raw["journal"]), raw["payments"], read_complaint(raw["complaint"]),
            raw["expect"],
        )
    except KeyError as error:
        raise BadInput(str(error.args[0]), "is missing") from None


def _lines(journal: str | Sequence[Mapping[str, Any]]) -> list[bytes]:
    if isinstance(journal, str):
        return [line.encode() for line in journal.splitlines() if line.strip()]
    return [orjson.dumps(line) for line in journal]


async def load(csms: Csms, scenario: Scenario) -> None:
    """Everything but the complaint itself, which is filed like any other at `filed_at`."""
    for id, versions in scenario.tariffs.items():
        for body in versions:
            await csms.put_tariff(id, body)
    for id, station in scenario.stations.items():
        fields = {name: value for name, value in station.items() if name not in ("connectors", "protocol")}
        await csms.put_station(id, fields, station.get("connectors", ()))
    report = await csms.archive.import_lines(scenario.journal)
    if report.rejected:
        raise BadInput("journal", str(report.rejected[:3]))
    for token in scenario.tokens:
        await csms.put_token(token["token"], {"status": "Accepted", "customer": token["customer"]})
    for payment in scenario.payments:
        await csms.record_payment(_payment(payment))


def _payment(body: Mapping[str, Any]) -> Payment:
    return Payment(**{**body, "amount": Decimal(body["amount"]), "at": parse_time(body["at"])})
