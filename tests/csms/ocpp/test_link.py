"""Whatever arrives in whatever order, the rules of OCPP-J hold."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from csms.errors import LinkBusy
from csms.ocpp import Answered, Asked, Broken, Disputed, Link, Stray
from csms.ocpp.link import DEEPEST

PROTOCOLS = ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"]

protocols = st.sampled_from(PROTOCOLS)
ids = st.sampled_from(["a", "b", "c"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


class Conversation(RuleBasedStateMachine):
    """Our side and the station's in any order: answers find their question, and one is open at most."""

    def __init__(self) -> None:
        super().__init__()
        self.link = Link("ocpp1.6")
        self.open: str | None = None

    @initialize(protocol=protocols)
    def in_a_version(self, protocol):
        self.link = Link(protocol)

    @rule()
    def it_could_not_read_an_id_of_ours(self):
        """2.0.1 part 4, 4.2.3: "-1" can only be the question that is open."""
        self._expect(self.open or "-1", self.link.receive('[4,"-1","FormatViolation","",{}]'), None, "FormatViolation")

    @rule(id=ids)
    def it_disputes_an_answer(self, id):
        heard = self.link.receive(json.dumps([5, id, "FormatViolation", "what?", {}]))
        if self.link.protocol == "ocpp2.1":
            assert heard == Disputed(id, "FormatViolation", "what?")
        else:
            assert isinstance(heard, Broken)

    @rule(id=ids)
    def it_tells(self, id):
        """A SEND: an answerless question in 2.1, a stranger before."""
        heard = self.link.receive(json.dumps([6, id, "NotifyPeriodicEventStream", {}]))
        if self.link.protocol == "ocpp2.1":
            assert heard == Asked(id, "NotifyPeriodicEventStream", {}, answerable=False)
        else:
            assert isinstance(heard, Broken)

    @rule(id=ids)
    def we_ask(self, id):
        if self.open is None:
            assert json.loads(self.link.ask(id, "Reset", {"type": "Soft"})) == [2, id, "Reset", {"type": "Soft"}]
            self.open = id
        else:
            with pytest.raises(LinkBusy):
                self.link.ask(id, "Reset", {"type": "Soft"})

    @rule(id=ids)
    def it_answers(self, id):
        self._expect(id, self.link.receive(json.dumps([3, id, {"status": "Accepted"}])), {"status": "Accepted"}, None)

    @rule(id=ids)
    def it_refuses(self, id):
        self._expect(id, self.link.receive(json.dumps([4, id, "NotSupported", "no", {}])), None, "NotSupported")

    @rule()
    def we_give_up(self):
        self.link.give_up()
        self.open = None

    @rule(id=ids)
    def it_asks(self, id):
        assert self.link.receive(json.dumps([2, id, "Heartbeat", {}])) == Asked(id, "Heartbeat", {})

    @rule(text=st.text())
    def it_babbles(self, text):
        assert isinstance(self.link.receive(text), Broken)

    @invariant()
    def the_link_knows_what_is_open(self):
        assert self.link.open == self.open

    def _expect(self, id, heard, payload, code):
        if id == self.open:
            assert isinstance(heard, Answered)
            assert heard.action == "Reset"
            self.open = None
        else:
            assert isinstance(heard, Stray)
        assert (heard.id, heard.payload, heard.error_code) == (id, payload, code)


class Wire(RuleBasedStateMachine):
    """Two sides that keep the rules, over a line that delays, loses nothing and keeps the order of each direction.

    Whatever crosses: each side has one open question at most, every answer ends the question it is for, a question
    is answered at once though one of one's own is open (so nobody waits for the other), late answers change nothing.
    """

    sides = st.sampled_from([0, 1])

    def __init__(self) -> None:
        super().__init__()
        self.links = [Link("ocpp2.0.1"), Link("ocpp2.0.1")]
        self.line: list[list[str]] = [[], []]  # what is on its way to each
        self.number = 0
        self.given_up: set[str] = set()
        self.ended: set[str] = set()

    @rule(side=sides)
    def asks(self, side):
        if self.links[side].open is None:
            self.number += 1
            self.line[1 - side].append(self.links[side].ask(f"q{self.number}", "Reset", {"n": self.number}))

    @rule(side=sides)
    def gives_up(self, side):
        if (id := self.links[side].open) is not None:
            self.given_up.add(id)
            self.links[side].give_up()

    @rule(side=sides, refuse=st.booleans())
    def hears(self, side, refuse):
        if not self.line[side]:
            return
        waited_for = self.links[side].open
        heard = self.links[side].receive(self.line[side].pop(0))
        match heard:
            case Asked(id=id):
                answer = Link.refuse(id, "NotSupported", "") if refuse else Link.answer(id, {"to": id})
                self.line[1 - side].append(answer)
                assert self.links[side].open == waited_for, "being asked ends no question of one's own"
            case Answered(id=id):
                assert id == waited_for
                assert heard.payload is None or heard.payload == {"to": id}
                assert id not in self.ended
                self.ended.add(id)
            case Stray(id=id):
                assert id in self.given_up
                assert self.links[side].open == waited_for
            case _:
                raise AssertionError(heard)

    def teardown(self):
        """Once all that is on its way has been heard, nothing is open but what was never answered: nothing."""
        while self.line[0] or self.line[1]:
            for side in (0, 1):
                self.hears(side, False)
        assert [link.open for link in self.links] == [None, None]


