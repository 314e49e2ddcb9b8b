-- no-transaction
-- Calls to a person, newest first; with calls_by_caller.
create index concurrently calls_by_called on calls (called, began_at desc nulls last);
