-- Who is to do what by when: what the watch over cases asks for.

alter table complaints
    add column word_at      timestamptz,
    add column priority_at  timestamptz;
update complaints set word_at = filed_at;
create index complaints_silent on complaints (word_at)
    where state not in ('closed', 'merged', 'external', 'withdrawn');
create index complaints_to_rank on complaints (priority_at nulls first)
    where state not in ('closed', 'merged', 'external', 'withdrawn');
create index complaints_asking on complaints (word_at) where state in ('need_info', 'confirming', 'informed');
create index deadlines_to_remind on deadlines (due_at)
    where met_at is null and breached_at is null and reminded_at is null and not stopped and started_at is not null;
