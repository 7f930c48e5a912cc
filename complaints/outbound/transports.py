"""Transports: apprise for mail, text messages, WeCom, DingTalk and the like; signed calls for other systems."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import quote

import httpx
import orjson

from complaints.outbound import targets
from complaints.outbound.deliver import Message, Undelivered, Unwanted
from csms.kit.clock import Clock

TIMEOUT_S = 20.0
SIGNATURE, TIMESTAMP, KEY = "Ohmbudsman-Signature", "Ohmbudsman-Timestamp", "Idempotency-Key"


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA-256 over the time and the body, so that neither an old nor an altered call is believed."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class AppriseTransport:
    """Anything that apprise reaches. `address` is its URL, or goes into `template` at {to}."""

    repeatable = False
    """Neither mail nor text messages know a repetition by its key."""

    def __init__(self, template: str | None = None) -> None:
        self._template = template

    async def send(self, message: Message) -> None:
        import apprise

        if not message.address:
            raise Unwanted("there is no address")
        if not self._template and message.address.partition("://")[0].lower() in targets.INWARD:
            raise Unwanted("such an address may lead into our own network")
        url = self._template.replace("{to}", quote(message.address, safe="@")) if self._template else message.address
        carrier = apprise.Apprise()
        if not carrier.add(url):
            raise Unwanted("apprise does not know such an address")
        async with asyncio.timeout(TIMEOUT_S):
            if not await carrier.async_notify(body=message.text, title=message.subject):
                raise Undelivered("the service did not take it")


class HookTransport:
    """A signed POST. `find` gives a hook's URL and secret; the key travels along, so asked twice is done once."""

    repeatable = True

    def __init__(
        self, find: Callable[[str], Awaitable[tuple[str, str] | None]], clock: Clock,
        client: httpx.AsyncClient | None = None, *, networks: Sequence[targets.Network] = (),
    ) -> None:
        """`networks`: where, besides the public internet, hooks may be. A `client` is used as it is, in tests."""
        self._find, self._clock, self._client, self._networks = find, clock, client, networks

    async def send(self, message: Message) -> None:
        found = await self._find(message.channel.partition(":")[2])
        if found is None:
            raise Unwanted(f"there is no hook {message.channel}")
        url, secret = found
        body = orjson.dumps(dict(message.payload) if message.payload is not None else {
            "to": message.address, "text": message.text, "language": message.language, "complaint": message.complaint,
        })
        timestamp = str(int(self._clock().timestamp()))
        headers = {
            "Content-Type": "application/json", TIMESTAMP: timestamp, SIGNATURE: sign(secret, timestamp, body),
            KEY: message.key,
        }
        response = await self._post(url, body, headers)
        if response.status_code >= 500 or response.status_code in (408, 425, 429):
            raise Undelivered(f"answered {response.status_code}")
        if response.status_code >= 300:
            raise Unwanted(f"answered {response.status_code}: {response.text[:200]}")

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        try:
            if self._client is not None:
                return await self._client.post(url, content=body, headers=headers)
            target = await targets.reach(url, self._networks)
            async with httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client:
                return await client.post(
                    target.url, content=body, headers=headers | {"Host": target.host},
                    extensions={"sni_hostname": target.name},
                )
        except httpx.ConnectError as error:
            raise Undelivered(repr(error)) from None
