"""What is asked of stations: checked before it is sent, understood in both directions."""

from __future__ import annotations

import pytest

from csms.errors import BadInput
from csms.ocpp import TRANSLATORS, check_command, schemas
from csms.vocabulary import (
    CommandState,
    FetchLog,
    OtherCommand,
    ReadVariables,
    Reset,
    SetAvailability,
    Start,
    Stop,
    Trigger,
    VariableValue,
)
from tools.examples import example

V16, V201 = TRANSLATORS["ocpp1.6"], TRANSLATORS["ocpp2.0.1"]
ASKED = [(protocol, action) for protocol in TRANSLATORS for action in sorted(schemas.ASKED[protocol])]


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(("protocol", "action"), ASKED)
def test_every_question_of_the_specification_may_be_asked(protocol, action, full):
    payload = example(protocol, action, full)
    assert check_command(protocol, action, payload) == []
    meaning = TRANSLATORS[protocol].read_command(action, payload)
    if isinstance(meaning, OtherCommand):
        assert TRANSLATORS[protocol].write_command(meaning) == (action, payload)


@pytest.mark.parametrize(
    ("protocol", "action", "payload", "wrong"),
    [
        ("ocpp1.6", "Reset", {"type": "Gentle"}, [("type", "must be one of Hard, Soft")]),
        ("ocpp1.6", "Reset", {}, [("type", "is required")]),
        ("ocpp1.6", "Reset", {"type": "Hard", "evse": 1}, [("", "has no field evse")]),
        ("ocpp1.6", "ChangeAvailability", {"connectorId": "1", "type": "Operative"}, [("connectorId", None)]),
        (
            "ocpp2.0.1",
            "TriggerMessage",
            {"evse": {}},
            [("evse.id", "is required"), ("requestedMessage", "is required")],
        ),
        ("ocpp2.0.1", "GetVariables", {"getVariableData": [{}]}, [("getVariableData.0.component", "is required")]),
        ("ocpp1.6", "GetVariables", {}, [("action", None)]),
        ("ocpp1.6", "Heartbeat", {}, [("action", None)]),
        ("ocpp2.1", "NoSuchAction", {}, [("action", None)]),
    ],
)
def test_what_is_wrong_with_a_question_is_said_field_by_field(protocol, action, payload, wrong):
    found = dict(check_command(protocol, action, payload))
    for field, message in wrong:
        assert field in found
        assert message is None or found[field] == message


def test_the_station_as_a_whole():
    assert V16.write_command(SetAvailability(True)) == ("ChangeAvailability", {"connectorId": 0, "type": "Operative"})
    assert V201.write_command(SetAvailability(True, 0)) == ("ChangeAvailability", {"operationalStatus": "Operative"})


def test_one_evse_is_reset_where_the_version_can():
    assert V201.write_command(Reset(evse=2)) == ("Reset", {"type": "OnIdle", "evseId": 2})


def test_diagnostics_and_security_triggers_of_16():
    assert V16.write_command(FetchLog("https://h/u", 3)) == ("GetDiagnostics", {"location": "https://h/u"})
    assert V16.write_command(Trigger("LogStatusNotification"))[0] == "ExtendedTriggerMessage"


def test_variables_by_name():
    assert V16.write_command(ReadVariables(("HeartbeatInterval",))) == (
        "GetConfiguration",
        {"key": ["HeartbeatInterval"]},
    )
    assert V16.write_command(ReadVariables()) == ("GetConfiguration", {})
    asked = V201.write_command(ReadVariables(("OCPPCommCtrlr.HeartbeatInterval",)))
    assert check_command("ocpp2.0.1", *asked) == []
    assert V201.read_command(*asked) == ReadVariables(("OCPPCommCtrlr.HeartbeatInterval",))


@pytest.mark.parametrize(
    ("translator", "command", "field"),
    [
        (V16, Stop("not-a-number"), "transaction"),
        (V16, Stop("--5"), "transaction"),
        (V201, Start("TAG1"), "remote_start_id"),
        (V201, ReadVariables(), "names"),
        (V201, ReadVariables(("HeartbeatInterval",)), "names"),
    ],
)
def test_what_a_version_cannot_ask_is_said(translator, command, field):
    with pytest.raises(BadInput) as refusal:
        translator.write_command(command)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        (["Accepted", "Rejected"], CommandState.ACCEPTED),
        (["RebootRequired"], CommandState.ACCEPTED),
        (["UnknownVariable", "NotSupportedAttributeType"], CommandState.REJECTED),
        (["NotSupportedAttributeType"], CommandState.UNSUPPORTED),
        ([], CommandState.ACCEPTED),
    ],
)
def test_many_results_come_to_one_outcome(statuses, state):
    for action, field in (("GetVariables", "getVariableResult"), ("SetVariables", "setVariableResult")):
        answer = {field: [{"attributeStatus": status} for status in statuses]}
        assert V201.read_outcome(action, answer) == state


def test_variables_that_were_read():
    answer = {"configurationKey": [{"key": "A", "readonly": True, "value": "1"}, {"key": "B", "readonly": False}, 5]}
    assert V16.read_variables("GetConfiguration", answer) == (
        VariableValue("", "A", "1", read_only=True),
        VariableValue("", "B", None),
    )
    component = {"name": "Connector", "evse": {"id": 1, "connectorId": 2}, "instance": "left"}
    result = {"component": component, "variable": {"name": "Available", "instance": "x"}, "attributeValue": "true"}
    answer = {"getVariableResult": [result | {"attributeStatus": "Accepted"}, result | {"attributeStatus": "Rejected"}]}
    assert V201.read_variables("GetVariables", answer) == (
        VariableValue("Connector", "Available", "true", "Actual", 1, 2, "x", "left"),
    )


def test_an_answer_to_another_question_has_no_variables():
    for translator in TRANSLATORS.values():
        assert translator.read_variables("Reset", {"status": "Accepted"}) == ()
