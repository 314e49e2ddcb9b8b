-- As in postgres/0005_calls_by_attempt.sql.
create index calls_by_attempt on calls (attempt) where attempt is not null;
