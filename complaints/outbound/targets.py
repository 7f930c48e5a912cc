"""Whom we may call: an address that somebody entered must not reach into our own network (SSRF)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from complaints.outbound.deliver import Undelivered, Unwanted
from csms.errors import BadInput

Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to addresses; raises OSError."""

INWARD = frozenset({
    "json", "jsons", "xml", "xmls", "form", "forms", "file", "syslog", "rsyslog", "dbus", "gnome", "macosx", "windows",
    "mqtt", "mqtts", "rsyslogs", "apprise", "apprises",
})
"""Kinds of apprise that call any host or touch this machine: not for addresses that staff enter."""


def networks(text: str) -> tuple[Network, ...]:
    """`10.0.0.0/8, fd00::/8`. Raises BadInput."""
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise BadInput("hook_networks", str(error)) from None


def is_public(address: str, allowed: Sequence[Network] = ()) -> bool:
    """Whether it lies in the public internet, or where we were told that our own systems are."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return any(ip in net for net in allowed if net.version == ip.version) or (ip.is_global and not ip.is_multicast)


async def _look_up(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect, and as whom to address it. The address is the one that was looked at: a name that is looked
    up a second time may say something else (DNS rebinding).
    """

    url: str
    """With the address in place of the name."""
    host: str
    """For the Host header."""
    name: str
    """For TLS."""


async def reach(url: str, allowed: Sequence[Network] = (), resolve: Resolve = _look_up) -> Target:
    """Raises Unwanted when it leads inside, Undelivered when its name is not known just now."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise Unwanted("this is no plain http(s) address")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        addresses = await resolve(parts.hostname, port)
    except OSError as error:
        raise Undelivered(f"{parts.hostname} cannot be looked up: {error}") from None
    if not addresses or not all(is_public(each, allowed) for each in addresses):
        raise Unwanted(f"{parts.hostname} is not in the public internet and not in hook_networks")
    at = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
    return Target(
        parts._replace(netloc=f"{at}:{port}").geturl(), parts.netloc.rpartition("@")[2], parts.hostname,
    )
