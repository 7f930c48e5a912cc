-- Search and order of cases at a million: what can be looked for lies beside the case, not in indexes of its own row,
-- which changes with every entry.

drop index complaints_words;
drop index entries_words;
drop function bigrams(text);

-- How words are compared: full width, case and layout do not matter.
create function case_plain(words text) returns text language sql immutable strict parallel safe as $$
    select regexp_replace(lower(normalize(words, NFKC)), '\s+', ' ', 'g')
$$;

-- Every place of a word with what follows it: four letters or digits, or two of any other script. The last ones of a
-- word are shorter, so that a query shorter than that is found by its beginning.
create function case_grams(plain text) returns tsvector language sql immutable strict parallel safe as $$
    select array_to_tsvector(coalesce(array_agg(distinct substr(run, n, size)), '{}'))
    from (
        select m[1] as run, case when m[1] ~ '^[a-z0-9]' then 4 else 2 end as size
        from regexp_matches(plain, '[a-z0-9]+|[^\x01-\x7f]+', 'g') as m
    ) runs, generate_series(1, length(run)) as n
$$;

-- All of a word's places at once.
create function case_query(plain text) returns tsquery language sql immutable strict parallel safe as $$
    select coalesce(string_agg(distinct case when length(run) < size then '''' || run || ''':*'
        else '''' || substr(run, n, size) || '''' end, ' & '), '')::tsquery
    from (
        select m[1] as run, case when m[1] ~ '^[a-z0-9]' then 4 else 2 end as size
        from regexp_matches(plain, '[a-z0-9]+|[^\x01-\x7f]+', 'g') as m
    ) runs, generate_series(1, greatest(length(run) - size + 1, 1)) as n
$$;

-- One row a case for what all staff may read, one for what is meant for few. What the product itself says is the same
-- in all cases and is not looked for.
create table case_words (
    complaint  text not null references complaints,
    internal   boolean not null,
    plain      text not null,
    words      tsvector not null,
    primary key (complaint, internal)
);

create function case_facts(c complaints) returns text language sql stable as $$
    select concat_ws(E'\n', c.number, c.text, c.station, c.matched_station, c.customer_name, c.customer_phone,
        c.customer_email, c.customer_plate, c.customer_token, c.account, c.payment_reference, c.order_ref)
$$;

create function case_words_of(wanted text) returns setof case_words language sql stable as $$
    select complaint, internal, plain, case_grams(plain) from (
        select s.complaint, s.internal, case_plain(string_agg(s.words, E'\n' order by s.seq)) as plain from (
            select c.number as complaint, false as internal, 0 as seq, case_facts(c) as words
            from complaints c where c.number = wanted
            union all
            select e.complaint, e.audience = 'internal', e.seq, e.text from entries e
            where e.complaint = wanted and e.text <> '' and e.author <> 'ohmbudsman' and e.type <> 'filed'
        ) s group by s.complaint, s.internal
    ) made
$$;

create function case_words_anew() returns trigger language plpgsql as $$
begin
    if tg_table_name = 'complaints' then
        delete from case_words where complaint = new.number;
        insert into case_words select * from case_words_of(new.number);
    else
        delete from case_words where complaint = new.complaint;
        insert into case_words select * from case_words_of(new.complaint);
    end if;
    return null;
end $$;

create function case_words_more() returns trigger language plpgsql as $$
begin
    insert into case_words as w (complaint, internal, plain, words)
        values (new.complaint, new.audience = 'internal', case_plain(new.text), case_grams(case_plain(new.text)))
    on conflict (complaint, internal) do update
        set plain = w.plain || ' ' || excluded.plain, words = w.words || excluded.words;
    return null;
end $$;

create trigger case_words_filed after insert on complaints for each row execute function case_words_anew();
create trigger case_words_changed
    after update of text, station, matched_station, customer_name, customer_phone, customer_email, customer_plate,
        customer_token, account, payment_reference, order_ref
    on complaints for each row
    when ((old.text, old.station, old.matched_station, old.customer_name, old.customer_phone, old.customer_email,
            old.customer_plate, old.customer_token, old.account, old.payment_reference, old.order_ref)
        is distinct from (new.text, new.station, new.matched_station, new.customer_name, new.customer_phone,
            new.customer_email, new.customer_plate, new.customer_token, new.account, new.payment_reference,
            new.order_ref))
    execute function case_words_anew();
create trigger case_words_said after insert on entries for each row
    when (new.text <> '' and new.author <> 'ohmbudsman' and new.type <> 'filed') execute function case_words_more();
create trigger case_words_redacted after update of text on entries for each row
    when (old.text is distinct from new.text) execute function case_words_anew();

insert into case_words select w.* from complaints c, case_words_of(c.number) w;
create index case_words_by_words on case_words using gin (words);

-- Whose turn a case is, and the clock that decides among those: 0 danger, 1 ours, 2 the customer's, 3 ended.
alter table complaints
    add column turn int not null generated always as (case
        when state in ('closed', 'merged', 'external', 'withdrawn') then 3
        when state in ('need_info', 'informed', 'confirming') then 2
        when level = 1 then 0 else 1 end) stored,
    add column next_kind text,
    add column next_at timestamptz;
update complaints c set next_kind = d.kind, next_at = d.due_at
    from (
        select distinct on (complaint, round) complaint, round, kind, due_at from deadlines
        where met_at is null and started_at is not null and not stopped and kind not like 'follow_up%'
        order by complaint, round, due_at
    ) d
    where d.complaint = c.number and d.round = c.round and c.turn < 2;
create index complaints_by_turn on complaints (turn, next_at, number desc) include (owner);
create index complaints_of_department on complaints (department, turn, next_at, number desc);
drop index complaints_by_department;
create index if not exists complaints_by_phone on complaints (customer_phone) where customer_phone is not null;
create index if not exists complaints_by_email on complaints (customer_email) where customer_email is not null;
create index if not exists complaints_by_token on complaints (customer_token) where customer_token is not null;
create index if not exists complaints_by_plate on complaints (customer_plate) where customer_plate is not null;
