"""A small town many times over: every station, session, payment and case of a database again, under names of its own.

Works on rows, not on the product: a hundred weeks lived by its rules would take an hour. What refers to something of
the town (by name, by number, inside a text or a document) refers to the same copy's. Kept once: people, prices,
settings, knowledge. What copies share with the first is when it happened, and their hashes: chains do not verify.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable
from typing import Any

from complaints.demo import town

SITES = "|".join(re.escape(site.name) for site in town.SITES)
CODES = "|".join(site.code for site in town.SITES)
NAMES: tuple[tuple[str, str], ...] = (
    (rf"\b({CODES})-(\d\d)\b", r"\g<1>-{k}\g<2>"),
    (r"\bC(\d{8})-\d{3}(\d{3})\b", r"C\g<1>-{k:03d}\g<2>"),
    (r"\bWX(\d{9})\b", r"WX{k:03d}\g<1>"),
    (r"\bORD-(\d+)\b", r"ORD-{k}\g<1>"),
    (r"\bAPP-(\d{4})\b", r"APP-{k}\g<1>"),
    (r"\b04([0-9A-F]{8}|[0-9A-F]{6})\b", r"04{k:03d}\g<1>"),
    (r"\b(1[3-9]\d)\d{4}(\d{4})\b", r"\g<1>{k:04d}\g<2>"),
    (r"@example\.org\b", r"@{k}.example.org"),
    (r"\b([0-9a-f]{8}-[0-9a-f]{4}-)[0-9a-f]{4}(-[0-9a-f]{4}-[0-9a-f]{12})\b", r"\g<1>8{k:03x}\g<2>"),
    (rf"({SITES})", r"\g<1> {k}"),
)
"""(how a name looks, what the k-th copy calls it): stations, cases, receipts, orders, apps, cards, phones, mail, ids
(of version 8, which the product never makes), sites. Read by Python and, translated, by PostgreSQL.
"""
WORTH_A_LOOK = r"[-@]|\d{6}|04[0-9A-F]{6}|[^\x01-\x7f]"
"""Nothing has a name in it that has none of these; most texts of a database are one short word."""
NUMBERS = {"{k}": "k::text", "{k:03d}": "lpad(k::text, 3, '0')", "{k:04d}": "lpad(k::text, 4, '0')",
           "{k:03x}": "lpad(to_hex(k), 3, '0')"}

OF_THE_TOWN = ("station", "complaint", "site")
"""Columns that make a row one of the town's."""
ALSO = ("stations", "complaints", "work_order_files", "upload_texts")
ONCE = ("upkeep", "knocks", "presence", "audit_forms", "people")
"""Kept once in spite of such a column."""
NUMBERED = {"workorder": "work_orders", "work_order": "work_orders", "incident": "incidents",
            ("incidents", "merged_into"): "incidents"}
"""Columns, and members of documents, that name a row of another table by its number."""
LEFT_ALONE = {"hash", "prev_hash", "frame", "kind", "state", "action", "status", "type"}
BY_HAND = {
    ("complaints", "tracking"): "left(t.tracking, 19) || lpad(k::text, 3, '0')",
    ("complaints", "customer_plate"): "t.customer_plate || k",
    ("uploads", "token"): "left(t.token, 61) || lpad(k::text, 3, '0')",
    ("upload_texts", "upload"): "left(t.upload, 61) || lpad(k::text, 3, '0')",
}
"""Names that only their column tells."""
KEYED = ("alarms", "outbox", "corrective_actions")
"""Their keys are unique, and may name nothing of the town."""
BATCH = 250
MOST = 1000
"""Numbers of cases and receipts leave room for three digits."""


def renamed(text: str, k: int) -> str:
    """What the k-th copy of the town says instead."""
    for looks, becomes in NAMES:
        text = re.sub(looks, becomes.format(k=k), text)
    return text


def _function() -> str:
    """`renamed` for PostgreSQL."""
    made = "said"
    for looks, becomes in NAMES:
        words = "'" + re.sub(r"\\g<(\d)>", r"\\\1", becomes) + "'"
        for number, sql in NUMBERS.items():
            words = words.replace(number, f"' || {sql} || '")
        made = f"regexp_replace({made}, '{looks.replace(chr(92) + 'b', chr(92) + 'y')}', {words}, 'g')"
    return f"""
        create or replace function pg_temp.renamed(said text, k int) returns text language sql immutable as $$
            select case when said ~ '{WORTH_A_LOOK}' then {made} else said end
        $$
    """


