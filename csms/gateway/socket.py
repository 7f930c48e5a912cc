"""A station's WebSocket: the library's, with a short way for what nearly all of them say."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from websockets.asyncio.server import ServerConnection, broadcast
from websockets.frames import DATA_OPCODES, Frame, Opcode
from websockets.protocol import State

from csms.gateway.framing import SHORT, short_text, whole_text


class StationSocket(ServerConnection):
    """A socket whose messages are heard as they arrive: whoever hears one only notes it and goes on, so no task
    needs to be woken to fetch it from a queue.

    A message that arrives as one plain frame is read here, and a short answer is written here: both are most of what
    happens, and take a tenth of the library's general way. All else goes that way: what comes in pieces or in several
    frames, what is no UTF-8, and every control frame.
    """

    hear: Callable[[str], None] | None = None
    behind = 0
    """Messages that went the library's way and have not been heard yet: what comes after them waits its turn there."""

    def data_received(self, data: bytes) -> None:
        if not self.hear or self.behind or not self._is_between_frames() or (payload := whole_text(data)) is None:
            return super().data_received(data)
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            return super().data_received(data)
        return self.hear(text)

    def _is_between_frames(self) -> bool:
        """Nothing of a frame or of a message in several frames has been read and awaits its rest."""
        protocol: Any = self.protocol
        if protocol.state is not State.OPEN or protocol.current_size is not None:
            return False
        frames = protocol.parser.gi_yieldfrom  # to which the generator of the handshake has handed over
        waits_for = frames and frames.gi_yieldfrom
        return waits_for is not None and waits_for.__name__ == "at_eof"

    def process_event(self, event: Any) -> None:
        if isinstance(event, Frame) and event.opcode in DATA_OPCODES:
            if self.hear and not self.behind and event.opcode is Opcode.TEXT and event.fin:
                with suppress(UnicodeDecodeError):
                    text = bytes(event.data).decode()
                    return self.hear(text)
            self.behind += event.fin
        return super().process_event(event)

    def tell(self, text: str) -> None:
        """Send without waiting. A socket that is closing is skipped: what was committed and not acknowledged, the
        station sends again.
        """
        payload = text.encode()
        if len(payload) < SHORT and self.protocol.state is State.OPEN:
            self.transport.write(short_text(payload))
        else:
            broadcast((self,), text)
