"""Fault codes over HTTP: look one up, bring in a vendor's table, see what nobody has explained yet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response

from complaints import fault_codes
from complaints.desk import Desk
from csms.errors import BadInput
from csms.kit.clock import iso
from csms.rest.http import Page, Principal, need, page, problem
from csms.rest.inputs import Since

READERS = ("agent", "technician", "finance", "supervisor", "auditor", "integration")
WRITERS = ("technician", "supervisor")
LARGEST = 8 * 1024 * 1024
Writer = Annotated[Principal, Depends(need(*WRITERS))]
USUAL = timedelta(days=90)
CSV = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}}


def router(desk: Desk) -> APIRouter:
    made = APIRouter(prefix="/fault-codes", tags=["fault codes"])

    @made.get("", dependencies=[Depends(need(*READERS))])
    async def find(
        paging: Annotated[Page, Depends(page)], family: str | None = None, code: str | None = None,
        q: Annotated[str | None, Query(max_length=200, description="Part of code, name or meaning.")] = None,
    ) -> dict[str, Any]:
        async with desk.db.acquire() as conn:
            rows = await fault_codes.listing(
                conn, family=family, code=code, q=q, after=_after(paging), limit=paging.limit + 1
            )
        items, following = paging.cut(rows, lambda row: [row["family"], row["code"]])
        return {"items": [code_json(row) for row in items], "next_cursor": following}

    @made.post("", openapi_extra=CSV, response_model=None)
    async def bring_in(request: Request, who: Writer) -> dict[str, Any] | Response:
        """A vendor's table as CSV (family, code, meaning_en or meaning_zh, source; name, severity, who, basis, note).

        All of it or nothing: every mistake is named by its row and column.
        """
        codes, wrong = fault_codes.read(await _text(request))
        if wrong:
            errors = [{"field": one.field, "message": one.message} for one in wrong]
            return problem(422, f"{wrong[0].field}: {wrong[0].message}", errors=errors)
        async with desk.db.acquire() as conn, conn.transaction():
            await fault_codes.put(conn, codes, by=who.name, now=desk.clock())
        return {"accepted": len(codes), "families": sorted({code.family for code in codes})}

    @made.get("/unknown", dependencies=[Depends(need(*READERS))])
    async def unknown(since: Since = None) -> dict[str, Any]:
        """Codes stations sent (in 90 days, or from `from` on) that no table explains: for someone to explain."""
        async with desk.db.acquire() as conn:
            found = await fault_codes.unknown(conn, desk.csms, since or desk.clock() - USUAL)
        return {"items": [unknown_json(row) for row in found], "next_cursor": None}

    return made


async def _text(request: Request) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("text/csv", "application/csv"):
        raise HTTPException(415, "Fault codes are taken as text/csv, the first row naming the columns.")
    body = await request.body()
    if len(body) > LARGEST:
        raise HTTPException(413, f"A table may have {LARGEST:,} bytes.")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("body", f"is not UTF-8 at byte {error.start}; save the table as UTF-8") from None


def _after(paging: Page) -> tuple[str, str] | None:
    match paging.after:
        case None:
            return None
        case (str() as family, str() as code):
            return family, code
        case _:
            raise BadInput("cursor", "must be the next_cursor of an earlier page of this list")


def code_json(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "family": row["family"], "code": row["code"], "name": row["name"],
        "meaning": {"en": row["meaning_en"], "zh": row["meaning_zh"]}, "severity": row["severity"],
        "who": list(row["who"]), "source": row["source"], "basis": row["basis"], "note": row["note"],
        "origin": row["origin"], "updated_at": iso(row["updated_at"]), "updated_by": row["updated_by"],
    }


def unknown_json(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "code": row["vendor_code"] or row["code"], "error": row["code"], "vendor": row["vendor"],
        "model": row["model"], "description": row["description"], "reports": row["reports"],
        "stations": row["stations"], "example": row["example"], "last_at": iso(row["last_at"]),
    }
