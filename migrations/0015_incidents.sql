-- Incidents: many complaints or faults with one cause, answered together, understood once.

create table incidents (
    id             bigint generated always as identity primary key,
    -- What they have in common, e.g. `station:CS-1`; one open incident for each.
    cause          text not null,
    kind           text not null,
    title          text not null,
    station        text,
    site           text,
    model          text,
    firmware       text,
    state          text not null default 'open',
    level          int not null default 2,
    affected       int not null default 0,
    because        jsonb not null default '[]',
    owner          text,
    opened_by      text not null,
    opened_at      timestamptz not null,
    resolved_at    timestamptz,
    closed_at      timestamptz,
    -- 5-Why: the questions and answers in order; what it came down to.
    whys           jsonb not null default '[]',
    root_cause     text,
    category       text,
    constraint incidents_kind check (kind in ('station', 'site', 'firmware', 'platform', 'other')),
    constraint incidents_state check (state in ('open', 'resolved', 'closed'))
);
create unique index incidents_one_open on incidents (cause) where state = 'open';
alter table complaints add constraint complaints_incident foreign key (incident) references incidents;

create table corrective_actions (
    id          bigint generated always as identity primary key,
    incident    bigint references incidents,
    complaint   text references complaints,
    kind        text not null default 'corrective',
    what        text not null,
    owner       text not null,
    due_at      timestamptz not null,
    opened_by   text not null,
    opened_at   timestamptz not null,
    done_by     text,
    done_at     timestamptz,
    -- Whether it helped: the same measure over as long before and after.
    effect      jsonb,
    constraint corrective_actions_kind check (kind in ('corrective', 'rectification', 'improvement', 'training'))
);
create index corrective_actions_open on corrective_actions (due_at) where done_at is null;

insert into worker_marks (name) values ('proactive');
