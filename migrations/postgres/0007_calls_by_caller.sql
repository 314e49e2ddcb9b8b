-- no-transaction
-- Calls of a person, newest first; with calls_by_called.
create index concurrently calls_by_caller on calls (caller, began_at desc nulls last);
