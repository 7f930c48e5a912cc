"""Signed meter values in a scenario: scrubbed, and signed anew where the meter's signature had held. Pure.

A scrubbed record cannot keep the meter's signature. A key made for the scenario stands in for the meter's, so that
what was provable stays provable; what did not hold is left broken.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from complaints.ocmf import NotOcmf, parse


def resign(signed: Mapping[str, Any], scrub: Callable[[str], str]) -> dict[str, Any]:
    """OCPP's SignedMeterValueType with its OCMF record scrubbed; anything else loses its data."""
    data, key = str(signed.get("signedMeterData") or ""), str(signed.get("publicKey") or "")
    shape = {**signed, "signedMeterData": "", "publicKey": "" if key else key}
    plain = _plain(data)
    try:
        record = parse(plain)
    except NotOcmf:
        return shape
    payload = scrub(record.payload.decode())
    held = bool(key) and record.verified_by(key)
    private = ec.generate_private_key(ec.SECP256R1())
    digest = private.sign(payload.encode(), ec.ECDSA(SHA256())).hex() if held else "00"
    text = f"OCMF|{payload}|" + orjson.dumps({"SA": "ECDSA-secp256r1-SHA256", "SD": digest}).decode()
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()
    packed = text if data.lstrip().startswith("OCMF") else base64.b64encode(text.encode()).decode()
    return shape | {"signedMeterData": packed, "publicKey": public if key else key}


def _plain(data: str) -> str:
    if data.lstrip().startswith("OCMF"):
        return data
    try:
        return base64.b64decode(data).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
