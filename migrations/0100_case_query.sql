-- A short end of what is looked for ("16" of "16-000123") fits half of all words: it is left out where longer pieces say
-- which cases may be meant.
create or replace function case_query(plain text) returns tsquery language sql immutable strict parallel safe as $$
    select coalesce(string_agg(distinct piece, ' & ') filter (where not short or not longer), '')::tsquery
    from (
        select short, bool_or(not short) over () as longer,
            case when short then '''' || run || ''':*' else '''' || substr(run, n, size) || '''' end as piece
        from (
            select run, size, length(run) < size as short
            from (
                select m[1] as run, case when m[1] ~ '^[a-z0-9]' then 4 else 2 end as size
                from regexp_matches(plain, '[a-z0-9]+|[^\x01-\x7f]+', 'g') as m
            ) found
        ) runs, generate_series(1, greatest(length(run) - size + 1, 1)) as n
    ) pieces
$$;
