-- Figures about the last day are asked for every few seconds: commands by when they were asked for, in a few pages.
create index commands_by_time on commands using brin (requested_at);

-- Clocks that run or ran out, of all deadlines there ever were.
create index deadlines_unmet on deadlines (kind) where met_at is null and not stopped and started_at is not null;
