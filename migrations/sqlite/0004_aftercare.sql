-- What goes on around a call, as in postgres/0004_aftercare.sql, where every column is explained.
-- Amounts (`…_usd`) are whole billionths of a dollar.

alter table calls add column attempt text;
alter table calls add column answered_by text;
alter table calls add column machine text check (machine in ('went_on', 'hung_up', 'left_message'));
alter table calls add column messages integer not null default 0;
alter table calls add column recordings integer not null default 0;
alter table calls add column costs text not null default '{}' check (json_valid(costs));
alter table calls add column cost_usd integer not null default 0;
alter table calls add column looked_after_at integer;

-- Calls that ended before this was known are not looked after: nobody expects a summary of last year's call.
update calls set looked_after_at = cast(strftime('%s', 'now') as integer) * 1000 where end_reason <> 'open';

-- A check cannot be changed: the table is made again with the wider one.
create table call_events_wider (
    call_sid text not null,
    source   text not null check (source in ('gateway', 'worker', 'twilio', 'tap', 'recorder')),
    epoch    integer not null,
    sequence integer not null,
    version  integer not null,
    kind     text not null,
    seen_at  integer not null,
    company  text,
    trace    text not null,
    body     text not null check (json_valid(body)),
    primary key (call_sid, source, epoch, sequence)
) strict, without rowid;

insert into call_events_wider
select call_sid, source, epoch, sequence, version, kind, seen_at, company, trace, body from call_events;

drop table call_events;
alter table call_events_wider rename to call_events;
create index call_events_by_time on call_events (seen_at);

create table messages (
    message    text primary key,
    call_sid   text not null,
    company    text,
    template   text,
    country    text,
    segments   integer not null default 0,
    sent_at    integer,
    status     text,
    error_code integer
) strict, without rowid;

create index messages_by_call on messages (call_sid);

create table recordings (
    recording text primary key,
    call_sid  text not null,
    company   text,
    source    text check (source in ('twilio', 'patchbay')),
    place     text,
    began_at  integer,
    length_ms integer,
    bytes     integer,
    silent_ms integer not null default 0,
    status    text not null check (status in ('in_progress', 'complete', 'lost', 'stored', 'deleted')),
    why       text
) strict, without rowid;

create index recordings_by_call on recordings (call_sid);
create index recordings_by_company on recordings (company, began_at) where status in ('complete', 'stored');

create table summaries (
    call_sid  text primary key,
    company   text not null,
    agent     text not null,
    spoken    text not null,
    outcome   text not null
        check (outcome in ('resolved', 'partly_resolved', 'unresolved', 'escalated', 'no_request')),
    sentiment text not null check (sentiment in ('positive', 'neutral', 'negative')),
    fields    text not null check (json_valid(fields)),
    model     text not null,
    made_at   integer not null
) strict, without rowid;

create table aftercare_jobs (
    key        text primary key,
    call_sid   text not null,
    company    text not null,
    kind       text not null,
    work       text check (json_valid(work)),
    recording  text,
    due_at     integer not null,
    held_until integer,
    attempts   integer not null default 0,
    state      text not null default 'waiting' check (state in ('waiting', 'done', 'dead')),
    last_error text,
    created_at integer not null,
    check (work is not null or state = 'done')
) strict, without rowid;

create index aftercare_jobs_waiting on aftercare_jobs (due_at, key) where state = 'waiting';
create index aftercare_jobs_dead on aftercare_jobs (created_at) where state = 'dead';
create index aftercare_jobs_deleting on aftercare_jobs (recording) where kind = 'delete_recording';
