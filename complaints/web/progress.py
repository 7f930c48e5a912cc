"""How a command goes: queued, sent, accepted, dropped, booted, available, observed. Pure, but for the asking."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from complaints.thread import Entry
from complaints.web.labels import COMMAND_STATE
from complaints.web.tongue import N_, Tongue
from csms.api import Csms
from csms.vocabulary import CommandFact, Story

WATCHED = timedelta(minutes=10)
MOST = 8
KEPT = 200
BACK = frozenset({"Available", "Preparing", "Occupied", "Reserved", "Charging", "SuspendedEV", "SuspendedEVSE",
                  "Finishing"})

EFFECTS = {
    "reset": (N_("Seen to work: it dropped, started up and is usable again"), N_("Not seen to work in time")),
    "unlock": (N_("Seen to work: the plug is free"), N_("The plug was not seen to come free")),
    "stop": (N_("Seen to work: the session has ended"), N_("The session was not seen to end")),
    "start": (N_("Seen to work: a session has begun"), N_("No session was seen to begin")),
    "trigger": (N_("Seen to work: it has reported"), N_("No report came")),
    "set_availability": (N_("Seen to work: the plug says so"), N_("The plug was not seen to follow")),
    "fetch_log": (N_("The log is here"), N_("No log came")),
}


@dataclass(frozen=True, slots=True)
class Step:
    """`state`: done, waiting, failed or ahead."""

    words: str
    state: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """A command of the case with its steps."""

    fact: CommandFact
    steps: tuple[Step, ...]

    @property
    def pending(self) -> bool:
        return self.fact.state in ("queued", "sent") or self.fact.effect == "pending"

    @property
    def print(self) -> tuple[object, ...]:
        """Changes whenever something has happened."""
        return (self.fact.id, self.fact.state, self.fact.effect, *((s.state, s.at) for s in self.steps))


def steps(fact: CommandFact, story: Story | None, tongue: Tongue) -> tuple[Step, ...]:
    """What is behind and what is ahead; the story is the station's since the command was sent."""
    made = [Step(tongue.say("Asked by %(who)s", who=fact.requested_by), "done", fact.requested_at)]
    made.append(_sent(fact, tongue))
    made.append(_answer(fact, tongue))
    if fact.state in ("accepted", "queued", "sent"):
        if fact.kind == "reset":
            made += _restart(fact, story, tongue)
        if fact.effect != "not_applicable" or fact.state != "accepted":
            made.append(_effect(fact, tongue))
    return tuple(_in_order(made))


def _sent(fact: CommandFact, tongue: Tongue) -> Step:
    if fact.sent_at:
        return Step(tongue.say("Sent to the charger"), "done", fact.sent_at)
    if fact.state in ("offline", "expired"):
        return Step(tongue.say(COMMAND_STATE[fact.state]), "failed", fact.settled_at)
    return Step(tongue.say("Sent to the charger"), "ahead")


def _answer(fact: CommandFact, tongue: Tongue) -> Step:
    match fact.state:
        case "accepted":
            return Step(tongue.say("Accepted by the charger"), "done", fact.settled_at)
        case "rejected" | "unanswered" | "unsupported":
            return Step(tongue.say(COMMAND_STATE[fact.state]), "failed", fact.settled_at)
        case _:
            return Step(tongue.say("Accepted by the charger"), "ahead")


def _restart(fact: CommandFact, story: Story | None, tongue: Tongue) -> list[Step]:
    """Socket gone, boot heard, every plug usable again."""
    since = fact.sent_at
    dropped = booted = back = None
    if story is not None and since is not None:
        dropped = min((c.disconnected_at for c in story.connections
                       if c.disconnected_at and c.disconnected_at >= since), default=None)
        booted = min((b.at for b in story.boots if b.at >= since), default=None)
        back = _all_back(story, booted)
    observed = fact.effect == "observed"
    return [
        Step(tongue.say("Connection dropped"), "done" if dropped or observed else "ahead", dropped),
        Step(tongue.say("Charger started up again"), "done" if booted or observed else "ahead", booted),
        Step(tongue.say("All plugs usable"), "done" if back or observed else "ahead", back or fact.effect_at),
    ]


def _all_back(story: Story, booted: datetime | None) -> datetime | None:
    if booted is None:
        return None
    first: dict[int, datetime] = {}
    for status in story.statuses:
        if status.source == "connector" and status.received_at >= booted and status.status in BACK:
            first.setdefault(status.evse, status.received_at)
    plugs = {c.evse for c in story.station.connectors}
    return max(first[evse] for evse in plugs) if plugs and plugs <= first.keys() else None


def _effect(fact: CommandFact, tongue: Tongue) -> Step:
    good, bad = EFFECTS.get(fact.kind, (N_("Seen to work"), N_("Not seen to work in time")))
    match fact.effect:
        case "observed":
            return Step(tongue.say(good), "done", fact.effect_at)
        case "not_observed":
            return Step(tongue.say(bad), "failed", fact.effect_at)
        case _:
            return Step(tongue.say(good), "ahead")


def _in_order(made: Sequence[Step]) -> list[Step]:
    """The first step ahead is what we wait for; after a failure nothing is ahead any more."""
    failed = any(s.state == "failed" for s in made)
    kept = [s for s in made if not (failed and s.state == "ahead")]
    waiting = next((n for n, s in enumerate(kept) if s.state == "ahead"), None)
    return [Step(s.words, "waiting", s.at) if n == waiting else s for n, s in enumerate(kept)]


class Watch:
    """Finds the commands of cases and how they go. What has ended is remembered, for it does not change."""

    def __init__(self, csms: Csms) -> None:
        self._csms = csms
        self._ended: OrderedDict[tuple[str, str], Progress] = OrderedDict()

    async def of(self, entries: Sequence[Entry], tongue: Tongue, now: datetime) -> list[Progress]:
        """The newest first."""
        ids = [str(e.body["command"]) for e in entries if e.type == "command" and "command" in e.body]
        return [p for id in reversed(ids[-MOST:]) if (p := await self._one(id, tongue, now))]

    async def _one(self, id: str, tongue: Tongue, now: datetime) -> Progress | None:
        key = (id, tongue.language)
        if key in self._ended:
            return self._ended[key]
        fact = await self._csms.command(id)
        if fact is None:
            return None
        story = None
        if fact.kind == "reset" and fact.sent_at is not None:
            until = min(now, fact.sent_at + WATCHED) + timedelta(seconds=1)
            story = await self._csms.story(fact.station, fact.sent_at, until)
        found = Progress(fact, steps(fact, story, tongue))
        if not found.pending and now - fact.requested_at > WATCHED:
            self._ended[key] = found
            while len(self._ended) > KEPT:
                self._ended.popitem(last=False)
        return found
