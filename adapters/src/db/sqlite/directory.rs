//! The directory in SQLite. A change takes the write lock at its beginning, so changes follow one another and what
//! `change` was thought out from is still so when it is written.

use super::{Sqlite, fault};
use crate::db::deeds::{AuditRow, TicketRow, ToolRunRow, TransferRow};
use crate::db::directory::{self, AgentRow, Change, CompanyRow, InForce, NumberRow, VersionRow};
use crate::db::records::{self, AT_ONCE, FoundRow, RecordRow};
use crate::db::rows::{array, big, count};
use async_trait::async_trait;
use common::clock::unix_ms;
use common::company::Company;
use common::ids::{AgentId, CallId, CompanyId};
use common::ports::{
    AgentVersion, Audited, Configuration, DbError, Directory, Record, Stored, Ticket, ToolRun, Transfer,
};
use sqlx::query::QueryAs;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqlitePool, SqliteRow};
use sqlx::{FromRow, Sqlite as Dialect};

/// Agents in force with their bodies.
macro_rules! select_agents {
    () => {
        "select company, agent, version, body from agents join agent_versions using (company, agent, version)"
    };
}

#[async_trait]
impl Directory for Sqlite {
    async fn revision(&self) -> Result<u64, DbError> {
        let rows = self.rows(sqlx::query_as::<_, (i64,)>("select revision from configuration")).await?;
        Ok(rows.first().map_or(0, |row| count(row.0)))
    }

    async fn configuration(&self) -> Result<Configuration, DbError> {
        match configuration(&self.pool).await {
            Ok((revision, companies, agents)) => directory::configuration(revision, companies, agents),
            Err(error) => Err(self.explain(fault(error)).await),
        }
    }

    async fn apply(&self, company: &Company, actor: &str) -> Result<u64, DbError> {
        match apply(&self.pool, company, actor).await {
            Ok(revision) => Ok(count(revision)),
            Err(error) => Err(self.explain(error).await),
        }
    }

    async fn versions(&self, company: &CompanyId) -> Result<Vec<AgentVersion>, DbError> {
        let ask = sqlx::query_as::<_, VersionRow>(
            "select v.agent, v.version, v.applied_at as applied_ms, a.version is not null as current
             from agent_versions v left join agents a using (company, agent, version)
             where company = $1 order by v.revision desc, v.agent, v.version",
        );
        self.rows(ask.bind(company.to_string())).await?.into_iter().map(AgentVersion::try_from).collect()
    }

    async fn forget_version(&self, company: &CompanyId, agent: &AgentId, version: &str) -> Result<(), DbError> {
        match forget(&self.pool, company, agent, version).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.explain(error).await),
        }
    }

    async fn store(&self, records: &[Record]) -> Result<Stored, DbError> {
        match store(&self.pool, &records::rows(records)?).await {
            Ok(stored) => Ok(stored),
            Err(error) => Err(self.explain(error).await),
        }
    }

    async fn record_of(&self, company: &CompanyId, kind: &str, key: &str) -> Result<Option<Record>, DbError> {
        let ask = sqlx::query_as::<_, FoundRow>(
            "select company, kind, key, body from records where company = $1 and kind = $2 and folded = $3",
        );
        let ask = ask.bind(company.to_string()).bind(kind.to_owned()).bind(records::fold(key));
        self.rows(ask).await?.pop().map(Record::try_from).transpose()
    }

    async fn search(&self, company: &CompanyId, kind: &str, words: &str, most: u32) -> Result<Vec<Record>, DbError> {
        let ask = sqlx::query_as::<_, FoundRow>(
            "select company, kind, key, body from (
                 select *, (select count(*) from json_each($3) where instr(words, ' ' || value || ' ') > 0) as found
                 from records where company = $1 and kind = $2)
             where found > 0 order by found desc, folded limit $4",
        );
        let ask = ask.bind(company.to_string()).bind(kind.to_owned());
        let ask = ask.bind(array(&records::asked(words))?).bind(records::most(most));
        self.rows(ask).await?.into_iter().map(Record::try_from).collect()
    }

    async fn records(&self, company: &CompanyId, kind: &str) -> Result<Vec<Record>, DbError> {
        let ask = sqlx::query_as::<_, FoundRow>(
            "select company, kind, key, body from records where company = $1 and kind = $2 order by folded",
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
                    opened_at as opened_ms
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
                    ended_at as ended_ms
             from tool_runs where call_sid = $1 order by ended_at, epoch, sequence",
        );
        Ok(self.rows(ask.bind(call.to_string())).await?.into_iter().map(ToolRun::from).collect())
    }

    async fn audit(&self, company: &CompanyId, most: u32) -> Result<Vec<Audited>, DbError> {
        let ask = sqlx::query_as::<_, AuditRow>(
            "select at as at_ms, company, call_sid, actor, action, detail
             from audit where company = $1 order by at desc, place desc limit $2",
        );
        let rows = self.rows(ask.bind(company.to_string()).bind(i64::from(most))).await?;
        rows.into_iter().map(Audited::try_from).collect()
    }
}

