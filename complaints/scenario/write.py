"""Writing a scenario from frozen evidence and the frames it stands on. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import yaml

from complaints.cases import Case
from complaints.scenario.scrub import Scrub, weeks_for
from csms.api import FrameRow
from csms.kit.clock import parse_time

FORMAT = "ohmbudsman-scenario/1"
WORDS = "(The driver's words are left out of scenarios.)"


@dataclass(frozen=True, slots=True)
class Material:
    """What a scenario is made of. `story` and `judgement` are a frozen version's, as JSON."""

    case: Case
    assessed_at: datetime
    story: Mapping[str, Any]
    judgement: Mapping[str, Any]
    claim: Mapping[str, Any]
    frames: Sequence[FrameRow]
    stations_known: frozenset[str]
    """Which of the named stations exist at all."""


def write(given: Material) -> dict[str, Any]:
    """The scenario as plain values; `journal` is a list of lines in the journal's own format."""
    story = given.story
    zones = [t["timezone"] for t in story["tariffs"]]
    span = [parse_time(story["since"]), parse_time(story["until"]), given.assessed_at]
    scrub = Scrub(weeks_for(given.case.filed_at, zones, span))
    _name_all(scrub, given)
    return {
        "format": FORMAT,
        "title": f"{given.case.topic}: {given.judgement['verdict']}, {given.judgement['liability']}",
        "filed_at": _iso(scrub, given.case.filed_at), "assessed_at": _iso(scrub, given.assessed_at),
        "tariffs": {scrub.names.of("tariff", t["id"]): [] for t in story["tariffs"]} | _tariffs(scrub, story),
        "stations": _stations(scrub, given),
        "tokens": _tokens(scrub, given),
        "journal": _journal(scrub, given),
        "payments": [_payment(scrub, story, p) for p in story["payments"]],
        "complaint": _complaint(scrub, given.case),
        "expect": _expect(scrub, given),
    }


def as_yaml(scenario: Mapping[str, Any]) -> str:
    """The readable form: YAML, the journal as a block of NDJSON."""
    lines = "".join(orjson.dumps(line).decode() + "\n" for line in scenario["journal"])
    text = yaml.dump(
        {**scenario, "journal": _Block(lines)}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000
    )
    return str(text)


class _Block(str):
    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    pass


def _block(dumper: yaml.SafeDumper, text: _Block) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")


_Dumper.add_representer(_Block, _block)


# --- parts ------------------------------------------------------------------------------------


def _name_all(scrub: Scrub, given: Material) -> None:
    """Names are given out before anything is written, so that free text loses them too."""
    names, case = scrub.names, given.case
    story = given.story
    for station in [story["station"]["id"], case.station, *(s["id"] for s in story["other_stations"])]:
        if station:
            names.of("station", station)
    for token in [case.customer_token, *given.claim.get("also", ()), *(t["token"] for t in story["transactions"])]:
        if token:
            names.of("token", token)
    for payment in story["payments"]:
        names.of("payment", payment["reference"])
        for kind in ("order", "payer", "merchant"):
            if payment[kind]:
                _contact(scrub, case, kind, payment[kind])
    for kind, value in (
        ("phone", case.customer_phone), ("email", case.customer_email), ("plate", case.customer_plate),
        ("driver", case.customer_name), ("order", case.order_ref), ("payment", case.payment_reference),
        ("case", case.number), ("site", story["station"].get("site")), ("site", story["station"].get("name")),
    ):
        if value:
            names.of(kind, value)


def _contact(scrub: Scrub, case: Case, kind: str, value: str) -> str:
    """A payer who is known by his phone or address stays the one who complains."""
    own = {"phone": case.customer_phone, "email": case.customer_email}
    kinds = [name for name, real in own.items() if real == value]
    return scrub.names.of(kinds[0] if kinds else kind, value)


def _iso(scrub: Scrub, at: datetime) -> str:
    return exact(scrub.at(at))


