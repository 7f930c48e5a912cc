-- What is to be said outside, written with what it tells of, sent after that is committed.

create table outbox (
    id          bigint generated always as identity primary key,
    -- Written once, and handed to the receiver as its idempotency key where it understands one.
    key         text not null,
    complaint   text references complaints,
    entry       int,
    whom        text not null,
    recipient   text,
    channel     text not null,
    address     text,
    zone        text,
    language    text not null default 'zh-Hans',
    situation   text not null,
    subject     text not null default '',
    body        text not null,
    payload     jsonb,
    urgent      boolean not null default false,
    state       text not null default 'queued',
    batch       text,
    attempts    int not null default 0,
    created_at  timestamptz not null,
    not_before  timestamptz not null,
    claimed_at  timestamptz,
    ended_at    timestamptz,
    error       text,
    constraint outbox_once unique (key),
    constraint outbox_whom check (whom in ('customer', 'staff', 'hook')),
    constraint outbox_state check (state in
        ('queued', 'sending', 'sent', 'unclear', 'failed', 'no_channel', 'cancelled'))
);
create index outbox_due on outbox (not_before) where state = 'queued';
create index outbox_sending on outbox (claimed_at) where state = 'sending';
create index outbox_by_case on outbox (complaint, id);
create index outbox_by_recipient on outbox (recipient, id) where whom = 'staff';

-- Where signed calls go: the payment side, platforms. The secret signs; it is never shown again.
create table hooks (
    name        text primary key,
    url         text not null,
    secret      text not null,
    active      boolean not null default true,
    created_by  text not null,
    created_at  timestamptz not null
);

-- People as duty knows them; who is not here is reached at the desk only.
create table people (
    name         text primary key references users on delete cascade,
    departments  text[] not null default '{}',
    regions      text[] not null default '{}',
    sites        text[] not null default '{}',
    languages    text[] not null default '{}',
    notify       text,
    zone         text,
    on_call      int,
    capacity     int not null default 20
);
create table absences (
    id          bigint generated always as identity primary key,
    name        text not null references users on delete cascade,
    since       timestamptz not null,
    until       timestamptz not null,
    substitute  text references users,
    noted_by    text not null,
    constraint absences_order check (since < until)
);
create index absences_by_name on absences (name, until);
