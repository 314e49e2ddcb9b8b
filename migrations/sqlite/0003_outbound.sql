-- Batches of outbound calls, as in postgres/0003_outbound.sql, where every column is explained.

create table outbound_batches (
    batch      text primary key,
    name       text not null,
    company    text not null,
    agent      text not null,
    sender     text not null,
    consent    text not null,
    plan       text not null check (json_valid(plan)),
    status     text not null check (status in ('running', 'paused', 'cancelled', 'done')),
    actor      text not null,
    created_at integer not null,
    content    blob not null,
    lines      integer not null,
    waiting    integer not null check (waiting >= 0),
    under_way  integer not null default 0 check (under_way >= 0),
    attempts   integer not null default 0 check (attempts >= 0),
    outcomes   text not null default '{}' check (json_valid(outcomes))
) strict, without rowid;

create index outbound_batches_by_beginning on outbound_batches (created_at desc, batch desc);
create index outbound_batches_by_company on outbound_batches (company, created_at desc, batch desc);
create index outbound_batches_live on outbound_batches (created_at, batch) where status = 'running' or under_way > 0;

create table outbound_rows (
    batch      text not null,
    line       integer not null,
    number     text not null,
    zones      text not null check (json_valid(zones)),
    language   text,
    columns    text not null check (json_valid(columns)),
    status     text not null default 'waiting' check (status in ('waiting', 'placing', 'placed', 'done')),
    attempts   integer not null default 0,
    due_at     integer not null,
    claimed_at integer,
    call_sid   text,
    outcome    text check (outcome in ('answered', 'machine', 'message_left', 'no_answer', 'busy', 'failed', 'refused',
                                       'opted_out', 'expired', 'cancelled', 'unknown')),
    detail     text not null default '',
    primary key (batch, line),
    check ((status = 'done') = (outcome is not null))
) strict, without rowid;

create index outbound_rows_due on outbound_rows (batch, due_at, line) where status = 'waiting';
create index outbound_rows_under_way on outbound_rows (batch, claimed_at, line) where status in ('placing', 'placed');

create table outbound_attempts (
    batch      text not null,
    line       integer not null,
    attempt    integer not null,
    claimed_at integer not null,
    placed_at  integer,
    settled_at integer,
    call_sid   text,
    outcome    text check (outcome in ('answered', 'machine', 'message_left', 'no_answer', 'busy', 'failed', 'refused',
                                       'opted_out', 'expired', 'cancelled', 'unknown')),
    detail     text not null default '',
    primary key (batch, line, attempt),
    check ((settled_at is null) = (outcome is null))
) strict, without rowid;

create table outbound_lead (
    the_only integer primary key default 1 check (the_only = 1),
    holder   text not null,
    until_at integer not null
) strict;

create table opt_outs (
    company      text not null,
    number       text not null,
    source       text not null,
    opted_out_at integer not null,
    primary key (company, number)
) strict, without rowid;
