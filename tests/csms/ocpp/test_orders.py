"""What is asked has one meaning in every version: read, written, read again, it is the same."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from csms.errors import BadInput
from csms.ocpp import TRANSLATORS, check_command, decode, schemas
from csms.vocabulary import (
    CertificatesTold,
    CompositeTold,
    LimitPeriod,
    ListVersionTold,
    Message,
    Noted,
    OtherCommand,
    Profile,
    ReportMonitors,
    Schedule,
    SetProfile,
    TransactionEnded,
    VariablesWritten,
    VariableValue,
    WriteVariables,
)
from tools.examples import example

ASKED = [(protocol, action) for protocol in TRANSLATORS for action in sorted(schemas.ASKED[protocol])]
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(("protocol", "action"), ASKED)
def test_a_question_keeps_its_meaning_when_it_is_written_again(protocol, action, full):
    translator = TRANSLATORS[protocol]
    meaning = translator.read_command(action, example(protocol, action, full))
    assert not isinstance(meaning, OtherCommand), "every question has a meaning of its own"
    if (protocol, action) == ("ocpp1.6", "GetLog"):  # for diagnostics 1.6 has an older question
        return
    written = translator.write_command(meaning)
    assert check_command(protocol, *written) == [] or not full  # least payloads may be lists with nothing in them
    assert translator.read_command(*written) == meaning


@pytest.mark.parametrize("protocol", list(TRANSLATORS))
def test_a_profile_means_the_same_in_every_version(protocol):
    profile = Profile(
        5, "tx_default", 2, "recurring", (Schedule("A", (LimitPeriod(0, 16, 3), LimitPeriod(3600, 6.5)), NOON, 86400),),
        "daily", NOON, None,
    )
    asked = TRANSLATORS[protocol].write_command(SetProfile(1, profile))
    assert check_command(protocol, *asked) == []
    assert TRANSLATORS[protocol].read_command(*asked) == SetProfile(1, profile)


def test_what_16_has_no_word_for():
    with pytest.raises(BadInput):
        TRANSLATORS["ocpp1.6"].write_command(ReportMonitors(1))
    two = (VariableValue("", "A", "1"), VariableValue("", "B", "1"))
    with pytest.raises(BadInput) as refusal:
        TRANSLATORS["ocpp1.6"].write_command(WriteVariables(two))
    assert refusal.value.field == "values"


def test_every_message_with_a_state_has_a_meaning_of_its_own():
    for protocol in TRANSLATORS:
        for action in schemas.SAID[protocol]:
            heard: Message = decode(protocol, action, example(protocol, action, True)).message
            assert not isinstance(heard, Noted), f"{protocol} {action}"


def test_what_answers_tell():
    v16, v201 = TRANSLATORS["ocpp1.6"], TRANSLATORS["ocpp2.0.1"]
    assert v16.read_answer("ChangeConfiguration", {"key": "A", "value": "1"}, {"status": "RebootRequired"}) == (
        VariablesWritten(((VariableValue("", "A", "1"), "RebootRequired"),))
    )
    assert v16.read_answer("GetLocalListVersion", {}, {"listVersion": 4}) == ListVersionTold(4)
    assert v201.read_answer("GetLocalListVersion", {}, {"versionNumber": 4}) == ListVersionTold(4)
    place = {"component": {"name": "AuthCtrlr"}, "variable": {"name": "Enabled"}}
    assert v201.read_answer(
        "SetVariables", {"setVariableData": [place | {"attributeValue": "false"}]},
        {"setVariableResult": [place | {"attributeStatus": "Accepted"}]},
    ) == VariablesWritten(((VariableValue("AuthCtrlr", "Enabled", "false"), "Accepted"),))
    composite = v16.read_answer(
        "GetCompositeSchedule", {"connectorId": 1, "duration": 60},
        {"status": "Accepted", "connectorId": 1, "scheduleStart": "2026-11-22T04:00:00Z",
         "chargingSchedule": {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 11}]}},
    )
    assert composite == CompositeTold(1, Schedule("W", (LimitPeriod(0, 11),), NOON))


@pytest.mark.parametrize("answer", [{}, {"status": "Accepted"}, {"schedule": 5}, {"listVersion": "x"}])
@pytest.mark.parametrize(("protocol", "action"), ASKED)
def test_an_answer_that_no_schema_has_judged_is_no_trouble(protocol, action, answer):
    told = TRANSLATORS[protocol].read_answer(action, example(protocol, action, True), answer)
    assert told is None or isinstance(told, CertificatesTold) or getattr(told, "results", ()) != () or action in (
        "GetTransactionStatus", "ChangeConfiguration", "GetPeriodicEventStream", "GetTariffs")


def test_numbers_beyond_32_bits_are_no_ids():
    heard = decode("ocpp1.6", "StopTransaction", {
        "transactionId": 2**70, "meterStop": 5, "timestamp": "2026-11-22T04:00:00Z"
    }).message
    assert isinstance(heard, TransactionEnded)
    assert heard.number is None
