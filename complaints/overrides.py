"""Overrides: what a person decides over the rules, with a reason; and how often that happens, finding by finding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from complaints.intake.form import Decided, RemedyIn
from csms.errors import BadInput
from csms.kit.clock import iso
from csms.kit.db import Conn, Row, by_values

FIELDS = ("verdict", "liability", "transaction", "remedies")
NONE = "none"
ROLES = ("agent", "technician", "finance", "supervisor")
"""Who may decide over the rules; programs may not."""

FORBIDDEN_IN_DANGER = ("reset",)
"""Nobody proposes these where people may be hurt (G1), whatever he decides."""


@dataclass(frozen=True, slots=True)
class Override:
    """The newest decision on one field. `rules` is what the rules said then."""

    field: str
    value: Any
    rules: Any
    decisive: tuple[str, ...]
    by: str
    at: datetime
    reason: str


def changes_of(decided: Decided) -> dict[str, Any]:
    """Field -> what was decided, None where it is given back. Raises BadInput."""
    given: dict[str, Any] = {name: getattr(decided, name) for name in FIELDS if name in decided.model_fields_set}
    if given.get("transaction") is not None and given["transaction"] != NONE:
        given["transaction"] = _uuid(given["transaction"])
    if given.get("remedies") is not None:
        given["remedies"] = [_remedy(one, n) for n, one in enumerate(given["remedies"])]
    return given


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise BadInput("transaction", "our id of the transaction, or none") from None


def _remedy(given: RemedyIn, n: int) -> dict[str, Any]:
    shape: dict[str, Any] = {"kind": given.kind}
    if given.kind in ("refund", "release_hold") and (given.amount is None or given.currency is None):
        raise BadInput(f"remedies[{n}].amount", "a refund or a released hold needs its amount and currency")
    if given.amount is not None:
        shape |= {"amount": f"{given.amount:.2f}", "currency": given.currency}
    return shape | ({"note": {"en": given.note, "zh": given.note, "zh-Hant": given.note}} if given.note else {})


def check(changes: Mapping[str, Any], topic: str) -> None:
    """Raises BadInput where safety forbids it."""
    if topic == "safety" and any(r["kind"] in FORBIDDEN_IN_DANGER for r in changes.get("remedies") or ()):
        raise BadInput("remedies", "a restart is never proposed where words or records speak of danger (G1)")


def apply(shape: Mapping[str, Any], decided: Mapping[str, Override]) -> dict[str, Any]:
    """The judgement with what a person decided in place of what the rules said, and who, why and what they said.

    The transaction was decided before judging: here it is only told.
    """
    told = {
        field: {
            "by": one.by, "at": iso(one.at), "reason": one.reason,
            "rules": one.rules if field == "transaction" else shape[field],
        }
        for field, one in sorted(decided.items())
    }
    values = {field: one.value for field, one in decided.items() if field != "transaction"}
    return {**shape, **values, "overridden": told}


# --- rows -------------------------------------------------------------------------------------

DECIDE = """
    insert into overrides (complaint, field, value, rules, decisive, by, at, reason)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
IN_FORCE = """
    select distinct on (field) field, value, rules, decisive, by, at, reason from overrides
    where complaint = $1 order by field, id desc
"""


async def decide(
    conn: Conn, number: str, changes: Mapping[str, Any], judgement: Mapping[str, Any], *, by: str, reason: str,
    now: datetime,
) -> None:
    """Keep each decision with what the rules had said, even where another person had decided before."""
    before = judgement.get("overridden", {})
    decisive = list(judgement.get("decisive", ()))
    for field, value in changes.items():
        rules = before[field]["rules"] if field in before else _by_rules(field, judgement)
        await conn.execute(DECIDE, number, field, value, rules, decisive, by, now, reason)


def _by_rules(field: str, judgement: Mapping[str, Any]) -> Any:
    if field == "transaction":
        return judgement["transaction"]["id"] if judgement["transaction"] else NONE
    return judgement[field]


async def in_force(conn: Conn, number: str) -> dict[str, Override]:
    """Field -> the decision that stands."""
    rows = await conn.fetch(IN_FORCE, number)
    return {row["field"]: _override(row) for row in rows if row["value"] is not None}


def _override(row: Row) -> Override:
    return Override(**dict(row) | {"decisive": tuple(row["decisive"])})


# A finding counts for a case when it spoke for or against it in the newest assessment; it was decisive when the
# verdict rested on it. Overridden: a person's decision stands that differs from what the rules had said.
RATES = """
    with latest as (
        select a.complaint, a.codes, a.decisive from complaints c
        join assessments a on a.complaint = c.number and a.version = c.version
        where c.filed_at >= $1 and c.filed_at < $2
    ), standing as (
        select distinct on (o.complaint, o.field) o.complaint, o.field, o.value, o.rules, o.decisive
        from overrides o join latest l using (complaint) order by o.complaint, o.field, o.id desc
    ), decided as (
        select complaint, array_agg(field) as fields, array_agg(distinct code) filter (where code is not null) as codes
        from standing left join unnest(decisive) as code on true
        where value is not null and value is distinct from rules group by complaint
    )
    select f.code, count(*) as cases, count(*) filter (where l.decisive ? f.code) as decisive,
        count(d.complaint) as overridden, count(*) filter (where f.code = any(d.codes)) as overridden_decisive,
        count(*) filter (where 'verdict' = any(d.fields)) as verdict,
        count(*) filter (where 'liability' = any(d.fields)) as liability,
        count(*) filter (where 'transaction' = any(d.fields)) as transaction,
        count(*) filter (where 'remedies' = any(d.fields)) as remedies
    from latest l
    cross join lateral jsonb_array_elements_text(l.codes) as f (code)
    left join decided d using (complaint)
    group by 1 order by 5 desc, 4 desc, 1
"""
TOTALS = """
    with judged as (select number from complaints where version > 0 and filed_at >= $1 and filed_at < $2),
    standing as (
        select distinct on (complaint, field) complaint, value, rules from overrides
        where complaint in (select number from judged) order by complaint, field, id desc
    )
    select (select count(*) from judged) as cases, (
        select count(distinct complaint) from standing where value is not null and value is distinct from rules
    ) as overridden
"""


async def report(conn: Conn, since: datetime, until: datetime) -> dict[str, Any]:
    """How often people decided otherwise, in all and for each finding."""
    totals = await conn.fetchrow(TOTALS, since, until)
    rows: Sequence[Row] = await by_values(conn, RATES, since, until)
    return {
        "from": iso(since), "to": iso(until), "cases": totals["cases"], "overridden": totals["overridden"],
        "rate": _rate(totals["overridden"], totals["cases"]), "items": [_line(row) for row in rows],
    }


def _line(row: Row) -> dict[str, Any]:
    fields = {field: row[field] for field in FIELDS if row[field]}
    return {
        "code": row["code"], "cases": row["cases"], "decisive": row["decisive"], "overridden": row["overridden"],
        "rate": _rate(row["overridden"], row["cases"]), "overridden_decisive": row["overridden_decisive"],
        "decisive_rate": _rate(row["overridden_decisive"], row["decisive"]), "fields": fields,
    }


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
