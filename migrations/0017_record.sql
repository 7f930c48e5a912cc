-- On record: one head over all threads a day, who looked at whose data, what may be forgotten, audits.

create table desk_heads (
    n          int primary key,
    at         timestamptz not null,
    cases      int not null,
    digest     bytea not null,
    prev_hash  bytea not null,
    hash       bytea not null,
    signature  bytea,
    public_key bytea
);
-- What each head vouches for: the newest entry of every case that had grown since the head before.
create table desk_head_members (
    head       int not null references desk_heads,
    complaint  text not null references complaints,
    seq        int not null,
    hash       bytea not null,
    primary key (complaint, head)
);
create index desk_head_members_by_head on desk_head_members (head, complaint);

create table access_log (
    id         bigint generated always as identity primary key,
    at         timestamptz not null,
    who        text not null,
    role       text not null,
    complaint  text not null,
    what       text not null,
    masked     boolean not null
);
create index access_log_by_case on access_log (complaint, id);
create index access_log_by_who on access_log (who, id);

create table audits (
    id         bigint generated always as identity primary key,
    seed       text not null,
    wanted     int not null,
    since      timestamptz not null,
    until      timestamptz not null,
    department text,
    population int not null,
    drawn      text[] not null,
    made_by    text not null,
    made_at    timestamptz not null
);
create table audit_forms (
    audit      bigint not null references audits,
    complaint  text not null references complaints,
    answers    jsonb not null,
    passed     boolean not null,
    remark     text,
    by         text not null,
    at         timestamptz not null,
    primary key (audit, complaint)
);

-- Knowledge: what colleagues and customers read; each language its own text, each version kept.
create table articles (
    slug       text not null,
    version    int not null,
    kind       text not null,
    topic      text,
    findings   text[] not null default '{}',
    title      jsonb not null,
    text       jsonb not null,
    public     boolean not null default false,
    state      text not null default 'draft',
    review_at  date not null,
    written_by text not null,
    written_at timestamptz not null,
    approved_by text,
    primary key (slug, version),
    constraint articles_kind check (kind in ('article', 'template')),
    constraint articles_state check (state in ('draft', 'published', 'retired'))
);
create index articles_by_topic on articles (topic) where state = 'published';
create index articles_by_finding on articles using gin (findings) where state = 'published';
