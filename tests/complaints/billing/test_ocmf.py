"""Signed meter readings: read as sent, verified over the very bytes."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from complaints.billing import energy_of, expected_bill
from complaints.ocmf import NotOcmf, parse, signed_registers
from complaints.rules.money import money_findings
from csms.vocabulary import MeterReading
from tests.complaints.billing.told import case, payment, reading, session

KEY = ec.generate_private_key(ec.SECP256R1())
# Trailing zeros, spaces and the order of fields are the meter's own: none may be touched.
PAYLOAD = (
    '{"FV":"1.0", "GI":"GW","GS":"123","PG":"T12","MV":"M","MS":"77","RD":['
    '{"TM":"2026-03-10T20:00:00,000+0800 S","TX":"B","RV":2935.600,"RI":"1-b:1.8.0","RU":"kWh","RT":"DC","CL":0.0,'
    '"EF":"","ST":"G"},'
    '{"TM":"2026-03-10T21:00:00,000+0800 S","TX":"E","RV":2965.100,"CL":0.500,"ST":"G"}]}'
)


def key_text(key: ec.EllipticCurvePrivateKey = KEY) -> str:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()


def signed(payload: str = PAYLOAD, key: ec.EllipticCurvePrivateKey = KEY, **section: Any) -> str:
    digest = section.pop("digest", hashes.SHA256())
    data = key.sign(payload.encode(), ec.ECDSA(digest))
    plain = section.get("SE") == "base64"
    return f"OCMF|{payload}|{json.dumps(section | {'SD': base64.b64encode(data).decode() if plain else data.hex()})}"


def test_a_record_is_read_with_its_flags() -> None:
    begin, end = parse(signed()).readings
    assert (begin.value, end.value) == (Decimal("2935.600"), Decimal("2965.100"))
    assert end.wh is not None
    assert begin.wh is not None
    assert end.wh - begin.wh == 29_500
    assert end.at == datetime(2026, 3, 10, 21, tzinfo=timezone(timedelta(hours=8)))
    assert (end.transaction, end.sync, end.loss, end.state) == ("E", "S", Decimal("0.500"), "G")
    assert (end.obis, end.unit, end.current) == ("1-b:1.8.0", "kWh", "DC")  # as in the reading before
    assert end.energy_usable
    assert end.time_usable


def test_the_signature_holds_over_the_bytes_as_sent() -> None:
    record = parse(signed())
    assert record.verified_by(key_text())
    assert record.payload == PAYLOAD.encode()
    reformatted = json.dumps(json.loads(PAYLOAD))
    assert not replace(record, payload=reformatted.encode()).verified_by(key_text())
    assert not parse(signed().replace("2965.100", "2975.100")).verified_by(key_text())
    assert not parse(signed().replace("2965.100", "2965.1")).verified_by(key_text())


def test_another_key_or_a_damaged_one_is_a_no() -> None:
    record = parse(signed())
    assert not record.verified_by(key_text(ec.generate_private_key(ec.SECP256R1())))
    assert not record.verified_by(key_text(ec.generate_private_key(ec.SECP384R1())))
    for broken in ("", "00", "not a key", key_text()[:-2]):
        assert not record.verified_by(broken)


@pytest.mark.parametrize(
    ("curve", "name", "digest"),
    [
        (ec.SECP256K1(), "ECDSA-secp256k1-SHA256", hashes.SHA256()),
        (ec.SECP384R1(), "ECDSA-secp384r1-SHA256", hashes.SHA256()),
        (ec.SECP521R1(), "ECDSA-secp521r1-SHA512", hashes.SHA512()),
        (ec.BrainpoolP256R1(), "ECDSA-brainpool256r1-SHA256", hashes.SHA256()),
        (ec.BrainpoolP384R1(), "ECDSA-brainpool384r1-SHA384", hashes.SHA384()),
    ],
)
def test_other_curves(curve: ec.EllipticCurve, name: str, digest: hashes.HashAlgorithm) -> None:
    key = ec.generate_private_key(curve)
    assert parse(signed(key=key, SA=name, digest=digest)).verified_by(key_text(key))
    assert not parse(signed(key=key, SA="ECDSA-secp256r1-SHA256", digest=digest)).verified_by(key_text(key))


def test_signature_and_key_may_be_base64() -> None:
    record = parse(signed(SE="base64", SA="ECDSA-secp256r1-SHA256"))
    der = bytes.fromhex(key_text())
    assert record.verified_by(base64.b64encode(der).decode())
    assert record.verified_by(der)
    assert record.verified_by(base64.b64encode(b"oca:base16:asn1:" + der.hex().encode()).decode())


def test_unknown_algorithms_are_a_no() -> None:
    for name in ("RSA-2048-SHA256", "ECDSA-secp256r1-MD5", "ECDSA"):
        assert not parse(signed(SA=name)).verified_by(key_text())


@pytest.mark.parametrize(
    "text",
    ["", "OCMF", "OCMF|", "OCMF|{}|{}", 'OCMF|{"RD":[]}', "X|{}|{}", "OCMF|[]|{}", 'OCMF|{"RD":[1]}|{}', "OCMF|{|{}"],
)
def test_what_is_no_record_says_so(text: str) -> None:
    with pytest.raises(NotOcmf):
        parse(text)


def test_a_bar_inside_a_text_does_not_end_the_payload() -> None:
    payload = PAYLOAD.replace('"GW"', '"G|W"')
    assert parse(signed(payload)).verified_by(key_text())


@pytest.mark.parametrize(
    ("change", "energy", "time"),
    [
        (('"EF":""', '"EF":"E"'), False, True),
        (('"EF":""', '"EF":"t"'), True, False),
        (("+0800 S", "+0800 U"), True, False),
        (("+0800 S", "+0800 I"), True, False),
        (("+0800 S", "+0800 R"), True, True),
        (("2026-03-10T", "2026-13-10T"), True, False),
        (('"ST":"G"', '"ST":"M"'), False, True),
    ],
)
def test_error_and_time_flags_say_what_may_be_billed(change: tuple[str, str], energy: bool, time: bool) -> None:
    end = parse(signed(PAYLOAD.replace(*change))).readings[1]
    assert (end.energy_usable, end.time_usable) == (energy, time)


# In the bill


def carried(record: str, key: str | None = None, **shape: Any) -> MeterReading:
    data = {"signedMeterData": base64.b64encode(record.encode()).decode(), "publicKey": key or key_text()} | shape
    return reading(60, None, other={"signed": data})


def test_a_verified_pair_outranks_begin_and_end() -> None:
    paid = [payment("P", "capture", "35.40")]
    told = case(session(0, 60, 1_000, 99_000), readings=[carried(signed())], payments=paid)
    assert (energy_of(told).wh, energy_of(told).pair) == (29_500, "signed")
    bill = expected_bill(told)
    assert bill
    assert bill.expected == Decimal("35.40")
    assert [f.grade for f in money_findings(told, bill)] == ["A"]


@pytest.mark.parametrize("broken", ["key", "bytes", "flag", "text", "no key", "nothing"])
def test_what_cannot_be_verified_changes_nothing(broken: str) -> None:
    odd = {
        "key": carried(signed(), key_text(ec.generate_private_key(ec.SECP256R1()))),
        "bytes": carried(signed().replace("2965", "2975")),
        "flag": carried(signed(PAYLOAD.replace('"EF":""', '"EF":"E"'))),
        "text": reading(60, None, other={"signed": "OCMF|garbage"}),
        "no key": carried(signed(), publicKey=None),
        "nothing": carried(signed(), signedMeterData="%%%"),
    }[broken]
    told = case(session(0, 60, 1_000, 11_000), readings=[odd])
    assert (energy_of(told).wh, energy_of(told).pair) == (10_000, "begin_end")


def test_begin_and_end_may_come_in_records_of_their_own_as_text_or_list() -> None:
    first, last = (PAYLOAD.split('"RD":[', maxsplit=1)[0] + '"RD":[' for _ in range(2))
    head = PAYLOAD.split('"RD":[')[1].split("},{")
    first += head[0] + "}]}"
    last += '{"RI":"1-b:1.8.0","RU":"kWh",' + head[1]
    shapes = [{"signedMeterData": signed(one), "publicKey": key_text()} for one in (first, last)]
    apart = [reading(0, None, other={"signed": json.dumps(shapes[0])}), reading(60, None, other={"signed": shapes[1]})]
    found = signed_registers(apart)
    assert found
    assert (found[0].wh, found[1].wh, found[0].ref) == (Decimal(2935600), Decimal(2965100), "r0")
    assert signed_registers([reading(60, None, other={"signed": shapes})]) is not None
    assert signed_registers(apart[:1]) is None


@pytest.mark.parametrize(("once", "verified"), [(KEY, True), (ec.generate_private_key(ec.SECP256R1()), False)])
def test_a_key_sent_once_holds_for_the_whole_session(once: ec.EllipticCurvePrivateKey, verified: bool) -> None:
    """2.0.1 PublicKeyWithSignedMeterValue = OncePerTransaction: later values come with an empty one."""
    keyed = carried(signed(PAYLOAD.replace('"TX":"E"', '"TX":"C"')), key_text(once))
    keyless = reading(60, None, other={"signed": {"signedMeterData": signed(), "publicKey": ""}})
    assert (signed_registers([keyed, keyless]) is not None) is verified
