"""The mail slot: an SMTP listener that answers 250 only once the case is committed."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from complaints.intake.doors import Doors
from csms.errors import TheyErred

log = structlog.get_logger()

LARGEST = 25 * 1024 * 1024
TAKE_WITHIN_S = 60.0


class Slot:
    """aiosmtpd's handler. `domains`: whose mail is ours; empty takes any recipient."""

    def __init__(self, doors: Doors, domains: tuple[str, ...] = ()) -> None:
        self._doors, self._domains = doors, domains

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's own names
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self._domains and address.rpartition("@")[2].lower() not in self._domains:
            return "550 5.7.1 not our address"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        raw = content.encode() if isinstance(content, str) else content or b""
        try:
            async with asyncio.timeout(TAKE_WITHIN_S):
                arrived = await self._doors.mail(raw, envelope.rcpt_tos)
        except TheyErred as error:
            log.warning("mail_refused", why=str(error))
            return "554 5.6.0 the message cannot be read"
        except Exception:
            log.exception("mail_failed")
            return "451 4.3.0 try again later"  # the sender's server keeps it and comes back
        return f"250 2.0.0 {arrived.number or 'ignored'}"


async def listen(doors: Doors, host: str, port: int, domains: tuple[str, ...] = ()) -> asyncio.Server:
    """Accept mail until the server is closed."""
    slot = Slot(doors, domains)

    def session() -> Any:
        return SMTP(slot, hostname="ohmbudsman", data_size_limit=LARGEST, enable_SMTPUTF8=True, ident="Ohmbudsman")

    return await asyncio.get_running_loop().create_server(session, host, port)
