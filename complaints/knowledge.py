"""Knowledge: articles and reply templates in three languages, linked to findings, reviewed in time, without secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from complaints.record.access import secrets_in
from csms.errors import BadInput, Conflict, NotFound
from csms.kit.clock import iso
from csms.kit.db import Conn, Row

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,60}")
LANGUAGES = ("zh-Hans", "zh-Hant", "en")
COLUMNS = """slug, version, kind, topic, findings, title, text, public, state, review_at, written_by, written_at,
    approved_by"""
WRITE = f"""
    insert into articles (slug, version, kind, topic, findings, title, text, public, review_at, written_by, written_at)
    select $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10 from articles where slug = $1
    returning {COLUMNS}
"""
PUBLISH = f"""
    update articles set state = 'published', approved_by = $3
    where slug = $1 and version = $2 and state = 'draft' returning {COLUMNS}
"""
RETIRE_OTHERS = "update articles set state = 'retired' where slug = $1 and version <> $2 and state = 'published'"
NEWEST = f"select {COLUMNS} from articles where slug = $1 order by version desc limit 1"
LISTED = f"""
    select distinct on (slug) {COLUMNS} from articles
    where ($1::text is null or state = $1) and ($2::text is null or topic = $2) and ($3::text is null or kind = $3)
        and ($4::boolean is false or public)
    order by slug, version desc
"""
FOR_CASE = f"""
    select {COLUMNS} from articles
    where state = 'published' and (topic = $1 or findings && $2::text[])
    order by cardinality(array(select unnest(findings) intersect select unnest($2::text[]))) desc, slug limit 10
"""
VERSIONS = f"select {COLUMNS} from articles where slug = $1 order by version desc limit 50"
TO_REVIEW = f"select {COLUMNS} from articles where state = 'published' and review_at <= $1 order by review_at"


def check(title: Mapping[str, str], text: Mapping[str, str]) -> None:
    """Raises BadInput: a language that is missing, a password in the text."""
    for language in LANGUAGES:
        for name, given in (("title", title), ("text", text)):
            if not (given.get(language) or "").strip():
                raise BadInput(f"{name}.{language}", "is missing: every article speaks all three languages")
            if found := secrets_in(given[language]):
                raise BadInput(f"{name}.{language}", f"looks as if it held a secret: {found[0]}")


def article_json(row: Row) -> dict[str, Any]:
    shape = dict(row)
    return shape | {"review_at": shape["review_at"].isoformat(), "written_at": iso(shape["written_at"])}


async def write(
    conn: Conn, slug: str, *, kind: str, topic: str | None, findings: Sequence[str], title: Mapping[str, str],
    text: Mapping[str, str], public: bool, review_at: date, by: str, now: datetime,
) -> dict[str, Any]:
    """A new version, as a draft. Earlier ones stay."""
    if kind not in ("article", "template"):
        raise BadInput("kind", "must be article or template")
    check(title, text)
    if not SLUG.fullmatch(slug):
        raise BadInput("slug", "must be small letters, digits and hyphens, such as plug-is-stuck")
    if review_at <= now.date():
        raise BadInput("review_at", "must lie ahead")
    return article_json(await conn.fetchrow(
        WRITE, slug, kind, topic, list(findings), dict(title), dict(text), public, review_at, by, now
    ))


async def publish(conn: Conn, slug: str, version: int, by: str) -> dict[str, Any]:
    """By somebody else than its author. Raises Conflict."""
    row = await conn.fetchrow(NEWEST, slug)
    if row is None:
        raise NotFound(f"there is no article {slug}")
    if row["written_by"] == by:
        raise Conflict("somebody else has to read it before it is published")
    published = await conn.fetchrow(PUBLISH, slug, version, by)
    if published is None:
        raise Conflict(f"version {version} of {slug} is no draft")
    await conn.execute(RETIRE_OTHERS, slug, version)
    return article_json(published)


async def listed(
    conn: Conn, *, state: str | None = None, topic: str | None = None, kind: str | None = None, public: bool = False
) -> list[dict[str, Any]]:
    return [article_json(row) for row in await conn.fetch(LISTED, state, topic, kind, public)]


async def versions(conn: Conn, slug: str) -> list[dict[str, Any]]:
    """Newest first. Raises NotFound."""
    found = [article_json(row) for row in await conn.fetch(VERSIONS, slug)]
    if not found:
        raise NotFound(f"there is no article {slug}")
    return found


async def faq(conn: Conn) -> list[dict[str, Any]]:
    """What anybody may read."""
    return [
        {"slug": a["slug"], "topic": a["topic"], "title": a["title"], "text": a["text"]}
        for a in await listed(conn, state="published", kind="article", public=True)
    ]


async def for_case(conn: Conn, topic: str, findings: Sequence[str]) -> list[dict[str, Any]]:
    """What helps with a case: by its findings first, then by its topic."""
    return [article_json(row) for row in await conn.fetch(FOR_CASE, topic, list(findings))]


async def to_review(conn: Conn, today: date) -> list[dict[str, Any]]:
    return [article_json(row) for row in await conn.fetch(TO_REVIEW, today)]


def fill(text: str, values: Mapping[str, str]) -> str:
    """A template with the case's own facts; a placeholder that nobody can fill stays visible."""
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text
