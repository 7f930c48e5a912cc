-- Stations spell their id in another letter case than it was entered.
create index stations_by_spelling on stations (lower(id));
