-- The desk's first page: full-text search in any script, filters people keep, who is looking at which case.

-- Pairs of neighbouring characters: they find words in Chinese, plates, payment numbers alike, with no dictionary.
create function bigrams(words text) returns text[] language sql immutable strict parallel safe as $$
    select coalesce(array_agg(distinct letters[n] || coalesce(letters[n + 1], '')), '{}')
    from (select string_to_array(regexp_replace(lower(words), '\s+', ' ', 'g'), null) as letters) split,
        generate_series(1, greatest(cardinality(letters) - 1, 1)) as n
$$;

create index complaints_words on complaints using gin (bigrams(
    number || ' ' || text || ' ' || coalesce(station, '') || ' ' || coalesce(matched_station, '') || ' '
    || coalesce(customer_name, '') || ' ' || coalesce(customer_phone, '') || ' ' || coalesce(customer_email, '') || ' '
    || coalesce(customer_plate, '') || ' ' || coalesce(customer_token, '') || ' ' || coalesce(payment_reference, '')
    || ' ' || coalesce(order_ref, '')
));
create index entries_words on entries using gin (bigrams(text)) where text <> '';

-- The newest change of any case, for lists that are live.
create index complaints_by_change on complaints (updated_at);

create table saved_filters (
    id       bigint generated always as identity primary key,
    who      text not null references users on delete cascade,
    title    text not null,
    -- As the address has it, without page and language.
    query    text not null,
    made_at  timestamptz not null,
    constraint saved_filters_title unique (who, title)
);

-- Who has which case open now. Worth nothing after a crash.
create unlogged table presence (
    complaint  text not null,
    who        text not null,
    seen_at    timestamptz not null,
    primary key (complaint, who)
);
create index presence_by_time on presence (seen_at);
