-- The central system. Time-partitioned: frames by receipt, readings and transaction steps by device time.

create table stations (
    id                text primary key,
    vendor            text,
    model             text,
    firmware          text,
    serial            text,
    name              text,
    site              text,
    tariff            text,
    max_power_w       double precision,
    security_profile  int not null default 0 check (security_profile between 0 and 3),
    password_hash     text,
    admission         text not null default 'known' check (admission in ('known', 'quarantined')),
    protocol          text,
    strict            boolean not null default false,
    connected         boolean not null default false,
    -- Which socket speaks for the station: newest wins, an older one's guarded updates move no row.
    session           bigint not null default 0,
    node              text,
    connected_at      timestamptz,
    booted_at         timestamptz,
    boot_status       text,
    firmware_status   text,
    firmware_status_at timestamptz,
    upload_status     text,
    clock_offset_s    double precision,
    created_at        timestamptz not null default now(),
    updated_at        timestamptz not null default now()
) with (fillfactor = 70);
create index stations_by_site on stations (site);

create table knocks (
    station     text primary key,
    first_at    timestamptz not null,
    last_at     timestamptz not null,
    times       bigint not null default 1,
    address     text,
    protocols   text
);

create table connectors (
    station      text not null references stations on delete cascade,
    evse         int not null,
    connector    int not null,
    type         text,
    max_power_w  double precision,
    status       text,
    status_at    timestamptz,
    received_at  timestamptz,
    primary key (station, evse, connector)
) with (fillfactor = 70);

-- The newest row of each station's hash chain. An update that names another `seq` than the stored one
-- moves no row: that is how a node learns that it no longer speaks for the station.
create table heads (
    station        text primary key,
    seq            bigint not null,
    hash           bytea not null,
    last_heard_at  timestamptz not null
) with (fillfactor = 50);

create table frames (
    station      text not null,
    seq          bigint not null,
    received_at  timestamptz not null,
    at           timestamptz,
    kind         text not null,
    message_id   text,
    action       text,
    frame        text,
    session      bigint,
    by           text,
    complaint    text,
    repairs      text[],
    hash         bytea not null,
    prev_hash    bytea not null
) partition by range (received_at);
create index frames_by_station_time on frames (station, received_at, seq);
create index frames_by_station_seq on frames (station, seq);
create table frames_rest partition of frames default;

create table readings (
    station        text not null,
    evse           int not null,
    at             timestamptz not null,
    received_at    timestamptz not null,
    context        text not null,
    said           text,
    energy_wh      double precision,
    power_w        double precision,
    current_a      double precision,
    offered_a      double precision,
    voltage_v      double precision,
    soc_percent    double precision,
    temperature_c  double precision,
    other          jsonb,
    seq            bigint not null,
    constraint readings_once unique nulls not distinct (station, at, evse, context, said)
) partition by range (at);
create table readings_rest partition of readings default;

create table steps (
    station         text not null,
    said            text not null,
    seq_no          int not null,
    type            text not null,
    at              timestamptz not null,
    received_at     timestamptz not null,
    trigger         text,
    charging_state  text,
    offline         boolean not null,
    token           text,
    seq             bigint not null,
    constraint steps_once unique (station, said, seq_no, type, at)
) partition by range (at);
create index steps_by_time on steps (station, at);
create table steps_rest partition of steps default;

create table statuses (
    station      text not null,
    evse         int not null,
    connector    int,
    status       text not null,
    at           timestamptz not null,
    received_at  timestamptz not null,
    source       text not null default 'connector' check (source in ('connector', 'transaction')),
    said         text,
    seq          bigint not null,
    constraint statuses_once unique nulls not distinct (station, at, evse, connector, source, status, said)
);

create sequence transaction_numbers as int;

create table transactions (
    id                 uuid primary key,
    station            text not null,
    evse               int,
    connector          int,
    number             int,
    reference          text,
    token              text,
    token_type         text,
    token_status       text,
    started_at         timestamptz not null,
    start_received_at  timestamptz not null,
    -- As the station said it (null when it gave none): part of the natural key of a repeated start.
    said_start_at      timestamptz,
    meter_start_wh     double precision,
    stopped_at         timestamptz,
    stop_received_at   timestamptz,
    meter_stop_wh      double precision,
    stop_reason        text,
    stop_trigger       text,
    stop_token         text,
    state              text not null default 'open' check (state in ('open', 'closed')),
    offline            boolean not null default false,
    remote_start_id    int,
    charging_state     text,
    suspect            text[] not null default '{}',
    start_seq          bigint,
    stop_seq           bigint
) with (fillfactor = 80);
create index transactions_by_station on transactions (station, started_at);
create index transactions_open on transactions (station) where state = 'open';
create index transactions_by_number on transactions (station, number) where number is not null;
create unique index transactions_by_reference on transactions (station, reference) where reference is not null;
create index transactions_by_token on transactions (token, started_at);

create table faults (
    id           uuid primary key,
    station      text not null,
    evse         int not null,
    connector    int,
    code         text not null,
    vendor_code  text,
    kind         text not null,
    level        int not null check (level between 1 and 3),
    warning      boolean not null default false,
    source       text not null,
    description  text,
    opened_at    timestamptz not null,
    received_at  timestamptz not null,
    cleared_at   timestamptz,
    seq          bigint not null,
    cleared_seq  bigint
);
create unique index faults_open on faults (station, evse, coalesce(connector, -1), code, coalesce(vendor_code, ''))
    where cleared_at is null;
create index faults_by_station on faults (station, opened_at);

create table authorizations (
    station      text not null,
    at           timestamptz not null,
    token        text not null,
    status       text not null,
    seq          bigint not null,
    constraint authorizations_once unique (station, seq)
);
create index authorizations_by_station on authorizations (station, at);
create index authorizations_by_token on authorizations (token, at);

