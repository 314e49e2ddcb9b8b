-- Companies, agents and what companies know, as in postgres/0002_directory.sql, where every column is explained.

create table configuration (
    the_only   integer primary key default 1 check (the_only = 1),
    revision   integer not null default 0,
    changed_at integer not null default 0
) strict;

insert into configuration default values;

create table companies (
    company    text primary key,
    body       text not null check (json_valid(body)),
    updated_at integer not null
) strict, without rowid;

create table agent_versions (
    company    text not null,
    agent      text not null,
    version    text not null,
    revision   integer not null,
    body       text not null check (json_valid(body)),
    applied_at integer not null,
    primary key (company, agent, version)
) strict, without rowid;

create table agents (
    company text not null references companies,
    agent   text not null,
    version text not null,
    primary key (company, agent),
    foreign key (company, agent, version) references agent_versions
) strict, without rowid;

create table agent_numbers (
    number  text primary key,
    company text not null,
    agent   text not null,
    foreign key (company, agent) references agents on delete cascade
) strict, without rowid;

create index agent_numbers_by_agent on agent_numbers (company, agent);

-- `words` is one text here, each word between spaces: a laptop's few thousand records are read through.
create table records (
    company    text not null,
    kind       text not null,
    folded     text not null,
    key        text not null,
    body       text not null check (json_valid(body)),
    words      text not null default '',
    updated_at integer not null,
    primary key (company, kind, folded)
) strict, without rowid;

create table tool_runs (
    call_sid  text not null,
    epoch     integer not null,
    sequence  integer not null,
    company   text,
    tool_call text not null,
    name      text not null,
    took_ms   integer not null,
    outcome   text not null check (outcome in ('answered', 'failed', 'timed_out', 'cancelled', 'refused')),
    error     text,
    arguments text,
    output    text,
    ended_at  integer not null,
    primary key (call_sid, epoch, sequence)
) strict, without rowid;

create table transfers (
    call_sid    text not null,
    epoch       integer not null,
    company     text,
    kind        text not null,
    target      text not null,
    asked_at    integer,
    returned_at integer,
    outcome     text check (outcome in ('answered', 'no_answer', 'busy', 'failed', 'declined', 'left')),
    talked_s    integer,
    primary key (call_sid, epoch),
    check ((returned_at is null) = (outcome is null))
) strict, without rowid;

create table tickets (
    call_sid  text not null,
    epoch     integer not null,
    sequence  integer not null,
    number    text not null,
    company   text,
    priority  text not null,
    category  text not null,
    subject   text not null,
    details   text not null,
    opened_at integer not null,
    primary key (call_sid, epoch, sequence)
) strict, without rowid;

create index tickets_by_number on tickets (number);
create index tickets_by_company on tickets (company, opened_at desc);

create table audit (
    place    integer primary key autoincrement,
    at       integer not null,
    company  text,
    call_sid text,
    actor    text not null,
    action   text not null,
    detail   text not null
) strict;

create index audit_by_company on audit (company, at desc, place desc);

create trigger audit_is_not_changed before update on audit begin
    select raise(abort, 'rows of audit are added, never changed or removed');
end;

create trigger audit_is_not_removed before delete on audit begin
    select raise(abort, 'rows of audit are added, never changed or removed');
end;

alter table calls add column tools integer not null default 0;
alter table calls add column transfers integer not null default 0;
alter table turns add column agent_version text;
