-- Complaints: staff, cases and their threads, frozen evidence, deadlines, refunds.

create table users (
    name           text primary key,
    role           text not null,
    password_hash  text not null,
    active         boolean not null default true,
    failures       int not null default 0,
    locked_until   timestamptz,
    created_at     timestamptz not null,
    constraint users_role check (role in
        ('agent', 'technician', 'finance', 'supervisor', 'auditor', 'admin', 'integration'))
);

-- Only the SHA-256 of a token is kept: 256 random bits need no slow hash.
create table api_tokens (
    hash        bytea primary key,
    name        text not null,
    role        text not null,
    created_at  timestamptz not null,
    revoked_at  timestamptz,
    constraint api_tokens_role check (role in
        ('agent', 'technician', 'finance', 'supervisor', 'auditor', 'admin', 'integration'))
);
create index api_tokens_by_name on api_tokens (name);

create table web_sessions (
    hash        bytea primary key,
    name        text not null references users on delete cascade,
    created_at  timestamptz not null,
    expires_at  timestamptz not null
);
create index web_sessions_by_expiry on web_sessions (expires_at);

-- The last number given out per day. Its row lock makes numbers ordered and without gaps.
create table complaint_numbers (
    day   date primary key,
    last  int not null
);

create table complaints (
    number             text primary key,
    tracking           text not null,
    filed_at           timestamptz not null,
    filed_by           text not null,
    state              text not null,
    round              int not null default 1,
    channel            text not null,
    text               text not null,
    language           text not null,
    category           text not null,
    topic              text not null,
    level              int not null,
    department         text not null,
    classification     jsonb not null,
    customer_name      text,
    customer_phone     text,
    customer_email     text,
    customer_token     text,
    customer_plate     text,
    station            text,
    evse               int,
    occurred_at        timestamptz,
    payment_reference  text,
    order_ref          text,
    amount_disputed    numeric,
    currency           text,
    expectation        text,
    owner              text,
    -- Where the newest assessment found it to have happened; staff act and verify there.
    matched_station    text,
    matched_evse       int,
    matched            uuid,
    version            int not null default 0,
    verdict            text,
    reassess           boolean not null default true,
    -- No assessment is tried before this: a case that fails is not tried again at once.
    assess_after       timestamptz not null,
    confirmed_at       timestamptz,
    closed_at          timestamptz,
    close_reason       text,
    -- Head of the thread's hash chain.
    seq                int not null default 0,
    hash               bytea not null default decode(repeat('00', 32), 'hex'),
    updated_at         timestamptz not null,
    constraint complaints_tracking unique (tracking),
    constraint complaints_level check (level between 1 and 3),
    constraint complaints_state check (state in
        ('received', 'acknowledged', 'assessed', 'investigating', 'need_info', 'decided', 'approving', 'executing',
         'informed', 'confirming', 'closed', 'merged', 'external', 'withdrawn', 'second_review')),
    constraint complaints_amount check (amount_disputed >= 0)
) with (fillfactor = 80);
create index complaints_by_state on complaints (state, number);
create index complaints_by_station on complaints (station, number);
create index complaints_by_matched on complaints (matched_station, number);
create index complaints_by_department on complaints (department, number);
create index complaints_by_payment on complaints (payment_reference) where payment_reference is not null;
create index complaints_by_order on complaints (order_ref) where order_ref is not null;
create index complaints_to_assess on complaints (assess_after) where reassess;

create table entries (
    complaint  text not null references complaints,
    seq        int not null,
    at         timestamptz not null,
    type       text not null,
    author     text not null,
    audience   text not null,
    text       text not null default '',
    body       jsonb not null default '{}',
    -- What must be written once only, e.g. `settled:<command id>`.
    key        text,
    prev_hash  bytea not null,
    hash       bytea not null,
    primary key (complaint, seq),
    constraint entries_audience check (audience in ('customer', 'staff', 'internal')),
    constraint entries_once unique (complaint, key)
);

create table assessments (
    complaint    text not null references complaints,
    version      int not null,
    assessed_at  timestamptz not null,
    asked_by     text not null,
    reason       text,
    checksum     text not null,
    -- As the contract shows it.
    judgement    jsonb not null,
    changed      jsonb not null default '[]',
    -- Exactly the bytes that the checksum is of (zlib): claim, story, hashes of the frames, judgement.
    evidence     bytea not null,
    primary key (complaint, version)
);

-- Frames outlive the journal's retention here. `version` is the first assessment that took the frame.
create table evidence_frames (
    complaint    text not null references complaints,
    id           text not null,
    version      int not null,
    station      text not null,
    seq          bigint not null,
    at           timestamptz,
    received_at  timestamptz not null,
    kind         text not null,
    message_id   text,
    action       text,
    frame        text,
    hash         text not null,
    prev_hash    text not null,
    repairs      text[] not null,
    primary key (complaint, id)
);

create table attachments (
    id         uuid primary key,
    complaint  text not null references complaints,
    entry      int not null,
    name       text not null,
    mime       text not null,
    bytes      int not null,
    -- Of what is kept, and of what was sent before its metadata was taken off.
    sha256     text not null,
    sent_sha256 text not null,
    content    bytea not null
);
create index attachments_by_complaint on attachments (complaint, entry);

create table deadlines (
    complaint    text not null references complaints,
    round        int not null,
    kind         text not null,
    due_at       timestamptz not null,
    policy       text not null,
    met_at       timestamptz,
    breached_at  timestamptz,
    primary key (complaint, round, kind),
    constraint deadlines_kind check (kind in ('acknowledge', 'arrive', 'investigate', 'resolve', 'follow_up'))
);
create index deadlines_running on deadlines (due_at) where met_at is null and breached_at is null;

create table refunds (
    complaint    text not null references complaints,
    n            int not null,
    -- Names it to the payment side, so that asked twice is paid once.
    key          text not null,
    kind         text not null,
    amount       numeric not null,
    currency     text not null,
    state        text not null,
    of_ref       text,
    body         jsonb not null default '{}',
    reason       text not null,
    proposed_by  text not null,
    proposed_at  timestamptz not null,
    decided_by   text,
    decided_at   timestamptz,
    sent_at      timestamptz,
    settled_at   timestamptz,
    note         text,
    primary key (complaint, n),
    constraint refunds_key unique (key),
    constraint refunds_kind check (kind in ('refund', 'release_hold')),
    constraint refunds_amount check (amount > 0),
    constraint refunds_state check (state in ('proposed', 'declined', 'approved', 'sent', 'confirmed', 'failed'))
);
create index refunds_waiting on refunds (decided_at) where state = 'approved';

create table worker_marks (
    name   text primary key,
    event  bigint not null default 0
);
insert into worker_marks (name) values ('complaints');
