-- Companies, agents and what companies know; what tools did in a call and where calls were sent; who did what.

create table configuration (
    the_only   boolean primary key default true check (the_only),
    revision   bigint not null default 0,
    changed_at timestamptz not null default now()
);

insert into configuration default values;

comment on table configuration is 'One row. Whoever changes companies or agents locks it first, so changes follow one another.';
comment on column configuration.revision is 'Grows with every change; roles ask for it and read the rest when it has grown.';

create table companies (
    company    text collate "C" primary key,
    body       jsonb not null,
    updated_at timestamptz not null default now()
);

comment on table companies is 'Everybody whose calls are answered.';
comment on column companies.body is 'The company as configured, without its agents. Holds phone numbers of transfer targets.';

create table agent_versions (
    company    text collate "C" not null,
    agent      text collate "C" not null,
    version    text collate "C" not null,
    revision   bigint not null,
    body       jsonb not null,
    applied_at timestamptz not null default now(),
    primary key (company, agent, version)
);

comment on table agent_versions is 'Every version of every agent there ever was, until a person removes one.';
comment on column agent_versions.version is 'Hash of the agent''s configuration.';
comment on column agent_versions.revision is 'Of the configuration that applied it first: the order of versions.';
comment on column agent_versions.body is 'The agent as configured. Names secrets, never holds one.';
comment on column agent_versions.applied_at is 'When it was first applied.';

create table agents (
    company text collate "C" not null references companies,
    agent   text collate "C" not null,
    version text collate "C" not null,
    primary key (company, agent),
    foreign key (company, agent, version) references agent_versions
);

comment on table agents is 'The agents that answer calls now, and by which version.';

create table agent_numbers (
    number  text collate "C" primary key,
    company text collate "C" not null,
    agent   text collate "C" not null,
    foreign key (company, agent) references agents on delete cascade
);

comment on table agent_numbers is 'Called numbers and who answers them: one agent a number, over all companies.';

create index agent_numbers_by_agent on agent_numbers (company, agent);

create table records (
    company    text collate "C" not null,
    kind       text collate "C" not null,
    folded     text collate "C" not null,
    key        text not null,
    body       jsonb not null,
    words      text[] not null default '{}',
    updated_at timestamptz not null default now(),
    primary key (company, kind, folded)
);

comment on table records is 'What a company knows: orders, products, loans, customers, articles. May hold personal data.';
comment on column records.kind is 'One word of the company''s: order, product, article, ...';
comment on column records.folded is 'The key in lower case and without spaces: what keys are compared by.';
comment on column records.key is 'The key as it was written.';
comment on column records.body is 'Its fields.';
comment on column records.words is 'The different words of key and fields, in lower case: what is searched.';

create index records_by_word on records using gin (words);

create table tool_runs (
    call_sid  text collate "C" not null,
    epoch     bigint not null,
    sequence  bigint not null,
    company   text,
    tool_call text not null,
    name      text not null,
    took_ms   bigint not null,
    outcome   text not null check (outcome in ('answered', 'failed', 'timed_out', 'cancelled', 'refused')),
    error     text,
    arguments text,
    output    text,
    ended_at  timestamptz not null,
    primary key (call_sid, epoch, sequence)
);

comment on table tool_runs is 'Tools that were run in calls, one row a run. May hold personal data.';
comment on column tool_runs.sequence is 'Of the event that told it.';
comment on column tool_runs.tool_call is 'The provider''s name of the request; with the call it is the key the outside world was given.';
comment on column tool_runs.took_ms is 'From asking to answer.';
comment on column tool_runs.error is 'The typed error the model was given.';
comment on column tool_runs.arguments is 'JSON as the model wrote it; null where the tool''s configuration keeps only its name.';
comment on column tool_runs.output is 'JSON as the model got it; null as arguments.';

create index tool_runs_by_time on tool_runs using brin (ended_at);

create table transfers (
    call_sid    text collate "C" not null,
    epoch       bigint not null,
    company     text,
    kind        text not null,
    target      text not null,
    asked_at    timestamptz,
    returned_at timestamptz,
    outcome     text check (outcome in ('answered', 'no_answer', 'busy', 'failed', 'declined', 'left')),
    talked_s    bigint,
    primary key (call_sid, epoch),
    check ((returned_at is null) = (outcome is null))
);

comment on table transfers is 'Places calls were sent to: asked for by a worker, ended by a gateway, told in any order.';
comment on column transfers.epoch is 'The claim under which the call left: a part of a call leaves once.';
comment on column transfers.kind is 'transfer, conference, queue, digits, ...';
comment on column transfers.target is 'Name of the place in the company''s list, never a number; empty for keys.';
comment on column transfers.asked_at is 'When it was asked for; null while only its end is known.';
comment on column transfers.returned_at is 'When the place was left; null while under way.';
comment on column transfers.talked_s is 'Connected time, in seconds.';

create table tickets (
    call_sid  text collate "C" not null,
    epoch     bigint not null,
    sequence  bigint not null,
    number    text not null,
    company   text,
    priority  text not null,
    category  text not null,
    subject   text not null,
    details   text not null,
    opened_at timestamptz not null,
    primary key (call_sid, epoch, sequence)
);

comment on table tickets is 'Tickets that agents opened.';
comment on column tickets.sequence is 'Of the event that told it.';
comment on column tickets.number is 'Told to the caller.';
comment on column tickets.priority is 'low, normal, high or urgent.';
comment on column tickets.category is 'What it is about, one word of the company''s.';
comment on column tickets.subject is 'One line. Personal data.';
comment on column tickets.details is 'All of it. Personal data.';

create index tickets_by_number on tickets (number);
create index tickets_by_company on tickets (company, opened_at desc);

create table audit (
    place    bigint generated always as identity primary key,
    at       timestamptz not null,
    company  text,
    call_sid text,
    actor    text not null,
    action   text not null,
    detail   text not null
);

comment on table audit is 'Who did what that a person may ask about later. Rows are added, never changed or removed.';
comment on column audit.place is 'The order in which it was written.';
comment on column audit.call_sid is 'In which call, if in one.';
comment on column audit.actor is 'Who: agent, apply, import, ...';
comment on column audit.action is 'What: refused transfer_call, applied reception, ...';
comment on column audit.detail is 'More about it; no personal data.';

create index audit_by_company on audit (company, at desc, place desc);

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'rows of audit are added, never changed or removed';
end $$;

create trigger audit_is_append_only before update or delete on audit
    for each statement execute function audit_is_append_only();

alter table calls add column tools bigint not null default 0;
alter table calls add column transfers bigint not null default 0;
alter table turns add column agent_version text;

comment on column calls.tools is 'Tools run.';
comment on column calls.transfers is 'Places the call was sent to.';
comment on column turns.agent_version is 'Version of the configuration the agent spoke with; null for the caller.';
