"""The week before the demo's story: sixty stations, hundreds of sessions, forty complaints and what became of them.

What stations said is brought in as history; complaints are filed and dealt with by the desk itself, under a
clock that is moved through the week. Nothing is written past the product's own rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson

from complaints import workorders
from complaints.actions import Ask
from complaints.app import Product
from complaints.cases import Case
from complaints.demo import town, traffic, troubles
from complaints.demo.courses import CUSTOMER, Step
from complaints.demo.traffic import Week
from complaints.demo.troubles import Grievance
from complaints.intake.form import Correction, read
from complaints.workorders import Report
from csms.kit.clock import SetClock
from csms.rest.http import Principal

LOOK_EVERY = timedelta(hours=4)
"""How often the worker looks around while the week is lived quickly."""


@dataclass(order=True, slots=True)
class Moment:
    """Something that happens: `number` keeps the order of what falls together."""

    at: datetime
    number: int
    grievance: Grievance | None = field(default=None, compare=False)
    step: Step | None = field(default=None, compare=False)


class Past:
    """Lives the week in a product that does not run yet."""

    def __init__(self, product: Product, clock: SetClock, now: datetime, *, sessions: int = 420) -> None:
        """`product` must go by `clock`. `sessions`: how many ordinary ones, beside those that went wrong."""
        self.sessions = sessions
        self.product, self.clock, self.now = product, clock, now
        self.desk = product.desk
        self.numbers: dict[str, str] = {}
        """Topic -> number of the case filed last about it."""
        self.cases: dict[int, Case] = {}

    async def live(self) -> Week:
        """All of it; the week as it was written."""
        week = traffic.begin(self.now)
        grievances = troubles.all_of(week)
        traffic.fill(week, sessions=self.sessions)
        self.clock.now = week.began
        await self._set_up()
        lines, told = [(line["at"], orjson.dumps(line)) for line in week.lines()], 0
        payments = sorted(week.payments, key=lambda p: p.at)
        for moment in self._moments(week, grievances):
            self.clock.now = moment.at
            until = moment.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            upto = next((n for n in range(told, len(lines)) if lines[n][0] > until), len(lines))
            await self.product.csms.archive.import_lines([text for _, text in lines[told:upto]])
            told = upto
            while payments and payments[0].at <= moment.at:
                await self.product.csms.record_payment(payments.pop(0))
            await self._happens(moment)
            if moment.step is None:
                await self.product.worker.round()
        return week

    async def _set_up(self) -> None:
        csms = self.product.csms
        async with self.product.db.acquire() as conn, conn.transaction():
            await town.people_come(conn, self.clock())
        for id, tariff in town.TARIFFS.items():
            await csms.put_tariff(id, tariff)
        for machine in town.machines().values():
            await csms.put_station(machine.id, machine.body, machine.plugs)

    def _moments(self, week: Week, grievances: Sequence[Grievance]) -> Iterator[Moment]:
        """Complaints, what the desk does, and looks around, in order; nothing after now."""
        made = []
        for number, grievance in enumerate(grievances):
            made.append(Moment(grievance.filed_at, number, grievance))
            for step in grievance.course:
                made.append(Moment(grievance.filed_at + timedelta(hours=step.hours), number, grievance, step))
        look = week.began + LOOK_EVERY
        while look < self.now:
            made.append(Moment(look, -1))
            look += LOOK_EVERY
        made.append(Moment(self.now, len(grievances)))
        yield from (m for m in sorted(made) if m.at <= self.now)

    async def _happens(self, moment: Moment) -> None:
        if moment.grievance is None:
            return
        if moment.step is None:
            self.cases[moment.number] = await self._file(moment.grievance)
        else:
            await self._deal(self.cases[moment.number], moment.step)

    async def _file(self, told: Grievance) -> Case:
        given = {"channel": told.channel, "text": told.text, "language": told.language, **told.given}
        case = (await self.desk.file(read(given), by=CUSTOMER, strict=False)).case
        if case.topic != told.topic:  # words can be misread: somebody at the desk puts it right
            right = Correction.model_validate({"topic": told.topic, "reason": "按用户原意更正"})
            case = (await self.desk.correct(case.number, right, _person("li"))).case
        self.numbers[told.topic] = case.number
        return case

    async def _deal(self, case: Case, step: Step) -> None:
        who, fields = _person(step.who), dict(step.fields)
        match step.what:
            case "say":
                await self.desk.say(case.number, type="message", audience="customer", who=who, **fields)
            case "ask":
                await self.desk.say(case.number, type="question", audience="customer", who=who, **fields)
            case "accept":
                await self.desk.customer_answers(case.tracking, settled=True, **fields)
            case "arrive" | "finish":
                async with self.product.db.acquire() as conn, conn.transaction():
                    [order] = await workorders.of_case(conn, case.number)
                    await workorders.move(conn, order.id, step.what, Report(**fields), step.who, self.clock())
            case "disagree":
                await self.desk.customer_answers(case.tracking, settled=False, **fields)
            case action:
                if "into" in fields:
                    fields["into"] = self.numbers[fields["into"]]
                await self.desk.act(case.number, Ask.model_validate({"action": action, **fields}), who)


def _person(name: str) -> Principal:
    return Principal(name, town.PEOPLE.get(name, "agent"))
