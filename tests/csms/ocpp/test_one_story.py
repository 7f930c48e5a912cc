"""One story, told in 1.6 and in 2.0.1, is the same story."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from csms.ocpp import TRANSLATORS, decode
from csms.vocabulary import (
    Beat,
    Booted,
    CommandState,
    FetchLog,
    MeterReported,
    ProgressNoted,
    Reading,
    Reset,
    SecurityNoted,
    SetAvailability,
    Start,
    StatusReported,
    Stop,
    TokenPresented,
    TransactionEnded,
    TransactionStarted,
    Trigger,
    Unlock,
)


def at(minute: int) -> datetime:
    return datetime(2026, 11, 22, 1, minute, tzinfo=UTC)


def time(minute: int) -> str:
    return f"2026-11-22T01:{minute:02}:00Z"


def sampled(minute: int, context: str, *samples: dict[str, Any]) -> dict[str, Any]:
    return {"timestamp": time(minute), "sampledValue": [{"context": context} | sample for sample in samples]}


SAMPLES_16 = [
    {"value": "12.5", "measurand": "Energy.Active.Import.Register", "unit": "kWh"},
    {"value": "11", "measurand": "Power.Active.Import", "unit": "kW"},
    {"value": "15.9", "measurand": "Current.Import", "phase": "L1"},
    {"value": "16.1", "measurand": "Current.Import", "phase": "L2"},
    {"value": "16", "measurand": "Current.Offered"},
    {"value": "11.5", "measurand": "Power.Offered", "unit": "kW"},
    {"value": "229", "measurand": "Voltage", "phase": "L1-N"},
    {"value": "231", "measurand": "Voltage", "phase": "L2-N"},
    {"value": "44", "measurand": "SoC", "location": "EV", "unit": "Percent"},
]
SAMPLES_2 = [
    {"value": 12.5, "measurand": "Energy.Active.Import.Register", "unitOfMeasure": {"unit": "kWh"}},
    {"value": 11, "measurand": "Power.Active.Import", "unitOfMeasure": {"unit": "W", "multiplier": 3}},
    {"value": 15.9, "measurand": "Current.Import", "phase": "L1"},
    {"value": 16.1, "measurand": "Current.Import", "phase": "L2"},
    {"value": 16, "measurand": "Current.Offered"},
    {"value": 11.5, "measurand": "Power.Offered", "unitOfMeasure": {"unit": "kW"}},
    {"value": 229, "measurand": "Voltage", "phase": "L1-N"},
    {"value": 231, "measurand": "Voltage", "phase": "L2-N"},
    {"value": 44, "measurand": "SoC", "location": "EV", "unitOfMeasure": {"unit": "Percent"}},
]
READING = Reading(
    at(5),
    energy_wh=12500,
    power_w=11000,
    current_a=16.1,
    offered_a=16,
    voltage_v=230,
    soc_percent=44,
    other={
        "Power.Offered": 11500,
        "Current.Import.L1": 15.9,
        "Current.Import.L2": 16.1,
        "Voltage.L1-N": 229,
        "Voltage.L2-N": 231,
    },
)
BEGIN = sampled(1, "Transaction.Begin", {"value": 1000})
END = sampled(9, "Transaction.End", {"value": 14000})
CAR = {"id": 2, "connectorId": 1}
TOKEN = {"idToken": "TAG1", "type": "ISO14443"}

STORY = [
    (
        ("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M", "firmwareVersion": "1.2"}),
        (
            "BootNotification",
            {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M", "firmwareVersion": "1.2"}},
        ),
        Booted("V", "M", "1.2"),
    ),
    (("Heartbeat", {}), ("Heartbeat", {}), Beat()),
    (
        (
            "StatusNotification",
            {"connectorId": 2, "errorCode": "NoError", "status": "Available", "timestamp": time(0)},
        ),
        (
            "StatusNotification",
            {"evseId": 2, "connectorId": 1, "connectorStatus": "Available", "timestamp": time(0)},
        ),
        StatusReported(2, 1, "Available", at(0)),
    ),
    (("Authorize", {"idTag": "TAG1"}), ("Authorize", {"idToken": TOKEN}), TokenPresented("TAG1")),
    (
        ("StartTransaction", {"connectorId": 2, "idTag": "TAG1", "meterStart": 1000, "timestamp": time(1)}),
        (
            "TransactionEvent",
            {
                "eventType": "Started",
                "timestamp": time(1),
                "triggerReason": "Authorized",
                "seqNo": 0,
                "transactionInfo": {"transactionId": "T1"},
                "evse": CAR,
                "idToken": TOKEN,
                "meterValue": [BEGIN],
            },
        ),
        TransactionStarted(at(1), 2, 1, "TAG1", meter_wh=1000),
    ),
    (
        (
            "MeterValues",
            {"connectorId": 2, "transactionId": 7, "meterValue": [sampled(5, "Sample.Periodic", *SAMPLES_16)]},
        ),
        ("MeterValues", {"evseId": 2, "meterValue": [sampled(5, "Sample.Periodic", *SAMPLES_2)]}),
        MeterReported(2, None, None, (READING,)),
    ),
    (
        (
            "StopTransaction",
            {"transactionId": 7, "meterStop": 14000, "timestamp": time(9), "reason": "EVDisconnected"},
        ),
        (
            "TransactionEvent",
            {
                "eventType": "Ended",
                "timestamp": time(9),
                "triggerReason": "EVDeparted",
                "seqNo": 4,
                "transactionInfo": {"transactionId": "T1", "stoppedReason": "EVDisconnected"},
                "meterValue": [BEGIN, END],
            },
        ),
        TransactionEnded(at(9), meter_wh=14000, reason="EVDisconnected"),
    ),
    (
        ("FirmwareStatusNotification", {"status": "Downloading"}),
        ("FirmwareStatusNotification", {"status": "Downloading", "requestId": 3}),
        ProgressNoted("firmware", "Downloading"),
    ),
    (
        ("DiagnosticsStatusNotification", {"status": "Uploaded"}),
        ("LogStatusNotification", {"status": "Uploaded", "requestId": 3}),
        ProgressNoted("upload", "Uploaded"),
    ),
    (
        ("SecurityEventNotification", {"type": "TamperDetectionActivated", "timestamp": time(3)}),
        ("SecurityEventNotification", {"type": "TamperDetectionActivated", "timestamp": time(3)}),
        SecurityNoted("TamperDetectionActivated", at(3)),
    ),
]

ONLY_ONE_CAN_SAY = {
    Booted: {"reason": None},
    TokenPresented: {"type": None},
    TransactionStarted: {"token_type": None, "reference": None, "seq_no": None, "trigger": None, "readings": ()},
    MeterReported: {"connector": None, "transaction": None},
    TransactionEnded: {"number": None, "reference": None, "seq_no": None, "trigger": None, "readings": ()},
    ProgressNoted: {"request_id": None},
}


@pytest.mark.parametrize(("in_16", "in_201", "meaning"), STORY)
def test_a_story_is_the_same_in_both_versions(in_16, in_201, meaning):
    for protocol, said in (("ocpp1.6", in_16), ("ocpp2.0.1", in_201), ("ocpp2.1", in_201)):
        heard = decode(protocol, *said, strict=True)
        assert replace(heard.message, **ONLY_ONE_CAN_SAY.get(type(meaning), {})) == meaning


COMMANDS = [
    (Reset(hard=True), ("Reset", {"type": "Hard"}), ("Reset", {"type": "Immediate"})),
    (Reset(), ("Reset", {"type": "Soft"}), ("Reset", {"type": "OnIdle"})),
    (Unlock(2), ("UnlockConnector", {"connectorId": 2}), ("UnlockConnector", {"evseId": 2, "connectorId": 1})),
    (
        Start("TAG1", 2, remote_start_id=5),
        ("RemoteStartTransaction", {"idTag": "TAG1", "connectorId": 2}),
        (
            "RequestStartTransaction",
            {"idToken": {"idToken": "TAG1", "type": "Central"}, "remoteStartId": 5, "evseId": 2},
        ),
    ),
    (
        Stop("7"),
        ("RemoteStopTransaction", {"transactionId": 7}),
        ("RequestStopTransaction", {"transactionId": "7"}),
    ),
    (
        Trigger("StatusNotification", 2),
        ("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 2}),
        ("TriggerMessage", {"requestedMessage": "StatusNotification", "evse": {"id": 2}}),
    ),
    (
        SetAvailability(False, 2),
        ("ChangeAvailability", {"connectorId": 2, "type": "Inoperative"}),
        ("ChangeAvailability", {"operationalStatus": "Inoperative", "evse": {"id": 2}}),
    ),
    (
        FetchLog("https://h/u", 3, "SecurityLog"),
        ("GetLog", {"logType": "SecurityLog", "requestId": 3, "log": {"remoteLocation": "https://h/u"}}),
        ("GetLog", {"logType": "SecurityLog", "requestId": 3, "log": {"remoteLocation": "https://h/u"}}),
    ),
]


@pytest.mark.parametrize(("command", "in_16", "in_201"), COMMANDS)
def test_a_command_is_asked_and_understood_in_both_versions(command, in_16, in_201):
    for protocol, asked in (("ocpp1.6", in_16), ("ocpp2.0.1", in_201), ("ocpp2.1", in_201)):
        translator = TRANSLATORS[protocol]
        assert translator.write_command(command) == asked
        lost = {"remote_start_id": None} if protocol == "ocpp1.6" and isinstance(command, Start) else {}
        assert translator.read_command(*asked) == replace(command, **lost)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ({"status": "Accepted"}, CommandState.ACCEPTED),
        ({"status": "Unlocked"}, CommandState.ACCEPTED),
        ({"status": "Scheduled"}, CommandState.ACCEPTED),
        ({"status": "RebootRequired"}, CommandState.ACCEPTED),
        ({}, CommandState.ACCEPTED),
        ({"status": "Rejected"}, CommandState.REJECTED),
        ({"status": "UnlockFailed"}, CommandState.REJECTED),
        ({"status": "OngoingAuthorizedTransaction"}, CommandState.REJECTED),
        ({"status": "UnknownTransaction"}, CommandState.REJECTED),
        ({"status": ["?"]}, CommandState.REJECTED),
        ({"status": "NotSupported"}, CommandState.UNSUPPORTED),
        ({"status": "NotImplemented"}, CommandState.UNSUPPORTED),
    ],
)
def test_an_answer_means_the_same_in_every_version(answer, state):
    for translator in TRANSLATORS.values():
        assert translator.read_outcome("UnlockConnector", answer) == state


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("NotImplemented", CommandState.UNSUPPORTED),
        ("NotSupported", CommandState.UNSUPPORTED),
        ("InternalError", CommandState.REJECTED),
    ],
)
def test_a_refusal_means_the_same_in_every_version(code, state):
    for translator in TRANSLATORS.values():
        assert translator.read_outcome("Reset", None, code) == state
