-- Who may come in: passwords on their way to stations, what the door has noted, certificates we have issued;
-- uploads that come in pieces, over FTP, and the words in them.

-- A password we have told, or are telling, a station. Valid beside the present one while its command's state says
-- that the station may have it; the first handshake that brings it makes it the present one.
create table new_passwords (
    command  uuid primary key references commands on delete cascade,
    station  text not null,
    hash     text not null,
    made_at  timestamptz not null
);
create index new_passwords_by_station on new_passwords (station, made_at);

-- The payload of a command that carries a secret, readable only with the key that is not in this database. The
-- command's own row holds the payload with *** in its place. Gone as soon as it was sent.
create table sealed_payloads (
    command  uuid primary key references commands on delete cascade,
    box      bytea not null,
    made_at  timestamptz not null
);

-- What the door saw (stations cannot tell it): one row an hour, however often it happened.
create table door_events (
    station   text not null,
    type      text not null,
    address   text not null default '',
    hour      timestamptz not null,
    first_at  timestamptz not null,
    last_at   timestamptz not null,
    times     bigint not null default 1,
    info      text,
    primary key (station, hour, type, address)
);
create index door_events_by_time on door_events (last_at);
create index security_events_by_time on security_events (received_at);

-- Certificates our own authority has issued.
create table issued_certificates (
    serial      text primary key,
    station     text not null,
    type        text not null,
    not_before  timestamptz not null,
    not_after   timestamptz not null,
    issued_at   timestamptz not null,
    issued_by   text not null,
    revoked_at  timestamptz,
    revoked_by  text,
    pem         text not null
);
create index issued_certificates_by_station on issued_certificates (station, issued_at);

-- Requests of stations that we have dealt with, by the id of the request. No projection: it outlives a rebuild.
create table signings (
    request   uuid primary key,
    at        timestamptz not null,
    serial    text,
    command   uuid,
    trouble   text
);

alter table uploads add column ftp_password text;
alter table uploads add column pieces text;

create table upload_texts (
    upload    text primary key references uploads on delete cascade,
    content   text not null,
    complete  boolean not null
);
