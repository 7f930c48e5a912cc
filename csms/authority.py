"""A small certificate authority: signs what stations ask for, says what became of it (OCPP 2.0.1 A02, M06)."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from csms.errors import BadInput, Conflict, NotFound
from csms.kit.db import Conn, Row

OWN_YEARS = 20
LASTS = timedelta(days=825)
STATUS_GOOD_FOR = timedelta(days=7)
LONGEST_COMMON_NAME = 64
HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9-]{1,63})*")
HASHES = {"SHA256": hashes.SHA256(), "SHA384": hashes.SHA384(), "SHA512": hashes.SHA512()}

RECORD = """
    insert into issued_certificates (serial, station, type, not_before, not_after, issued_at, issued_by, pem)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
REVOKE = """
    update issued_certificates set revoked_at = coalesce(revoked_at, $2), revoked_by = coalesce(revoked_by, $3)
    where serial = $1 returning *
"""
ISSUED = "select * from issued_certificates where serial = $1"
LIST = """
    select * from issued_certificates
    where ($1::text is null or station = $1) and ($2::timestamptz is null or (issued_at, serial) < ($2, $3::text))
    order by issued_at desc, serial desc limit $4
"""

# Signed by itself only for who had to prove who it is; everybody else's waits for a person.
WAITING = """
    select r.id, r.station, r.type, r.csr, s.serial from certificate_requests r join stations s on s.id = r.station
    where r.state = 'open' and s.security_profile > 0 and s.admission = 'known' and r.requested_at > $1
      and not exists (select from signings g where g.request = r.id)
    order by r.requested_at limit 20
"""
REQUEST = """
    select r.id, r.station, r.type, r.csr, s.serial from certificate_requests r join stations s on s.id = r.station
    where r.id = $1::uuid
"""
TAKE_UP = "insert into signings (request, at) values ($1, $2) on conflict do nothing returning request"
SETTLE = "update signings set serial = $2, trouble = $3 where request = $1"
REFUSE = "update certificate_requests set state = 'refused', settled_at = $2 where id = $1 and state = 'open'"


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate, and what is remembered of it."""

    serial: str
    pem: str
    not_before: datetime
    not_after: datetime
    chain: str
    """The certificate and, after it, ours."""


@dataclass(frozen=True, slots=True, repr=False)
class Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def init(cls, folder: Path, name: str, now: datetime) -> Authority:
        """A new one, in `ca.crt` and, for its owner's eyes only, `ca.key`. Raises Conflict where one is."""
        if (folder / "ca.crt").exists() or (folder / "ca.key").exists():
            raise Conflict(f"{folder} holds an authority already: stations trust it, so it is never overwritten")
        folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:LONGEST_COMMON_NAME])])
        own, lasts = key.public_key(), timedelta(days=365 * OWN_YEARS)
        made = _begun(named, named, own, own, now, lasts).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        ).add_extension(_usage(signs_certificates=True), critical=True).sign(key, hashes.SHA256())
        write_private(folder / "ca.key", private_pem(key))
        (folder / "ca.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return cls(made, key)

    @classmethod
    def load(cls, folder: Path) -> Authority:
        """Raises BadInput when it cannot be read."""
        try:
            key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
            made = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
        except (OSError, ValueError, TypeError) as error:
            raise BadInput("ca", f"there is no authority to be read in {folder}: {error}") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != made.public_key():
            raise BadInput("ca", f"ca.key and ca.crt in {folder} do not belong together")
        return cls(made, key)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def sign(self, csr: str, station: str, now: datetime, *, serial: str | None = None) -> Issued:
        """The certificate a station asks for: its own key, our words. Raises BadInput."""
        asked = read_request(csr)
        names = [str(a.value) for a in asked.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        if names and not set(names) & {station, serial or station}:
            raise BadInput("csr", f"it is for {names[0]:.100}, not for this station's id or serial number")
        return self._issue(asked.public_key(), station, [*_alternatives(station)], ExtendedKeyUsageOID.CLIENT_AUTH, now)

    def issue(self, name: str, now: datetime, *, server: bool = False) -> tuple[Issued, bytes]:
        """A certificate with a key of our own making (PEM), for a station or for a server of that host name."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        others = [_host(name)] if server else [*_alternatives(name)]
        return self._issue(key.public_key(), name, others, usage, now), private_pem(key)

    def _issue(
        self, key: Any, name: str, others: list[x509.GeneralName], usage: x509.ObjectIdentifier, now: datetime
    ) -> Issued:
        short = len(name) <= LONGEST_COMMON_NAME
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if short else [])
        made = _begun(
            subject, self.certificate.subject, key, self.key.public_key(), now,
            min(LASTS, self.certificate.not_valid_after_utc - now),
        ).add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        ).add_extension(_usage(signs_certificates=False), critical=True).add_extension(
            x509.ExtendedKeyUsage([usage]), critical=False
        ).add_extension(x509.SubjectAlternativeName(others), critical=not short).sign(self.key, hashes.SHA256())
        pem = made.public_bytes(serialization.Encoding.PEM).decode()
        return Issued(
            f"{made.serial_number:x}", pem, made.not_valid_before_utc, made.not_valid_after_utc, pem + self.pem
        )

    def is_ours(self, asked: Mapping[str, Any]) -> bool:
        """Whether CertificateHashData or OCSPRequestData names us as the issuer."""
        algorithm = HASHES.get(str(asked.get("hashAlgorithm")))
        return algorithm is not None and (
            str(asked.get("issuerNameHash")).lower() == _digest(algorithm, self.certificate.subject.public_bytes())
        ) and str(asked.get("issuerKeyHash")).lower() == _digest(algorithm, _key_bits(self.certificate))

    def ocsp(self, asked: Mapping[str, Any], issued: Row, now: datetime) -> str:
        """The status of one of ours: DER in base64, as `ocspResult` carries it."""
        revoked = issued["revoked_at"]
        answer = ocsp.OCSPResponseBuilder().add_response(
            cert=x509.load_pem_x509_certificate(issued["pem"].encode()), issuer=self.certificate,
            algorithm=HASHES[asked["hashAlgorithm"]], this_update=now, next_update=now + STATUS_GOOD_FOR,
            cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
            revocation_time=revoked, revocation_reason=x509.ReasonFlags.unspecified if revoked else None,
        ).responder_id(ocsp.OCSPResponderEncoding.HASH, self.certificate).sign(self.key, hashes.SHA256())
        return base64.b64encode(answer.public_bytes(serialization.Encoding.DER)).decode()


def read_request(csr: str) -> x509.CertificateSigningRequest:
    """A PKCS #10 request as PEM or, as some stations send it, bare base64. Raises BadInput."""
    try:
        if "-----BEGIN" in csr:
            asked = x509.load_pem_x509_csr(csr.replace("\\n", "\n").encode())
        else:
            asked = x509.load_der_x509_csr(base64.b64decode("".join(csr.split()), validate=True))
        sound = asked.is_signature_valid
        key = asked.public_key()
    except (ValueError, TypeError, binascii.Error, InvalidSignature) as error:
        raise BadInput("csr", f"it cannot be read: {error}") from error
    if not sound:
        raise BadInput("csr", "its signature is not of its own key")
    strong = (isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048) or (
        isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= 224
    )
    if not strong:
        raise BadInput("csr", "its key is too weak: RSA of 2048 bits or elliptic curves of 224 at least (A00.FR.501)")
    return asked


def write_private(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _begun(
    subject: x509.Name, issuer: x509.Name, key: Any, issuer_key: Any, now: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    begins = now - timedelta(days=1)  # clocks of stations lag
    return (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
        .serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(now + lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=not signs_certificates, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        encipher_only=False, decipher_only=False,
    )


def _alternatives(station: str) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = [x509.UniformResourceIdentifier(f"urn:ocpp:station:{quote(station, safe='')}")]
    return [*found, x509.DNSName(station)] if HOST_NAME.fullmatch(station) else found


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_bits(certificate: x509.Certificate) -> bytes:
    """The subject's public key as OCSP hashes it: the bit string alone, without its algorithm."""
    return certificate.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def _digest(algorithm: hashes.HashAlgorithm, data: bytes) -> str:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize().hex()


# --- rows -------------------------------------------------------------------------------------------


async def record(conn: Conn, issued: Issued, station: str, type: str, now: datetime, by: str) -> None:
    await conn.execute(
        RECORD, issued.serial, station, type, issued.not_before, issued.not_after, now, by, issued.pem
    )


async def revoke(conn: Conn, serial: str, now: datetime, by: str) -> Row:
    """It opens nothing from now on. Raises NotFound."""
    row = await conn.fetchrow(REVOKE, serial.lower().lstrip("0"), now, by)
    if row is None:
        raise NotFound(f"no certificate {serial:.100} was issued here")
    return row


async def listing(
    conn: Conn, station: str | None, after: tuple[datetime, str] | None, limit: int
) -> list[Row]:
    return list(await conn.fetch(LIST, station, *(after or (None, None)), limit))


async def waiting(conn: Conn, since: datetime) -> list[Row]:
    """Requests of stations that are to be signed by themselves."""
    return list(await conn.fetch(WAITING, since))


async def request(conn: Conn, id: str) -> Row:
    """Raises NotFound."""
    row = await conn.fetchrow(REQUEST, id)
    if row is None:
        raise NotFound(f"no request {id}")
    return row


async def take_up(conn: Conn, request: object, now: datetime) -> bool:
    """False when someone has dealt with it."""
    return await conn.fetchval(TAKE_UP, request, now) is not None


async def settle(conn: Conn, request: object, serial: str | None, trouble: str | None, now: datetime) -> None:
    await conn.execute(SETTLE, request, serial, trouble)
    if trouble:
        await conn.execute(REFUSE, request, now)


async def standing(
    conn: Conn, authority: Authority | None, asked: Sequence[Any], now: datetime
) -> dict[str, tuple[str, datetime]]:
    """Serial number -> (Good, Revoked or Unknown, good until) of those that are ours to know (2.1 M07)."""
    found: dict[str, tuple[str, datetime]] = {}
    for name in asked:
        if authority is not None and isinstance(name, Mapping) and authority.is_ours(name):
            row = await conn.fetchrow(ISSUED, str(name.get("serialNumber", "")).lower().lstrip("0"))
            word = "Unknown" if row is None else "Revoked" if row["revoked_at"] else "Good"
            found[str(name.get("serialNumber"))] = (word, now + STATUS_GOOD_FOR)
    return found


async def status(conn: Conn, authority: Authority | None, asked: Any, now: datetime) -> str | None:
    """What GetCertificateStatus is answered with; None when we cannot know (2.0.1 M06: Failed)."""
    if authority is None or not isinstance(asked, Mapping) or not authority.is_ours(asked):
        return None
    found = await conn.fetchrow(ISSUED, str(asked.get("serialNumber", "")).lower().lstrip("0"))
    return authority.ocsp(asked, found, now) if found else None
