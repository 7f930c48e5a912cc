"""Meter values in normal units, grouped by moment and context."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from csms.ocpp.samples import first_register, last_register, readings
from csms.ocpp.times import UNSET, moment, stamp
from csms.vocabulary import Reading

AT = datetime(2026, 8, 4, 13, 35, 45, tzinfo=UTC)
TIME = "2026-08-04T13:35:45Z"


def read(*samples):
    return readings([{"timestamp": TIME, "sampledValue": list(samples)}])


def one(*samples) -> Reading:
    (reading,) = read(*samples)
    return reading


def test_the_default_is_the_energy_register_in_watt_hours():
    assert read({"value": "1500"}) == (Reading(AT, energy_wh=1500, context="Sample.Periodic"),)


@pytest.mark.parametrize(
    ("sample", "field", "value"),
    [
        ({"value": "1.5", "unit": "kWh"}, "energy_wh", 1500),
        ({"value": "0.15002000000000001", "unit": "kWh"}, "energy_wh", pytest.approx(150.02)),
        ({"value": 1.5, "unitOfMeasure": {"unit": "kWh"}}, "energy_wh", 1500),
        ({"value": 15, "unitOfMeasure": {"unit": "Wh", "multiplier": 2}}, "energy_wh", 1500),
        ({"value": 1.5, "unitOfMeasure": {"multiplier": 3}}, "energy_wh", 1500),
        ({"value": "7.4", "measurand": "Power.Active.Import", "unit": "kW"}, "power_w", 7400),
        ({"value": "16", "measurand": "Current.Import", "unit": "A"}, "current_a", 16),
        ({"value": "16000", "measurand": "Current.Import", "unit": "mA"}, "current_a", 16),
        ({"value": "32", "measurand": "Current.Offered"}, "offered_a", 32),
        ({"value": "32", "measurand": "Current.Import.Offered"}, "offered_a", 32),
        ({"value": "230.1", "measurand": "Voltage", "unit": "V"}, "voltage_v", 230.1),
        ({"value": "44", "measurand": "SoC", "unit": "Percent", "location": "EV"}, "soc_percent", 44),
        ({"value": "31", "measurand": "Temperature", "unit": "Celcius"}, "temperature_c", 31),
        ({"value": "31", "measurand": "Temperature", "unit": "Celsius", "location": "Body"}, "temperature_c", 31),
        ({"value": "212", "measurand": "Temperature", "unit": "Fahrenheit"}, "temperature_c", 100),
        ({"value": "300", "measurand": "Temperature", "unit": "K"}, "temperature_c", pytest.approx(26.85)),
    ],
)
def test_units_become_normal(sample, field, value):
    reading = one(sample)
    assert getattr(reading, field) == value
    assert reading.other == {}


@pytest.mark.parametrize(
    ("sample", "label", "value"),
    [
        ({"value": "22", "measurand": "Power.Offered", "unit": "kW"}, "Power.Offered", 22000),
        ({"value": "22", "measurand": "Power.Import.Offered", "unit": "kW"}, "Power.Offered", 22000),
        ({"value": "61", "measurand": "Temperature", "location": "Cable"}, "Temperature@Cable", 61),
        ({"value": "9", "location": "Inlet"}, "Energy.Active.Import.Register@Inlet", 9),
        ({"value": "4", "measurand": "Current.Import", "phase": "N"}, "Current.Import.N", 4),
        ({"value": "400", "measurand": "Voltage", "phase": "L1-L2"}, "Voltage.L1-L2", 400),
        ({"value": "2", "measurand": "Energy.Active.Export.Register"}, "Energy.Active.Export.Register", 2),
        (
            {"value": "5", "measurand": "Current.Import", "phase": "L1", "location": "Inlet"},
            "Current.Import.L1@Inlet",
            5,
        ),
    ],
)
def test_everything_else_is_kept_under_its_name(sample, label, value):
    assert one(sample) == Reading(AT, other={label: value})


def lines(measurand, *values, unit=None):
    return [
        {"value": value, "measurand": measurand, "phase": f"L{line}"} | ({"unit": unit} if unit else {})
        for line, value in enumerate(values, 1)
    ]


def test_energy_and_power_of_lines_add_up():
    """Tinkerforge sends kWh line by line and no total."""
    reading = one(
        *lines("Energy.Active.Import.Register", "1.5", "1", "0.5", unit="kWh"),
        *lines("Power.Active.Import", "1000", "2000", "3000"),
        *lines("Power.Offered", "1000", "1000", "1000"),
    )
    assert (reading.energy_wh, reading.power_w, reading.other["Power.Offered"]) == (3000, 6000, 3000)
    assert reading.other["Energy.Active.Import.Register.L2"] == 1000


def test_current_is_the_most_loaded_line_and_voltage_the_mean():
    reading = one(*lines("Current.Import", "6", "16", "0"), *lines("Voltage", "229", "231"))
    assert (reading.current_a, reading.voltage_v) == (16, 230)


def test_a_total_said_is_preferred_to_one_made():
    total = {"value": "50", "measurand": "Power.Active.Import"}
    assert one(*lines("Power.Active.Import", "20", "20", "20"), total).power_w == 50
    assert one(total, *lines("Power.Active.Import", "20", "20", "20")).power_w == 50


def test_the_outlet_is_preferred_to_the_body():
    body = {"value": "60", "measurand": "Temperature", "location": "Body"}
    outlet = {"value": "40", "measurand": "Temperature", "location": "Outlet"}
    assert one(body, outlet).temperature_c == one(outlet, body).temperature_c == 40


def test_each_context_is_a_reading_of_its_own():
    found = read({"value": "1", "context": "Transaction.Begin"}, {"value": "9", "context": "Transaction.End"})
    assert [(reading.context, reading.energy_wh) for reading in found] == [
        ("Transaction.Begin", 1),
        ("Transaction.End", 9),
    ]


def test_signed_data_is_kept_as_sent():
    assert one({"value": "OCMF|{}|{}", "format": "SignedData"}).other == {"signed": "OCMF|{}|{}"}
    signed = {"signedMeterData": "T0NNRg==", "signingMethod": "", "encodingMethod": "OCMF", "publicKey": ""}
    assert one({"value": 9, "signedMeterValue": signed}) == Reading(AT, energy_wh=9, other={"signed": signed})
    two = one(*({"value": text, "format": "SignedData"} for text in "abc"))
    assert two.other == {"signed": ["a", "b", "c"]}


def test_a_transaction_begins_and_ends_with_the_right_register():
    begin, middle, end = (
        Reading(AT, energy_wh=value, context=context)
        for value, context in ((1, "Transaction.Begin"), (5, "Sample.Periodic"), (9, "Transaction.End"))
    )
    power = Reading(AT, power_w=3)
    assert first_register([power, middle, begin, end]) == 1
    assert last_register([begin, end, middle]) == 9
    assert first_register([middle]) == last_register([middle]) == 5
    assert first_register([end]) is None
    assert last_register([begin]) is None  # libocpp repeats it in Ended: no stop value, not an end at the start


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-08-04T13:35:45Z", AT),
        ("2026-08-04T13:35:45", AT),
        ("2026-08-04 13:35:45", AT),
        ("2026-08-04t13:35:45z", AT),
        ("+2026-08-04T13:35:45Z", AT),
        ("2026-8-4T13:35:45 UTC", AT),
        ("2026-08-04T21:35:45+08:00", AT),
        ("2026-08-04T21:35:45+0800", AT),
        ("2026-08-04T05:35:45.000-08", AT),
        ("2026-08-04T13:35:45.", AT),
        ("2026-08-04T13:35:45.123456789Z", AT.replace(microsecond=123456)),
        ("+2026-08-04T13:35:45.123456789Z", AT.replace(microsecond=123456)),
        ("2026-08-04T13:35:60Z", AT.replace(minute=36, second=0)),
        ("1785850545", AT),
        ("1785850545123", AT),
        ("1970-01-01T00:48:40Z", UNSET.replace(minute=48, second=40)),
        ("0001-01-01T00:00:00+08:00", None),
        ("9999-12-31T23:59:60Z", None),
        ("0000-00-00T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (5, None),
    ],
)
def test_times_are_read_in_every_spelling(text, time):
    assert moment(text) == time


def test_times_are_written_in_one():
    assert stamp(AT.astimezone(timezone(timedelta(hours=8)))) == "2026-08-04T13:35:45.000Z"
    assert json.dumps(stamp(AT)).isascii()
