-- As in postgres/0008_calls_by_called.sql.
create index calls_by_called on calls (called, began_at desc);
