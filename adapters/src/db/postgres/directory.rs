//! The directory in Postgres. Whoever changes it locks the one row of `configuration` first, so changes follow one
//! another and what `change` was thought out from is still so when it is written.

use super::{Borrowed, Postgres, within};
use crate::db::deeds::{AuditRow, TicketRow, ToolRunRow, TransferRow};
use crate::db::directory::{self, AgentRow, Change, CompanyRow, InForce, NumberRow, VersionRow};
use crate::db::records::{self, AT_ONCE, FoundRow, RecordRow};
use crate::db::rows::{array, count};
use async_trait::async_trait;
use common::clock::unix_ms;
use common::company::Company;
use common::ids::{AgentId, CallId, CompanyId};
use common::ports::{
    AgentVersion, Audited, Configuration, DbError, Directory, Record, Stored, Ticket, ToolRun, Transfer,
};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::QueryAs;
use sqlx::{Connection, FromRow, PgConnection};

/// Agents in force with their bodies.
macro_rules! select_agents {
    () => {
        "select company, agent, version, body::text as body from agents join agent_versions using (company, agent, version)"
    };
}

#[async_trait]
impl Directory for Postgres {
    async fn revision(&self) -> Result<u64, DbError> {
        let rows = self.rows(sqlx::query_as::<_, (i64,)>("select revision from configuration")).await?;
        Ok(rows.first().map_or(0, |row| count(row.0)))
    }

    async fn configuration(&self) -> Result<Configuration, DbError> {
        let mut connection = self.borrow().await?;
        match configuration(connection.sql()).await {
            Ok(found) => {
                connection.trust();
                found
            }
            Err(error) => Err(self.given_up(connection, error).await),
        }
    }

    async fn apply(&self, company: &Company, actor: &str) -> Result<u64, DbError> {
        let mut connection = self.borrow().await?;
        match apply(connection.sql(), company, actor).await {
            Ok(revision) => {
                connection.trust();
                Ok(count(revision))
            }
            Err(error) => Err(self.given_up(connection, error).await),
        }
    }

    async fn versions(&self, company: &CompanyId) -> Result<Vec<AgentVersion>, DbError> {
        let ask = sqlx::query_as::<_, VersionRow>(
            "select v.agent, v.version, (extract(epoch from v.applied_at) * 1000)::bigint as applied_ms,
                    a.version is not null as current
             from agent_versions v left join agents a using (company, agent, version)
             where company = $1 order by v.revision desc, v.agent, v.version",
        );
        self.rows(ask.bind(company.to_string())).await?.into_iter().map(AgentVersion::try_from).collect()
    }

    async fn forget_version(&self, company: &CompanyId, agent: &AgentId, version: &str) -> Result<(), DbError> {
        let mut connection = self.borrow().await?;
        match forget(connection.sql(), company, agent, version).await {
            Ok(()) => {
                connection.trust();
                Ok(())
            }
            Err(error) => Err(self.given_up(connection, error).await),
        }
    }

    async fn store(&self, records: &[Record]) -> Result<Stored, DbError> {
        let rows = records::rows(records)?;
        let mut connection = self.borrow().await?;
        match store(connection.sql(), &rows).await {
            Ok(stored) => {
                connection.trust();
                Ok(stored)
            }
            Err(error) => Err(self.given_up(connection, error).await),
        }
    }

    async fn record_of(&self, company: &CompanyId, kind: &str, key: &str) -> Result<Option<Record>, DbError> {
        let ask = sqlx::query_as::<_, FoundRow>(
            "select company, kind, key, body::text as body from records
             where company = $1 and kind = $2 and folded = $3",
        );
        let ask = ask.bind(company.to_string()).bind(kind.to_owned()).bind(records::fold(key));
        self.rows(ask).await?.pop().map(Record::try_from).transpose()
    }

