"""What happened, drawn: one chart of the window, from frozen records. Pure: records in, shapes and words out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from complaints.web import shown
from complaints.web.curves import BATTERY, POWER, Curve, Meter, Seen, curves, seen
from complaints.web.labels import COMMAND, COMMAND_STATE, CONNECTOR, PAYMENT
from complaints.web.ocpp_words import stopped_because
from complaints.web.public import TONES
from complaints.web.records import Records
from complaints.web.tongue import Tongue
from complaints.web.windows import Window, window

Record = Mapping[str, Any]

LEFT, RIGHT, WIDTH = 78.0, 6.0, 700.0
TOP, STRIP, GAP, PLOT, SMALL_PLOT, MARK, SKEW = 24.0, 20.0, 6.0, 116.0, 58.0, 18.0, 26.0
TICKS = tuple(timedelta(seconds=n) for n in (5, 10, 30)) + tuple(
    timedelta(minutes=n) for n in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200))
MOST_TICKS = 7
NOTABLE_SKEW_S = 30.0
CHARGING = "Charging"


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time in a lane. `proof`: (kind, id) of the record behind it."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    words: str = ""
    title: str = ""
    proof: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment: a payment, a command, a boot."""

    x: float
    y: float
    kind: str
    words: str
    title: str
    proof: tuple[str, str] | None
    near_end: bool
    """Its words stand to its left."""


@dataclass(frozen=True, slots=True)
class Skew:
    """What was said at one time and received at another: a line from the one to the other."""

    said: float
    received: float
    top: float
    bottom: float
    title: str
    proof: tuple[str, str] | None


@dataclass(slots=True)
class Chart:
    """All shapes of the chart, in units of its own box."""

    window: Window
    height: float = TOP
    width: float = WIDTH
    left: float = LEFT
    ticks: list[tuple[float, str]] = field(default_factory=list)
    lanes: list[tuple[float, float, str]] = field(default_factory=list)
    """(top, height, name)"""
    bars: list[Bar] = field(default_factory=list)
    gaps: list[Bar] = field(default_factory=list)
    sessions: list[Bar] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    scales: list[tuple[float, str]] = field(default_factory=list)
    """(y, words) beside the plot"""
    skews: list[Skew] = field(default_factory=list)
    stated: float | None = None
    told: list[tuple[datetime, str]] = field(default_factory=list)
    """The same in words, for those who do not see it."""


