"""An authority of the test's own, and the certificates it makes."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Papers:
    """Writes `ca.crt` and pairs of `NAME.crt` and `NAME.key` into a folder."""

    def __init__(self, folder: Path, name: str = "Test authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        made = self._builder(self._name, self._key.public_key(), days=30).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        ).sign(self._key, hashes.SHA256())
        self.ca = folder / "ca.crt"
        self.ca.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def pair(self, file: str, common_name: str | None, others: Sequence[x509.GeneralName] = (), days: int = 30) -> Path:
        """The certificate's path; its key lies beside it."""
        key = ec.generate_private_key(ec.SECP256R1())
        built = self._builder(_named(common_name) if common_name else x509.Name([]), key.public_key(), days)
        if others:
            built = built.add_extension(x509.SubjectAlternativeName(others), critical=not common_name)
        made = built.sign(self._key, hashes.SHA256())
        path = self.folder / f"{file}.crt"
        path.with_suffix(".key").write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ))
        path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return path

    def server(self, file: str = "server") -> Path:
        return self.pair(file, "csms", [x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")])

    def trust(self, own: Path | None = None) -> ssl.SSLContext:
        """What a station dials with: our authority trusted, its own certificate shown."""
        context = ssl.create_default_context(cafile=str(self.ca))
        if own:
            context.load_cert_chain(own, own.with_suffix(".key"))
        return context

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePublicKey, days: int) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder().subject_name(name).issuer_name(self._name).public_key(key)
            .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=60))
            .not_valid_after(now + timedelta(days=days))
        )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
