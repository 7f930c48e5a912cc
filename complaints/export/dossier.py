"""A dossier: everything on record about one case that whoever asks may read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from complaints import evidence, thread
from complaints.cases import Case
from complaints.desk import Desk
from complaints.evidence import Assessment
from complaints.intake.attachments import Kept
from complaints.refunds import Refund
from complaints.thread import Draft, Entry
from csms.api import FrameRow
from csms.rest.http import Principal

INTERNAL = ("supervisor", "auditor")
"""Who reads entries meant for few."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """`entries` are all of them, `withheld` the numbers of those that are not shown to this reader."""

    case: Case
    entries: Sequence[Entry]
    withheld: frozenset[int]
    refunds: Sequence[Refund]
    assessments: Sequence[Assessment]
    evidence: Mapping[int, bytes]
    """Version -> the very bytes its checksum is of."""
    frames: Sequence[FrameRow]
    attachments: Sequence[Kept]
    made_at: datetime
    made_for: str

    @property
    def newest(self) -> Assessment | None:
        return self.assessments[-1] if self.assessments else None

    @property
    def story(self) -> Mapping[str, Any]:
        """The newest frozen story."""
        if not self.evidence:
            return {}
        found: Mapping[str, Any] = orjson.loads(self.evidence[max(self.evidence)])["story"]
        return found

    @property
    def shown(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.seq not in self.withheld]


async def gather(desk: Desk, number: str, who: Principal) -> Dossier:
    """Raises NotFound."""
    view = await desk.view(number)
    versions = await desk.assessments(number)
    async with desk.db.acquire() as conn:
        plain = {a.version: await evidence.frozen_bytes(conn, number, a.version) for a in versions}
    withheld = frozenset(
        e.seq for e in view.entries if e.audience == "internal" and not who.may(*INTERNAL) and e.author != who.name
    )
    named = [a["id"] for e in view.entries if e.seq not in withheld for a in e.body.get("attachments", ())]
    return Dossier(
        view.case, view.entries, withheld, view.refunds, versions, {v: b for v, b in plain.items() if b is not None},
        await desk.frames(number), [await desk.attachment(number, id) for id in named], desk.clock(), who.name,
    )


async def note(desk: Desk, dossier: Dossier, form: str, sha256: str) -> None:
    """That evidence left the house, and exactly what: on record in the case."""
    body = {"form": form, "sha256": sha256, "version": dossier.case.version}
    async with desk.db.acquire() as conn, conn.transaction():
        draft = Draft("export", dossier.made_for, "", "internal", body)
        await thread.add(conn, dossier.case.number, draft, desk.clock())
