"""Stations at the desk: all of them, who knocks, and one with everything it says."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import segno
from fastapi import Response

from complaints.cases import Wanted
from complaints.web.frame import Visit, url
from complaints.web.gloss import gloss
from complaints.web.progress import steps
from complaints.web.proof import frame_facts, page
from complaints.web.public import plugs_of
from complaints.web.tongue import N_
from csms.api import FrameRow
from csms.errors import BadInput, NotFound
from csms.vocabulary import Station

PAGE = 100
FRAMES = 40
ROWS = 15
ACTIONS = (
    "StatusNotification", "BootNotification", "StartTransaction", "StopTransaction", "TransactionEvent", "MeterValues",
    "Authorize", "Heartbeat", "Reset", "UnlockConnector", "NotifyEvent", "DataTransfer",
)
KNOCKS_SHOWN = 20
ODD_ID = N_("letters, digits and . _ - : only, at most 48 of them")


@dataclass(frozen=True, slots=True)
class Pair:
    """A question with its answer; or one of them alone, or a connection event."""

    first: FrameRow
    answer: FrameRow | None
    words: str
    reply: str

    @property
    def refused(self) -> bool:
        told = self.answer or self.first
        return bool(told.frame and told.frame.startswith("[4"))


async def listed(visit: Visit) -> Response:
    return await _list_page(visit, {}, {})


async def _list_page(visit: Visit, typed: Mapping[str, str], wrong: Mapping[str, str]) -> Response:
    csms, q, after = visit.site.csms, visit.query("q"), visit.query("after")
    found = await _search(visit, q) if q else await csms.stations(after=after, limit=PAGE + 1)
    shown = found[:PAGE]
    return visit.page(
        "stations.html", 422 if wrong else 200, stations=[(s, plugs_of(s, None)) for s in shown], q=q,
        faults=await csms.open_faults([s.id for s in shown]), knocks=await csms.archive.knocks(limit=KNOCKS_SHOWN),
        following=shown[-1].id if len(found) > PAGE else None, typed=typed, wrong=wrong,
        may_add=visit.who.may("technician", "supervisor"), tariffs=await csms.tariffs(), ocpp=ocpp_base(visit),
    )


async def _search(visit: Visit, q: str) -> list[Station]:
    """Those whose id, name, site or model has the words in it."""
    found, after, words = [], "", q.casefold()
    while batch := await visit.site.csms.stations(after=after):
        found += [s for s in batch if words in " ".join(filter(None, (s.id, s.name, s.site, s.model))).casefold()]
        after = batch[-1].id
    return found


def ocpp_base(visit: Visit) -> str:
    """Where stations connect: as this process knows it, else by its settings and the name we were called by."""
    settings = visit.site.settings
    known = visit.site.ocpp or f"ws://{settings.host}:{settings.ocpp_port}/ocpp"
    name = visit.request.url.hostname or settings.host
    return known.replace("//0.0.0.0", f"//{name}").replace("//[::]", f"//{name}")


async def add(visit: Visit) -> Response:
    """Enter a station, or admit one that knocks; the same form gives what is known of it."""
    form, wrong = visit.form, {}
    id = form.text("id")
    if not 0 < len(id) <= 48 or not all(c.isalnum() or c in "._-:" for c in id):
        wrong["id"] = visit.say(ODD_ID)
    plugs = int(n) if (n := form.text("plugs") or "1").isdecimal() else 0
    if not 1 <= plugs <= 64:
        wrong["plugs"] = visit.say("a number from 1 to 64")
    power = _kilowatts(form.text("power"))
    if power is not None and power <= 0:
        wrong["power"] = visit.say("a power in kW, such as 60")
    if wrong:
        return await _list_page(visit, form.texts(), wrong)
    fields = {name: form.text(name) or None for name in ("name", "site", "tariff")}
    if power:
        fields["max_power_w"] = power * 1000 * plugs  # type: ignore[assignment]
    connectors = [{"evse": n, "connector": 1, "max_power_w": power * 1000 if power else None}
                  for n in range(1, plugs + 1)] if form.text("plugs") else []
    await visit.site.csms.put_station(id, fields, connectors)
    return visit.go(url("desk", "stations", id), "added")


def _kilowatts(text: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return -1.0


async def one(visit: Visit) -> Response:
    csms, id = visit.site.csms, visit.part("id")
    station = await _station(visit, id)
    faults = (await csms.open_faults([id])).get(id, [])
    commands = await csms.commands(station=id, limit=ROWS)
    return visit.page(
        "station.html", station=station, plugs=plugs_of(station, None), faults=faults,
        sessions=await csms.transactions(station=id, limit=ROWS),
        cases=await visit.site.desk.listed(Wanted(station=id), limit=ROWS),
        commands=[(c, steps(c, None, visit.tongue)[-1]) for c in commands],
        pairs=await _pairs(visit, id), actions=ACTIONS, chosen="", older=None, ocpp=f"{ocpp_base(visit)}/{id}",
        scan={plug.evse: f"{visit.base}{url('r', id, plug.evse)}" for plug in plugs_of(station, None)},
    )


async def _station(visit: Visit, id: str) -> Station:
    station = await visit.site.csms.station(id)
    if station is None:
        raise NotFound(f"there is no station {id}")
    return station


async def frames(visit: Visit) -> Response:
    """The frame viewer alone: another message, or an earlier page."""
    id, action = visit.part("id"), visit.query("action")
    await _station(visit, id)
    before = _before(visit)
    pairs = await _pairs(visit, id, action or None, before)
    template = "station_frames.html" if visit.partial else "station_frames_page.html"
    return visit.page(
        template, pairs=pairs, actions=ACTIONS, chosen=action, id=id,
        older=url("desk", "stations", id, "frames", action=action, before=pairs[-1].first.received_at.isoformat())
        if len(pairs) >= FRAMES // 2 else None,
    )


def _before(visit: Visit) -> datetime | None:
    try:
        found = datetime.fromisoformat(visit.query("before")) if visit.query("before") else None
    except ValueError:
        raise BadInput("before", "must be a time") from None
    return found if found is None or found.tzinfo else None


async def _pairs(
    visit: Visit, id: str, action: str | None = None, before: datetime | None = None
) -> list[Pair]:
    rows = await visit.site.csms.archive.latest_frames(
        id, before or visit.now + timedelta(minutes=5), action=action, limit=FRAMES
    )
    found = [_row(row) for row in rows]
    return paired(found, visit)


def _row(row: Any) -> FrameRow:
    return FrameRow(
        id=f"{row['station']}:{row['seq']}", station=row["station"], seq=row["seq"], at=row["at"],
        received_at=row["received_at"], kind=row["kind"], message_id=row["message_id"], action=row["action"],
        frame=row["frame"], hash=row["hash"].hex(), prev_hash=row["prev_hash"].hex(),
        repairs=tuple(row["repairs"] or ()),
    )


def paired(rows: Sequence[FrameRow], visit: Visit) -> list[Pair]:
    """Newest first; an answer stands beside its question."""
    answers = {(r.message_id, r.kind): r for r in rows if _is_answer(r)}
    asked = {r.message_id for r in rows if r.message_id and not _is_answer(r)}
    made = []
    for row in rows:
        if _is_answer(row) and row.message_id in asked:
            continue
        other = "sent" if row.kind == "received" else "received"
        answer = None if _is_answer(row) else answers.get((row.message_id, other))
        words = gloss(row.kind, row.action, row.frame, visit.tongue)
        reply = gloss(answer.kind, answer.action, answer.frame, visit.tongue) if answer else ""
        made.append(Pair(row, answer, words, reply))
    return made


def _is_answer(row: FrameRow) -> bool:
    return bool(row.frame) and str(row.frame).lstrip().startswith(("[3", "[4"))


async def frame(visit: Visit) -> Response:
    id = f"{visit.part('id')}:{visit.part('seq')}"
    found = next(iter(await visit.site.csms.frames_by_id([id])), None)
    if found is None:
        raise NotFound(f"there is no frame {id}")
    return page(visit, **frame_facts(visit, found), back=url("desk", "stations", visit.part("id")))


async def code(visit: Visit) -> Response:
    """The QR code of a plug, as it is printed and put on it."""
    address = f"{visit.base}{url('r', visit.part('id'), visit.part('evse'))}"
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="svg", scale=8, border=4, xmldecl=False)
    return Response(out.getvalue(), media_type="image/svg+xml", headers={"Cache-Control": "private, max-age=300"})