    async fn search(&self, company: &CompanyId, kind: &str, words: &str, most: u32) -> Result<Vec<Record>, DbError> {
        let ask = sqlx::query_as::<_, FoundRow>(
            "select company, kind, key, body::text as body from records
             where company = $1 and kind = $2 and words && $3::text[]
             order by (select count(*) from unnest($3::text[]) as asked where asked = any(words)) desc, folded
             limit $4",
        );
        let ask = ask.bind(company.to_string()).bind(kind.to_owned());
        let ask = ask.bind(records::asked(words)).bind(records::most(most));
        self.rows(ask).await?.into_iter().map(Record::try_from).collect()
    }

    async fn records(&self, company: &CompanyId, kind: &str) -> Result<Vec<Record>, DbError> {
        let ask = sqlx::query_as::<_, FoundRow>(
            "select company, kind, key, body::text as body from records
             where company = $1 and kind = $2 order by folded",
        );
        let rows = self.rows(ask.bind(company.to_string()).bind(kind.to_owned())).await?;
        rows.into_iter().map(Record::try_from).collect()
    }

    async fn record_kinds(&self, company: &CompanyId) -> Result<Vec<String>, DbError> {
        let ask = sqlx::query_as::<_, (String,)>("select distinct kind from records where company = $1 order by kind");
        Ok(self.rows(ask.bind(company.to_string())).await?.into_iter().map(|row| row.0).collect())
    }

    async fn tickets(&self, call: &CallId) -> Result<Vec<Ticket>, DbError> {
        let ask = sqlx::query_as::<_, TicketRow>(
            "select call_sid, epoch, sequence, number, company, priority, category, subject, details,
                    (extract(epoch from opened_at) * 1000)::bigint as opened_ms
             from tickets where call_sid = $1 order by opened_at, epoch, sequence",
        );
        self.rows(ask.bind(call.to_string())).await?.into_iter().map(Ticket::try_from).collect()
    }

    async fn transfers(&self, call: &CallId) -> Result<Vec<Transfer>, DbError> {
        let ask = sqlx::query_as::<_, TransferRow>(concat!(
            select_transfers!(),
            " where call_sid = $1 order by coalesce(asked_at, returned_at), epoch"
        ));
        self.rows(ask.bind(call.to_string())).await?.into_iter().map(Transfer::try_from).collect()
    }

    async fn tool_runs(&self, call: &CallId) -> Result<Vec<ToolRun>, DbError> {
        let ask = sqlx::query_as::<_, ToolRunRow>(
            "select call_sid, epoch, sequence, company, tool_call, name, took_ms, outcome, error, arguments, output,
                    (extract(epoch from ended_at) * 1000)::bigint as ended_ms
             from tool_runs where call_sid = $1 order by ended_at, epoch, sequence",
        );
        Ok(self.rows(ask.bind(call.to_string())).await?.into_iter().map(ToolRun::from).collect())
    }

    async fn audit(&self, company: &CompanyId, most: u32) -> Result<Vec<Audited>, DbError> {
        let ask = sqlx::query_as::<_, AuditRow>(
            "select (extract(epoch from at) * 1000)::bigint as at_ms, company, call_sid, actor, action, detail
             from audit where company = $1 order by at desc, place desc limit $2",
        );
        let rows = self.rows(ask.bind(company.to_string()).bind(i64::from(most))).await?;
        rows.into_iter().map(Audited::try_from).collect()
    }
}

