"""Finding cases by what is known of them and what people said in their threads, in any script.

What can be looked for lies in `case_words`, kept by triggers: pairs of Chinese characters, fours of letters and digits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from complaints.cases import COLUMNS, Case, Wanted, of_row, pattern
from complaints.intake.classify.reading import converter
from csms.kit.db import Conn, Row

MOST_WORDS = 8
SHORTEST = 2
"""Characters of a word that is looked for; a single one fits nearly everything."""

SPEAKS = re.compile(r"[0-9A-Za-z]|[^\x00-\x7f]")
"""A letter, a digit or a character: what a word without one would find is nothing or all."""

# Both readings of a word count: 充电枪 finds 充電槍. The index gives candidates, `strpos` has the last word
# (not `like`: of that the planner thinks that it leaves next to nothing, and sorts what it should walk).
HOLDS = """c.number in (
        select w.complaint from case_words w
        where w.words @@ (case_query(case_plain({word})) || case_query(case_plain({other})))
            and (strpos(w.plain, case_plain({word})) > 0 or strpos(w.plain, case_plain({other})) > 0)
            and (not w.internal or {internal})
    )"""


def words_of(q: str | None) -> list[str]:
    """What is looked for, word by word; `"two words"` in quotes stay together."""
    parts = (q or "").split('"')
    words = [w for n, part in enumerate(parts) for w in ([part.strip()] if n % 2 else part.split()) if w]
    return [w for w in dict.fromkeys(words) if len(w) >= SHORTEST and SPEAKS.search(w)][:MOST_WORDS]


@dataclass
class Conditions:
    """A `where` put together from fixed pieces; values only ever travel as parameters."""

    pieces: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def value(self, given: Any) -> str:
        """Its place in the statement."""
        self.values.append(given)
        return f"${len(self.values)}"

    def add(self, piece: str, **values: Any) -> None:
        """`piece` with {names} for its values."""
        self.pieces.append(piece.format(**{name: self.value(one) for name, one in values.items()}))

    @property
    def where(self) -> str:
        return "where " + "\n        and ".join(self.pieces) if self.pieces else ""


def conditions(
    wanted: Wanted, *, internal: bool, turns: Sequence[int] | None = None, found: Sequence[str] | None = None
) -> Conditions:
    """What a list asks for, and nothing else: the planner sees no condition that does not count.

    `internal`: entries meant for few are searched too. `turns`: see the column of complaints.
    `found`: the few cases that hold a word, see `candidates`; without them the list is walked in its order.
    """
    made = Conditions()
    if turns:
        made.add("c.turn between {least} and {most}", least=min(turns), most=max(turns))
    if wanted.states:
        made.add("c.state = any({states}::text[])", states=list(wanted.states))
    for name in ("level", "department", "owner"):
        if (value := getattr(wanted, name)) is not None:
            made.add(f"c.{name} = {{value}}", value=value)
    if wanted.station is not None:
        made.add("(c.station = {station} or c.matched_station = {station})", station=wanted.station)
    if found is not None:
        made.add("c.number = any({found}::text[])", found=list(found))
    for word in words_of(wanted.q):
        other = other_script(word)
        made.add(HOLDS, word=word, other=other, internal=internal)
    return made


def other_script(word: str) -> str:
    """The same word in traditional or simplified characters; itself where there is no other."""
    simple = converter("t2s").convert(word)
    return simple if simple != word else converter("s2t").convert(word)


# --- rows -------------------------------------------------------------------------------------

# What a generic plan would do for a rare word is wrong for a common one: the values decide.
PLAN_BY_VALUES = "set local plan_cache_mode = force_custom_plan"
NEWEST = f"select {', '.join('c.' + name for name in COLUMNS)} from complaints c"


async def fetch(conn: Conn, statement: str, values: Sequence[Any]) -> list[Row]:
    """Run a statement that was put together, planned for these values."""
    async with conn.transaction():
        await conn.execute(PLAN_BY_VALUES)
        return list(await conn.fetch(statement, *values))


FEW = 2000
# Of `like` the planner thinks that it leaves next to nothing: so it goes by the index, whatever the word.
CANDIDATES = """
    select distinct complaint from case_words
    where words @@ (case_query(case_plain($1)) || case_query(case_plain($2)))
        and (plain like case_plain($3) or plain like case_plain($4)) limit $5
"""


async def candidates(conn: Conn, q: str | None) -> list[str] | None:
    """Cases that hold the longest word, where they are few; None where they are many, or nothing is looked for."""
    words = sorted(words_of(q), key=len, reverse=True)
    if not words:
        return None
    other = other_script(words[0])
    values = [words[0], other, pattern(words[0]), pattern(other), FEW + 1]
    rows = await fetch(conn, CANDIDATES, values)
    return [row["complaint"] for row in rows] if len(rows) <= FEW else None


def newest_statement(
    wanted: Wanted, *, before: str | None, limit: int, found: Sequence[str] | None = None
) -> tuple[str, list[Any]]:
    made = conditions(wanted, internal=False, found=found)
    if before is not None:
        made.add("c.number < {before}", before=before)
    return f"{NEWEST} {made.where} order by c.number desc limit {made.value(limit)}", made.values


async def newest(conn: Conn, wanted: Wanted, *, before: str | None = None, limit: int = 100) -> list[Case]:
    """Newest first; `before` is the number that the page before ended with."""
    found = await candidates(conn, wanted.q)
    made = newest_statement(wanted, before=before, limit=limit, found=found)
    return [of_row(row) for row in await fetch(conn, *made)]
