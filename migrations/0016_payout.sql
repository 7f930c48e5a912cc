-- Money out: handed to the payment side by a signed call where there is one; fees waived, coupons.

alter table refunds
    drop constraint refunds_kind,
    drop constraint refunds_state,
    add column via text,
    add column code text,
    add constraint refunds_kind check (kind in ('refund', 'release_hold', 'waive_fee', 'coupon')),
    add constraint refunds_state check (state in
        ('proposed', 'declined', 'approved', 'initiated', 'sent', 'confirmed', 'failed'));

-- Asked once for each round that ended well; never after silence, merging or withdrawal.
create table surveys (
    complaint    text not null references complaints,
    round        int not null,
    asked_at     timestamptz not null,
    expires_at   timestamptz not null,
    answered_at  timestamptz,
    score        int,
    text         text,
    primary key (complaint, round),
    constraint surveys_score check (score between 1 and 5)
);
