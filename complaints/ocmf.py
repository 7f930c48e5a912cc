"""OCMF: signed meter readings (Open Charge Metering Format 1.x), read and verified.

A record is `OCMF|{payload}|{signature}`. The signature covers the payload's bytes as they were sent, so
they are never parsed and written again before the check, and register values stay decimal.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from csms.vocabulary import MeterReading

BEGIN, ENDS = ("B",), ("E", "L", "R", "A", "P", "T")
INHERITED = ("TM", "RI", "RU", "RT", "EF", "ST")
"""A reading leaves out what is as in the one before it."""
UNITS = {"WH": Decimal(1), "KWH": Decimal(1000), "MWH": Decimal(1_000_000)}
CURVES = {
    "secp192r1": "secp192r1",
    "secp256k1": "secp256k1",
    "secp256r1": "secp256r1",
    "secp384r1": "secp384r1",
    "secp521r1": "secp521r1",
    "brainpool256r1": "brainpoolP256r1",
    "brainpoolp256r1": "brainpoolP256r1",
    "brainpool384r1": "brainpoolP384r1",
    "brainpoolp384r1": "brainpoolP384r1",
}
HASHES: dict[str, hashes.HashAlgorithm] = {
    "SHA256": hashes.SHA256(),
    "SHA384": hashes.SHA384(),
    "SHA512": hashes.SHA512(),
}
KEY_PREFIX = "oca:base16:asn1:"


class NotOcmf(ValueError):
    """The text is no OCMF record, or misses what one must have."""


@dataclass(frozen=True, slots=True)
class OcmfReading:
    """One entry of RD."""

    at: datetime | None
    sync: str | None
    """U unknown, I informative, S synchronised, R relative."""
    transaction: str | None
    """TX: B begin, C charging, X exception, E end, L R A P other ends, S suspended, T tariff change."""
    value: Decimal | None
    unit: str | None
    obis: str | None
    current: str | None
    loss: Decimal | None
    """CL: cable loss, already taken off the value."""
    errors: str
    state: str | None
    """ST: G good."""

    @property
    def energy_usable(self) -> bool:
        """Whether the energy may be billed: meter state good, no error flag E."""
        return self.value is not None and "E" not in self.errors and self.state in (None, "G")

    @property
    def time_usable(self) -> bool:
        """Whether the time may decide a tariff period: synchronised or relative, no error flag t."""
        return self.at is not None and "t" not in self.errors and self.sync in ("S", "R")

    @property
    def wh(self) -> Decimal | None:
        factor = UNITS.get((self.unit or "").upper())
        return None if self.value is None or factor is None else self.value * factor


@dataclass(frozen=True, slots=True)
class Ocmf:
    """One record. `payload` is what was signed, byte for byte."""

    payload: bytes
    signature: Mapping[str, Any]
    version: str | None
    gateway_serial: str | None
    meter_serial: str | None
    pagination: str | None
    readings: tuple[OcmfReading, ...]

    def verified_by(self, public_key: str | bytes) -> bool:
        """Whether the key's owner signed these very bytes. A damaged key or signature is a no."""
        try:
            key = load_der_public_key(_key_bytes(public_key))
            curve, digest = _algorithm(str(self.signature.get("SA", "ECDSA-secp256r1-SHA256")))
            if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name.lower() != curve.lower():
                return False
            key.verify(_signature_bytes(self.signature), self.payload, ec.ECDSA(digest))
        except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError, KeyError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Register:
    """A verified register value and the reading that carried it."""

    wh: Decimal
    ref: str


def parse(text: str) -> Ocmf:
    """The record in a text. Raises NotOcmf."""
    head, bar, rest = text.strip().partition("|")
    if head != "OCMF" or not bar:
        raise NotOcmf("a record begins with OCMF|")
    payload, end = _json(rest, 0)
    if rest[end : end + 1] != "|":
        raise NotOcmf("no signature section")
    signature, _ = _json(rest, end + 1)
    return Ocmf(
        payload=rest[:end].encode(),
        signature=signature,
        version=payload.get("FV"),
        gateway_serial=payload.get("GS"),
        meter_serial=payload.get("MS"),
        pagination=payload.get("PG"),
        readings=tuple(_readings(payload.get("RD"))),
    )


