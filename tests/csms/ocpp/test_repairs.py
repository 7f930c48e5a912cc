"""What known stations send against the rules is read for what it says, under the name of the repair."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from csms.errors import StationMistake
from csms.ocpp import Asked, Link, decode
from csms.vocabulary import (
    Booted,
    DataPassed,
    EventsNoted,
    MeterReported,
    Reading,
    StatusReported,
    TransactionEnded,
    TransactionStarted,
)

AT = datetime(2026, 8, 4, 13, 35, 45, tzinfo=UTC)
TIME = "2026-08-04T13:35:45Z"
UNSET = datetime(1970, 1, 1, tzinfo=UTC)


def hear(protocol: str, frame: str) -> tuple[Any, set[str]]:
    """What a frame means, and all that was repaired in it."""
    asked = Link(protocol).receive(frame)
    assert isinstance(asked, Asked)
    heard = decode(protocol, asked.action, asked.payload)
    return heard.message, {*asked.repairs, *heard.repairs}


def say(protocol: str, action: str, payload: Any) -> tuple[Any, set[str]]:
    return hear(protocol, json.dumps([2, "m1", action, payload]))


def metered(*samples: Any, time: Any = TIME, **more: Any) -> dict[str, Any]:
    return {"connectorId": 1, "meterValue": [{"timestamp": time, "sampledValue": list(samples)}]} | more


def reported(*readings: Reading, transaction: str | None = None) -> MeterReported:
    return MeterReported(1, 1, transaction, readings)


ENERGY = {"value": "1500"}
READ = Reading(AT, energy_wh=1500)


class TestBrokenJson:
    def test_a_name_without_value(self):
        """AEFA Home: quirk 3, with its time without a zone: quirk 21."""
        frame = (
            '[2,"m1","MeterValues",{"connectorId":1,"transactionId":,"meterValue":'
            '[{"timestamp":"2026-08-04T13:35:45","sampledValue":[{"value":"1500"}]}]}]'
        )
        assert hear("ocpp1.6", frame) == (reported(READ), {"missing_values", "null_field", "odd_time"})

    def test_a_comma_before_the_first_item(self):
        """ZJ Beny: quirk 4."""
        frame = (
            '[2,"m1","MeterValues",{"connectorId":1,"meterValue":[{"timestamp":"2026-08-04T13:35:45Z",'
            '"sampledValue":[,{"value":"1500"}]}]}]'
        )
        assert hear("ocpp1.6", frame) == (reported(READ), {"stray_commas"})


class TestMeterValues:
    def test_objects_instead_of_lists(self):
        """Huawei: quirk 5."""
        payload = {"connectorId": 1, "meterValue": {"timestamp": TIME, "sampledValue": ENERGY}}
        assert say("ocpp1.6", "MeterValues", payload) == (reported(READ), {"single_object"})

    def test_values_as_numbers(self):
        """OpenEVSE: quirk 6."""
        assert say("ocpp1.6", "MeterValues", metered({"value": 1500})) == (reported(READ), {"number_as_text"})

    def test_values_as_text_in_201(self):
        payload = {"evseId": 1, "meterValue": [{"timestamp": TIME, "sampledValue": [ENERGY]}]}
        assert say("ocpp2.0.1", "MeterValues", payload) == (MeterReported(1, None, None, (READ,)), {"text_as_number"})

    @pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1"])
    def test_empty_values(self, protocol):
        """Heidelberg Amperfied: quirk 7. A register that says nothing has not said 0."""
        place = {"connectorId": 1} if protocol == "ocpp1.6" else {"evseId": 1}
        value = "1500" if protocol == "ocpp1.6" else 1500
        samples = [{"value": ""}, {"value": value}]
        heard, repairs = say(protocol, "MeterValues", place | {"meterValue": metered(*samples)["meterValue"]})
        assert heard.readings == (READ,)
        assert "empty_value" in repairs or "sample_without_value" in repairs

    @pytest.mark.parametrize("value", ["N/A", "nan", "1e999", "12 apples"])
    def test_values_that_are_no_numbers(self, value):
        heard = say("ocpp1.6", "MeterValues", metered(ENERGY, {"value": value, "measurand": "Voltage"}))
        assert heard == (reported(READ), {"unreadable_value"})

    def test_a_decimal_comma(self):
        assert say("ocpp1.6", "MeterValues", metered({"value": "1,5", "unit": "kWh"})) == (
            reported(READ),
            {"decimal_comma"},
        )

    def test_words_outside_the_lists(self):
        """mobilityhouse#54, Charge Amps, Alfen: quirk 8. Kept under their own names."""
        samples = [
            {"value": "7", "measurand": "Request.Energy"},
            {"value": "50", "measurand": "Frequency", "unit": "Hz"},
            {"value": "3", "measurand": "Voltage", "unit": "furlong"},
        ]
        assert say("ocpp1.6", "MeterValues", metered(*samples)) == (
            reported(Reading(AT, other={"Request.Energy": 7, "Frequency": 50, "Voltage [furlong]": 3})),
            {"unknown_measurand", "unknown_unit"},
        )
        assert say("ocpp1.6", "MeterValues", metered({"value": "1500", "context": "Sample.Whim"})) == (
            reported(Reading(AT, energy_wh=1500, context="Sample.Whim")),
            {"unknown_context"},
        )

    def test_words_in_another_spelling(self):
        sample = {"value": "1.5", "measurand": "energy.active.import.register", "unit": "KWH", "context": ""}
        assert say("ocpp1.6", "MeterValues", metered(sample)) == (reported(READ), {"empty_field", "word_spelling"})

    @pytest.mark.parametrize("said", ["", None])
    def test_an_empty_transaction(self, said):
        """Quirk 3."""
        heard, repairs = say("ocpp1.6", "MeterValues", metered(ENERGY, transactionId=said))
        assert heard == reported(READ)
        assert repairs <= {"null_field", "empty_field"}

    def test_a_transaction_as_text(self):
        assert say("ocpp1.6", "MeterValues", metered(ENERGY, transactionId="17")) == (
            reported(READ, transaction="17"),
            {"text_as_number"},
        )

    def test_no_connector(self):
        payload = metered(ENERGY, transactionId=17)
        del payload["connectorId"]
        assert say("ocpp1.6", "MeterValues", payload) == (
            MeterReported(0, 0, "17", (READ,)),
            {"connector_missing"},
        )

    def test_no_time_is_a_clock_that_was_never_set(self):
        """Quirk 20."""
        payload = {"connectorId": 1, "meterValue": [{"sampledValue": [ENERGY]}]}
        assert say("ocpp1.6", "MeterValues", payload) == (reported(Reading(UNSET, energy_wh=1500)), {"missing_time"})

    def test_null_among_the_samples(self):
        assert say("ocpp1.6", "MeterValues", metered(None, ENERGY, None)) == (reported(READ), {"null_field"})

    def test_no_samples(self):
        assert say("ocpp1.6", "MeterValues", metered()) == (reported(), {"empty_list"})

    def test_a_multiplier_beyond_reason(self):
        samples = [{"value": 1, "unitOfMeasure": {"multiplier": 10**9}}, {"value": 1500}]
        payload = {"evseId": 1, "meterValue": metered(*samples)["meterValue"]}
        assert say("ocpp2.0.1", "MeterValues", payload) == (
            MeterReported(1, None, None, (READ,)),
            {"unreadable_value"},
        )