def exact(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _tariffs(scrub: Scrub, story: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    made: dict[str, list[dict[str, Any]]] = {}
    for tariff in story["tariffs"]:
        body: dict[str, Any] = {
            "currency": tariff["currency"], "timezone": tariff["timezone"],
            "valid_from": _iso(scrub, parse_time(tariff["valid_from"])), "start_fee": str(tariff["start_fee"]),
            "periods": [
                {"from": _clock(p["start_minute"]), "to": _clock(p["end_minute"]),
                 "energy_price": str(p["energy_price"]), "service_price": str(p["service_price"])}
                for p in tariff["periods"]
            ],
        }
        if idle := tariff["idle"]:
            body["idle"] = {
                "grace_minutes": idle["grace_minutes"], "price_per_minute": str(idle["price_per_minute"]),
            } | ({"cap": str(idle["cap"])} if idle["cap"] is not None else {})
        made.setdefault(scrub.names.of("tariff", tariff["id"]), []).append(body)
    return made


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _stations(scrub: Scrub, given: Material) -> dict[str, dict[str, Any]]:
    story = given.story
    made = {}
    for station in [story["station"], *story["other_stations"]]:
        if station["id"]:
            made[scrub.names.of("station", station["id"])] = _station(scrub, station)
    for id in (given.case.station, *(row["station"] for row in (*story["elsewhere"], *story["neighbours"]))):
        if id and id in given.stations_known:
            made.setdefault(scrub.names.of("station", id), {})
    return made


def _station(scrub: Scrub, station: Mapping[str, Any]) -> dict[str, Any]:
    body = {name: station[name] for name in ("vendor", "model", "firmware", "max_power_w") if station[name] is not None}
    if station["site"]:
        body["site"] = scrub.names.of("site", station["site"])
    if station["tariff"]:
        body["tariff"] = scrub.names.of("tariff", station["tariff"])
    plugs = [
        {name: plug[name] for name in ("evse", "connector", "type", "max_power_w") if plug[name] is not None}
        for plug in station["connectors"]
    ]
    return body | {"protocol": station["protocol"], "connectors": plugs}


def _tokens(scrub: Scrub, given: Material) -> list[dict[str, str]]:
    """Tokens the driver was known by from earlier: entered for whatever he is reached by."""
    case = given.case
    reached = [
        scrub.names.of(kind, value) for kind, value in (
            ("phone", case.customer_phone), ("email", case.customer_email), ("plate", case.customer_plate)
        ) if value
    ]
    also = [t for t in given.claim.get("also", ()) if t.casefold() != (case.customer_plate or "").casefold()]
    return [{"token": scrub.names.of("token", t), "customer": reached[0]} for t in also if reached]


def _journal(scrub: Scrub, given: Material) -> list[dict[str, Any]]:
    story, rows = given.story, sorted(given.frames, key=lambda f: (f.received_at, f.station, f.seq))
    from_cases = {c["frame"] for c in story["commands"] if c["complaint"]}
    timed = [(f.received_at, 1, _line(scrub, f, f.id in from_cases)) for f in rows]
    events = {(f.station, f.received_at, f.kind) for f in rows}
    for one in (*story["connections"], *story["neighbours"]):
        timed += [e for e in _connection(scrub, one) if (one["station"], e[0], e[2]["kind"]) not in events]
    timed += [_unsent(scrub, c, n) for n, c in enumerate(story["commands"], 1) if c["frame"] is None]
    return [line for _, _, line in sorted(timed, key=lambda t: t[:2])]


def _line(scrub: Scrub, frame: FrameRow, from_case: bool) -> dict[str, Any]:
    line: dict[str, Any] = {
        "station": scrub.names.of("station", frame.station), "at": _iso(scrub, frame.received_at), "kind": frame.kind,
    }
    match frame.kind:
        case "connected":
            return line | ({"protocol": frame.action} if frame.action else {})
        case "disconnected":
            return line | ({"code": int(frame.frame)} if frame.frame else {})
        case _:
            line["frame"] = scrub.frame(frame.station, frame.frame or "")
            line |= {"by": scrub.by(frame.by)} if frame.by else {}
            return line | ({"complaint": "case"} if from_case else {})


def _connection(scrub: Scrub, one: Mapping[str, Any]) -> list[tuple[datetime, int, dict[str, Any]]]:
    station = scrub.names.of("station", one["station"])
    opened = parse_time(one["connected_at"])
    protocol = {"protocol": one["protocol"]} if one["protocol"] else {}
    events = [(opened, 0, {"station": station, "at": _iso(scrub, opened), "kind": "connected", **protocol})]
    if one["disconnected_at"]:
        closed = parse_time(one["disconnected_at"])
        code = {"code": one["code"]} if one["code"] is not None else {}
        events.append((closed, 2, {"station": station, "at": _iso(scrub, closed), "kind": "disconnected", **code}))
    return events


def _unsent(scrub: Scrub, command: Mapping[str, Any], n: int) -> tuple[datetime, int, dict[str, Any]]:
    """A command that never left us has no frame; that it was asked is what counts."""
    at = parse_time(command["requested_at"])
    payload = scrub.payload(command["station"], dict(command["payload"]))
    line = {
        "station": scrub.names.of("station", command["station"]), "at": _iso(scrub, at), "kind": "sent",
        "frame": [2, f"unsent-{n}", command["action"], payload], "by": scrub.by(command["requested_by"] or ""),
    }
    return at, 1, line | ({"complaint": "case"} if command["complaint"] else {})


def _payment(scrub: Scrub, story: Mapping[str, Any], payment: Mapping[str, Any]) -> dict[str, Any]:
    names = scrub.names
    body: dict[str, Any] = {
        "reference": names.of("payment", payment["reference"]), "kind": payment["kind"],
        "amount": str(payment["amount"]), "currency": payment["currency"],
        "at": _iso(scrub, parse_time(payment["at"])), "method": payment["method"], "evse": payment["evse"],
        "station": payment["station"] and names.of("station", payment["station"]),
        "token": payment["token"] and names.of("token", payment["token"]),
        "of": payment["of"] and names.of("payment", payment["of"]),
        **{kind: payment[kind] and names.given[_kind(names.given, kind, payment[kind])][payment[kind].casefold()]
           for kind in ("order", "payer", "merchant")},
    }
    if payment["transaction"]:
        body |= _paid_for(scrub, story, payment)
    return {name: value for name, value in body.items() if value is not None}


def _kind(given: Mapping[str, Mapping[str, str]], kind: str, value: str) -> str:
    return next((k for k in ("phone", "email", kind) if value.casefold() in given.get(k, {})), kind)


def _paid_for(scrub: Scrub, story: Mapping[str, Any], payment: Mapping[str, Any]) -> dict[str, Any]:
    """Our own ids are new in every database: a payment names its transaction as the station does."""
    meant = next((t for t in (*story["transactions"], *story["elsewhere"]) if t["id"] == payment["transaction"]), None)
    if meant is not None:
        return {"transaction": _said(scrub, meant), "station": scrub.names.of("station", meant["station"])}
    station = payment["station"] or story["station"]["id"]
    return {"transaction": scrub.said(station, payment["transaction"])}


def _said(scrub: Scrub, transaction: Mapping[str, Any]) -> str:
    if transaction["reference"] is not None:
        return scrub.names.of("transaction", transaction["reference"])
    number = transaction["number"]
    return str(scrub.number(transaction["station"], number)) if number is not None else ""


def _complaint(scrub: Scrub, case: Case) -> dict[str, Any]:
    """What POST /complaints takes; the topic that was found from the words stands in for them."""
    names = scrub.names
    customer = {
        "phone": case.customer_phone and names.of("phone", case.customer_phone),
        "email": case.customer_email and names.of("email", case.customer_email),
        "token": case.customer_token and names.of("token", case.customer_token),
        "plate": case.customer_plate and names.of("plate", case.customer_plate),
    }
    body = {
        "channel": case.channel, "text": WORDS, "language": case.language, "topic": case.topic, "level": case.level,
        "station": case.station and names.of("station", case.station), "evse": case.evse,
        "occurred_at": _iso(scrub, case.occurred_at) if case.occurred_at else None,
        "payment_reference": case.payment_reference and names.of("payment", case.payment_reference),
        "order": case.order_ref and names.of("order", case.order_ref),
        "amount_disputed": f"{case.amount_disputed:f}" if case.amount_disputed is not None else None,
        "currency": case.currency,
        "customer": {name: value for name, value in customer.items() if value} or None,
    }
    return {name: value for name, value in body.items() if value is not None}


def _expect(scrub: Scrub, given: Material) -> dict[str, Any]:
    """What the replay has to find again: the rules' own judgement, whatever a person decided over it."""
    judgement, story = given.judgement, given.story
    decided = judgement.get("overridden", {})
    rules = {name: decided[name]["rules"] if name in decided else judgement[name] for name in ("verdict", "liability")}
    matched = judgement["transaction"]
    meant = next(
        (t for t in (*story["transactions"], *story["elsewhere"]) if matched and t["id"] == matched["id"]), None
    )
    bill = judgement["bill"]
    return {
        "transaction": _said(scrub, meant) if meant else None, **rules,
        "findings": {f["code"]: f["stance"] for f in judgement["findings"]},
        "bill": {name: bill[name] for name in ("currency", "expected", "charged")} if bill else None,
    }
