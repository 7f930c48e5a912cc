-- Work that a case asks for: visits on site, tasks of other departments; links between cases told twice.

create table work_orders (
    id            bigint generated always as identity primary key,
    complaint     text references complaints,
    incident      bigint,
    kind          text not null default 'repair',
    station       text,
    evse          int,
    fault_level   int not null,
    technician    text,
    state         text not null,
    what          text not null,
    due_at        timestamptz,
    appointed_at  timestamptz,
    opened_by     text not null,
    opened_at     timestamptz not null,
    accepted_at   timestamptz,
    arrived_at    timestamptz,
    done_at       timestamptz,
    closed_at     timestamptz,
    consent       boolean,
    result        text,
    parts         jsonb not null default '[]',
    readings      jsonb not null default '{}',
    photos        jsonb not null default '[]',
    -- The session that showed that it charges again.
    verified_by   text,
    history       jsonb not null default '[]',
    constraint work_orders_level check (fault_level between 1 and 3),
    constraint work_orders_kind check (kind in ('repair', 'inspection', 'deep_test', 'maintenance')),
    constraint work_orders_state check (state in
        ('ordered', 'accepted', 'on_site', 'done', 'verified', 'not_solved', 'cancelled'))
);
create index work_orders_by_case on work_orders (complaint) where complaint is not null;
create index work_orders_by_station on work_orders (station, id);
create index work_orders_open on work_orders (due_at) where state in ('ordered', 'accepted', 'on_site');

create table tasks (
    id          bigint generated always as identity primary key,
    complaint   text not null references complaints,
    department  text not null,
    owner       text,
    what        text not null,
    due_at      timestamptz,
    opened_by   text not null,
    opened_at   timestamptz not null,
    done_by     text,
    done_at     timestamptz,
    result      text
);
create index tasks_by_case on tasks (complaint);
create index tasks_open on tasks (due_at) where done_at is null;

-- Why two cases are linked. Ended links stay: nothing about a case is ever deleted.
create table case_links (
    id         bigint generated always as identity primary key,
    complaint  text not null references complaints,
    other      text not null references complaints,
    kind       text not null,
    score      double precision,
    because    jsonb not null default '[]',
    made_by    text not null,
    made_at    timestamptz not null,
    ended_by   text,
    ended_at   timestamptz,
    constraint case_links_kind check (kind in ('merged', 'maybe_same', 'not_same', 'repeat'))
);
create index case_links_by_case on case_links (complaint, kind);
create index case_links_by_other on case_links (other, kind);