class TestTransactions:
    def test_a_stop_without_its_transaction(self):
        """Quirk 3: which one it ends is for others to find out."""
        payload = {"transactionId": None, "meterStop": "2000.0", "timestamp": TIME}
        assert say("ocpp1.6", "StopTransaction", payload) == (
            TransactionEnded(AT, meter_wh=2000),
            {"null_field", "text_as_number", "missing_transaction"},
        )

    def test_a_stop_with_a_reason_of_its_own(self):
        payload = {"transactionId": 5, "meterStop": 2000.4, "timestamp": TIME, "reason": "CableUnplugged"}
        assert say("ocpp1.6", "StopTransaction", payload) == (
            TransactionEnded(AT, number=5, meter_wh=2000.4, reason="CableUnplugged"),
            {"part_of_a_watt_hour", "unknown_word"},
        )

    def test_a_start_with_a_long_tag_and_no_time(self):
        """KEBA, Ocular: quirks 14, 16."""
        payload = {"connectorId": "2", "idTag": "04AABBCCDDEEFF80_17292018", "meterStart": 0}
        assert say("ocpp1.6", "StartTransaction", payload) == (
            TransactionStarted(None, 2, 1, "04AABBCCDDEEFF80_17292018", meter_wh=0),
            {"text_as_number", "too_long_text", "missing_time"},
        )

    def test_an_event_that_lacks_what_can_be_lacked(self):
        payload = {"eventType": "started", "timestamp": TIME, "transactionInfo": {"transactionId": "T1"}}
        assert say("ocpp2.0.1", "TransactionEvent", payload | {"idToken": {"idToken": "TAG1"}}) == (
            TransactionStarted(AT, None, token="TAG1", reference="T1"),
            {"word_spelling", "missing_field"},
        )

    def test_an_event_of_no_transaction_is_refused(self):
        with pytest.raises(StationMistake, match="transactionInfo"):
            say("ocpp2.0.1", "TransactionEvent", {"eventType": "Ended", "timestamp": TIME})

    def test_an_event_of_an_unknown_kind_is_refused(self):
        payload = {"eventType": "Paused", "timestamp": TIME, "transactionInfo": {"transactionId": "T1"}}
        with pytest.raises(StationMistake, match="eventType"):
            say("ocpp2.0.1", "TransactionEvent", payload)


