-- As in postgres/0006_calls_to_look_after.sql.
create index calls_to_look_after on calls (ended_at, call_sid) where looked_after_at is null and end_reason <> 'open';
