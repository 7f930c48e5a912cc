"""A key that is not in the database: what must be stored for a while and read back by us alone."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12


@dataclass(frozen=True, slots=True, repr=False)
class SealingKey:
    """Seals and opens (AES-256-GCM). What it is derived from may be of any length."""

    secret: bytes

    @classmethod
    def fresh(cls) -> SealingKey:
        """Good for as long as this process runs."""
        return cls(secrets.token_bytes(32))

    @classmethod
    def kept_in(cls, path: Path) -> SealingKey:
        """The key of a file; made, for its owner's eyes only, when there is none."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32) + "\n")
        except FileExistsError:
            pass
        return cls(path.read_bytes().strip())

    def seal(self, clear: bytes, about: str) -> bytes:
        """`about` names what it belongs to: a box cannot be opened as another's."""
        nonce = secrets.token_bytes(NONCE)
        return nonce + self._cipher().encrypt(nonce, clear, about.encode())

    def unseal(self, box: bytes, about: str) -> bytes | None:
        """None when it was sealed with another key or for something else."""
        try:
            return self._cipher().decrypt(box[:NONCE], box[NONCE:], about.encode())
        except (InvalidTag, ValueError):
            return None

    def _cipher(self) -> AESGCM:
        return AESGCM(HKDF(SHA256(), 32, None, b"ohmbudsman sealed payloads").derive(self.secret))