impl Postgres {
    /// Every row of an answer.
    pub(super) async fn rows<T>(&self, ask: QueryAs<'_, sqlx::Postgres, T, PgArguments>) -> Result<Vec<T>, DbError>
    where
        T: Send + Unpin + for<'r> FromRow<'r, PgRow>,
    {
        let mut connection = self.borrow().await?;
        match within(ask.fetch_all(connection.sql())).await {
            Ok(rows) => {
                connection.trust();
                Ok(rows)
            }
            Err(error) => Err(self.given_up(connection, error).await),
        }
    }

    /// Lets go of a connection that failed and says what is really wrong.
    pub(super) async fn given_up(&self, connection: Borrowed, error: DbError) -> DbError {
        drop(connection);
        self.explain(error).await
    }
}

/// Reads all of it as of one moment. Rows that cannot be read are no fault of the connection: the inner answer.
async fn configuration(connection: &mut PgConnection) -> Result<Result<Configuration, DbError>, DbError> {
    let mut moment = within(connection.begin_with("begin isolation level repeatable read read only")).await?;
    let revision = sqlx::query_scalar("select revision from configuration");
    let revision = within(revision.fetch_one(&mut *moment)).await?;
    let companies = sqlx::query_as::<_, CompanyRow>("select company, body::text as body from companies");
    let companies = within(companies.fetch_all(&mut *moment)).await?;
    let agents = within(sqlx::query_as::<_, AgentRow>(select_agents!()).fetch_all(&mut *moment)).await?;
    within(moment.rollback()).await?;
    Ok(directory::configuration(revision, companies, agents))
}

async fn apply(connection: &mut PgConnection, company: &Company, actor: &str) -> Result<i64, DbError> {
    let mut transaction = within(connection.begin()).await?;
    let lock = sqlx::query_scalar::<_, i64>("select revision from configuration for update");
    let revision = within(lock.fetch_one(&mut *transaction)).await?;
    let found = in_force(&mut transaction, company).await?;
    let Some(change) = directory::change(company, actor, unix_ms(), &found)? else {
        within(transaction.rollback()).await?;
        return Ok(revision);
    };
    write_company(&mut transaction, &change, revision + 1).await?;
    write_numbers(&mut transaction, &change).await?;
    write_audit(&mut transaction, &change.audit).await?;
    let grow = sqlx::query("update configuration set revision = $1, changed_at = now()").bind(revision + 1);
    within(grow.execute(&mut *transaction)).await?;
    within(transaction.commit()).await?;
    Ok(revision + 1)
}

async fn in_force(connection: &mut PgConnection, company: &Company) -> Result<InForce, DbError> {
    let id = company.id.as_str();
    let known = sqlx::query_as("select company, body::text as body from companies where company = $1");
    let agents = sqlx::query_as(concat!(select_agents!(), " where company = $1"));
    let elsewhere = sqlx::query_as::<_, NumberRow>(
        "select number, company, agent from agent_numbers where number = any($1) and company <> $2",
    );
    Ok(InForce {
        company: within(known.bind(id).fetch_optional(&mut *connection)).await?,
        agents: within(agents.bind(id).fetch_all(&mut *connection)).await?,
        elsewhere: within(elsewhere.bind(directory::numbers(company)).bind(id).fetch_all(connection)).await?,
    })
}

async fn write_company(connection: &mut PgConnection, change: &Change, revision: i64) -> Result<(), DbError> {
    let company = sqlx::query(
        "insert into companies (company, body) values ($1, $2::jsonb)
         on conflict (company) do update set body = excluded.body, updated_at = now()",
    );
    within(company.bind(&change.company).bind(&change.body).execute(&mut *connection)).await?;
    for row in &change.agents {
        // A version is its text; a newer build may read more out of the same text.
        let version = sqlx::query(
            "insert into agent_versions (company, agent, version, revision, body) values ($1, $2, $3, $4, $5::jsonb)
             on conflict (company, agent, version) do update set body = excluded.body",
        );
        let version = version.bind(&row.company).bind(&row.agent).bind(&row.version).bind(revision).bind(&row.body);
        within(version.execute(&mut *connection)).await?;
        let agent = sqlx::query(
            "insert into agents (company, agent, version) values ($1, $2, $3)
             on conflict (company, agent) do update set version = excluded.version",
        );
        within(agent.bind(&row.company).bind(&row.agent).bind(&row.version).execute(&mut *connection)).await?;
    }
    let withdraw = sqlx::query("delete from agents where company = $1 and agent = any($2)");
    within(withdraw.bind(&change.company).bind(&change.withdrawn).execute(connection)).await?;
    Ok(())
}

async fn write_numbers(connection: &mut PgConnection, change: &Change) -> Result<(), DbError> {
    let old = sqlx::query("delete from agent_numbers where company = $1");
    within(old.bind(&change.company).execute(&mut *connection)).await?;
    let new = sqlx::query(
        "insert into agent_numbers (number, company, agent)
         select number, $1, agent from unnest($2::text[], $3::text[]) as n (number, agent)",
    )
    .bind(&change.company)
    .bind(change.numbers.iter().map(|row| row.number.as_str()).collect::<Vec<_>>())
    .bind(change.numbers.iter().map(|row| row.agent.as_str()).collect::<Vec<_>>());
    within(new.execute(connection)).await?;
    Ok(())
}

async fn forget(
    connection: &mut PgConnection,
    company: &CompanyId,
    agent: &AgentId,
    version: &str,
) -> Result<(), DbError> {
    let mut transaction = within(connection.begin()).await?;
    within(sqlx::query("select revision from configuration for update").execute(&mut *transaction)).await?;
    let current = sqlx::query_scalar::<_, bool>(
        "select exists (select from agents where company = $1 and agent = $2 and version = $3)
         from agent_versions where company = $1 and agent = $2 and version = $3",
    );
    let current = current.bind(company.as_str()).bind(agent.as_str()).bind(version);
    let current = within(current.fetch_optional(&mut *transaction)).await?;
    if current != Some(false) {
        return Err(directory::not_forgotten(agent, version, current));
    }
    let forget = sqlx::query("delete from agent_versions where company = $1 and agent = $2 and version = $3");
    let forget = forget.bind(company.as_str()).bind(agent.as_str()).bind(version);
    within(forget.execute(&mut *transaction)).await?;
    write_audit(&mut transaction, &[directory::forgotten(company, agent, version, unix_ms())?]).await?;
    within(transaction.commit()).await
}

async fn store(connection: &mut PgConnection, rows: &[RecordRow]) -> Result<Stored, DbError> {
    let mut transaction = within(connection.begin()).await?;
    let (mut known, mut written) = (0, 0);
    for rows in rows.chunks(AT_ONCE) {
        let upsert = sqlx::query_as::<_, (i64, i64)>(STORE_RECORDS).bind(array(rows)?);
        let (added, changed) = within(upsert.fetch_one(&mut *transaction)).await?;
        known += i64::try_from(rows.len()).unwrap_or(i64::MAX) - added;
        written += added + changed;
    }
    let stored = records::stored(rows.len(), known, written);
    write_audit(&mut transaction, &records::audit(rows, stored, unix_ms())?).await?;
    within(transaction.commit()).await?;
    Ok(stored)
}

/// Adds rows to the audit; also what the recorder was told.
pub(super) async fn write_audit(connection: &mut PgConnection, rows: &[AuditRow]) -> Result<(), DbError> {
    if !rows.is_empty() {
        within(sqlx::query(INSERT_AUDIT).bind(array(rows)?).execute(connection)).await?;
    }
    Ok(())
}

/// A row that was inserted has never been deleted or locked: its `xmax` is 0.
const STORE_RECORDS: &str = "
    with told as (
        select company, kind, folded, key, body::jsonb as body, string_to_array(btrim(words), ' ') as words
        from json_to_recordset($1::json)
             as r (company text, kind text, folded text, key text, body text, words text)
    ), written as (
        insert into records as known (company, kind, folded, key, body, words)
        select company, kind, folded, key, body, words from told
        on conflict (company, kind, folded) do update
        set key = excluded.key, body = excluded.body, words = excluded.words, updated_at = now()
        where (known.key, known.body, known.words) is distinct from (excluded.key, excluded.body, excluded.words)
        returning xmax = 0 as added
    )
    select count(*) filter (where added), count(*) filter (where not added) from written";

const INSERT_AUDIT: &str = "
    insert into audit (at, company, call_sid, actor, action, detail)
    select to_timestamp(at_ms / 1000.0), company, call_sid, actor, action, detail
    from json_to_recordset($1::json)
         as r (at_ms bigint, company text, call_sid text, actor text, action text, detail text)";
