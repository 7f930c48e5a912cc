"""The doors beside the web form: mail, signed calls of platforms, boxes of paper. All lead into the one intake."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from complaints import cases, hooks
from complaints.cases import Case
from complaints.desk import CUSTOMER, Desk
from complaints.intake import arrivals, attachments, mail, mapping, papers, signed
from complaints.intake.attachments import Sent
from complaints.intake.form import read
from complaints.intake.mail import Mail
from csms.errors import BadInput, NotFound
from csms.kit.clock import Clock
from csms.kit.db import Db

HOOK = "select url, secret, channel, mapping from hooks where name = $1 and active"


@dataclass(frozen=True, slots=True)
class Arrived:
    """What became of it. `new`: a case was opened; else it went into one that was there."""

    number: str | None
    new: bool = False
    ignored: str | None = None


class Doors:
    """Everything that arrives without a browser."""

    def __init__(self, db: Db, desk: Desk, clock: Clock) -> None:
        self._db, self._desk, self._clock = db, desk, clock

    # --- mail -------------------------------------------------------------------------------------

    async def mail(self, raw: bytes, recipients: Sequence[str] = ()) -> Arrived:
        """A mail becomes a case, or a word in the one it answers. The same mail again changes nothing."""
        given = await asyncio.to_thread(mail.read, raw, list(recipients))
        if given.automatic:
            return Arrived(None, ignored="written by a machine")
        if number := await self._seen("email", given.id):
            return Arrived(number)
        case = await self._case_of(given)
        if case is None:
            return await self._new_from(given)
        files, left_out = self._taken(given.files)
        words = _with_left_out(given.text, left_out)
        await self._desk.customer_says(case.tracking, words, files, came=("email", given.id))
        return Arrived(case.number)

    async def _new_from(self, given: Mail) -> Arrived:
        files, left_out = self._taken(given.files)
        text = _with_left_out("\n\n".join(filter(None, (given.subject, given.text))), left_out)
        complaint = read({
            "channel": "email", "text": text or "(empty mail)", "submitted_at": given.at,
            "customer": {"email": given.sender, "name": given.name},
        })
        view = await self._desk.file(complaint, files, by=CUSTOMER, strict=False, came=("email", given.id))
        return Arrived(view.case.number, new=True)

    async def _case_of(self, given: Mail) -> Case | None:
        """By the secret in the address; by the number in the subject only if the sender is that case's customer."""
        async with self._db.acquire() as conn:
            try:
                if given.tracking:
                    return await cases.tracked(conn, given.tracking)
                if given.number:
                    case = await cases.get(conn, given.number)
                    return case if (case.customer_email or "").lower() == given.sender else None
            except NotFound:
                pass
        return None

    def _taken(self, files: Sequence[Sent]) -> tuple[list[Sent], list[str]]:
        """What may be kept, and the names of what may not: a mail is not refused for its signature's picture."""
        kept, left_out = [], []
        for file in files:
            try:
                attachments.inspect([file], largest=self._desk.options.largest_attachment)
                kept.append(file)
            except BadInput as error:
                left_out.append(f"{file.name}: {error}")
        return kept, left_out

    # --- platforms --------------------------------------------------------------------------------

    async def called(self, hook: str, timestamp: str, signature: str, body: bytes, payload: Any) -> Arrived:
        """A platform's signed message. Raises NotBelieved, BadInput."""
        async with self._db.acquire() as conn:
            row = await conn.fetchrow(HOOK, hook)
        secret = row["secret"] if row else "nobody's" * 4
        signed.check(secret, timestamp, signature, body, self._clock())
        if row is None:
            raise signed.NotBelieved("the call is not signed as it must be")
        if not isinstance(payload, Mapping):
            raise BadInput("body", "must be a JSON object")
        if hook in ("payments", "coupons"):
            refund = await self._desk.money.settle(
                str(payload.get("reference") or ""), str(payload.get("state") or ""), payload.get("note")
            )
            return Arrived(refund.complaint)
        spec = row["mapping"] or mapping.MAPPINGS.get(row["channel"] or hook) or mapping.MAPPINGS["platform"]
        external, given = mapping.complaint_of(payload, spec)
        return await self._platform(f"hook:{hook}", external, given)

    async def _platform(self, source: str, external: str | None, given: dict[str, Any]) -> Arrived:
        if external and (number := await self._seen(source, external)):
            await self._said_again(number, str(given.get("text") or ""))
            return Arrived(number)
        came = (source, external) if external else None
        view = await self._desk.file(read(given), by=source, strict=False, came=came)
        return Arrived(view.case.number, new=True)

    async def _said_again(self, number: str, text: str) -> None:
        """The platform tells of the same complaint again: new words go into the case."""
        view = await self._desk.view(number)
        if text and all(entry.text != text for entry in view.entries):
            await self._desk.customer_says(view.case.tracking, text)

    # --- paper ------------------------------------------------------------------------------------

    async def papers(self, text: str, *, box: str, by: str, dry_run: bool = False) -> dict[str, Any]:
        """Slips of a box: {"accepted", "duplicates", "rejected": [{"line", "field", "message"}], "numbers"}."""
        numbers, duplicates, rejected = [], 0, []
        for slip in papers.slips(text, zone=self._desk.options.zone, box=box):
            if slip.given is None:
                rejected.append({"line": slip.line, "field": slip.field, "message": slip.wrong})
            elif await self._seen("paper", slip.id):
                duplicates += 1
            elif dry_run:
                numbers.append("")
            else:
                try:
                    view = await self._desk.file(slip.given, by=by, strict=False, came=("paper", slip.id))
                except BadInput as error:
                    rejected.append({"line": slip.line, "field": error.field, "message": str(error)})
                    continue
                numbers.append(view.case.number)
        return {"accepted": len(numbers), "duplicates": duplicates, "rejected": rejected,
                "numbers": [n for n in numbers if n]}

    # --- once -------------------------------------------------------------------------------------

    async def _seen(self, source: str, id: str) -> str | None:
        async with self._db.acquire() as conn:
            return await arrivals.known(conn, source, id)

    async def hook_put(
        self, name: str, url: str, secret: str, by: str, channel: str | None, spec: Mapping[str, Any] | None
    ) -> None:
        async with self._db.acquire() as conn, conn.transaction():
            await hooks.put(conn, name, url, secret, by, self._clock())
            await hooks.describe(conn, name, channel, spec)


def _with_left_out(text: str, left_out: Sequence[str]) -> str:
    if not left_out:
        return text
    return text + "\n\n[" + "; ".join(f"not kept: {one}" for one in left_out) + "]"