TABLES = """
    select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition
        and c.relname <> all($3) and (c.relname = any($2) or exists (
            select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = any($1) and a.attnum > 0
        ))
    order by c.relname
"""
COLUMNS = """
    select column_name as name, data_type as type, is_identity = 'YES' as numbered from information_schema.columns
    where table_schema = 'public' and table_name = $1 and is_generated = 'NEVER' order by ordinal_position
"""
NUMBERED_TABLES = """
    select table_name from information_schema.columns
    where table_schema = 'public' and is_identity = 'YES' and column_name = 'id'
"""
WORDS_TOO = """
    insert into case_words select w.* from complaints c, case_words_of(c.number) w
    where not exists (select 1 from case_words k where k.complaint = c.number)
"""
LAST_NUMBERS = "update complaint_numbers set last = $1 * 1000"
NEWS_IS_READ = """
    update worker_marks m set event = (select max(id) from events)
    where m.event = (select max(event) from worker_marks)
"""


async def again(conn: Any, times: int, tell: Callable[[str], None] = lambda _: None) -> None:
    """All of the town `times` as much. `conn` is a superuser's; triggers and foreign keys are not asked."""
    if not 1 <= times < MOST:
        raise ValueError(f"the town can be there 1 to {MOST - 1} times")
    steps = await _steps(conn)
    await conn.execute("set session_replication_role = replica")
    await conn.execute("set synchronous_commit = off")
    await conn.execute(_function())
    for row in await conn.fetch(TABLES, list(OF_THE_TOWN), list(ALSO), list(ONCE)):
        if row["name"] not in ("assessments", "case_words"):
            await _copy(conn, row["name"], times, steps)
            tell(f"{row['name']} are there")
    await _judgements(conn, times)
    await conn.execute("set session_replication_role = default")
    await conn.execute(WORDS_TOO, timeout=3600)
    await conn.execute(LAST_NUMBERS, times)
    await conn.execute(NEWS_IS_READ)
    for table in steps:
        await conn.execute(
            f"select setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 1)) from {table}")
    tell("judgements and words are there")


async def _steps(conn: Any) -> dict[str, int]:
    """How far apart the numbers of two copies are, by table."""
    found = {}
    for row in await conn.fetch(NUMBERED_TABLES):
        most = await conn.fetchval(f"select coalesce(max(id), 0) from {row['table_name']}")
        found[row["table_name"]] = 10 ** len(str(most))
    return found


async def _copy(conn: Any, table: str, times: int, steps: dict[str, int]) -> None:
    columns = await conn.fetch(COLUMNS, table)
    names = ", ".join(f'"{column["name"]}"' for column in columns)
    values = ", ".join(_value(table, column, steps) for column in columns)
    await conn.execute(
        f"insert into {table} ({names}) overriding system value "
        f"select {values} from {table} t, generate_series(1, $1::int - 1) k", times, timeout=3600,
    )


def _value(table: str, column: Any, steps: dict[str, int]) -> str:
    name, kind = column["name"], column["type"]
    plain = f't."{name}"'
    other = NUMBERED.get(name) or NUMBERED.get((table, name))
    if column["numbered"]:
        return f"{plain} + k::bigint * {steps[table]}"
    if other and kind in ("bigint", "integer"):
        return f"{plain} + k::bigint * {steps[other]}"
    if (table, name) in BY_HAND:
        return BY_HAND[table, name]
    if kind == "uuid":
        return f"pg_temp.renamed({plain}::text, k)::uuid"
    if kind == "jsonb":
        return _document(f"pg_temp.renamed({plain}::text, k)::jsonb", plain, steps)
    if kind != "text" or name in LEFT_ALONE:
        return plain
    if name == "key" and table in KEYED:
        return f"coalesce(nullif(pg_temp.renamed({plain}, k), {plain}), {plain} || ':' || k)"
    return f"pg_temp.renamed({plain}, k)"


def _document(made: str, plain: str, steps: dict[str, int]) -> str:
    """A document whose numbers are the copy's too."""
    for member, table in NUMBERED.items():
        if isinstance(member, str):
            number = f"to_jsonb(({plain} ->> '{member}')::bigint + k::bigint * {steps[table]})"
            made = (f"case when jsonb_typeof({plain} -> '{member}') = 'number' "
                    f"then jsonb_set({made}, '{{{member}}}', {number}) else {made} end")
    return made


# --- judgements: their evidence is packed, with a checksum over what it says -------------------------------------


JUDGED = "select * from assessments order by complaint, version"
ADD_JUDGED = """
    insert into assessments (complaint, version, assessed_at, asked_by, reason, checksum, judgement, changed, evidence)
    select pg_temp.renamed(complaint, $2), version, assessed_at, asked_by, reason, $3,
        pg_temp.renamed(judgement::text, $2)::jsonb, changed, $4
    from assessments where (complaint, version) = ($1, $5)
"""


async def _judgements(conn: Any, times: int) -> None:
    rows = []
    for row in await conn.fetch(JUDGED):
        said = zlib.decompress(row["evidence"]).decode()
        for k in range(1, times):
            plain = renamed(said, k).encode()
            rows.append((row["complaint"], k, hashlib.sha256(plain).hexdigest(), zlib.compress(plain, 1),
                         row["version"]))
            if len(rows) == BATCH:
                await conn.executemany(ADD_JUDGED, rows)
                rows.clear()
    await conn.executemany(ADD_JUDGED, rows)


