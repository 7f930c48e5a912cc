"""Lines of a case's thread, in words: what was said, done and found, by whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from complaints.chinese import traditional
from complaints.desk import CUSTOMER
from complaints.evidence.why import NEWS
from complaints.rest.complaints import may_read
from complaints.thread import SYSTEM, Entry
from complaints.web import shown
from complaints.web.alike import alike
from complaints.web.because import reason
from complaints.web.finding_names import by_name
from complaints.web.frame import Visit
from complaints.web.labels import (
    ACTION,
    CLOCK,
    COMMAND,
    COMMAND_STATE,
    DEPARTMENT,
    EFFECT,
    ENTRY,
    FIELD,
    GUARD,
    LEVEL,
    LIABILITY,
    REFUND_STATE,
    STATE,
    TOPIC,
    URGENCY,
    VERDICT,
)

SPOKEN = ("filed", "message", "question", "resolution", "rejection", "confirmation", "closing", "note", "call",
          "evidence")
"""Entries that are somebody's words; the others are a log."""


@dataclass(frozen=True, slots=True)
class Line:
    """`kind`: you (the customer), us, note or log. `typed`: what somebody gave as his reason; `state`: what the case
    became by it."""

    seq: int
    at: datetime
    kind: str
    title: str
    author: str
    text: str
    files: Sequence[Mapping[str, Any]] = ()
    typed: str = ""
    state: str = ""


def lines(visit: Visit, entries: Sequence[Entry]) -> list[Line]:
    return [_line(visit, entry) for entry in entries if may_read(entry, visit.who)]


def _line(visit: Visit, e: Entry) -> Line:
    customers = e.author == CUSTOMER or (e.type == "filed" and e.author != SYSTEM)
    kind = "you" if customers else "log" if e.type not in SPOKEN else "note" if e.audience != "customer" else "us"
    author = visit.say("Customer") if customers else visit.say("automatic") if e.author == SYSTEM else e.author
    title = visit.say(ENTRY[e.type]) if e.type in ENTRY else e.type
    told, said = _told(visit, e), _said(visit, e)
    typed = said if kind == "log" and e.author != SYSTEM else ""
    became = str(e.body.get("to")) if e.type not in ("filed", "message") else ""
    return Line(
        e.seq, e.at, kind, title, author, told if typed else "\n".join(filter(None, (told, said))),
        e.body.get("attachments", ()), typed, visit.say(STATE[became]) if became in STATE else "",
    )


def _said(visit: Visit, e: Entry) -> str:
    """The words of an entry. What judged it anew, and what that changed, is ours to say in the reader's language."""
    if e.type == "filed" and e.author == SYSTEM:
        return reason(e.text or "", visit.tongue)
    if e.type != "assessment":
        return e.text or ""
    note = e.body.get("note", {})
    why = e.text or ""
    for changed in filter(None, (note.get("en"), note.get("zh"), traditional(note.get("zh", "")))):
        why = why.removesuffix(changed).rstrip("。. ")
    news = next((n for n in NEWS.values() if why in (n.en, n.zh, traditional(n.zh))), None)
    return visit.tongue.of({"en": news.en, "zh": news.zh}) if news else why


def _told(visit: Visit, e: Entry) -> str:
    """What the body of an entry says."""
    b, say = e.body, visit.say
    match e.type:
        case "classified":
            topic, department = _name(say, TOPIC, b.get("topic")), _name(say, DEPARTMENT, b.get("department"))
            return f"{topic} · {_urgency(say, b.get('level'))} · {department}\n{_why(visit, b)}".strip()
        case "assessment":
            verdict, liable = _name(say, VERDICT, b.get("verdict")), _name(say, LIABILITY, b.get("liability"))
            judged = say("version %(n)s: %(verdict)s; %(liable)s", n=b.get("version"), verdict=verdict, liable=liable)
            return "\n".join(filter(None, (judged, by_name(visit.tongue.of(b.get("note", {})), say).replace("_", " "))))
        case "assignment" | "dispatch":
            return f"{b.get('owner') or b.get('technician') or ''}\n{_why(visit, b)}".strip()
        case "escalation":
            return f"{_urgency(say, b.get('before'))} → {_urgency(say, b.get('level'))}"
        case "command":
            return f"{_name(say, COMMAND, b.get('kind'))} · {b.get('station')}"
        case "command_refused":
            why = " ".join(_name(say, GUARD, g) for g in b.get("guards", ()))
            return f"{_name(say, ACTION, b.get('action'))}: {why}"
        case "command_settled":
            return f"{_name(say, COMMAND, b.get('kind'))}: {_name(say, COMMAND_STATE, b.get('state'))}"
        case "effect":
            return f"{_name(say, COMMAND, b.get('kind'))}: {_name(say, EFFECT, b.get('effect'))}"
        case "verification":
            return say("The next session there delivered %(energy)s.", energy=shown.kwh(b.get("energy_wh")))
        case "refund":
            money = shown.amount(b.get("amount"), b.get("currency"), visit.tongue)
            return f"{money}: {_name(say, REFUND_STATE, b.get('state'))}"
        case "deadline":
            due = shown.local(shown.moment(b["due_at"]), visit.site.zone, "near") if b.get("due_at") else ""
            return f"{_name(say, CLOCK, b.get('kind'))} {due}"
        case "correction":
            return "\n".join(filter(None, (_corrected(visit, k, b.get("before", {}).get(k), v)
                                           for k, v in b.get("after", {}).items())))
        case "merge" | "merged_here" | "unmerge" | "unmerged":
            return str(b.get("into") or b.get("case") or b.get("from_case") or "")
        case "duplicates":
            return "\n".join(f"{one.number}: {one.because}" for one in alike([e], visit.tongue))
        case "incident" | "incident_left" if b.get("incident"):
            return f"#{b['incident']}"
        case "confirmation" if b.get("satisfaction"):
            return say("%(n)s of 5", n=b["satisfaction"])
        case _:
            return ""


CORRECTED = {"topic": TOPIC, "department": DEPARTMENT, "level": LEVEL}
FOLLOWS = ("category", "nature")
"""What a topic brings along by itself."""


def _corrected(visit: Visit, field: str, before: Any, after: Any) -> str:
    if field in FOLLOWS:
        return ""
    was, is_now = (_shown(visit, field, value) for value in (before, after))
    return f"{_name(visit.say, FIELD, field)}: {was} → {is_now}"


def _shown(visit: Visit, field: str, value: Any) -> str:
    if value is None:
        return "–"
    if field.endswith("_at"):
        return shown.local(shown.moment(value), visit.site.zone, "full")
    return _name(visit.say, CORRECTED.get(field, {}), str(value))


def _why(visit: Visit, body: Mapping[str, Any]) -> str:
    """The reasons of what a rule did, where it gave any."""
    return "; ".join(reason(why, visit.tongue) for why in body.get("because", ()))


def _urgency(say: Any, level: Any) -> str:
    return f"{_name(say, URGENCY, str(level))} (L{level})"


def _name(say: Any, labels: Mapping[str, str], code: Any) -> str:
    return str(say(labels[code])) if code in labels else str(code or "")