class TestStatus:
    @pytest.mark.parametrize("code", ["Error", "EmergencyStop"])
    def test_a_fault_outside_the_list_is_not_lost(self, code):
        """Legrand and others."""
        payload = {"connectorId": 1, "status": "Faulted", "errorCode": code, "timestamp": TIME}
        assert say("ocpp1.6", "StatusNotification", payload) == (
            StatusReported(1, 1, "Faulted", AT, error=code),
            {"unknown_error_code"},
        )

    def test_null_in_words(self):
        """ABB: quirk 31."""
        payload = {
            "connectorId": 1,
            "status": "Available",
            "errorCode": "NoError",
            "info": "null",
            "vendorErrorCode": "0x0000",
        }
        assert say("ocpp1.6", "StatusNotification", payload) == (
            StatusReported(1, 1, "Available", vendor_code="0x0000"),
            set(),
        )

    def test_no_error_code_and_numbers_for_text(self):
        payload = {"connectorId": 1, "status": "Faulted", "vendorErrorCode": 17, "timestamp": ""}
        assert say("ocpp1.6", "StatusNotification", payload) == (
            StatusReported(1, 1, "Faulted", vendor_code="17"),
            {"empty_field", "number_as_text", "missing_field"},
        )

    def test_no_status_is_refused(self):
        with pytest.raises(StationMistake, match="status"):
            say("ocpp1.6", "StatusNotification", {"connectorId": 1, "errorCode": "NoError"})


class TestBoot:
    def test_a_long_serial_number_and_a_field_of_its_own(self):
        """Schneider EVlink: quirk 17."""
        payload = {
            "chargePointVendor": "Schneider",
            "chargePointModel": "EVlink",
            "chargePointSerialNumber": "3N183741234567890123456789",
            "mood": "good",
        }
        heard, repairs = say("ocpp1.6", "BootNotification", payload)
        assert heard == Booted("Schneider", "EVlink", serial="3N183741234567890123456789")
        assert set(repairs) == {"too_long_text", "unknown_field"}

    def test_16_on_a_201_socket_is_answered_in_16(self):
        """FoxESS: quirk 19."""
        payload = {"chargePointVendor": "FoxESS", "chargePointModel": "A011"}
        heard = decode("ocpp2.0.1", "BootNotification", payload)
        assert heard.message == Booted("FoxESS", "A011")
        assert (heard.protocol, heard.repairs) == ("ocpp1.6", ("spoken_in_ocpp1.6",))

    def test_16_actions_on_a_201_socket(self):
        payload = {"connectorId": 1, "idTag": "TAG1", "meterStart": 0, "timestamp": TIME}
        heard = decode("ocpp2.0.1", "StartTransaction", payload)
        assert heard.message == TransactionStarted(AT, 1, 1, "TAG1", meter_wh=0)
        assert heard.protocol == "ocpp1.6"
        with pytest.raises(StationMistake) as refusal:
            decode("ocpp2.0.1", "StartTransaction", {"connectorId": 1})
        assert refusal.value.code == "NotImplemented"

    def test_a_field_of_21_on_a_201_socket(self):
        heard = decode("ocpp2.0.1", "StatusNotification", STATUS_201 | {"connectorStatus": "Available"})
        assert heard.repairs == ()


STATUS_201 = {"timestamp": TIME, "evseId": 1, "connectorId": 1}


class TestOther:
    def test_an_alarm_is_not_lost_for_want_of_an_id(self):
        event = {"component": {"name": "ElectricalFeed"}, "variable": {"name": "Problem"}, "actualValue": True}
        heard, repairs = say("ocpp2.0.1", "NotifyEvent", {"eventData": event})
        assert isinstance(heard, EventsNoted)
        assert (heard.events[0].component, heard.events[0].value) == ("ElectricalFeed", "true")
        assert set(repairs) == {"single_object", "number_as_text", "missing_field", "missing_time"}

    def test_data_as_an_object(self):
        heard = say("ocpp1.6", "DataTransfer", {"vendorId": "V", "data": {"a": [1]}})
        assert heard == (DataPassed("V", data='{"a":[1]}'), {"object_as_text"})

    def test_every_flaw_at_once_is_mended_in_one_go(self):
        samples = [None, {"value": 1}, {}, {"value": 1500}, None, {"value": None}]
        heard, repairs = say("ocpp1.6", "MeterValues", metered(*samples, connectorId="1"))
        assert heard == reported(READ)
        assert set(repairs) == {"null_field", "number_as_text", "text_as_number", "sample_without_value"}

    def test_the_payload_as_sent_is_left_alone(self):
        payload = metered({"value": 1500})
        decode("ocpp1.6", "MeterValues", payload)
        assert payload == metered({"value": 1500})

    def test_what_has_no_repair_is_refused(self):
        for payload in ({}, {"idTag": {"a": 1}}, {"idTag": None}, {"idTag": []}):
            with pytest.raises(StationMistake, match="idTag"):
                say("ocpp1.6", "Authorize", payload)
