-- Staff: tokens with a name to be revoked by, scopes and an end; teams; people who log in elsewhere.

alter table api_tokens
    add column id bigint generated always as identity,
    -- `area:read` or `area:write`, the area being the first word of the path; empty: all that the role may.
    add column scopes text[] not null default '{}',
    add column expires_at timestamptz,
    add column created_by text,
    add column used_at timestamptz,
    add constraint api_tokens_id unique (id);

alter table users
    alter column password_hash drop not null,
    -- Who says who this is: issuer and subject there. Null: a password here.
    add column issuer text,
    add column subject text,
    add column email text,
    add constraint users_subject unique (issuer, subject);

alter table web_sessions
    add column how text not null default 'password',
    add column seen_at timestamptz;

create table teams (
    name        text primary key,
    department  text,
    lead        text references users on delete set null
);
create table team_members (
    team  text not null references teams on delete cascade,
    name  text not null references users on delete cascade,
    primary key (team, name)
);

-- A log-in that has been sent elsewhere and is not back yet. The state is kept as a hash.
create table oidc_pending (
    state       bytea primary key,
    verifier    text not null,
    nonce       text not null,
    back_to     text not null,
    created_at  timestamptz not null
);

-- What was done with users and tokens, by whom.
create table staff_log (
    id    bigint generated always as identity primary key,
    at    timestamptz not null,
    by    text not null,
    what  text not null,
    about text not null,
    detail jsonb not null default '{}'
);
