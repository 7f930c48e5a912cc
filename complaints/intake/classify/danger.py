"""Words of danger: what makes a complaint a matter of safety whatever else it says, and what only sounds like it.

The text is read in four steps: phrases that only sound dangerous are blanked out ("烧钱", "price shock"); signs
are looked up; signs said not to be there are dropped ("没有冒烟", "no smoke or sparks"); what is left is weighed.
One strong sign is enough, two weak ones of different kinds make a strong one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from complaints.intake.classify.patterns import DATA, patterns

STRONG, WEAK = 2, 1


@dataclass(frozen=True, slots=True)
class Sign:
    kind: str
    weight: int
    pattern: re.Pattern[str]


WORDS = DATA / "danger.txt"


def signs() -> tuple[Sign, ...]:
    heavy = {"strong": STRONG, "weak": WEAK}
    headed = ((name.partition(" "), pattern) for name, pattern in patterns(WORDS).items())
    return tuple(Sign(kind, heavy[how], pattern) for (how, _, kind), pattern in headed if how in heavy)


SIGNS = signs()
LOOKALIKES = patterns(WORDS)["lookalikes"]

# What stands right before a sign that is said not to be there, up to the sign.
NOT_ZH = re.compile(
    r"(没有?|并?未|毫?无|不|别说|没见|绝无|免于?)"
    r"(有|见到?|看[到见]|发现|闻到?|出现|任何|什么|再|发生|感觉|啥|明显|特别|怎么|太|很|被|露出?|到|人员?|过|谁|听到|摸着|算|会)*$"
)
YET_ZH = re.compile(
    r"(是不|有没有?|会不(会)?|能不|要不|好不|会不会|差点没|不小心|不断|不停|不时|不住|不光|不仅|不但|不止|不只|不知(道)?"
    r"|得不|不料|不久|没多久|没一会儿?|谁不|无不|不是说|早不)(地|的|会|是|被|有|在|再)*$"
)
NOT_EN = re.compile(
    r"(\bno|\bnot|n't|\bcannot|\bwithout|\bnever|\bnor|\bneither|\bnothing|\bzero|\bfree of|\bnone of)"
    r"( (any|an?|the|signs?|traces?|hint|of|visible|real|actual|see|seen|saw|smell(ed)?|smells|noticed?|feel|felt"
    r"|heard?|burning|strange|odd|or|and|even|got|get|getting|was|were|been|is|be|smoke|sparks?|heat|fire|flames?"
    r"|danger(ous)?|wires?|shocks?|noise|injur\w+|damage|bang|water|particularly|especially|that|too|very|actually"
    r"|at all|hot|warm|funny|one|people|bare|exposed|live|odou?r|like|immediately))*[ ,/]*$"
)
NOT_ONE = re.compile(r"\b(no one|not one)( \w+){0,1}[ ,]*$")
LIST_GAP = re.compile(r"[ ,、/]*(和|或|及|与|以及|也|还|or|nor|and)?[ ]*(没有?|不|无|未|no)?[ ]*")
AFTERWARDS = re.compile(r"[^.,;!?]{0,3}(是没有|倒没有|没有|倒是没|是不会|都没有)(?![^.,;!?])")


@dataclass(frozen=True, slots=True)
class Danger:
    """What was found: places in the plain text, and how heavy they weigh together."""

    spans: tuple[tuple[int, int], ...]
    kinds: tuple[str, ...]
    weight: int
    denied: bool
    """Signs were named only to say that they are not there, or in a manner of speaking."""

    @property
    def certain(self) -> bool:
        return self.weight >= STRONG


NONE = Danger((), (), 0, False)


def look(text: str) -> Danger:
    """Signs of danger in a plain text (see `reading.plain`)."""
    literal = LOOKALIKES.sub(lambda found: " " * len(found[0]), text)
    denied = literal != text
    spans: list[tuple[int, int]] = []
    weights: dict[str, int] = {}
    found = occurrences(literal)
    not_there = absent(literal, found)
    for start, end, one in found:
        if (start, end) in not_there:
            denied = True
            continue
        spans.append((start, end))
        weights[one.kind] = one.weight
    return Danger(tuple(spans), tuple(weights), sum(weights.values()), denied)


def occurrences(text: str) -> list[tuple[int, int, Sign]]:
    found = [(m.start(), m.end(), one) for one in SIGNS for m in one.pattern.finditer(text)]
    return sorted(found, key=lambda each: (each[0], each[1]))


def absent(text: str, found: list[tuple[int, int, Sign]]) -> set[tuple[int, int]]:
    """Places of signs said not to be there; a list goes on being denied: "no smoke, sparks or heat"."""
    gone: set[tuple[int, int]] = set()
    last_end = -1
    for start, end, _ in found:
        before = text[max(0, start - 60) : start]
        listed = last_end >= 0 and start >= last_end and LIST_GAP.fullmatch(text[last_end:start])
        if listed or start < last_end or denied_before(before) or AFTERWARDS.match(text[end : end + 8]):
            gone.add((start, end))
            last_end = max(last_end, end)
    return gone


def denied_before(before: str) -> bool:
    if NOT_ZH.search(before):
        return not YET_ZH.search(before)
    return bool(NOT_EN.search(before)) and not NOT_ONE.search(before)
