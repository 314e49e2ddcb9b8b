-- As in postgres/0007_calls_by_caller.sql.
create index calls_by_caller on calls (caller, began_at desc);
