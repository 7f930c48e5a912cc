-- Several cases may be about one payment: what was given back of it is asked at every approval.
create index refunds_behind on refunds (of_ref) where of_ref is not null;
