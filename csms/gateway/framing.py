"""The one WebSocket frame that nearly all messages are: whole, final, text. All others are the library's to read.

RFC 6455, 5.2.
"""

from __future__ import annotations

from websockets.frames import apply_mask

FINAL_TEXT = 0x81
MASKED = 0x80
EIGHT_BYTES = MASKED | 127
"""The size stands in eight bytes: too much for here, or written longer than it need be."""
SHORT, IN_TWO_BYTES = 126, 126
"""Payloads below 126 bytes have their size in the header's second byte; 126 there says that two bytes follow."""


def whole_text(data: bytes) -> bytes | None:
    """The payload, if `data` is one masked text frame of below 64 KiB from its first to its last byte."""
    if len(data) < 6 or data[0] != FINAL_TEXT:
        return None
    size, start = data[1] - MASKED, 6
    if size == IN_TWO_BYTES:
        size, start = int.from_bytes(data[2:4], "big"), 8
    if size != len(data) - start or data[1] == EIGHT_BYTES:
        return None
    return apply_mask(data[start:], data[start - 4 : start])


def short_text(payload: bytes) -> bytes:
    """The frame, from server to client, of a payload that is `SHORT`."""
    return bytes((FINAL_TEXT, len(payload))) + payload
