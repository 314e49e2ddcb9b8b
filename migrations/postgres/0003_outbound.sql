-- Batches of outbound calls: who is to be called, every attempt, who dials, and who must not be called.

create table outbound_batches (
    batch      text collate "C" primary key,
    name       text not null,
    company    text collate "C" not null,
    agent      text collate "C" not null,
    sender     text not null,
    consent    text not null,
    plan       jsonb not null,
    status     text not null check (status in ('running', 'paused', 'cancelled', 'done')),
    actor      text not null,
    created_at timestamptz not null,
    content    bytea not null,
    lines      bigint not null,
    waiting    bigint not null check (waiting >= 0),
    under_way  bigint not null default 0 check (under_way >= 0),
    attempts   bigint not null default 0 check (attempts >= 0),
    outcomes   jsonb not null default '{}'
);

comment on table outbound_batches is 'Batches of outbound calls. Whoever changes rows of a batch locks the batch first and keeps its counts.';
comment on column outbound_batches.sender is 'Our number, E.164.';
comment on column outbound_batches.consent is 'On what ground these people may be called; for whoever asks later.';
comment on column outbound_batches.plan is 'How it is called: pace, window, retries, what is done when a machine answers.';
comment on column outbound_batches.actor is 'Who began it.';
comment on column outbound_batches.content is 'SHA-256 of its rows: the same batch begun again is told from another one.';
comment on column outbound_batches.lines is 'Rows it has.';
comment on column outbound_batches.waiting is 'Rows of it that wait. Counted here so that half a million rows need not be read to say how far it is.';
comment on column outbound_batches.under_way is 'Rows of it that are being called.';
comment on column outbound_batches.attempts is 'Attempts made.';
comment on column outbound_batches.outcomes is 'Rows that have their outcome: {outcome: rows}.';

-- Lists, newest first, of everybody and of one company; batches that need the dialer.
create index outbound_batches_by_beginning on outbound_batches (created_at desc, batch desc);
create index outbound_batches_by_company on outbound_batches (company, created_at desc, batch desc);
create index outbound_batches_live on outbound_batches (created_at, batch) where status = 'running' or under_way > 0;

create table outbound_rows (
    batch      text collate "C" not null,
    line       bigint not null,
    number     text not null,
    zones      jsonb not null,
    language   text,
    columns    jsonb not null,
    status     text not null default 'waiting' check (status in ('waiting', 'placing', 'placed', 'done')),
    attempts   bigint not null default 0,
    due_at     timestamptz not null,
    claimed_at timestamptz,
    call_sid   text collate "C",
    outcome    text check (outcome in ('answered', 'machine', 'message_left', 'no_answer', 'busy', 'failed', 'refused',
                                       'opted_out', 'expired', 'cancelled', 'unknown')),
    detail     text not null default '',
    primary key (batch, line),
    check ((status = 'done') = (outcome is not null))
);

comment on table outbound_rows is 'Who is to be called, and how far that is. Personal data.';
comment on column outbound_rows.line is 'The line of the file it stands in: its name within the batch.';
comment on column outbound_rows.number is 'E.164.';
comment on column outbound_rows.zones is 'Time zones their clock may show; a call must be within the window in all of them.';
comment on column outbound_rows.language is 'BCP 47; null for the agent''s own.';
comment on column outbound_rows.columns is 'What else the file says of them, by column.';
comment on column outbound_rows.status is 'placing: the network is being asked. placed: it has taken the call.';
comment on column outbound_rows.attempts is 'Attempts so far; the last one is in force while the row is placing or placed.';
comment on column outbound_rows.due_at is 'When it may be called next.';
comment on column outbound_rows.claimed_at is 'When its last attempt was claimed.';
comment on column outbound_rows.call_sid is 'The call of its last attempt, once the network has said which.';
comment on column outbound_rows.detail is 'How its last attempt ended, where that says more: the network''s code or status.';

-- Few rows are under way and only those that wait are looked through: both indexes shrink as the batch goes on.
create index outbound_rows_due on outbound_rows (batch, due_at, line) where status = 'waiting';
create index outbound_rows_under_way on outbound_rows (batch, claimed_at, line) where status in ('placing', 'placed');

create table outbound_attempts (
    batch      text collate "C" not null,
    line       bigint not null,
    attempt    bigint not null,
    claimed_at timestamptz not null,
    placed_at  timestamptz,
    settled_at timestamptz,
    call_sid   text collate "C",
    outcome    text check (outcome in ('answered', 'machine', 'message_left', 'no_answer', 'busy', 'failed', 'refused',
                                       'opted_out', 'expired', 'cancelled', 'unknown')),
    detail     text not null default '',
    primary key (batch, line, attempt),
    check ((settled_at is null) = (outcome is null))
);

comment on table outbound_attempts is 'Every try to call somebody of a batch. One that certainly was not a call leaves no row.';
comment on column outbound_attempts.attempt is 'From 1 within the row.';
comment on column outbound_attempts.claimed_at is 'When it began, by the dialer''s clock.';
comment on column outbound_attempts.placed_at is 'When the network had taken the call.';
comment on column outbound_attempts.settled_at is 'When its end was known; null while under way.';
comment on column outbound_attempts.detail is 'How it ended, where that says more.';

create table outbound_lead (
    the_only boolean primary key default true check (the_only),
    holder   text not null,
    until_at timestamptz not null
);

comment on table outbound_lead is 'At most one row: which process dials, and until when nobody else may.';

create table opt_outs (
    company      text collate "C" not null,
    number       text collate "C" not null,
    source       text not null,
    opted_out_at timestamptz not null default now(),
    primary key (company, number)
);

comment on table opt_outs is 'People a company must not call any more. Personal data.';
comment on column opt_outs.number is 'E.164.';
comment on column opt_outs.source is 'By whose word: call, file, command. The first one stays.';