def signed_registers(readings: Iterable[MeterReading]) -> tuple[Register, Register] | None:
    """The begin and end register of a session by signed readings, each verified by the key sent with it, or else by
    the one its session sent once (2.0.1 PublicKeyWithSignedMeterValue, OncePerTransaction).

    That proves the readings unaltered since the meter; that the key is this meter's is for the register of keys.
    """
    begins: dict[str, Register] = {}
    ends: dict[str, Register] = {}
    told = [(reading, one) for reading in readings for one in _each(reading.other.get("signed"))]
    once = next((key for _, one in told if (key := _data_and_key(one)[1])), None)
    for reading, signed in told:
        for record in _verified(signed, once):
            for one in (o for o in record.readings if o.energy_usable and o.wh is not None):
                assert one.wh is not None
                known = begins if one.transaction in BEGIN else ends if one.transaction in ENDS else {}
                known[one.obis or ""] = Register(one.wh, reading.id)
    pairs = [(begins[obis], ends[obis]) for obis in begins if obis in ends and ends[obis].wh >= begins[obis].wh]
    return pairs[0] if pairs else None


def _json(text: str, start: int) -> tuple[dict[str, Any], int]:
    try:
        value, end = json.JSONDecoder(parse_float=Decimal, parse_int=Decimal).raw_decode(text, start)
    except ValueError as error:
        raise NotOcmf("a section is no JSON object") from error
    if not isinstance(value, dict):
        raise NotOcmf("a section is no JSON object")
    return value, end


def _readings(entries: object) -> Iterable[OcmfReading]:
    if not isinstance(entries, list):
        raise NotOcmf("RD, the readings, is missing")
    before: dict[str, Any] = {}
    for entry in entries:
        if not isinstance(entry, dict):
            raise NotOcmf("a reading is no JSON object")
        full = {key: before[key] for key in INHERITED if key in before} | entry
        before = full
        at, sync = _time(full.get("TM"))
        yield OcmfReading(
            at=at,
            sync=sync,
            transaction=full.get("TX"),
            value=_number(full.get("RV")),
            unit=full.get("RU"),
            obis=full.get("RI"),
            current=full.get("RT"),
            loss=_number(full.get("CL")),
            errors=str(full.get("EF") or ""),
            state=full.get("ST"),
        )


def _number(value: object) -> Decimal | None:
    return value if isinstance(value, Decimal) else None


def _time(text: object) -> tuple[datetime | None, str | None]:
    """`2018-07-24T13:22:04,000+0200 S` -> the moment and its synchronisation flag."""
    found = re.fullmatch(r"(\S+[+-]\d{2}:?\d{2}|\S+Z)\s*([UISR])?", text.strip()) if isinstance(text, str) else None
    if found is None:
        return None, None
    try:
        return datetime.fromisoformat(found[1].replace(",", ".")), found[2]
    except ValueError:
        return None, found[2]


def _algorithm(name: str) -> tuple[str, hashes.HashAlgorithm]:
    """`ECDSA-secp256r1-SHA256` -> the curve and the digest. Raises KeyError, ValueError."""
    scheme, curve, digest = name.split("-")
    if scheme.upper() != "ECDSA":
        raise ValueError(scheme)
    return CURVES[curve.lower()], HASHES[digest.upper()]


def _signature_bytes(signature: Mapping[str, Any]) -> bytes:
    data = str(signature["SD"])
    return base64.b64decode(data) if signature.get("SE") == "base64" else bytes.fromhex(data)


def _key_bytes(key: str | bytes) -> bytes:
    """DER from hex, base64, or the `oca:base16:asn1:` form inside base64 (OCA's note on signed meter values)."""
    if isinstance(key, bytes):
        return key
    text = key.strip().removeprefix(KEY_PREFIX)
    if re.fullmatch(r"(?:[0-9a-fA-F]{2})+", text):
        return bytes.fromhex(text)
    raw = base64.b64decode(text)
    return bytes.fromhex(raw.decode().removeprefix(KEY_PREFIX)) if raw.startswith(KEY_PREFIX.encode()) else raw


def _each(signed: object) -> Iterable[object]:
    """A reading may carry several: its begin and its end."""
    return signed if isinstance(signed, list) else [signed]


def _verified(signed: object, once: str | None) -> Iterable[Ocmf]:
    """The record of one signed value if its signature holds; without any key it does not."""
    data, key = _data_and_key(signed)
    if not data or not (key or once):
        return
    try:
        record = parse(data if data.lstrip().startswith("OCMF") else base64.b64decode(data).decode())
    except (NotOcmf, binascii.Error, UnicodeDecodeError):
        return
    if record.verified_by(key or once or ""):
        yield record


def _data_and_key(signed: object) -> tuple[str | None, str | None]:
    """OCPP's SignedMeterValueType, as an object or as its JSON text."""
    if isinstance(signed, str) and signed.lstrip().startswith("{"):
        try:
            signed = json.loads(signed)
        except ValueError:
            return None, None
    if not isinstance(signed, Mapping):
        return None, None
    data, key = signed.get("signedMeterData"), signed.get("publicKey")
    return (data if isinstance(data, str) else None), (key if isinstance(key, str) else None)
