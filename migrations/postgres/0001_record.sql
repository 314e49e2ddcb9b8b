-- The record of calls: one row a call, its turns, the events both were made from, and what could not be stored.

create table calls (
    call_sid            text collate "C" primary key,
    company             text,
    agent               text,
    agent_version       text,
    direction           text check (direction in ('inbound', 'outbound')),
    caller              text,
    called              text,
    language            text,
    accepted_at         timestamptz,
    answered_at         timestamptz,
    ended_at            timestamptz,
    began_at            timestamptz generated always as (coalesce(accepted_at, answered_at, ended_at)) stored,
    duration_ms         bigint check (duration_ms >= 0),
    end_reason          text,
    twilio_status       text,
    workers             jsonb not null default '{}',
    turns               bigint not null default 0,
    interruptions       bigint not null default 0,
    agent_losses        bigint not null default 0,
    silence_prompts     bigint not null default 0,
    first_word_ms       bigint,
    reply_gap_max_ms    bigint,
    reply_gap_sum_ms    bigint not null default 0,
    reply_gaps          bigint not null default 0,
    usage_text_in       bigint not null default 0,
    usage_text_cached   bigint not null default 0,
    usage_audio_in      bigint not null default 0,
    usage_audio_cached  bigint not null default 0,
    usage_text_out      bigint not null default 0,
    usage_audio_out     bigint not null default 0,
    usage_transcription bigint not null default 0,
    usage_billed_ms     bigint not null default 0,
    tally               jsonb not null default '{}',
    evidence            jsonb not null default '{}',
    complete            boolean not null default false
);

comment on table calls is 'Call detail records: one row a call, merged from its events in any order.';
comment on column calls.call_sid is 'Twilio''s call sid: the identity of a call everywhere.';
comment on column calls.company is 'Whose call; null where no company could be found.';
comment on column calls.agent is 'The voice agent that answered; null for an unknown number.';
comment on column calls.agent_version is 'Version of the agent''s configuration.';
comment on column calls.direction is 'Seen from us.';
comment on column calls.caller is 'Who called: number, SIP address or client name. Personal data.';
comment on column calls.called is 'Who was called.';
comment on column calls.language is 'Language of the conversation, BCP 47.';
comment on column calls.accepted_at is 'When the first webhook came.';
comment on column calls.answered_at is 'When the first media stream started.';
comment on column calls.ended_at is 'When the last part ended or Twilio said so, whichever is later.';
comment on column calls.began_at is 'The earliest known of accepted, answered, ended: the order of lists.';
comment on column calls.duration_ms is 'Twilio''s word where there is one, else ended minus answered.';
comment on column calls.end_reason is '''open'', or the last worker''s reason, the gateway''s refusal, or Twilio''s final status.';
comment on column calls.twilio_status is 'Twilio''s last status.';
comment on column calls.workers is 'Workers that carried the call: {epoch: worker}.';
comment on column calls.turns is 'Turns stored.';
comment on column calls.interruptions is 'Times the caller interrupted.';
comment on column calls.agent_losses is 'Times the agent''s link was lost.';
comment on column calls.silence_prompts is 'Times the caller was asked whether they are still there.';
comment on column calls.first_word_ms is 'Start of the first stream to the first agent audio.';
comment on column calls.reply_gap_max_ms is 'Longest wait for an answer: caller stopped to first agent audio.';
comment on column calls.reply_gap_sum_ms is 'Sum of these waits; divided by reply_gaps it is the mean.';
comment on column calls.reply_gaps is 'Number of these waits.';
comment on column calls.usage_text_in is 'Text tokens in, cached ones included.';
comment on column calls.usage_audio_in is 'Audio tokens in, cached ones included.';
comment on column calls.usage_transcription is 'Tokens of the caller''s transcription.';
comment on column calls.usage_billed_ms is 'Connected or transcribed time, where a provider bills time.';
comment on column calls.tally is 'Events stored and expected: {"source:epoch": {seen, expected}}.';
comment on column calls.evidence is 'What the fold remembers beside the answer, so that order does not matter. For the fold only.';
comment on column calls.complete is 'Whether the call is closed and every event of it is here.';

-- Lists of calls, newest first: of everybody, of one company, and those still open.
create index calls_by_beginning on calls (began_at desc nulls last, call_sid desc);
create index calls_by_company on calls (company, began_at desc nulls last);
create index calls_open on calls (began_at) where end_reason is null or end_reason = 'open';

create table turns (
    call_sid   text collate "C" not null,
    epoch      bigint not null,
    sequence   bigint not null,
    number     bigint not null,
    speaker    text not null check (speaker in ('caller', 'agent')),
    spoken     text,
    started_ms bigint not null,
    ended_ms   bigint not null,
    heard_ms   bigint,
    of_ms      bigint,
    seen_at    timestamptz not null,
    primary key (call_sid, epoch, sequence),
    check ((heard_ms is null) = (of_ms is null))
);

comment on table turns is 'Who said what, as it was heard. Personal data.';
comment on column turns.epoch is 'Under which claim of the call it was heard; tells parts of a resumed call apart.';
comment on column turns.sequence is 'Of the event that told it.';
comment on column turns.number is 'Position in the conversation, in the order heard; numbers may be skipped.';
comment on column turns.spoken is 'What was heard of it; null when the caller''s words could not be transcribed.';
comment on column turns.started_ms is 'Milliseconds since the stream was answered.';
comment on column turns.ended_ms is 'Milliseconds since the stream was answered.';
comment on column turns.heard_ms is 'How much of an interrupted turn was heard; null when all of it was.';
comment on column turns.of_ms is 'How much audio of an interrupted turn was generated.';
comment on column turns.seen_at is 'When the worker told it.';

create table call_events (
    call_sid text collate "C" not null,
    source   text collate "C" not null check (source in ('gateway', 'worker', 'twilio')),
    epoch    bigint not null,
    sequence bigint not null,
    version  integer not null,
    kind     text not null,
    seen_at  timestamptz not null,
    company  text,
    trace    text not null,
    body     jsonb not null,
    primary key (call_sid, source, epoch, sequence)
);

comment on table call_events is 'Every event of every call, exactly once. calls and turns can be made again from it.';
comment on column call_events.source is 'Who saw it.';
comment on column call_events.epoch is 'Under which claim of the call; 0 where there was none.';
comment on column call_events.sequence is 'Counts from 0 within call, source and epoch.';
comment on column call_events.version is 'Version of the envelope it came in.';
comment on column call_events.kind is 'One word: accepted, turn, ended, ...';
comment on column call_events.seen_at is 'When it was seen, by the clock of who saw it.';
comment on column call_events.trace is 'W3C trace context of the call; empty when not traced.';
comment on column call_events.body is 'The event as published.';

-- Old events are removed by age. Rows arrive in the order of time, so a few pages of summary do.
create index call_events_by_time on call_events using brin (seen_at);

create table event_quarantine (
    sha256        bytea primary key,
    payload       bytea not null,
    reason        text not null,
    first_seen_at timestamptz not null default now(),
    last_seen_at  timestamptz not null default now(),
    times         bigint not null default 1
);

comment on table event_quarantine is 'Payloads that could not be stored as events, for a person to look at.';
comment on column event_quarantine.sha256 is 'Of the payload: repeats are one row.';
comment on column event_quarantine.reason is 'Why it could not be stored; the newest.';
comment on column event_quarantine.times is 'How often it came.';
