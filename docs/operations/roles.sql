-- Least privilege: one role owns the schema and migrates, another serves. Run once as a superuser, in the database:
--   psql -d ohmbudsman -f docs/operations/roles.sql
-- then migrate as the owner (`ohmbudsman migrate --database postgresql://ohmbudsman_owner@...`), run this file once
-- more (it only grants), and serve as `ohmbudsman_app`. After each upgrade: migrate as the owner; new tables are
-- granted by the default privileges below.
do $$ begin
    if not exists (select from pg_roles where rolname = 'ohmbudsman_owner') then
        create role ohmbudsman_owner login;
    end if;
    if not exists (select from pg_roles where rolname = 'ohmbudsman_app') then
        create role ohmbudsman_app login;
    end if;
    execute format('grant create, connect on database %I to ohmbudsman_owner', current_database());
    execute format('grant connect on database %I to ohmbudsman_app', current_database());
    execute format('revoke all on database %I from public', current_database());
end $$;

alter schema public owner to ohmbudsman_owner;
revoke all on schema public from public;
grant usage on schema public to ohmbudsman_app;

grant select, insert, update, delete on all tables in schema public to ohmbudsman_app;
grant usage, select, update on all sequences in schema public to ohmbudsman_app;
alter default privileges for role ohmbudsman_owner in schema public
    grant select, insert, update, delete on tables to ohmbudsman_app;
alter default privileges for role ohmbudsman_owner in schema public
    grant usage, select, update on sequences to ohmbudsman_app;

-- The record is only ever added to: who serves cannot rewrite it, whatever is broken into.
do $$
declare
    kept text;
begin
    for kept in
        select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'public' and c.relkind in ('r', 'p')
          and (c.relname ~ '^frames(_|$)' or c.relname in ('migrations', 'evidence_frames', 'assessments'))
    loop
        execute format('revoke update, delete, truncate on %s from ohmbudsman_app', kept);
    end loop;
    revoke insert on migrations from ohmbudsman_app;
    grant execute on function make_partition(text, date) to ohmbudsman_app;
exception
    when undefined_table or undefined_function then
        raise notice 'not migrated yet: migrate as ohmbudsman_owner, then run this file once more';
end $$;
