-- What reports count of a judgement, beside it: to read every judgement for its codes takes a second by itself.
alter table assessments
    add column codes jsonb generated always as
        (jsonb_path_query_array(judgement, '$.findings[*] ? (@.stance != "inconclusive").code')) stored,
    add column decisive jsonb generated always as (judgement -> 'decisive') stored;

-- Use and faults of a time, over all stations: both tables are written in order of time.
create index transactions_by_time on transactions using brin (started_at) with (pages_per_range = 16);
create index faults_by_time on faults using brin (opened_at) with (pages_per_range = 16);
