"""Whatever a station sends: it is understood, or refused as its mistake, and nothing else happens."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from csms.errors import StationMistake
from csms.ocpp import TRANSLATORS, Asked, Link, decode, schemas
from csms.vocabulary import CommandState, MeterReported, Reply
from tools.examples import example

RECORDED = [
    json.loads(line) for line in Path(__file__).with_name("recorded.ndjson").read_text("utf-8").splitlines() if line
]
REPLY = Reply(datetime(2026, 11, 22, tzinfo=UTC), number=1, token_status="Accepted")

said = st.sampled_from([(protocol, action) for protocol in TRANSLATORS for action in sorted(schemas.SAID[protocol])])
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=60)
    | st.sampled_from(["", " ", "1", "1,5", "-1.0", "nan", "Charging", "charging", "2026-01-01", 1e300, 2**70, -1])
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def accept(protocol: str, action: str, payload: dict[str, Any]) -> None:
    try:
        heard = decode(protocol, action, payload)
    except StationMistake:
        return
    if action != "NotifyPeriodicEventStream":
        schemas.check(heard.protocol, action, heard.answer(REPLY), answer=True)


@pytest.mark.parametrize("row", RECORDED, ids=lambda row: f"{row['protocol']}-{row['frame'][2]}")
def test_what_real_stations_sent_is_understood_without_repair(row):
    asked = Link(row["protocol"]).receive(json.dumps(row["frame"]))
    assert isinstance(asked, Asked)
    if asked.action == "CustomOperation":
        with pytest.raises(StationMistake) as refusal:
            decode(row["protocol"], asked.action, asked.payload)
        assert refusal.value.code == "NotImplemented"
        return
    heard = decode(row["protocol"], asked.action, asked.payload, strict=True)
    schemas.check(row["protocol"], asked.action, heard.answer(REPLY), answer=True)
    if isinstance(heard.message, MeterReported):
        assert any(reading.energy_wh is not None for reading in heard.message.readings)


@settings(max_examples=400, deadline=None)
@given(said, st.dictionaries(st.text(max_size=8), anything, max_size=4))
def test_any_payload_is_understood_or_refused(message, payload):
    accept(*message, payload)


@settings(max_examples=800, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(said, st.booleans(), st.data())
def test_any_damaged_payload_is_understood_or_refused(message, full, data):
    payload = deepcopy(example(*message, full))
    for _ in range(data.draw(st.integers(1, 4))):
        damage(payload, data)
    accept(*message, payload)


def damage(payload: dict[str, Any], data: st.DataObject) -> None:
    """Change one value somewhere, take it out, or put another beside it."""
    node: Any = payload
    while True:
        if isinstance(node, dict) and node:
            key = data.draw(st.sampled_from(sorted(node)))
        elif isinstance(node, list) and node:
            key = data.draw(st.integers(0, len(node) - 1))
        else:
            return
        if isinstance(node[key], dict | list) and node[key] and data.draw(st.booleans()):
            node = node[key]
            continue
        match data.draw(st.sampled_from(["change", "remove", "add"])):
            case "change":
                node[key] = data.draw(anything)
            case "remove":
                del node[key]
            case "add" if isinstance(node, dict):
                node[data.draw(st.text(max_size=8))] = data.draw(anything)
            case "add":
                node.insert(key, data.draw(anything))
        return


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(TRANSLATORS)), st.data())
def test_any_answer_to_a_command_means_something(protocol, data):
    action = data.draw(st.sampled_from(sorted(schemas.ASKED[protocol])))
    names = ["status", "getVariableResult", "setVariableResult", "configurationKey", "clearMonitoringResult"]
    payload = data.draw(st.none() | st.dictionaries(st.sampled_from(names), anything | st.lists(anything)))
    translator = TRANSLATORS[protocol]
    assert translator.read_outcome(action, payload, None) in CommandState
    translator.read_variables(action, payload or {})
    translator.read_reply(action, payload or {}, REPLY.now)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(TRANSLATORS)), st.data())
def test_any_recorded_command_means_something(protocol, data):
    action = data.draw(st.sampled_from(sorted(schemas.ASKED[protocol])))
    payload = example(protocol, action, full=data.draw(st.booleans()))
    damage(payload, data)
    assert TRANSLATORS[protocol].read_command(action, payload) is not None


def test_a_repaired_payload_can_be_kept_as_json():
    heard = decode("ocpp1.6", "DataTransfer", {"vendorId": "V", "data": "\N{SNOWMAN}", "more": 1})
    assert orjson.loads(orjson.dumps(heard.payload)) == heard.payload
