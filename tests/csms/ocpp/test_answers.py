"""Every message of every version is read, and gets an answer that its official schema accepts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from csms.errors import StationMistake
from csms.ocpp import TRANSLATORS, decode, known, schemas
from csms.vocabulary import Reply
from tools.examples import example

NOW = datetime(2026, 11, 22, 1, 2, 3, 456789, UTC)
REPLIES = [
    Reply(NOW),
    Reply(NOW, status="Accepted", interval_s=30, number=7, token_status="Accepted"),
    Reply(NOW, status="Rejected", number=7, token_status="NoCredit", token_parent="P" * 40),
    Reply(NOW, token_status="Unknown", token_expires_at=NOW + timedelta(days=1), token_parent="FLEET"),
    Reply(NOW, token_status="Whatever"),
]
SAID = [(protocol, action) for protocol in TRANSLATORS for action in sorted(schemas.SAID[protocol])]


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(("protocol", "action"), SAID)
def test_every_message_is_read_and_answered(protocol, action, full):
    heard = decode(protocol, action, example(protocol, action, full))
    assert heard.repairs == ()
    assert heard.protocol == protocol
    if action == "NotifyPeriodicEventStream":
        return  # a SEND is not answered
    for reply in REPLIES:
        schemas.check(protocol, action, heard.answer(reply), answer=True)


@pytest.mark.parametrize(("protocol", "action"), SAID)
def test_most_can_be_answered_by_action_alone(protocol, action):
    if action in ("NotifyPeriodicEventStream", "GetCertificateChainStatus", "VatNumberValidation"):
        return
    schemas.check(protocol, action, TRANSLATORS[protocol].write_reply(action, REPLIES[1]), answer=True)


def test_times_are_written_with_z():
    assert TRANSLATORS["ocpp1.6"].write_reply("Heartbeat", REPLIES[0]) == {"currentTime": "2026-11-22T01:02:03.456Z"}


def test_the_counts_are_the_specifications():
    assert [len(schemas.SAID[protocol]) for protocol in TRANSLATORS] == [14, 25, 37]


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("BootNotification", {"status": "Pending", "currentTime": "2026-11-22T01:02:03.456Z", "interval": 60}),
        ("StartTransaction", {"transactionId": 42, "idTagInfo": {"status": "Blocked", "parentIdTag": "FLEET"}}),
        ("Authorize", {"idTagInfo": {"status": "Invalid", "expiryDate": "2026-11-23T00:00:00.000Z"}}),
    ],
)
def test_a_recorded_answer_of_16_is_read_back(action, answer):
    translator = TRANSLATORS["ocpp1.6"]
    assert translator.write_reply(action, translator.read_reply(action, answer, NOW)) == answer


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("BootNotification", {"currentTime": "2026-11-22T01:02:03.456Z", "interval": 60, "status": "Accepted"}),
        (
            "TransactionEvent",
            {"idTokenInfo": {"status": "ConcurrentTx", "groupIdToken": {"idToken": "G", "type": "Central"}}},
        ),
        ("TransactionEvent", {}),
    ],
)
def test_a_recorded_answer_of_201_is_read_back(action, answer):
    translator = TRANSLATORS["ocpp2.0.1"]
    assert translator.write_reply(action, translator.read_reply(action, answer, NOW)) == answer


def test_a_recorded_answer_may_be_nonsense():
    for translator in TRANSLATORS.values():
        reply = translator.read_reply(
            "StartTransaction", {"transactionId": "x", "idTagInfo": 5, "idTokenInfo": []}, NOW
        )
        assert reply == Reply(NOW)


@pytest.mark.parametrize(
    ("protocol", "action", "code"),
    [
        ("ocpp1.6", "CustomOperation", "NotImplemented"),
        ("ocpp2.0.1", "CustomOperation", "NotImplemented"),
        ("ocpp1.6", "TransactionEvent", "NotImplemented"),
        ("ocpp2.0.1", "BatterySwap", "NotImplemented"),
        ("ocpp1.6", "Reset", "NotSupported"),
        ("ocpp2.1", "RequestStartTransaction", "NotSupported"),
    ],
)
def test_what_stations_do_not_say_is_refused(protocol, action, code):
    assert not known(protocol, action)
    with pytest.raises(StationMistake) as refusal:
        decode(protocol, action, {})
    assert refusal.value.code == code


STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
BOOT = {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}}


@pytest.mark.parametrize(
    ("protocol", "action", "payload", "code", "field"),
    [
        ("ocpp1.6", "StatusNotification", STATUS | {"connectorId": [1]}, "TypeConstraintViolation", "connectorId"),
        ("ocpp1.6", "Authorize", {}, "OccurenceConstraintViolation", "idTag"),
        ("ocpp1.6", "StatusNotification", STATUS | {"status": "Idle"}, "PropertyConstraintViolation", "status"),
        ("ocpp1.6", "StatusNotification", STATUS | {"info": "x" * 51}, "PropertyConstraintViolation", "info"),
        ("ocpp1.6", "Heartbeat", {"surprise": 1}, "FormationViolation", "surprise"),
        ("ocpp2.0.1", "BootNotification", BOOT | {"reason": "Whim"}, "PropertyConstraintViolation", "reason"),
        ("ocpp2.0.1", "BootNotification", {"reason": "PowerUp"}, "OccurrenceConstraintViolation", "chargingStation"),
        ("ocpp2.0.1", "Heartbeat", {"surprise": 1}, "FormatViolation", "surprise"),
        ("ocpp2.0.1", "BootNotification", BOOT | {"chargingStation": 1}, "TypeConstraintViolation", "chargingStation"),
    ],
)
def test_strictly_each_breach_has_its_code_and_names_the_field(protocol, action, payload, code, field):
    with pytest.raises(StationMistake, match=field) as refusal:
        decode(protocol, action, payload, strict=True)
    assert refusal.value.code == code
