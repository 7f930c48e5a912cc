-- Where a station's chain goes on after old frames have gone by policy: number and hash of the newest of them.
create table journal_anchors (
    station     text primary key,
    seq         bigint not null,
    hash        bytea not null,
    dropped_at  timestamptz not null
);

-- Partitions whose readings were thinned, so that it is done once.
create table thinned (
    partition  text primary key,
    at         timestamptz not null,
    bucket_min int not null,
    removed    bigint not null
);
