-- What 2.1 adds to what is set in stations and told by them: grid controls, event streams, battery swaps, tariffs
-- at stations, settlements of payment terminals. All of them projections.

create table grid_controls (
    station     text not null,
    control     text not null,
    type        text not null,
    is_default  boolean not null,
    settings    jsonb not null,
    -- csms where we set it, else station: it reported what we do not remember.
    source      text not null,
    set_at      timestamptz not null,
    started_at  timestamptz,
    stopped_at  timestamptz,
    ended_at    timestamptz,
    outcome     text check (outcome in ('cleared', 'superseded', 'replaced')),
    seq         bigint not null,
    part        int not null default 0,
    primary key (station, seq, part)
);
create unique index grid_controls_active on grid_controls (station, control) where ended_at is null;
create index grid_controls_by_station on grid_controls (station, set_at);

create table event_streams (
    station     text not null,
    number      int not null,
    monitor     int,
    interval_s  int,
    most        int,
    opened_at   timestamptz not null,
    closed_at   timestamptz,
    seq         bigint not null,
    part        int not null default 0,
    primary key (station, seq, part)
);
create unique index event_streams_active on event_streams (station, number) where closed_at is null;

create table stream_values (
    station      text not null,
    stream       int not null,
    at           timestamptz not null,
    value        text not null,
    received_at  timestamptz not null,
    seq          bigint not null,
    part         int not null,
    primary key (station, seq, part)
);
create index stream_values_by_time on stream_values (station, stream, at);

create table battery_swaps (
    station     text not null,
    request_id  int not null,
    event       text not null check (event in ('asked', 'in', 'out', 'timeout')),
    token       text,
    batteries   jsonb not null default '[]',
    at          timestamptz not null,
    seq         bigint not null,
    primary key (station, seq)
);
create index battery_swaps_by_request on battery_swaps (station, request_id);

-- By which tariff a station reckons and what it shows its drivers.
create table station_tariffs (
    station     text not null,
    evse        int not null,
    tariff      text not null,
    kind        text not null check (kind in ('default', 'driver', 'transaction')),
    said        text,
    detail      jsonb,
    valid_from  timestamptz,
    set_at      timestamptz not null,
    ended_at    timestamptz,
    seq         bigint not null,
    part        int not null default 0,
    primary key (station, seq, part)
);
create index station_tariffs_active on station_tariffs (station, evse) where ended_at is null;

create table settlements (
    station      text not null,
    reference    text not null,
    status       text not null,
    amount       numeric not null,
    at           timestamptz not null,
    said         text,
    receipt      text,
    receipt_url  text,
    info         text,
    vat_number   text,
    received_at  timestamptz not null,
    seq          bigint not null,
    primary key (station, seq)
);
create index settlements_by_reference on settlements (reference);
create index settlements_by_time on settlements (at, station, seq);