TestWire = Wire.TestCase
TestWire.settings = settings(max_examples=200, deadline=None)
TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=200, deadline=None)


@settings(max_examples=500, deadline=None)
@given(protocols, st.text() | st.binary())
def test_no_text_breaks_it(protocol, text):
    assert Link(protocol).receive(text) is not None


@settings(max_examples=500, deadline=None)
@given(protocols, st.lists(st.sampled_from([2, 3, 4, 5, 6, "2", True]) | st.text(max_size=5) | json_values, max_size=6))
def test_no_json_breaks_it(protocol, frame):
    link = Link(protocol)
    link.ask("ours", "Reset", {})
    heard = link.receive(json.dumps(frame))
    if isinstance(heard, Asked):
        heard.action.encode()
        assert "\0" not in heard.action
        assert isinstance(heard.payload, dict)


@settings(max_examples=500, deadline=None)
@given(protocols, st.data())
def test_no_cut_frame_breaks_it_and_its_question_is_refused(protocol, data):
    text = '[2,"id-1","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Available"}]'
    cut = text[: data.draw(st.integers(9, len(text) - 1))]
    heard = Link(protocol).receive(cut)
    assert isinstance(heard, Broken)
    assert heard.id == "id-1"


@pytest.mark.parametrize(
    ("protocol", "frame", "id", "code"),
    [
        ("ocpp1.6", '[2,"m1","MeterValues",{"connectorId":1,', "m1", "FormationViolation"),
        ("ocpp2.0.1", '[2,"m1","MeterValues",{"evseId":1,', "m1", "FormatViolation"),
        ("ocpp1.6", '[2,"m\\u00e91","MeterValues",{', "mé1", "FormationViolation"),
        ("ocpp1.6", '[2,"m1","Heartbeat","text"]', "m1", "FormationViolation"),
        ("ocpp2.0.1", '[2,"m1",5,{}]', "m1", "RpcFrameworkError"),
        ("ocpp1.6", "hello", None, "FormationViolation"),
        ("ocpp2.0.1", "hello", "-1", "RpcFrameworkError"),
        ("ocpp2.0.1", '[2,["m1"],"Heartbeat",{}]', "-1", "RpcFrameworkError"),
        ("ocpp1.6", '[9,"m1",{}]', None, "ProtocolError"),
        ("ocpp2.0.1", '[9,"m1",{}]', "m1", "MessageTypeNotSupported"),
        ("ocpp2.0.1", '[6,"m1","NotifyPeriodicEventStream",{}]', "m1", "MessageTypeNotSupported"),
        ("ocpp1.6", '[3,"unasked",{', None, "FormationViolation"),
        ("ocpp2.0.1", "{}", "-1", "RpcFrameworkError"),
        ("ocpp2.0.1", '[[2,"m1","Heartbeat",{}]]', "-1", "RpcFrameworkError"),
        ("ocpp1.6", '[[2,"m1","Heartbeat",{}]]', None, "FormationViolation"),
        ("ocpp2.1", "[4,null,1]", None, "RpcFrameworkError"),
        ("ocpp2.0.1", '[5,"m1","FormatViolation","",{}]', "m1", "MessageTypeNotSupported"),
        ("ocpp1.6", "[]", None, "FormationViolation"),
    ],
)
def test_what_is_broken_is_refused_where_there_is_somebody_to_tell(protocol, frame, id, code):
    heard = Link(protocol).receive(frame)
    assert isinstance(heard, Broken)
    assert (heard.id, heard.code) == (id, code)


