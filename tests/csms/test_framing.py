"""However the bytes of its messages are cut and glued on the way, a station is heard word by word."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings, strategies as st
from websockets.asyncio.messages import Assembler
from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from csms.gateway.framing import short_text, whole_text
from csms.gateway.socket import StationSocket

# One looks like a frame itself, header and all, so that a piece of a message may be taken for a message.
LOOKS_LIKE_A_FRAME = Frame(Opcode.TEXT, b"[]").serialize(mask=False).decode("latin-1")
TEXTS = st.one_of(
    st.text(max_size=200), st.just(LOOKS_LIKE_A_FRAME), st.just("x" * 125), st.just("é" * 63), st.just("y" * 70_000)
)


class Wire(asyncio.Transport):
    """Takes down what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data


def connected() -> tuple[StationSocket, Wire]:
    """A socket whose handshake is over."""
    socket = StationSocket(ServerProtocol(state=OPEN), None)  # type: ignore[arg-type]
    socket.transport = wire = Wire()
    socket.request = Request("/ocpp/CS-1", Headers())
    socket.recv_messages = Assembler()
    return socket, wire


async def heard(chunks: list[bytes]) -> tuple[list[str], bytes]:
    """What a socket hears of these chunks, and what it writes."""
    socket, wire = connected()
    texts: list[str] = []
    socket.hear = texts.append
    for chunk in chunks:
        socket.data_received(chunk)
    return texts, wire.written


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    chunks = []
    for size in sizes:
        chunks.append(data[:size])
        data = data[size:]
    return [chunk for chunk in [*chunks, data] if chunk]


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXTS, max_size=6), st.lists(st.integers(1, 300), max_size=40), st.data())
def test_texts_are_heard_however_they_are_cut(texts: list[str], sizes: list[int], data: st.DataObject) -> None:
    frames = []
    for text in texts:
        if data.draw(st.booleans(), label="ping before"):
            frames.append(Frame(Opcode.PING, b"still there").serialize(mask=True))
        frames.append(Frame(Opcode.TEXT, text.encode()).serialize(mask=True))
    glued = cut(b"".join(frames), sizes)
    assert asyncio.run(heard(glued))[0] == texts
    assert asyncio.run(heard(frames))[0] == texts


def test_a_plain_message_takes_the_short_way_and_others_do_not() -> None:
    text = Frame(Opcode.TEXT, b'[2,"1","Heartbeat",{}]').serialize(mask=True)
    assert whole_text(text) == b'[2,"1","Heartbeat",{}]'
    assert whole_text(text[:-1]) is None, "a piece"
    assert whole_text(text + text) is None, "two at once"
    assert whole_text(Frame(Opcode.TEXT, b"part", fin=False).serialize(mask=True)) is None
    assert whole_text(Frame(Opcode.BINARY, b"[]").serialize(mask=True)) is None
    assert whole_text(b"\xc1" + text[1:]) is None, "an extension"
    assert whole_text(Frame(Opcode.TEXT, b"[]").serialize(mask=False)) is None, "a station has to mask"


def test_what_is_told_is_what_the_library_would_write() -> None:
    for text in ('[3,"1",{}]', "x" * 125, "x" * 126, "é" * 70):
        frame = Frame(Opcode.TEXT, text.encode()).serialize(mask=False)
        if len(text.encode()) < 126:
            assert short_text(text.encode()) == frame

        async def told(text: str = text) -> bytes:
            socket, wire = connected()
            socket.tell(text)
            return wire.written

        assert asyncio.run(told()) == frame


def test_nothing_is_heard_amid_a_message_in_several_frames() -> None:
    first = Frame(Opcode.TEXT, b"[", fin=False).serialize(mask=True)
    amid = Frame(Opcode.TEXT, b"[]").serialize(mask=True)
    assert asyncio.run(heard([first, amid]))[0] == [], "RFC 6455 5.4: frames of two messages do not mix"
