-- What a batch hands over, one row a message: the answer stands with its question, and the new head follows from both.
-- To the client that is half of what two rows and a head cost. `kept_frame` and `moved_head` stay for gateways of the
-- release before, which write on while this migrates.

create type kept_entry as (
    station      text,
    seq          bigint,
    received_us  bigint,
    at           timestamptz,
    kind         text,
    message_id   text,
    action       text,
    frame        text,
    session      bigint,
    by           text,
    complaint    text,
    repairs      text[],
    hash         bytea,
    prev_hash    bytea,
    answer       text,
    answered_us  bigint,
    answer_hash  bytea
);