create table boots (
    station  text not null,
    at       timestamptz not null,
    reason   text,
    seq      bigint not null,
    constraint boots_once unique (station, seq)
);
create index boots_by_station on boots (station, at);

create table connections (
    id               uuid primary key,
    station          text not null,
    session          bigint,
    node             text,
    protocol         text,
    address          text,
    connected_at     timestamptz not null,
    disconnected_at  timestamptz,
    code             int,
    reason           text
);
create index connections_by_station on connections (station, connected_at);

create table security_events (
    station      text not null,
    at           timestamptz not null,
    received_at  timestamptz not null,
    type         text not null,
    info         text,
    seq          bigint not null,
    constraint security_events_once unique (station, at, type, seq)
);

create table progress (
    station      text not null,
    received_at  timestamptz not null,
    what         text not null,
    status       text not null,
    request_id   int,
    seq          bigint not null,
    constraint progress_once unique (station, seq)
);

create table variables (
    station             text not null,
    component           text not null,
    component_instance  text not null default '',
    variable            text not null,
    instance            text not null default '',
    evse                int not null default 0,
    connector           int not null default 0,
    attribute           text not null default 'Actual',
    value               text,
    read_only           boolean not null default false,
    received_at         timestamptz not null,
    primary key (station, component, component_instance, variable, instance, evse, connector, attribute)
);

create table transfers (
    station      text not null,
    received_at  timestamptz not null,
    vendor       text not null,
    message      text,
    data         jsonb,
    seq          bigint not null,
    constraint transfers_once unique (station, seq)
);

create table commands (
    id               uuid primary key,
    station          text not null,
    action           text not null,
    kind             text not null,
    payload          jsonb not null,
    body             jsonb not null,
    state            text not null check (state in
        ('queued', 'sent', 'accepted', 'rejected', 'unanswered', 'offline', 'unsupported', 'expired')),
    effect           text not null default 'not_applicable' check (effect in
        ('pending', 'observed', 'not_observed', 'not_applicable')),
    -- What of the effect has been seen so far: {"dropped": true, "booted": true, "available": [1]}
    seen             jsonb not null default '{}',
    answer           jsonb,
    message_id       text,
    requested_by     text not null,
    reason           text,
    complaint        text,
    override         boolean not null default false,
    guards           text[] not null default '{}',
    requested_at     timestamptz not null,
    sent_at          timestamptz,
    settled_at       timestamptz,
    effect_at        timestamptz,
    effect_deadline  timestamptz,
    queue_until      timestamptz,
    session          bigint,
    evse             int,
    connector        int,
    token            text,
    said             text,
    seq              bigint,
    answer_seq       bigint
) with (fillfactor = 70);
create index commands_by_station on commands (station, requested_at);
create index commands_unsettled on commands (station) where state in ('queued', 'sent') or effect = 'pending';
create index commands_by_complaint on commands (complaint) where complaint is not null;
create unique index commands_by_message on commands (station, message_id, sent_at) where message_id is not null;

create table tokens (
    token       text primary key,
    status      text not null check (status in ('Accepted', 'Blocked', 'Expired', 'Invalid')),
    type        text,
    parent      text,
    expires_at  timestamptz,
    customer    text,
    updated_at  timestamptz not null default now()
);

create table tariffs (
    id          text not null,
    valid_from  timestamptz not null,
    currency    text not null,
    timezone    text not null,
    start_fee   numeric not null default 0,
    periods     jsonb not null,
    idle        jsonb,
    body        jsonb not null,
    created_at  timestamptz not null default now(),
    primary key (id, valid_from)
);

create table payments (
    reference    text primary key,
    kind         text not null check (kind in ('capture', 'hold', 'void', 'refund')),
    amount       numeric not null check (amount >= 0),
    currency     text not null,
    at           timestamptz not null,
    method       text,
    payer        text,
    merchant     text,
    token        text,
    station      text,
    evse         int,
    transaction  text,
    order_ref    text,
    of_ref       text,
    body         jsonb not null,
    recorded_at  timestamptz not null default now()
);
create index payments_by_station on payments (station, at);
create index payments_by_token on payments (token) where token is not null;
create index payments_by_order on payments (order_ref) where order_ref is not null;
create index payments_by_transaction on payments (transaction) where transaction is not null;
create index payments_by_of on payments (of_ref) where of_ref is not null;

-- The suspect ledger: what was odd, stored and answered all the same.
create table suspects (
    id           uuid primary key,
    station      text not null,
    transaction  uuid,
    code         text not null,
    at           timestamptz not null,
    seq          bigint not null,
    detail       jsonb not null default '{}',
    constraint suspects_once unique (station, seq, code)
);
create index suspects_by_station on suspects (station, at);

-- Messages that could not be projected: kept in the journal, acknowledged, shown.
create table quarantine (
    station      text not null,
    received_at  timestamptz not null,
    seq          bigint not null,
    action       text,
    error        text not null,
    frame        text,
    constraint quarantine_once unique (station, seq)
);

create table repairs (
    vendor    text not null,
    model     text not null,
    firmware  text not null,
    name      text not null,
    times     bigint not null,
    last_at   timestamptz not null,
    primary key (vendor, model, firmware, name)
);

create table uploads (
    token        text primary key,
    station      text not null,
    command      uuid,
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    received_at  timestamptz,
    name         text,
    bytes        bigint,
    sha256       text,
    path         text
);

create table events (
    id       bigint generated always as identity primary key,
    at       timestamptz not null default now(),
    kind     text not null,
    station  text,
    subject  text not null,
    detail   jsonb not null default '{}',
    -- A reader takes only what no running transaction can still slip in before.
    tx       xid8 not null default pg_current_xact_id()
);
