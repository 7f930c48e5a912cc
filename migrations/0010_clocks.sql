-- The life of a case: its clocks under versions of one policy, where and when its site works.

-- How a case is decided, timed and approved; the newest `valid_from` that has come counts. None: the built-in one.
create table policies (
    version     int generated always as identity primary key,
    valid_from  timestamptz not null,
    -- Text, not jsonb: parsed once for each version and remembered by its words.
    body        text not null,
    set_by      text not null,
    set_at      timestamptz not null,
    reason      text not null
);
create index policies_by_time on policies (valid_from);

-- What csms calls a station's site, as the desk knows it.
create table sites (
    site      text primary key,
    zone      text not null,
    calendar  text not null,
    region    text,
    kind      text not null default 'public',
    constraint sites_kind check (kind in ('public', 'community', 'company'))
);

alter table complaints
    add column submitted_at  timestamptz,
    add column zone          text,
    add column calendar      text,
    add column site          text,
    add column region        text,
    add column fault_level   int,
    add column account       text,
    add column priority      int not null default 0,
    add column affected      int not null default 1,
    add column predicted_s   int,
    add column liability     text,
    add column merged_into   text references complaints,
    add column incident      bigint,
    add column pseudonymous  boolean not null default false,
    add constraint complaints_fault_level check (fault_level between 1 and 3);
create index complaints_merged on complaints (merged_into) where merged_into is not null;
create index complaints_by_incident on complaints (incident) where incident is not null;
create index complaints_by_owner on complaints (owner, state);

alter table deadlines
    drop constraint deadlines_kind,
    add column started_at   timestamptz,
    add column how          text,
    add column paused       boolean not null default false,
    add column stopped      boolean not null default false,
    add column provisional  boolean not null default false,
    add column reminded_at  timestamptz,
    add column escalated_at timestamptz,
    add column escalations  int not null default 0;
update deadlines d set started_at = c.filed_at from complaints c
    where c.number = d.complaint and (d.kind <> 'follow_up' or d.met_at is not null);
drop index deadlines_running;
create index deadlines_running on deadlines (due_at)
    where met_at is null and breached_at is null and not stopped and started_at is not null;
create index deadlines_late on deadlines (escalated_at)
    where met_at is null and breached_at is not null and not stopped;

-- What needs somebody's eye though no station said so: a silent fault, a message that may not have gone out, a
-- calendar that ends. Apart from csms's own alarms.
create table alarms (
    id               bigint generated always as identity primary key,
    key              text not null,
    kind             text not null,
    station          text,
    evse             int,
    complaint        text references complaints,
    detail           jsonb not null default '{}',
    raised_at        timestamptz not null,
    acknowledged_by  text,
    acknowledged_at  timestamptz,
    cleared_at       timestamptz,
    cleared_by       text,
    constraint alarms_once unique (key)
);
create index alarms_open on alarms (raised_at) where cleared_at is null;
