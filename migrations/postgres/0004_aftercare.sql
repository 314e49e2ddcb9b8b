-- What goes on around a call: what it cost, whether we made it and who answered, text messages and recordings, and what
-- is done after it ended.

alter table calls
    add column attempt         text collate "C",
    add column answered_by     text,
    add column machine         text check (machine in ('went_on', 'hung_up', 'left_message')),
    add column messages        bigint not null default 0,
    add column recordings      bigint not null default 0,
    add column costs           jsonb not null default '{}',
    add column cost_usd        numeric(20, 9) not null default 0,
    -- Calls that ended before this was known are not looked after: nobody expects a summary of last year's call.
    add column looked_after_at timestamptz default now();

alter table calls alter column looked_after_at drop default;
update calls set looked_after_at = null where end_reason is null or end_reason = 'open';

comment on column calls.attempt is 'Of a call that we made: which try of which batch, as batch.row.number.';
comment on column calls.answered_by is 'Of a call that we made: Twilio''s verdict on who answered.';
comment on column calls.machine is 'What was done when a machine answered.';
comment on column calls.messages is 'Text messages sent.';
comment on column calls.recordings is 'Recordings made, deleted ones too.';
comment on column calls.costs is 'What the call cost, part by part: {part: dollars as text}.';
comment on column calls.cost_usd is 'All parts together, in dollars.';
comment on column calls.looked_after_at is 'When it was decided what is done after the call; null until then.';

-- Every row satisfies the wider check because it satisfied the narrower: no need to read them all under a lock.
alter table call_events
    drop constraint call_events_source_check,
    add constraint call_events_source_check
        check (source in ('gateway', 'worker', 'twilio', 'tap', 'recorder')) not valid;

create table messages (
    message    text collate "C" primary key,
    call_sid   text collate "C" not null,
    company    text,
    template   text,
    country    text,
    segments   bigint not null default 0,
    sent_at    timestamptz,
    status     text,
    error_code bigint
);

comment on table messages is 'Text messages sent in or after calls: told by who sent them and by Twilio, in any order.';
comment on column messages.message is 'Twilio''s sid of it.';
comment on column messages.template is 'Name of its template; null while only its fate is known. What it says is nowhere kept.';
comment on column messages.country is 'Country it went to, two capital letters; empty when unknown.';
comment on column messages.segments is 'Parts it was cut into: each has its price.';
comment on column messages.status is 'The furthest it came, by Twilio''s word: queued, sent, delivered, ...';
comment on column messages.error_code is 'Twilio''s, with that status.';

create index messages_by_call on messages (call_sid);

create table recordings (
    recording text collate "C" primary key,
    call_sid  text collate "C" not null,
    company   text,
    source    text check (source in ('twilio', 'patchbay')),
    place     text,
    began_at  timestamptz,
    length_ms bigint,
    bytes     bigint,
    silent_ms bigint not null default 0,
    status    text not null check (status in ('in_progress', 'complete', 'lost', 'stored', 'deleted')),
    why       text
);

comment on table recordings is 'Recordings of calls: told by who made, fetched or deleted them, in any order. What was heard is not in here.';
comment on column recordings.recording is 'Twilio''s sid, or our own name for one that a worker made.';
comment on column recordings.source is 'Who made it; null while only its deletion is known.';
comment on column recordings.place is 'Its name in the store of recordings; null while it is not there.';
comment on column recordings.began_at is 'When its first sample was heard; of Twilio''s, when it was complete.';
comment on column recordings.silent_ms is 'How much of the length was not kept.';
comment on column recordings.status is 'The furthest it came.';
comment on column recordings.why is 'Why it was lost or deleted.';

create index recordings_by_call on recordings (call_sid);
create index recordings_by_company on recordings (company, began_at) where status in ('complete', 'stored');

create table summaries (
    call_sid  text collate "C" primary key,
    company   text not null,
    agent     text not null,
    spoken    text not null,
    outcome   text not null
        check (outcome in ('resolved', 'partly_resolved', 'unresolved', 'escalated', 'no_request')),
    sentiment text not null check (sentiment in ('positive', 'neutral', 'negative')),
    fields    json not null,
    model     text not null,
    made_at   timestamptz not null
);

comment on table summaries is 'What a model made of a call after it ended.';
comment on column summaries.spoken is 'Two or three sentences. Personal data.';
comment on column summaries.outcome is 'Whether the caller got what they called for.';
comment on column summaries.sentiment is 'How the caller felt at the end.';
comment on column summaries.fields is 'What the agent''s own schema asks for; null in JSON where it asks for nothing. Personal data.';

create table aftercare_jobs (
    key        text collate "C" primary key,
    call_sid   text collate "C" not null,
    company    text not null,
    kind       text not null,
    work       json,
    recording  text collate "C",
    due_at     timestamptz not null,
    held_until timestamptz,
    attempts   bigint not null default 0,
    state      text not null default 'waiting' check (state in ('waiting', 'done', 'dead')),
    last_error text,
    created_at timestamptz not null,
    check (work is not null or state = 'done')
);

comment on table aftercare_jobs is 'What is to be done after calls, each once: summaries, messages, webhooks, recordings fetched and deleted.';
comment on column aftercare_jobs.key is 'The same work has the same key.';
comment on column aftercare_jobs.kind is 'summarize, webhook, message, fetch_recording or delete_recording.';
comment on column aftercare_jobs.work is 'What exactly. May hold personal data, so it is removed once the job is done; json, not jsonb, because it is signed and sent as it is.';
comment on column aftercare_jobs.recording is 'Of which recording, where it is about one.';
comment on column aftercare_jobs.due_at is 'Not before.';
comment on column aftercare_jobs.held_until is 'Until then whoever took it is at work on it.';
comment on column aftercare_jobs.attempts is 'How often it was taken.';
comment on column aftercare_jobs.state is 'A dead one waits for a person to revive it.';
comment on column aftercare_jobs.last_error is 'Why it failed last; no personal data.';

create index aftercare_jobs_waiting on aftercare_jobs (due_at, key) where state = 'waiting';
create index aftercare_jobs_dead on aftercare_jobs (created_at) where state = 'dead';
create index aftercare_jobs_deleting on aftercare_jobs (recording) where kind = 'delete_recording';
