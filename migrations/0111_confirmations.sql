-- Stars that customers gave with their confirmation: reports read them all, out of a thread that is a thousand times longer.
create index entries_confirmations on entries (complaint, seq) where type = 'confirmation';
