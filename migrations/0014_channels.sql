-- Ways in: what came from outside under which name there, so that nothing is filed twice; signed calls once each.

create table inbound (
    source       text not null,
    external_id  text not null,
    complaint    text references complaints,
    at           timestamptz not null,
    primary key (source, external_id)
);
create index inbound_by_case on inbound (complaint);

alter table hooks
    add column channel  text,
    -- Field of a complaint -> where it stands in the platform's message.
    add column mapping  jsonb;
