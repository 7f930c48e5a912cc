"""Signed calls from outside: believed only with our secret, in time, and once."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta

from complaints.outbound import sign
from csms.errors import TheyErred

WINDOW = timedelta(minutes=5)


class NotBelieved(TheyErred):
    """The signature, its time or the caller is wrong. Which of them is not told."""


def check(secret: str, timestamp: str, signature: str, body: bytes, now: datetime) -> None:
    """Raises NotBelieved."""
    try:
        at = datetime.fromtimestamp(int(timestamp), UTC)
    except (ValueError, OverflowError, OSError):
        raise NotBelieved("the call is not signed as it must be") from None
    fits = hmac.compare_digest(sign(secret, timestamp, body).encode(), signature.strip().lower().encode())
    if not fits or abs(now - at) > WINDOW:
        raise NotBelieved("the call is not signed as it must be")
