-- no-transaction
-- Which call an attempt became, and the calls of a batch.
create index concurrently calls_by_attempt on calls (attempt) where attempt is not null;