@pytest.mark.parametrize(
    ("frame", "asked"),
    [
        ('["2","m1","Heartbeat",{}]', Asked("m1", "Heartbeat", {}, ("message_type_as_text",))),
        ('[2,17,"Heartbeat",{}]', Asked("17", "Heartbeat", {}, ("message_id_as_number",))),
        ('[2,"m1","Heartbeat"]', Asked("m1", "Heartbeat", {}, ("payload_missing",))),
        ('[2,"m1","Heartbeat",null]', Asked("m1", "Heartbeat", {}, ("payload_missing",))),
        ('[2,"m1","Heartbeat",{},{}]', Asked("m1", "Heartbeat", {}, ("frame_too_long",))),
        ('\ufeff[2,"m1","Heartbeat",{}]\0', Asked("m1", "Heartbeat", {}, ("byte_order_mark",))),
        ('[2,"m1","Heartbeat",{"a":NaN,"b":1e999}]', Asked("m1", "Heartbeat", {"a": None, "b": None}, ("loose_json",))),
        ('[2,"m1","Heartbeat",{"a":"x\\u0000"}]', Asked("m1", "Heartbeat", {"a": "x"}, ("nul_character",))),
        ('[2,"m1","Heartbeat",{"a":"\\ud800"}]', Asked("m1", "Heartbeat", {"a": "?"}, ("loose_json",))),
        ('[2,"m1","Heartbeat",{"a":1,"a":2}]', Asked("m1", "Heartbeat", {"a": 2})),
        (f'[2,"{"m" * 100}","Heartbeat",{{}}]', Asked("m" * 100, "Heartbeat", {})),
    ],
)
def test_odd_frames_are_read(frame, asked):
    assert Link("ocpp1.6").receive(frame) == asked


def test_commas_in_strings_are_left_alone():
    heard = Link("ocpp1.6").receive('[2,"m1","DataTransfer",{"vendorId":"a,,b:,]","messageId":,"data":"[,]"},]')
    assert heard == Asked(
        "m1",
        "DataTransfer",
        {"vendorId": "a,,b:,]", "messageId": None, "data": "[,]"},
        ("stray_commas", "missing_values"),
    )


def test_depth_is_bounded():
    deep = '{"a":' * (DEEPEST + 1) + "1" + "}" * (DEEPEST + 1)
    heard = Link("ocpp1.6").receive(f'[2,"m1","DataTransfer",{deep}]')
    assert isinstance(heard, Broken)
    assert heard.id == "m1"
    assert isinstance(Link("ocpp1.6").receive("[" * 200_000), Broken)


def test_a_wide_report_is_not_deep():
    heard = Link("ocpp2.0.1").receive(json.dumps([2, "m1", "NotifyReport", {"reportData": [{"a": {}}] * 500}]))
    assert isinstance(heard, Asked)


def test_an_answer_without_a_readable_payload_still_closes_the_question():
    for frame in ('[3,"q1","text"]', '[3,"q1",{"status":"Acc'):
        link = Link("ocpp1.6")
        link.ask("q1", "Reset", {"type": "Soft"})
        heard = link.receive(frame)
        assert isinstance(heard, Answered)
        assert (heard.payload, heard.error_code, link.open) == (None, "FormationViolation", None)


def test_an_answer_without_any_payload_is_empty():
    link = Link("ocpp1.6")
    link.ask("q1", "UpdateFirmware", {})
    assert link.receive('[3,"q1"]') == Answered("q1", "UpdateFirmware", {})


def test_a_call_error_to_nobody_is_about_the_open_question():
    """libocpp answers what it does not know with the id -1 (station-surprises 12)."""
    link = Link("ocpp2.0.1")
    link.ask("q1", "NoSuchAction", {})
    heard = link.receive('[4,"-1","NotImplemented","",{}]')
    assert heard == Answered("q1", "NoSuchAction", None, "NotImplemented", "")


def test_a_late_answer_keeps_what_it_said():
    link = Link("ocpp1.6")
    link.ask("q1", "Reset", {"type": "Soft"})
    link.give_up()
    assert link.receive('[3,"q1",{"status":"Accepted"}]') == Stray("q1", {"status": "Accepted"})


def test_21_sends_and_disputes():
    link = Link("ocpp2.1")
    send = link.receive('[6,"s1","NotifyPeriodicEventStream",{"id":1}]')
    assert send == Asked("s1", "NotifyPeriodicEventStream", {"id": 1}, answerable=False)
    assert link.receive('[5,"m1","FormatViolation","what?",{}]') == Disputed("m1", "FormatViolation", "what?")
    broken = link.receive('[6,"s1","NotifyPeriodicEventStream",5]')
    assert isinstance(broken, Broken)
    assert broken.id is None


def test_refusals_are_short_enough():
    frame = json.loads(Link.refuse("m1", "GenericError", "x" * 1000))
    assert frame[:3] == [4, "m1", "GenericError"]
    assert len(frame[3]) == 255


def test_questions_with_numbers_beyond_64_bits_can_be_written():
    assert json.loads(Link("ocpp1.6").ask("q1", "X", {"n": 2**70})) == [2, "q1", "X", {"n": 2**70}]
