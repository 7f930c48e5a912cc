-- Evidence: finding a driver's sessions without a station, why a case is judged again, what people put right over
-- the rules, what fault codes mean.

create index payments_by_payer on payments (payer) where payer is not null;
create index tokens_by_customer on tokens (customer) where customer is not null;
create index complaints_by_phone on complaints (customer_phone) where customer_phone is not null;
create index complaints_by_email on complaints (customer_email) where customer_email is not null;
create index complaints_by_plate on complaints (customer_plate) where customer_plate is not null;

-- When news came that the newest assessment may not have seen, and what it was.
alter table complaints add column news_at timestamptz;
alter table complaints add column assess_because text;

-- `by` is part of what a journal row's hash is taken over: without it a copy could not be checked.
alter table evidence_frames add column by text;
update evidence_frames e set by = f.by from frames f where f.station = e.station and f.seq = e.seq;

-- What a person decided over the rules. The newest row of a field counts; a null value gives it back to the rules.
create table overrides (
    id         bigint generated always as identity primary key,
    complaint  text not null references complaints,
    field      text not null,
    value      jsonb,
    -- What the rules said when it was decided, and the findings they rested on: the override rate is counted by these.
    rules      jsonb,
    decisive   text[] not null default '{}',
    by         text not null,
    at         timestamptz not null,
    reason     text not null,
    constraint overrides_field check (field in ('verdict', 'liability', 'transaction', 'remedies'))
);
create index overrides_by_complaint on overrides (complaint, id);
create index assessments_by_time on assessments (assessed_at);

create table fault_codes (
    family      text not null,
    code        text not null,
    name        text not null,
    meaning_en  text not null,
    meaning_zh  text not null,
    -- S1 danger, S2 out of service, S3 degraded, S4 information; null where no source says.
    severity    text,
    -- Usually liable, the likeliest first: CH EV US NW BO PY GR SI VN.
    who         text[] not null default '{}',
    source      text not null,
    basis       text not null,
    note        text,
    -- `product` rows come with a release and are renewed by it; `import` rows are people's and never overwritten by it.
    origin      text not null default 'import',
    updated_at  timestamptz not null,
    updated_by  text not null,
    primary key (family, code),
    constraint fault_codes_severity check (severity in ('S1', 'S2', 'S3', 'S4')),
    constraint fault_codes_origin check (origin in ('product', 'import'))
);
create index fault_codes_by_code on fault_codes (lower(code));

-- Which edition of shipped knowledge this database has.
create table knowledge (
    name       text primary key,
    checksum   text not null,
    loaded_at  timestamptz not null
);
