"""Word for word, what a station sees that breaks the rules of OCPP-J: answered as each version wants, and still on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.typing import Subprotocol

from tests.csms.rough import World

BEAT = '[2,"last","Heartbeat",{}]'

# (what it sends, the error code in 1.6, in 2.x; None: nothing may be answered)
ODD: list[tuple[str, str | None, str | None]] = [
    ("hello", None, "RpcFrameworkError"),
    ("", None, "RpcFrameworkError"),
    ("{}", None, "RpcFrameworkError"),
    ('[[2,"a","Heartbeat",{}]]', None, "RpcFrameworkError"),
    ('[2,null,"Heartbeat",{}]', None, "RpcFrameworkError"),
    ('[2,"a"]', "FormationViolation", "RpcFrameworkError"),
    ('[2,"a","Heartbeat","x"]', "FormationViolation", "FormatViolation"),
    ('[2,"a","Heartbeat",{}', "FormationViolation", "FormatViolation"),
    ('[2,"a","Heartbeat",{}][2,"b","Heartbeat",{}]', "FormationViolation", "FormatViolation"),
    ('[2,"a","NoSuch",{}]', "NotImplemented", "NotImplemented"),
    ('[2,"a","heartbeat",{}]', "NotImplemented", "NotImplemented"),
    ('[2,"a","Reset",{"type":"Soft"}]', "NotSupported", "NotSupported"),
    ('[2,"a","StatusNotification",{"connectorId":"one","errorCode":"NoError","status":"Available"}]',
     "TypeConstraintViolation", "OccurrenceConstraintViolation"),
    ('[2,"a","StatusNotification",{}]', "OccurenceConstraintViolation", "OccurrenceConstraintViolation"),
    ('[7,"a",{}]', None, "MessageTypeNotSupported"),
    ('[3,"nobody asked",{}]', None, None),
    ('[4,"nobody asked","GenericError","",{}]', None, None),
    ('[4,"-1","GenericError","",{}]', None, None),
    ("[4]", None, None),
    ('[3,"cut off', None, None),
]


async def sent(world: World, protocol: str) -> ClientConnection:
    return await connect(
        f"ws://127.0.0.1:{world.port}/ocpp/CS-1", subprotocols=[Subprotocol(protocol)], compression=None,
        ping_interval=None, max_size=None,
    )


async def heard_before_beat(socket: ClientConnection) -> list[list[Any]]:
    """What comes until a heartbeat is answered: its answer proves that nothing else was to come."""
    await socket.send(BEAT)
    found: list[list[Any]] = []
    while (frame := json.loads(await socket.recv()))[1] != "last":
        found.append(frame)
    assert frame[0] == 3
    return found


@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
async def test_what_breaks_the_rules_is_answered_as_the_version_wants(world: World, protocol: str) -> None:
    async with await sent(world, protocol) as socket:
        for text, in_16, in_2 in ODD:
            await socket.send(text)
            answers = await heard_before_beat(socket)
            code = in_16 if protocol == "ocpp1.6" else in_2
            assert [a[2] for a in answers] == ([code] if code else []), text
            for kind, id, _, description, details in answers:
                assert (kind, details) == (4, {})
                assert id in (["a"] if '"a"' in text and not text.startswith("[[") else ["-1"]), text
                assert len(description) <= 255


@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
async def test_the_message_types_of_21_are_21_s_alone(world: World, protocol: str) -> None:
    send = {"id": 1, "pending": 0, "basetime": "2026-11-22T04:00:00Z", "data": [{"t": 0, "v": "1"}]}
    async with await sent(world, protocol) as socket:
        for frame in ([6, "s", "NotifyPeriodicEventStream", send], [6, "s", "NoSuch", {}], [6, "s", "Heartbeat", 5],
                      [5, "s", "FormatViolation", "", {}]):
            await socket.send(json.dumps(frame))
            wanted = [[4, "s", "MessageTypeNotSupported"]] if protocol == "ocpp2.0.1" else []
            assert [a[:3] for a in await heard_before_beat(socket)] == wanted


async def test_binary_split_and_repeated_questions_are_answered(world: World) -> None:
    async def split() -> Any:
        for part in ('[2,"a","Hear', 'tbeat",{}]'):
            yield part

    async with await sent(world, "ocpp1.6") as socket:
        for text in (b'[2,"a","Heartbeat",{}]', split()):
            await socket.send(text)
            assert json.loads(await socket.recv())[:2] == [3, "a"]
        for _ in range(2):
            await socket.send('[2,"a","Heartbeat",{}]')
        assert [a[:2] for a in await heard_before_beat(socket)] == [[3, "a"], [3, "a"]]


@pytest.mark.parametrize("parts", [
    [Frame(Opcode.BINARY, b'[2,"1","Heartbeat",{}]')],
    [Frame(Opcode.TEXT, b'[2,"1","Heart', fin=False), Frame(Opcode.CONT, b'beat",{}]')],
])
async def test_what_comes_in_an_odd_shape_is_not_overtaken(world: World, parts: list[Frame]) -> None:
    texts = [Frame(Opcode.TEXT, f'[2,"{n}","Heartbeat",{{}}]'.encode()) for n in (2, 3)]
    async with await sent(world, "ocpp1.6") as socket:
        socket.transport.write(b"".join(frame.serialize(mask=True) for frame in [*parts, *texts]))
        assert [json.loads(await socket.recv())[1] for _ in range(3)] == ["1", "2", "3"]
        assert await heard_before_beat(socket) == []


async def test_a_frame_beyond_the_limit_ends_the_connection_as_too_big(world: World) -> None:
    async with await sent(world, "ocpp2.0.1") as socket:
        fitting = "x" * (500 * 1024)
        await socket.send(json.dumps([2, "a", "DataTransfer", {"vendorId": "V", "data": fitting}]))
        assert json.loads(await socket.recv())[:2] == [3, "a"]
        await socket.send(json.dumps([2, "b", "DataTransfer", {"vendorId": "V", "data": fitting + "x" * 30_000}]))
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


async def test_a_hub_that_tells_all_its_connectors_at_once_is_heard(world: World) -> None:
    """VCP and others do not wait for answers; a hub of a hundred plugs has a hundred statuses to tell at boot."""
    async with await sent(world, "ocpp1.6") as socket:
        boot = {"chargePointVendor": "V", "chargePointModel": "Hub"}
        frames = [[2, "boot", "BootNotification", boot]]
        frames += [
            [2, f"s{n}", "StatusNotification", {"connectorId": n, "status": "Available", "errorCode": "NoError"}]
            for n in range(201)
        ]
        for frame in frames:
            await socket.send(json.dumps(frame))
        answered = [json.loads(await socket.recv())[:2] for _ in frames]
        assert answered == [[3, frame[1]] for frame in frames]
    assert len((await world.ask("GET", "/stations/CS-1"))["connectors"]) >= 200
