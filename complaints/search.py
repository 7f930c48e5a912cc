"""Finding cases by what is known of them and what people said in their threads, in any script.

What can be looked for lies in `case_words`, kept by triggers: pairs of Chinese characters, fours of letters and digits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from complaints.cases import COLUMNS, Case, Wanted, of_row
from complaints.intake.classify.reading import converter
from csms.kit.db import PLAN_BY_VALUES, Conn, by_values

MOST_WORDS = 8
SHORTEST = 2
"""Characters of a word that is looked for; a single one fits nearly everything."""

SPEAKS = re.compile(r"[0-9A-Za-z]|[^\x00-\x7f]")
"""A letter, a digit or a character: what a word without one would find is nothing or all."""

# Both readings of a word count: 充电枪 finds 充電槍.
# Asked case by case in the order of the list until the page is full:
# an aggregate is not turned into a join over all words there are.
HOLDS = """coalesce((
        select bool_or(strpos(w.plain, case_plain({word})) > 0 or strpos(w.plain, case_plain({other})) > 0)
        from case_words w where w.complaint = s.number and (not w.internal or {internal})
    ), false)"""


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


def conditions(wanted: Wanted, *, turns: Sequence[int] | None = None) -> Conditions:
    """What a list asks for but its words, and nothing else: the planner sees no condition that does not count.

    `turns`: see the column of complaints.
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
    return made


@dataclass(frozen=True, slots=True)
class Page:
    """Where in a list one is."""

    skip: int
    limit: int


def page(
    made: Conditions, columns: str, order: str, q: str | None, found: Sequence[str] | None, at: Page, *, internal: bool
) -> str:
    """The statement of one page: the cases in order, then those of them that hold the words until it is full.

    `found`: see `candidates`. `internal`: entries meant for few are searched too.
    """
    among, within = "complaints c", made.where
    if found is not None:
        among = f"unnest({made.value(list(found))}::text[]) f (number) join complaints c using (number)"
    holds = Conditions(values=made.values)
    for word in words_of(q):
        holds.add(HOLDS, word=word, other=other_script(word), internal=internal)
    # `offset 0`: the words are looked for after the order is made, not before.
    return (
        f"select {columns.replace('c.', 's.')} "
        f"from (select {columns} from {among} {within} order by {order} offset 0) s "
        f"{holds.where} limit {made.value(at.limit)} offset {made.value(at.skip)}"
    )


def other_script(word: str) -> str:
    """The same word in traditional or simplified characters; itself where there is no other."""
    simple = converter("t2s").convert(word)
    return simple if simple != word else converter("s2t").convert(word)


# --- rows -------------------------------------------------------------------------------------

FEW, MANY = 8000, 40_000
"""So few cases are sorted and read through faster than the list is walked until fifty of them have turned up. Where the
planner expects many, who knows exactly only what is common, they are not even counted.
"""

ESTIMATED = "explain (format json) select from case_words where words @@ ({every})"
# A word may stand in what all may read and the next in what is meant for few: one of them is in the latter.
CANDIDATES = "(select complaint from case_words where words @@ ({every}) limit {most})"
WITH_INTERNAL = "union all (select complaint from case_words where internal and words @@ ({some}) limit {most})"


async def candidates(conn: Conn, q: str | None, *, internal: bool) -> list[str] | None:
    """Cases that may hold the words, where they are few. None where they are many, or nothing is looked for: then the
    list is walked in its order, and those that hold common words soon turn up.
    """
    made = Conditions()
    grams = [
        f"(case_query(case_plain({made.value(word)})) || case_query(case_plain({made.value(other_script(word))})))"
        for word in words_of(q)
    ]
    if not grams:
        return None
    every, some = " && ".join(grams), " || ".join(grams)
    async with conn.transaction():
        await conn.execute(PLAN_BY_VALUES)
        plan = orjson.loads(await conn.fetchval(ESTIMATED.format(every=every), *made.values))
        if plan[0]["Plan"]["Plan Rows"] > MANY:
            return None
        most = made.value(FEW + 1)
        statement = CANDIDATES.format(every=every, most=most)
        if internal and len(grams) > 1:
            statement += WITH_INTERNAL.format(some=some, most=most)
        rows = await conn.fetch(statement, *made.values)
    return list({row["complaint"] for row in rows}) if len(rows) <= FEW else None


def newest_statement(
    wanted: Wanted, *, before: str | None, limit: int, found: Sequence[str] | None = None
) -> tuple[str, list[Any]]:
    made = conditions(wanted)
    if before is not None:
        made.add("c.number < {before}", before=before)
    numbers = page(made, "c.number", "c.number desc", wanted.q, found, Page(0, limit), internal=False)
    columns = ", ".join("c." + name for name in COLUMNS)
    return f"select {columns} from ({numbers}) p join complaints c using (number) order by c.number desc", made.values


async def newest(conn: Conn, wanted: Wanted, *, before: str | None = None, limit: int = 100) -> list[Case]:
    """Newest first; `before` is the number that the page before ended with."""
    found = await candidates(conn, wanted.q, internal=False)
    made, values = newest_statement(wanted, before=before, limit=limit, found=found)
    return [of_row(row) for row in await by_values(conn, made, *values)]
