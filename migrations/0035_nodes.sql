-- The processes over this database: each says that it lives, so that the others notice when one no longer does.

create table nodes (
    name         text primary key,
    -- Which process of that name: the newest wins, an older one stops.
    incarnation  uuid not null,
    started_at   timestamptz not null default now(),
    seen_at      timestamptz not null default now()
) with (fillfactor = 50);

-- Which stations a node that died has left behind.
create index stations_by_node on stations (node) where connected;
