"""Knowledge at the office: articles and reply templates in three languages, their reviews, and the public answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fastapi import Response

from complaints import knowledge
from complaints.intake.classify.topics import TOPICS
from complaints.web.frame import Visit, url
from complaints.web.office import forms
from complaints.web.tongue import LANGUAGES, N_
from csms.errors import BadInput

KINDS = ("article", "template")
CODE = re.compile(r"[a-z][a-z0-9_.-]{2,60}")
"""How the codes of findings look (docs/findings.md)."""
EMPTY = {
    "article": N_("There is no article yet. One says what staff and drivers ask again and again, once and well."),
    "template": N_("There is no reply template yet. A template is an answer with {number}, {amount} and the like to "
                   "be filled from the case."),
}


def _kind(visit: Visit) -> str:
    return visit.query("kind") if visit.query("kind") in KINDS else "article"


async def listed(visit: Visit) -> Response:
    kind = _kind(visit)
    async with visit.site.desk.db.acquire() as conn:
        found = await knowledge.listed(conn, kind=kind)
    today = visit.now.date().isoformat()
    return visit.page(
        "office/articles.html", rows=found, kind=kind, kinds=KINDS, today=today, empty=EMPTY[kind], may=_writes(visit),
    )


def _writes(visit: Visit) -> bool:
    return visit.who.may("agent", "technician", "finance", "supervisor")


async def new(visit: Visit) -> Response:
    return await _page(visit, None, {}, "", 200)


async def one(visit: Visit) -> Response:
    return await _page(visit, visit.part("slug"), {}, "", 200)


async def _page(
    visit: Visit, slug: str | None, wrong: Mapping[str, str], problem: str, status: int
) -> Response:
    versions: list[dict[str, Any]] = []
    if slug is not None:
        async with visit.site.desk.db.acquire() as conn:
            versions = await knowledge.versions(conn, slug)
    newest = versions[0] if versions else None
    return visit.page(
        "office/article.html", status, slug=slug, newest=newest, versions=versions, wrong=wrong, problem=problem,
        typed=visit.form.texts() or _typed(newest, visit), topics=TOPICS, kinds=KINDS, today=visit.now.date(),
        may=_writes(visit), publishes=visit.who.may("supervisor"),
    )


def _typed(newest: Mapping[str, Any] | None, visit: Visit) -> dict[str, str]:
    """The newest version as the form's beginning."""
    if newest is None:
        return {"kind": _kind(visit)}
    typed = {"kind": newest["kind"], "topic": newest["topic"] or "", "findings": ", ".join(newest["findings"]),
             "review_at": newest["review_at"], "public": "1" if newest["public"] else ""}
    for code in LANGUAGES:
        typed |= {f"title_{code}": newest["title"].get(code, ""), f"text_{code}": newest["text"].get(code, "")}
    return typed


async def write(visit: Visit) -> Response:
    """A new version, as a draft."""
    known = visit.request.path_params.get("slug")

    async def act() -> str:
        slug = known or forms.words(visit, "slug", longest=61)
        topic = visit.form.text("topic") or None
        if topic is not None and topic not in TOPICS:
            raise BadInput("topic", visit.say("pick one of the list"))
        kind, review_at = forms.choice(visit, "kind", KINDS), forms.day(visit, "review_at")
        title, text = ({code: visit.form.text(f"{part}_{code}") for code in LANGUAGES} for part in ("title", "text"))
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            await knowledge.write(
                conn, slug, kind=kind, topic=topic, findings=_findings(visit), title=title, text=text,
                public=visit.form.text("public") == "1", review_at=review_at, by=visit.who.name, now=visit.now,
            )
        return url("desk", "knowledge", slug)

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        fields = {name.replace(".", "_"): words for name, words in wrong.items()}
        return await _page(visit, str(known) if known else None, fields, problem, status)

    return await forms.attempt(visit, act, again, "drafted")


def _findings(visit: Visit) -> list[str]:
    """Codes of findings, with commas between. Raises BadInput for what is none."""
    codes = [code.strip() for code in visit.form.text("findings").replace("，", ",").split(",") if code.strip()]
    if unknown := [code for code in codes if not CODE.fullmatch(code)]:
        raise BadInput("findings", visit.say("not a code of a finding: %(codes)s", codes=", ".join(unknown)))
    return codes


async def publish(visit: Visit) -> Response:
    slug, version = visit.part("slug"), int(visit.part("version"))

    async def act() -> str:
        async with visit.site.desk.db.acquire() as conn, conn.transaction():
            await knowledge.publish(conn, slug, version, visit.who.name)
        return url("desk", "knowledge", slug)

    async def again(wrong: Mapping[str, str], problem: str, status: int) -> Response:
        return await _page(visit, slug, wrong, problem, status)

    return await forms.attempt(visit, act, again, "published")


async def faq(visit: Visit) -> Response:
    """Open to everybody: published answers in the visitor's language."""
    async with visit.site.desk.db.acquire() as conn:
        found = await knowledge.faq(conn)
    code = visit.tongue.language
    rows = [(a["slug"], *(a[part].get(code) or a[part]["en"] for part in ("title", "text"))) for a in found]
    return visit.page("faq.html", rows=rows)
