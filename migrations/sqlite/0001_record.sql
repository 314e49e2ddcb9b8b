-- The record of calls, as in postgres/0001_record.sql, where every column is explained.
-- Times (`…_at`) are milliseconds since 1970.

create table calls (
    call_sid            text primary key,
    company             text,
    agent               text,
    agent_version       text,
    direction           text check (direction in ('inbound', 'outbound')),
    caller              text,
    called              text,
    language            text,
    accepted_at         integer,
    answered_at         integer,
    ended_at            integer,
    began_at            integer generated always as (coalesce(accepted_at, answered_at, ended_at)) stored,
    duration_ms         integer check (duration_ms >= 0),
    end_reason          text,
    twilio_status       text,
    workers             text not null default '{}' check (json_valid(workers)),
    turns               integer not null default 0,
    interruptions       integer not null default 0,
    agent_losses        integer not null default 0,
    silence_prompts     integer not null default 0,
    first_word_ms       integer,
    reply_gap_max_ms    integer,
    reply_gap_sum_ms    integer not null default 0,
    reply_gaps          integer not null default 0,
    usage_text_in       integer not null default 0,
    usage_text_cached   integer not null default 0,
    usage_audio_in      integer not null default 0,
    usage_audio_cached  integer not null default 0,
    usage_text_out      integer not null default 0,
    usage_audio_out     integer not null default 0,
    usage_transcription integer not null default 0,
    usage_billed_ms     integer not null default 0,
    tally               text not null default '{}' check (json_valid(tally)),
    evidence            text not null default '{}' check (json_valid(evidence)),
    complete            integer not null default 0 check (complete in (0, 1))
) strict;

create index calls_by_beginning on calls (began_at desc, call_sid desc);
create index calls_by_company on calls (company, began_at desc);
create index calls_open on calls (began_at) where end_reason is null or end_reason = 'open';

create table turns (
    call_sid   text not null,
    epoch      integer not null,
    sequence   integer not null,
    number     integer not null,
    speaker    text not null check (speaker in ('caller', 'agent')),
    spoken     text,
    started_ms integer not null,
    ended_ms   integer not null,
    heard_ms   integer,
    of_ms      integer,
    seen_at    integer not null,
    primary key (call_sid, epoch, sequence),
    check ((heard_ms is null) = (of_ms is null))
) strict, without rowid;

create table call_events (
    call_sid text not null,
    source   text not null check (source in ('gateway', 'worker', 'twilio')),
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

create index call_events_by_time on call_events (seen_at);

create table event_quarantine (
    sha256        blob primary key,
    payload       blob not null,
    reason        text not null,
    first_seen_at integer not null,
    last_seen_at  integer not null,
    times         integer not null default 1
) strict, without rowid;
