"""Full-text search over cases: their facts and all that was said in their threads, in any script."""

from __future__ import annotations

from complaints.cases import pattern
from csms.kit.db import Conn

MOST_WORDS = 8
MOST_FOUND = 5000
SHORTEST = 2
"""Characters of a word that the index knows; a single one fits nearly everything."""

# Exactly the expression of the index complaints_words.
FACTS = """number || ' ' || text || ' ' || coalesce(station, '') || ' ' || coalesce(matched_station, '') || ' '
    || coalesce(customer_name, '') || ' ' || coalesce(customer_phone, '') || ' ' || coalesce(customer_email, '') || ' '
    || coalesce(customer_plate, '') || ' ' || coalesce(customer_token, '') || ' ' || coalesce(payment_reference, '')
    || ' ' || coalesce(order_ref, '')"""

FIND = f"""
    select number from complaints where bigrams({FACTS}) @> bigrams($1) and ({FACTS}) ilike $2
    union
    select complaint from entries
    where text <> '' and bigrams(text) @> bigrams($1) and text ilike $2 and (audience <> 'internal' or $3)
    limit $4
"""


def words_of(q: str | None) -> list[str]:
    """What is looked for, word by word; `"two words"` in quotes stay together."""
    parts = (q or "").split('"')
    words = [w for n, part in enumerate(parts) for w in ([part.strip()] if n % 2 else part.split()) if w]
    return [w for w in dict.fromkeys(words) if len(w) >= SHORTEST][:MOST_WORDS]


async def find(conn: Conn, q: str | None, *, internal: bool) -> list[str] | None:
    """Numbers of the cases that hold every word; None where nothing is looked for.

    `internal`: entries meant for few are searched too.
    """
    found: set[str] | None = None
    for word in words_of(q):
        rows = await conn.fetch(FIND, word, pattern(word), internal, MOST_FOUND)
        numbers = {row["number"] for row in rows}
        found = numbers if found is None else found & numbers
        if not found:
            return []
    return None if found is None else sorted(found)
