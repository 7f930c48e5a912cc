-- What the desk learns from: the nature of a complaint, plans with steps, upkeep of stations, reviews of the process.

-- A second axis beside the topic: what kind of dissatisfaction it is.
alter table complaints
    add column nature text not null default 'other',
    add constraint complaints_nature check (nature in
        ('quality', 'parts', 'cost', 'attitude', 'process', 'waiting', 'information', 'environment', 'suggestion',
         'other'));
create index complaints_by_filing on complaints (filed_at);
create index complaints_by_closing on complaints (closed_at) where closed_at is not null;

-- How a case is going to be solved: steps with owner, time, resources; approved where it costs money or parts.
create table plans (
    complaint    text not null references complaints,
    version      int not null,
    goal         text not null,
    steps        jsonb not null,
    cost         numeric not null default 0,
    currency     text,
    state        text not null,
    made_by      text not null,
    made_at      timestamptz not null,
    decided_by   text,
    decided_at   timestamptz,
    note         text,
    primary key (complaint, version),
    constraint plans_state check (state in ('proposed', 'approved', 'declined', 'done', 'replaced')),
    constraint plans_cost check (cost >= 0)
);

-- A measure that comes by itself is written once.
alter table corrective_actions add column key text, add constraint corrective_actions_once unique (key);

-- What is done at stations again and again: by time, or by use.
create table upkeep (
    id            bigint generated always as identity primary key,
    name          text not null,
    kind          text not null,
    checklist     jsonb not null default '[]',
    -- Reading -> {"min": .., "max": ..}; what lies outside asks for a repair.
    limits        jsonb not null default '{}',
    every_days    int,
    every_kwh     double precision,
    every_sessions int,
    site          text,
    station       text,
    vendor        text,
    model         text,
    technician    text,
    active        boolean not null default false,
    set_by        text not null,
    set_at        timestamptz not null,
    constraint upkeep_name unique (name),
    constraint upkeep_kind check (kind in ('inspection', 'deep_test', 'maintenance')),
    constraint upkeep_every check (every_days > 0 or every_kwh > 0 or every_sessions > 0)
);
insert into upkeep (name, kind, checklist, limits, every_days, every_kwh, every_sessions, set_by, set_at) values
    ('daily inspection', 'inspection', '["shell", "cable", "lamp", "connector seat", "screen"]', '{}', 1, null, null,
     'ohmbudsman', now()),
    ('deep test', 'deep_test', '["voltage under load", "current under load", "earth resistance", "communication"]',
     '{"earth_ohm": {"max": 4}, "voltage_deviation_percent": {"max": 10}, "current_ripple_percent": {"max": 5}}', 30,
     null, null, 'ohmbudsman', now()),
    ('gun and cooling', 'maintenance', '["clean and grease the gun", "clear the cooling", "check the seals"]', '{}', 90,
     20000, 2000, 'ohmbudsman', now());

alter table work_orders
    add column upkeep bigint references upkeep,
    add column checklist jsonb not null default '[]';
create unique index work_orders_upkeep on work_orders (upkeep, station)
    where upkeep is not null and state in ('ordered', 'accepted', 'on_site');
create index work_orders_of_upkeep on work_orders (upkeep, station, done_at) where upkeep is not null;

-- What each session looked like at its plug: the baseline for what comes next.
create table session_traits (
    transaction    uuid primary key,
    station        text not null,
    evse           int not null,
    at             timestamptz not null,
    readings       int not null,
    hottest_c      double precision,
    lowest_v       double precision,
    highest_v      double precision,
    current_swing  double precision,
    share_of_offer double precision
);
create index session_traits_by_plug on session_traits (station, evse, at desc);

-- What the rules on readings have warned of, and whether it turned out to be so.
create table warnings (
    id           bigint generated always as identity primary key,
    station      text not null,
    evse         int not null,
    rule         text not null,
    value        double precision not null,
    usual        double precision,
    transaction  uuid not null,
    raised_at    timestamptz not null,
    times        int not null default 1,
    last_at      timestamptz not null,
    workorder    bigint references work_orders,
    -- confirmed: a fault or a repair followed; unfounded: somebody looked and found nothing.
    outcome      text,
    ended_at     timestamptz,
    ended_by     text,
    constraint warnings_outcome check (outcome in ('confirmed', 'unfounded', 'nothing_came'))
);
create unique index warnings_one_open on warnings (station, evse, rule) where outcome is null;
create index warnings_by_time on warnings (raised_at);

-- The process looked at as a whole, each quarter: its figures as they were then, and what was decided.
create table reviews (
    id          bigint generated always as identity primary key,
    since       timestamptz not null,
    until       timestamptz not null,
    figures     jsonb not null,
    decisions   text not null,
    by          text not null,
    at          timestamptz not null
);
insert into worker_marks (name) values ('traits');
