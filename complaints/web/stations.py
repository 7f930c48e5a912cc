"""A station at the desk: what it is and how it does; its settings, logs and past, each on a page of its own."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import segno
from fastapi import Response
from fastapi.responses import FileResponse, StreamingResponse

from complaints import actions
from complaints.cases import Wanted
from complaints.station_remote import danger_at
from complaints.web.fleet import ocpp_base
from complaints.web.frame import Visit, url
from complaints.web.progress import steps
from complaints.web.public import plugs_of
from complaints.web.tongue import N_
from csms.errors import NotFound
from csms.vocabulary import Station

ROWS = 15
EPISODES_BACK, HEALTH_BACK = timedelta(days=30), timedelta(days=7)
SETTINGS, LOGS, PAST = 1000, 50, 30
WAITING = ("queued", "sent")
TABS = {
    "": N_("Overview"), "frames": N_("OCPP messages"), "settings": N_("Settings"), "logs": N_("Logs"),
    "history": N_("History"),
}


async def station_of(visit: Visit) -> Station:
    id = visit.part("id")
    station = await visit.site.csms.station(id)
    if station is None:
        raise NotFound(f"there is no station {id}")
    return station


def head(station: Station, tab: str) -> dict[str, Any]:
    """What stands above every page of a station."""
    return {"station": station, "plugs": plugs_of(station, None), "tab": tab, "tabs": TABS, "id": station.id}


async def one(visit: Visit) -> Response:
    station = await station_of(visit)
    csms, id = visit.site.csms, station.id
    faults = (await csms.open_faults([id])).get(id, [])
    plugs = plugs_of(station, None)
    return visit.page(
        "station.html", **head(station, ""), faults=faults, acting=visit.who.may(*actions.ROLES["reset"]),
        health=await csms.archive.health(id, HEALTH_BACK), **await _commands(visit, id),
        episodes=await csms.archive.episodes(
            since=visit.now - EPISODES_BACK, until=visit.now + timedelta(minutes=5), station=id, limit=ROWS),
        sessions=await csms.transactions(station=id, limit=ROWS), repairs=await _repairs(visit, station),
        cases=await visit.site.desk.listed(Wanted(station=id), limit=ROWS), ocpp=f"{ocpp_base(visit)}/{id}",
        danger=await danger_at(visit.site.desk, id),
        scan={plug.evse: f"{visit.base}{url('r', id, plug.evse)}" for plug in plugs},
    )


async def commands(visit: Visit) -> Response:
    """Its commands, asked for again as long as one is under way."""
    station = await station_of(visit)
    return visit.page("station_commands.html", id=station.id, **await _commands(visit, station.id))


async def _commands(visit: Visit, id: str) -> dict[str, Any]:
    found = await visit.site.csms.commands(station=id, limit=ROWS)
    pending = any(c.state in WAITING or c.effect == "pending" for c in found)
    return {"commands": [(c, steps(c, None, visit.tongue)[-1]) for c in found], "pending": pending}


async def _repairs(visit: Visit, station: Station) -> list[Any]:
    """What its model needs to be understood."""
    if not station.vendor:
        return []
    start = (station.vendor, station.model or "", "", "")
    rows = await visit.site.csms.archive.repairs(after=start, limit=200)
    return [r for r in rows if (r["vendor"], r["model"]) == (station.vendor, station.model or "")]


async def settings(visit: Visit) -> Response:
    """What the station told of each setting, what it should be, and where the two differ."""
    station, q, drift = await station_of(visit), visit.query("q").casefold(), bool(visit.query("drift"))
    rows = await visit.site.csms.controls.variables(station.id, limit=SETTINGS, drift=True if drift else None)
    shown = [r for r in rows if q in f"{r['component']}.{r['variable']} {r['value'] or ''}".casefold()]
    return visit.page(
        "station_settings.html", **head(station, "settings"), rows=shown, q=visit.query("q"), drift=drift,
        drifting=sum(bool(r["drift"]) for r in rows), acting=visit.who.may(*actions.ROLES["reset"]),
    )


async def logs(visit: Visit) -> Response:
    """Logs it brought, and those with words in them."""
    station, q = await station_of(visit), visit.query("q")[:200]
    csms = visit.site.csms
    if len(q) >= 2:
        found = await csms.archive.upload_texts(q, station=station.id, limit=LOGS)
    else:
        found = [(upload, "") for upload in await csms.uploads(station=station.id, limit=LOGS)]
    return visit.page(
        "station_logs.html", **head(station, "logs"), uploads=found, q=q,
        acting=visit.who.may(*actions.ROLES["get_log"]),
    )


async def log(visit: Visit) -> Response:
    """The text of one log, as far as it could be read, with the lines that hold the words looked for."""
    station, q = await station_of(visit), visit.query("q")
    upload = await visit.site.csms.upload(visit.part("upload"))
    if upload is None or upload.station != station.id or upload.received_at is None:
        raise NotFound("there is no such log")
    text = await visit.site.csms.archive.upload_text(upload.id) or ""
    lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if not q or q.casefold() in line.casefold()]
    return visit.page("station_log.html", **head(station, "logs"), upload=upload, lines=lines[:2000],
                      cut=len(lines) > 2000, q=q, readable=bool(text))


async def log_file(visit: Visit) -> Response:
    """The file itself, to be saved: never as something a browser would run."""
    upload = await visit.site.csms.upload(visit.part("upload"))
    if upload is None or upload.station != visit.part("id") or upload.path is None:
        raise NotFound("there is no such log")
    return FileResponse(visit.site.uploads / upload.path, media_type="application/octet-stream", filename=upload.name)


async def history(visit: Visit) -> Response:
    """Its resets and how they went; how its model takes them; connections and starts."""
    station = await station_of(visit)
    csms, id = visit.site.csms, station.id
    return visit.page(
        "station_history.html", **head(station, "history"),
        resets=await csms.controls.resets_of(id, PAST),
        models=await csms.controls.resets_of_models(vendor=station.vendor, model=station.model)
        if station.vendor else [],
        connections=await csms.archive.connections(id, limit=PAST), boots=await csms.archive.boots(id, limit=PAST),
        firmware=await csms.controls.firmware(id, limit=PAST),
    )


async def download(visit: Visit) -> Response:
    """The journal of the last hours or days, a line a frame, as `journal import` takes it in."""
    station = await station_of(visit)
    hours = min(int(h), 24 * 31) if (h := visit.query("hours")).isdecimal() else 24
    lines: AsyncIterator[bytes] = visit.site.csms.archive.export_lines(
        station.id, visit.now - timedelta(hours=hours), visit.now + timedelta(minutes=5))
    return StreamingResponse(lines, media_type="application/x-ndjson", headers={
        "Content-Disposition": f'attachment; filename="{station.id}-{hours}h.ndjson"', "Cache-Control": "no-store",
    })


async def code(visit: Visit) -> Response:
    """The QR code of a plug, as it is printed and put on it."""
    address = f"{visit.base}{url('r', visit.part('id'), visit.part('evse'))}"
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="svg", scale=8, border=4, xmldecl=False)
    return Response(out.getvalue(), media_type="image/svg+xml", headers={"Cache-Control": "private, max-age=300"})