impl Sqlite {
    /// Every row of an answer.
    pub(super) async fn rows<T>(&self, ask: QueryAs<'_, Dialect, T, SqliteArguments>) -> Result<Vec<T>, DbError>
    where
        T: Send + Unpin + for<'r> FromRow<'r, SqliteRow>,
    {
        match ask.fetch_all(&self.pool).await {
            Ok(rows) => Ok(rows),
            Err(error) => Err(self.explain(fault(error)).await),
        }
    }
}

/// Reads all of it as of one moment.
async fn configuration(pool: &SqlitePool) -> Result<(i64, Vec<CompanyRow>, Vec<AgentRow>), sqlx::Error> {
    let mut moment = pool.begin().await?;
    let revision = sqlx::query_scalar("select revision from configuration").fetch_one(&mut *moment).await?;
    let companies = sqlx::query_as("select company, body from companies").fetch_all(&mut *moment).await?;
    let agents = sqlx::query_as(select_agents!()).fetch_all(&mut *moment).await?;
    moment.rollback().await?;
    Ok((revision, companies, agents))
}

async fn apply(pool: &SqlitePool, company: &Company, actor: &str) -> Result<i64, DbError> {
    let mut transaction = pool.begin_with("begin immediate").await.map_err(fault)?;
    let revision = sqlx::query_scalar::<_, i64>("select revision from configuration");
    let revision = revision.fetch_one(&mut *transaction).await.map_err(fault)?;
    let found = in_force(&mut transaction, company).await?;
    let now_ms = unix_ms();
    let Some(change) = directory::change(company, actor, now_ms, &found)? else {
        transaction.rollback().await.map_err(fault)?;
        return Ok(revision);
    };
    let now = big(now_ms, "time")?;
    write_company(&mut transaction, &change, revision + 1, now).await.map_err(fault)?;
    write_audit(&mut transaction, &change.audit).await?;
    let grow = sqlx::query("update configuration set revision = $1, changed_at = $2").bind(revision + 1).bind(now);
    grow.execute(&mut *transaction).await.map_err(fault)?;
    transaction.commit().await.map_err(fault)?;
    Ok(revision + 1)
}

async fn in_force(connection: &mut SqliteConnection, company: &Company) -> Result<InForce, DbError> {
    let id = company.id.as_str();
    let known = sqlx::query_as("select company, body from companies where company = $1");
    let agents = sqlx::query_as(concat!(select_agents!(), " where company = $1"));
    let elsewhere = sqlx::query_as::<_, NumberRow>(
        "select number, company, agent from agent_numbers
         where number in (select value from json_each($1)) and company <> $2",
    );
    let elsewhere = elsewhere.bind(array(&directory::numbers(company))?).bind(id);
    Ok(InForce {
        company: known.bind(id).fetch_optional(&mut *connection).await.map_err(fault)?,
        agents: agents.bind(id).fetch_all(&mut *connection).await.map_err(fault)?,
        elsewhere: elsewhere.fetch_all(connection).await.map_err(fault)?,
    })
}

async fn write_company(
    connection: &mut SqliteConnection,
    change: &Change,
    revision: i64,
    now: i64,
) -> Result<(), sqlx::Error> {
    let company = sqlx::query(
        "insert into companies (company, body, updated_at) values ($1, $2, $3)
         on conflict (company) do update set body = excluded.body, updated_at = excluded.updated_at",
    );
    company.bind(&change.company).bind(&change.body).bind(now).execute(&mut *connection).await?;
    let numbers = sqlx::query("delete from agent_numbers where company = $1");
    numbers.bind(&change.company).execute(&mut *connection).await?;
    for row in &change.agents {
        // A version is its text; a newer build may read more out of the same text.
        let version = sqlx::query(
            "insert into agent_versions (company, agent, version, revision, body, applied_at)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (company, agent, version) do update set body = excluded.body",
        );
        let version = version.bind(&row.company).bind(&row.agent).bind(&row.version).bind(revision).bind(&row.body);
        version.bind(now).execute(&mut *connection).await?;
        let agent = sqlx::query(
            "insert into agents (company, agent, version) values ($1, $2, $3)
             on conflict (company, agent) do update set version = excluded.version",
        );
        agent.bind(&row.company).bind(&row.agent).bind(&row.version).execute(&mut *connection).await?;
    }
    for agent in &change.withdrawn {
        let withdraw = sqlx::query("delete from agents where company = $1 and agent = $2");
        withdraw.bind(&change.company).bind(agent).execute(&mut *connection).await?;
    }
    for row in &change.numbers {
        let number = sqlx::query("insert into agent_numbers (number, company, agent) values ($1, $2, $3)");
        number.bind(&row.number).bind(&row.company).bind(&row.agent).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn forget(pool: &SqlitePool, company: &CompanyId, agent: &AgentId, version: &str) -> Result<(), DbError> {
    let mut transaction = pool.begin_with("begin immediate").await.map_err(fault)?;
    let current = sqlx::query_scalar::<_, bool>(
        "select exists (select 1 from agents where company = $1 and agent = $2 and version = $3)
         from agent_versions where company = $1 and agent = $2 and version = $3",
    );
    let current = current.bind(company.as_str()).bind(agent.as_str()).bind(version);
    let current = current.fetch_optional(&mut *transaction).await.map_err(fault)?;
    if current != Some(false) {
        return Err(directory::not_forgotten(agent, version, current));
    }
    let forget = sqlx::query("delete from agent_versions where company = $1 and agent = $2 and version = $3");
    let forget = forget.bind(company.as_str()).bind(agent.as_str()).bind(version);
    forget.execute(&mut *transaction).await.map_err(fault)?;
    write_audit(&mut transaction, &[directory::forgotten(company, agent, version, unix_ms())?]).await?;
    transaction.commit().await.map_err(fault)
}

async fn store(pool: &SqlitePool, rows: &[RecordRow]) -> Result<Stored, DbError> {
    let mut transaction = pool.begin_with("begin immediate").await.map_err(fault)?;
    let (mut known, mut written) = (0, 0);
    let now_ms = unix_ms();
    for rows in rows.chunks(AT_ONCE) {
        let rows = array(rows)?;
        let there = sqlx::query_scalar::<_, i64>(COUNT_KNOWN).bind(&rows);
        known += there.fetch_one(&mut *transaction).await.map_err(fault)?;
        let upsert = sqlx::query(STORE_RECORDS).bind(rows).bind(big(now_ms, "time")?);
        let upserted = upsert.execute(&mut *transaction).await.map_err(fault)?;
        written += i64::try_from(upserted.rows_affected()).unwrap_or(i64::MAX);
    }
    let stored = records::stored(rows.len(), known, written);
    write_audit(&mut transaction, &records::audit(rows, stored, now_ms)?).await?;
    transaction.commit().await.map_err(fault)?;
    Ok(stored)
}

/// Adds rows to the audit.
pub(super) async fn write_audit(connection: &mut SqliteConnection, rows: &[AuditRow]) -> Result<(), DbError> {
    sqlx::query(INSERT_AUDIT).bind(array(rows)?).execute(connection).await.map_err(fault)?;
    Ok(())
}

const COUNT_KNOWN: &str = "
    select count(*) from json_each($1) join records
        on company = value ->> 'company' and kind = value ->> 'kind' and folded = value ->> 'folded'";

const STORE_RECORDS: &str = "
    insert into records (company, kind, folded, key, body, words, updated_at)
    select
        value ->> 'company', value ->> 'kind', value ->> 'folded', value ->> 'key', value ->> 'body',
        value ->> 'words', $2
    from json_each($1) where true
    on conflict (company, kind, folded) do update
    set key = excluded.key, body = excluded.body, words = excluded.words, updated_at = excluded.updated_at
    where (key, body, words) is not (excluded.key, excluded.body, excluded.words)";

/// Also for what the recorder was told.
pub(super) const INSERT_AUDIT: &str = "
    insert into audit (at, company, call_sid, actor, action, detail)
    select
        value ->> 'at_ms', value ->> 'company', value ->> 'call_sid', value ->> 'actor', value ->> 'action',
        value ->> 'detail'
    from json_each($1)";
