-- no-transaction
-- Calls that are over and that nobody has looked after yet: few at any time.
create index concurrently calls_to_look_after on calls (ended_at, call_sid) where looked_after_at is null and end_reason <> 'open';