class Drawing:
    """Draws one window of one station's records."""

    def __init__(
        self, records: Records, matched: Record | None, window: Window, zone: str, tongue: Tongue
    ) -> None:
        self.records, self.matched, self.zone, self.tongue = records, matched, zone, tongue
        self.story = records.story
        stated = records.claim.get("occurred_at")
        self.stated = shown.moment(stated) if stated else None
        self.since, self.until = window.since, window.until
        self._begin, self._scale = window.since.timestamp(), (WIDTH - LEFT - RIGHT) / window.length.total_seconds()
        self.chart = Chart(window=window)

    def x(self, at: datetime) -> float:
        return self.x_of(at.timestamp())

    def x_of(self, stamp: float) -> float:
        return round(min(WIDTH - RIGHT, max(LEFT, LEFT + (stamp - self._begin) * self._scale)), 1)

    def inside(self, at: datetime) -> bool:
        return self.since <= at <= self.until

    def clock(self, at: datetime, form: str = "second") -> str:
        return shown.local(at, self.zone, form)

    @property
    def evse(self) -> int | None:
        found = self.matched["evse"] if self.matched else self.records.claim.get("evse")
        return int(found) if found is not None else None

    def draw(self) -> Chart:
        self._ticks()
        self._connectors()
        self._connection()
        self._plot()
        self._skew()
        self._faults()
        self._moments()
        if self.stated and self.inside(self.stated):
            self.chart.stated = self.x(self.stated)
            self.chart.told.append((self.stated, self.tongue.say("The time the customer names")))
        self.chart.height += 6
        self.chart.told.sort(key=lambda line: line[0])
        return self.chart

    def _lane(self, height: float, name: str) -> float:
        y = self.chart.height
        self.chart.lanes.append((y, height, name))
        self.chart.height += height + GAP
        return y

    def _ticks(self) -> None:
        step = next((t for t in TICKS if (self.until - self.since) / t <= MOST_TICKS), TICKS[-1])
        form = "%m-%d %H:%M" if step >= timedelta(hours=6) else "%H:%M" if step >= timedelta(minutes=1) else "second"
        at = datetime.fromtimestamp(-(-self.since.timestamp() // step.total_seconds()) * step.total_seconds(),
                                    self.since.tzinfo)
        while at <= self.until:
            self.chart.ticks.append((self.x(at), shown.local(at, self.zone, form)))
            at += step

    # --- strips ---------------------------------------------------------------------------------

    def _connectors(self) -> None:
        plugs = sorted({c["evse"] for c in self.story["station"]["connectors"]},
                       key=lambda evse: (evse != self.evse, evse))
        for evse in plugs[:4]:
            y = self._lane(STRIP, self.tongue.say("Plug %(n)s", n=evse))
            for begin, end, report in self._states(evse):
                self._state(evse, y, begin, end, report)

    def _state(self, evse: int, y: float, begin: datetime, end: datetime, report: Record) -> None:
        status, frame = str(report["status"]), report["frame"]
        x, words = self.x(begin), self.tongue.say(CONNECTOR.get(status, status))
        width = self.x(end) - x
        title = f"{self.clock(begin)} {words}{self._late(report)}"
        tone = "charge" if status == CHARGING else TONES.get(status, "off")
        self.chart.bars.append(Bar(
            x, y, max(width, 1.5), STRIP, tone, words if fits(words, width) else "", title,
            ("frame", frame) if frame else None,
        ))
        if evse == self.evse and self.inside(begin):
            self.chart.told.append((begin, words))

    def _late(self, record: Record) -> str:
        """When it reached us, where that is not when it is said to have been."""
        received = shown.moment(record["received_at"])
        if abs((received - shown.moment(record["at"])).total_seconds()) < NOTABLE_SKEW_S:
            return ""
        return ", " + self.tongue.say("received %(at)s", at=self.clock(received))

    def _states(self, evse: int) -> list[tuple[datetime, datetime, Record]]:
        """Stretches between status reports that reach into the window."""
        before = self.story["last_status_before"].get(str(evse))
        reports = [s for s in self.story["statuses"] if s["source"] == "connector" and s["evse"] == evse]
        points = [(shown.moment(s["at"]), s) for s in ([before] if before else []) + reports]
        points.sort(key=lambda p: p[0])
        ends = [p[0] for p in points[1:]] + [self._known_until] * bool(points)
        return [(max(at, self.since), min(end, self.until), report)
                for (at, report), end in zip(points, ends, strict=True)
                if end > self.since and at < self.until]

    @property
    def _known_until(self) -> datetime:
        """Nothing is known beyond the moment the evidence was gathered."""
        return max(min(shown.moment(self.story["until"]), self.records.gathered_at), self.since)

    def _connection(self) -> None:
        y = self._lane(STRIP * 0.7, self.tongue.say("Connection"))
        end = min(self.until, self._known_until)
        at = self.since
        for one in sorted(self.story["connections"], key=lambda c: str(c["connected_at"])):
            begin = shown.moment(one["connected_at"])
            until = shown.moment(one["disconnected_at"]) if one["disconnected_at"] else end
            if begin > at:
                self._offline(y, at, min(begin, end), one["id"])
            if begin < end and until > self.since:
                x = self.x(max(begin, self.since))
                self.chart.bars.append(Bar(x, y, max(self.x(min(until, end)) - x, 1.5), STRIP * 0.7, "good", "",
                                           self.tongue.say("connected"), ("connection", one["id"])))
            at = max(at, until)
        if at < end:
            self._offline(y, at, end, None)

    def _offline(self, y: float, begin: datetime, end: datetime, id: str | None) -> None:
        if end <= begin:
            return
        x, words = self.x(begin), self.tongue.say("not connected")
        width = max(self.x(end) - x, 1.5)
        title = f"{self.clock(begin)}–{self.clock(end)} {words}"
        self.chart.gaps.append(Bar(x, y, width, STRIP * 0.7, "gap", words if fits(words, width) else "", title,
                                   ("connection", id) if id else None))
        self.chart.told.append((begin, f"{words} – {self.clock(end)}"))

    # --- power and energy -----------------------------------------------------------------------

    def _plot(self) -> None:
        stamps, readings = self.records.readings_of(self.evse)
        there = seen(stamps, readings, self.since.timestamp(), self.until.timestamp(), WIDTH - LEFT - RIGHT, self.x_of)
        sessions = [t for t in self.story["transactions"] if t["evse"] == self.evse and self._touches(t)]
        self._curves(there, POWER, PLOT, self.tongue.say("Power, energy"), sessions)
        self._curves(there, BATTERY, SMALL_PLOT, self.tongue.say("Battery, heat"), [])

    def _curves(
        self, there: Seen, meters: Sequence[Meter], height: float, name: str, sessions: Sequence[Record]
    ) -> None:
        drawn = curves(there, meters, self.chart.height, height)
        if not drawn and not sessions:
            return
        y = self._lane(height, name)
        self.chart.curves += drawn
        self.chart.scales += [(y + 24 + 14 * n, c.top) for n, c in enumerate(drawn)]
        for t in sessions:
            self._session(t, y)

    # --- said and received ----------------------------------------------------------------------

    def _skew(self) -> None:
        """Only where something was received much later (or earlier) than it says to have been."""
        found = sorted((said, received, frame) for said, received, frame in self.records.skewed(NOTABLE_SKEW_S)
                       if self.since.timestamp() <= max(said, received)
                       and min(said, received) <= self.until.timestamp())
        if not found:
            return
        y, last = self._lane(SKEW, self.tongue.say("Said ↓ received")), float("-inf")
        for said, received, frame in found:
            x = self.x_of(said)
            if x - last < 4:
                continue
            last = x
            title = self.tongue.say("said %(said)s, received %(received)s", said=self._stamp(said),
                                    received=self._stamp(received))
            self.chart.skews.append(Skew(x, self.x_of(received), y + 2, y + SKEW - 2, title,
                                         ("frame", frame) if frame else None))
        first = found[0]
        self.chart.told.append((datetime.fromtimestamp(first[0], UTC), self.tongue.say(
            "%(n)s messages were received at another time than they say", n=len(found))))

    def _stamp(self, stamp: float) -> str:
        return self.clock(datetime.fromtimestamp(stamp, UTC))

    def _touches(self, t: Record) -> bool:
        stopped = shown.moment(t["stopped_at"]) if t["stopped_at"] else self._known_until
        return shown.moment(t["started_at"]) < self.until and stopped > self.since

    def _session(self, t: Record, y: float) -> None:
        begin = max(shown.moment(t["started_at"]), self.since)
        stopped = shown.moment(t["stopped_at"]) if t["stopped_at"] else None
        x = self.x(begin)
        mine = self.matched is not None and t["id"] == self.matched["id"]
        words = (self.tongue.say("this session") + " · " if mine else "") + shown.kwh(t["energy_wh"])
        title = f"{self.clock(begin)}–{self.clock(stopped) if stopped else ''} {words}"
        width = self.x(min(stopped or self._known_until, self.until)) - x
        self.chart.sessions.append(Bar(x, y, max(width, 2), PLOT, "mine" if mine else "other",
                                       words if fits(words, width) else "", title, ("transaction", t["id"])))
        energy = shown.kwh(t["energy_wh"])
        self.chart.told.append((begin, self.tongue.say("Session begins: %(energy)s", energy=energy)))
        if stopped and self.inside(stopped):
            why = stopped_because(t["stop_reason"], self.tongue.say)
            self.chart.told.append((stopped, self.tongue.say("Session ends: %(why)s", why=why)))

    # --- faults and moments ---------------------------------------------------------------------

    def _faults(self) -> None:
        found = [f for f in self.story["faults"] if f["evse"] in (0, self.evse) or self.evse is None]
        rows: list[float] = []
        for fault in found:
            begin = shown.moment(fault["opened_at"])
            end = shown.moment(fault["cleared_at"]) if fault["cleared_at"] else self.until
            if begin > self.until or end < self.since:
                continue
            x, width = self.x(max(begin, self.since)), 0.0
            width = max(self.x(min(end, self.until)) - x, 4.0)
            words = fault["vendor_code"] or fault["code"]
            row = self._free_row(rows, x, max(width, len(words) * 7.0))
            title = f"{self.clock(begin)} {fault['code']} {fault['vendor_code'] or ''} {fault['description'] or ''}"
            self.chart.bars.append(Bar(x, row, width, MARK, "bad", words, title.strip(), ("fault", fault["id"])))
            self.chart.told.append((begin, self.tongue.say("Fault: %(code)s", code=words)))

    def _moments(self) -> None:
        rows: list[float] = []
        for at, kind, words, proof in sorted(self._happened(), key=lambda m: m[0]):
            if self.inside(at):
                x = self.x(at)
                room = 26 + sum(12 if ord(c) > 0x2E80 else 6.4 for c in words)
                near_end = x + room > WIDTH - RIGHT
                row = self._free_row(rows, x - room if near_end else x, room)
                title = f"{self.clock(at)} {words}"
                self.chart.marks.append(Mark(x, row + MARK / 2, kind, words, title, proof, near_end))
                self.chart.told.append((at, words))

    def _happened(self) -> Iterable[tuple[datetime, str, str, tuple[str, str] | None]]:
        say = self.tongue.say
        for p in self.story["payments"]:
            money = shown.amount(p["amount"], p["currency"], self.tongue)
            yield shown.moment(p["at"]), "payment", f"{say(PAYMENT[p['kind']])} {money}", ("payment", p["reference"])
        for c in self.story["commands"]:
            if c["evse"] in (None, 0, self.evse):
                words = f"{say(COMMAND.get(c['kind'], c['action']))}: {say(COMMAND_STATE[c['state']])}"
                yield shown.moment(c["requested_at"]), "command", words, ("command", c["id"])
        for boot in self.story["boots"]:
            reason = f" ({boot['reason']})" if boot["reason"] else ""
            yield shown.moment(boot["at"]), "boot", say("Charger started up") + reason, ("frame", boot["frame"])

    def _free_row(self, rows: list[float], x: float, width: float) -> float:
        """The first row of the lanes below where nothing stands in the way; `rows` keeps how far each is taken."""
        first = self.chart.height if not rows else rows[0]
        taken = rows[1:]
        n = next((n for n, end in enumerate(taken) if end <= x), len(taken))
        if n == len(taken):
            taken.append(0.0)
            self.chart.height = first + (n + 1) * (MARK + 3)
        taken[n] = x + width
        rows[:] = [first, *taken]
        return first + n * (MARK + 3)


def fits(words: str, width: float) -> bool:
    return sum(12 if ord(c) > 0x2E80 else 6.2 for c in words) + 8 <= width


def draw(
    records: Records, matched: str | None, span: str | Window, zone: str, tongue: Tongue
) -> Chart:
    """The chart of a case's records; `span` is one of SPANS, or a window. Frozen records give the same chart always."""
    found = records.find("transaction", matched) if matched else None
    if isinstance(span, Window):
        return Drawing(records, found, span, zone, tongue).draw()
    key = (span, tongue.language)
    if key not in records.drawn:
        records.drawn[key] = Drawing(records, found, window(records, found, span), zone, tongue).draw()
    chart: Chart = records.drawn[key]
    return chart
