"""A station's certificates: installed roots, its own key, requests to sign. Real with `cryptography`."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass
from typing import Any

from .link import Payload

HAVE_CRYPTOGRAPHY = True
try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID
except ImportError:  # the emulator runs without it
    HAVE_CRYPTOGRAPHY = False


@dataclass(frozen=True)
class Installed:
    """A certificate in the station's store. `hashes` is OCPP's CertificateHashDataType."""

    kind: str
    pem: str
    hashes: Payload


class Keys:
    """The certificate store of one station (1.6 security whitepaper; 2.0.1: A02, M03 to M05)."""

    def __init__(self, station: str) -> None:
        self.installed: list[Installed] = []
        self.chain: dict[str, str] = {}
        """Certificates signed for us, by what they are for."""
        self._station = station
        self._key: Any = None

    def install(self, kind: str, pem: str) -> str:
        """Accepted, or Rejected for what is no certificate."""
        try:
            found = Installed(kind, pem, hash_data(pem))
        except ValueError:
            return "Rejected"
        self.installed = [one for one in self.installed if (one.kind, one.hashes) != (kind, found.hashes)]
        self.installed.append(found)
        return "Accepted"

    def delete(self, wanted: Payload) -> str:
        """Accepted, or NotFound."""
        kept = [one for one in self.installed if not _same(one.hashes, wanted)]
        gone = len(kept) < len(self.installed)
        self.installed = kept
        return "Accepted" if gone else "NotFound"

    def listed(self, kinds: list[str] | None) -> list[Installed]:
        return [one for one in self.installed if not kinds or one.kind in kinds]

    def request(self, organisation: str) -> str:
        """A certificate signing request for a fresh key, as PEM (2.0.1: A02.FR.03: the station's id is the CN)."""
        if not HAVE_CRYPTOGRAPHY:
            return "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n"
        self._key = ec.generate_private_key(ec.SECP256R1())
        names = [
            x509.NameAttribute(NameOID.COMMON_NAME, self._station),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
        ]
        asking = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
        request = asking.sign(self._key, hashes.SHA256())
        return request.public_bytes(serialization.Encoding.PEM).decode()

    def take(self, chain: str, kind: str = "ChargingStationCertificate") -> bool:
        """Keep a certificate that was signed for us; false if it does not belong to the key we asked with."""
        if HAVE_CRYPTOGRAPHY:
            try:
                leaf = x509.load_pem_x509_certificate(chain.encode())
            except ValueError:
                return False
            if self._key is None or leaf.public_key() != self._key.public_key():
                return False
        self.chain[kind] = chain
        return True

    @property
    def private_pem(self) -> str | None:
        """The key behind the newest request, for whoever dials with the signed certificate."""
        if self._key is None:
            return None
        pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        return str(self._key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain).decode())


def hash_data(pem: str) -> Payload:
    """OCPP's identity of a certificate (2.0.1: CertificateHashDataType). Raises ValueError."""
    if not HAVE_CRYPTOGRAPHY:
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.strip())).hexdigest()
        same = {"issuerNameHash": digest, "issuerKeyHash": digest}
        return {"hashAlgorithm": "SHA256", **same, "serialNumber": digest[:16]}
    certificate = x509.load_pem_x509_certificate(pem.encode())
    # The issuer's key is known for a root: its own. For others this is only as good as the name.
    own = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": hashlib.sha256(certificate.issuer.public_bytes()).hexdigest(),
        "issuerKeyHash": hashlib.sha256(own).hexdigest(),
        "serialNumber": f"{certificate.serial_number:x}",
    }


def _same(one: Payload, other: Payload) -> bool:
    return all(str(one[k]).lower().lstrip("0") == str(other.get(k, "")).lower().lstrip("0") for k in one)
