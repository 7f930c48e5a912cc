-- The office: who changed which setting and why; what a phone with a bad signal sends counts once; where sites lie.

create table setting_changes (
    id      bigint generated always as identity primary key,
    at      timestamptz not null,
    by      text not null,
    kind    text not null,
    name    text not null,
    before  jsonb,
    after   jsonb,
    reason  text not null
);
create index setting_changes_by_name on setting_changes (kind, name, id);

-- Keys of forms that were taken: sent again by a phone that never saw the answer, a form does nothing.
create table submissions (
    key   text primary key,
    who   text not null,
    what  text not null,
    at    timestamptz not null
);
create index submissions_by_age on submissions (at);

alter table sites
    add column address text,
    -- "latitude,longitude" in degrees, WGS 84.
    add column position text;

-- Photos of orders that belong to no case; a case's own are its attachments.
create table work_order_files (
    id           uuid primary key,
    work_order   bigint not null references work_orders,
    name         text not null,
    mime         text not null,
    bytes        int not null,
    sha256       text not null,
    sent_sha256  text not null,
    content      bytea not null
);
create index work_order_files_by_order on work_order_files (work_order);

create index refunds_by_state on refunds (state, proposed_at);
create index work_orders_by_technician on work_orders (technician, due_at)
    where state in ('ordered', 'accepted', 'on_site');

alter table incidents add column merged_into bigint references incidents;
create index corrective_actions_by_incident on corrective_actions (incident) where incident is not null;
