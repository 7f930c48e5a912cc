-- What is set in stations and what they report of it: profiles, reservations, lists, wanted variables, monitors,
-- displays, certificates; notices; what the registers of a model mean.

-- A charging profile as the station took it, or a limit that another party imposed (external). Kept when cleared:
-- which limit was in force at a time is asked weeks later.
create table profiles (
    id            uuid primary key,
    station       text not null,
    evse          int not null,
    profile_id    int,
    purpose       text not null,
    stack         int not null default 0,
    kind          text not null,
    recurrency    text,
    valid_from    timestamptz,
    valid_to      timestamptz,
    said          text,
    remote_start_id int,
    schedules     jsonb not null,
    source        text not null,
    installed_at  timestamptz not null,
    cleared_at    timestamptz,
    seq           bigint not null,
    cleared_seq   bigint
);
create index profiles_by_station on profiles (station, installed_at);

-- The station's own sum of all its profiles, as it told it.
create table composites (
    station      text not null,
    evse         int not null,
    start_at     timestamptz not null,
    schedule     jsonb not null,
    received_at  timestamptz not null,
    seq          bigint not null,
    constraint composites_once unique (station, seq)
);

create table reservations (
    station     text not null,
    number      int not null,
    evse        int,
    token       text not null,
    token_type  text,
    parent      text,
    expires_at  timestamptz not null,
    made_at     timestamptz not null,
    state       text not null check (state in ('active', 'used', 'cancelled', 'expired', 'removed', 'replaced')),
    ended_at    timestamptz,
    transaction uuid,
    seq         bigint not null,
    primary key (station, seq)
);
create unique index reservations_active on reservations (station, number) where state = 'active';

create table local_lists (
    station     text primary key,
    version     int not null,
    -- The version the station last named itself, when asked.
    said        int,
    said_at     timestamptz,
    updated_at  timestamptz
);

create table local_list_entries (
    station     text not null,
    token       text not null,
    token_type  text,
    status      text,
    parent      text,
    expires_at  timestamptz,
    version     int not null,
    primary key (station, token)
);

-- What people want a variable to be. Not a projection: it outlives a rebuild.
create table wanted_variables (
    station             text not null,
    component           text not null,
    component_instance  text not null default '',
    variable            text not null,
    instance            text not null default '',
    evse                int not null default 0,
    connector           int not null default 0,
    attribute           text not null default 'Actual',
    wanted              text not null,
    wanted_at           timestamptz not null,
    wanted_by           text,
    primary key (station, component, component_instance, variable, instance, evse, connector, attribute)
);

create table monitors (
    station             text not null,
    number              int not null,
    component           text not null,
    component_instance  text,
    variable            text not null,
    instance            text,
    evse                int,
    type                text not null,
    value               double precision,
    severity            int,
    only_in_transaction boolean not null default false,
    received_at         timestamptz not null,
    cleared_at          timestamptz,
    primary key (station, number)
);

create table displays (
    station      text not null,
    number       int not null,
    priority     text,
    state        text,
    starts_at    timestamptz,
    ends_at      timestamptz,
    said         text,
    format       text,
    language     text,
    content      text not null,
    received_at  timestamptz not null,
    cleared_at   timestamptz,
    primary key (station, number)
);

-- Certificates a station holds, as it listed them or as it took and gave them up.
create table certificates (
    station          text not null,
    type             text not null,
    serial           text not null,
    issuer_name_hash text not null,
    issuer_key_hash  text not null,
    algorithm        text not null,
    parent_serial    text,
    received_at      timestamptz not null,
    deleted_at       timestamptz,
    primary key (station, algorithm, issuer_name_hash, issuer_key_hash, serial)
);

create table certificate_requests (
    id            uuid primary key,
    station       text not null,
    type          text not null,
    csr           text not null,
    requested_at  timestamptz not null,
    state         text not null default 'open' check (state in ('open', 'signed', 'refused')),
    settled_at    timestamptz,
    seq           bigint not null
);
create index certificate_requests_by_station on certificate_requests (station, requested_at);

create table installed_certificates (
    station       text not null,
    type          text not null,
    pem           text not null,
    installed_at  timestamptz not null,
    seq           bigint not null,
    primary key (station, seq)
);

-- Firmware updates followed from the question to the end.
create table firmware_updates (
    id            uuid primary key,
    station       text not null,
    request_id    int,
    location      text not null,
    signed        boolean not null default false,
    published     boolean not null default false,
    asked_at      timestamptz not null,
    from_version  text,
    status        text not null,
    status_at     timestamptz not null,
    ended_at      timestamptz,
    outcome       text check (outcome in ('installed', 'failed', 'superseded')),
    seq           bigint not null
);
create index firmware_updates_by_station on firmware_updates (station, asked_at);
create index firmware_updates_open on firmware_updates (station) where ended_at is null;

create table customer_information (
    station      text not null,
    request_id   int not null,
    seq_no       int not null,
    data         text not null,
    done         boolean not null,
    received_at  timestamptz not null,
    seq          bigint not null,
    constraint customer_information_once unique (station, seq)
);

-- The long tail: what stations tell that has a meaning and a time, and no machine of its own.
create table notices (
    station      text not null,
    received_at  timestamptz not null,
    at           timestamptz not null,
    kind         text not null,
    evse         int,
    said         text,
    detail       jsonb not null,
    seq          bigint not null,
    constraint notices_once unique (station, seq)
);
create index notices_by_station on notices (station, at);

create table network_profiles (
    station     text not null,
    slot        int not null,
    profile     jsonb not null,
    set_at      timestamptz not null,
    primary key (station, slot)
);

-- What a running session costs, as we told the station last.
create table told_costs (
    station  text not null,
    said     text not null,
    at       timestamptz not null,
    total    numeric not null,
    seq      bigint not null,
    primary key (station, seq)
);

-- What the registers of a model mean; '' stands for any. People's knowledge, no projection.
create table register_semantics (
    vendor         text not null,
    model          text not null default '',
    firmware       text not null default '',
    register       text not null default 'lifetime' check (register in ('lifetime', 'session')),
    boundary_factor double precision not null default 1 check (boundary_factor > 0),
    reading_factor double precision not null default 1 check (reading_factor > 0),
    rollover_wh    double precision check (rollover_wh > 0),
    lines          text not null default 'given' check (lines in ('given', 'summed')),
    note           text,
    updated_at     timestamptz not null default now(),
    primary key (vendor, model, firmware)
);

alter table transactions add column last_seq_no int;
alter table progress add column info text;
