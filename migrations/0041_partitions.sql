-- Partitions are made by a function that runs with its owner's rights: the role that serves need not own tables.
create function make_partition(parent text, month date) returns void
    language plpgsql security definer set search_path = pg_catalog, public as $$
declare
    following date := (month + interval '1 month')::date;
begin
    if parent not in ('frames', 'readings', 'steps') or extract(day from month) <> 1 then
        raise exception 'no partition of % for %', parent, month;
    end if;
    execute format(
        'create table if not exists public.%I partition of public.%I for values from (%L) to (%L)',
        parent || to_char(month, '_YYYY_MM'), parent, to_char(month, 'YYYY-MM-DD') || 'Z',
        to_char(following, 'YYYY-MM-DD') || 'Z'
    );
    -- Default privileges grant more on a new table than what is granted on the journal (docs/operations/roles.sql).
    if parent = 'frames' and exists (select from pg_roles where rolname = 'ohmbudsman_app') then
        execute format('revoke update, delete, truncate on public.%I from ohmbudsman_app',
            parent || to_char(month, '_YYYY_MM'));
    end if;
end $$;
revoke execute on function make_partition(text, date) from public;
