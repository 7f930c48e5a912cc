"""Commands that carry a secret: what is stored of them shows `***`, and the secret waits sealed until it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import argon2
import orjson

from csms import passwords
from csms.errors import BadInput
from csms.kit.crypto import SealingKey
from csms.kit.db import Conn, Row
from csms.ocpp.veil import MASK, SECRET, password_in, sets_more, veil
from csms.vocabulary import Command, SetNetworkProfile, VariableValue, WriteVariables


@dataclass(frozen=True, slots=True, repr=False)
class Veiled:
    """A command as it may be stored, and what is kept apart."""

    command: Command
    payload: Mapping[str, Any]
    clear: bytes | None = None
    password_hash: str | None = None


class Vault:
    def __init__(self, key: SealingKey | None = None) -> None:
        self._key = key or SealingKey.fresh()
        self._hasher = argon2.PasswordHasher()

    async def veil(self, command: Command, payload: Mapping[str, Any]) -> Veiled:
        """Raises BadInput when a password would go along with something else: each could be taken without the other."""
        shown = veil(payload)
        if shown is None:
            return Veiled(command, payload)
        password = password_in(payload)
        if password is not None and sets_more(payload):
            raise BadInput("payload.setVariableData", "a password is set on its own")
        return Veiled(
            _without_secrets(command), shown, orjson.dumps(payload), await self.hash(password) if password else None
        )

    async def hash(self, password: str) -> str:
        return await asyncio.to_thread(self._hasher.hash, passwords.to_store(password))

    async def keep(self, conn: Conn, command: str, station: str, veiled: Veiled, now: datetime) -> None:
        if veiled.clear is not None:
            await passwords.seal(conn, command, self._key.seal(veiled.clear, command), now)
        if veiled.password_hash is not None:
            await passwords.announce(conn, command, station, veiled.password_hash, now)

    async def payload(self, conn: Conn, row: Row) -> dict[str, Any] | None:
        """What to send; None when its secret can no longer be opened."""
        shown: dict[str, Any] = row["payload"]
        if row["kind"] not in ("write_variables", "set_network_profile") or MASK not in str(shown):
            return shown
        box = await passwords.box(conn, row["id"])
        if box is None:  # somebody's password may be three asterisks
            return shown if veil(shown) is None else None
        clear = self._key.unseal(box, str(row["id"]))
        return orjson.loads(clear) if clear is not None else None


def _without_secrets(command: Command) -> Command:
    match command:
        case WriteVariables(values=values):
            return replace(command, values=tuple(_without_value(v) for v in values))
        case SetNetworkProfile(profile=profile):
            return replace(command, profile=veil(profile) or profile)
    return command


def _without_value(value: VariableValue) -> VariableValue:
    return replace(value, value=MASK) if value.variable.lower() in SECRET else value
