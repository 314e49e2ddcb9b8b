//! What is done after calls, in SQLite. A statement that changes rows holds the write lock from its beginning to its
//! end, so a job is taken by one. SQLite has no clock of its own: it is the machine's.

use super::{Sqlite, fault};
use crate::db::aftercare::{JobRow, SummaryRow, clean, rows, taken, time};
use crate::db::deeds::{MessageRow, RecordingRow};
use crate::db::rows::{array, big, count, id};
use async_trait::async_trait;
use common::clock::unix_ms;
use common::ids::{CallId, CompanyId};
use common::ports::DbError;
use common::ports::aftercare::{Aftercare, Job, StoredMessage, StoredRecording};
use common::summary::Summary;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqlitePool};
use std::time::Duration;

/// The columns of [`JobRow`], from `aftercare_jobs`.
macro_rules! job_columns {
    () => {
        "key, call_sid, company, kind, work, recording, due_at as due_ms, attempts, last_error,
         created_at as created_ms"
    };
}

#[async_trait]
impl Aftercare for Sqlite {
    async fn to_look_after(&self, settled: Duration, most: u32) -> Result<Vec<CallId>, DbError> {
        let ask = sqlx::query_as::<_, (String,)>(
            "select call_sid from calls
             where looked_after_at is null and end_reason <> 'open' and (complete or ended_at <= $1)
             order by ended_at nulls last, call_sid limit $2",
        );
        let ask = ask.bind(now()? - span(settled)).bind(i64::from(most));
        self.rows(ask).await?.into_iter().map(|row| id(row.0)).collect()
    }

    async fn look_after(&self, call: &CallId, jobs: &[Job]) -> Result<(), DbError> {
        match look_after(&self.pool, call, &rows(jobs)?).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.explain(error).await),
        }
    }

    async fn add_jobs(&self, jobs: &[Job]) -> Result<u64, DbError> {
        self.change(sqlx::query(ADD_JOBS).bind(array(&rows(jobs)?)?)).await
    }

    async fn take_jobs(&self, hold: Duration, most: u32) -> Result<Vec<Job>, DbError> {
        let now = now()?;
        let ask = sqlx::query_as::<_, JobRow>(TAKE_JOBS).bind(i64::from(most)).bind(now);
        taken(self.rows(ask.bind(now.saturating_add(span(hold)))).await?)
    }

    async fn job_done(&self, key: &str) -> Result<(), DbError> {
        let done =
            sqlx::query("update aftercare_jobs set state = 'done', work = null, held_until = null where key = $1");
        self.change(done.bind(key.to_owned())).await.map(drop)
    }

    async fn job_failed(&self, key: &str, why: &str, again_ms: Option<u64>) -> Result<(), DbError> {
        let failed = sqlx::query(
            "update aftercare_jobs
             set state = case when $3 is null then 'dead' else 'waiting' end,
                 due_at = coalesce($3, due_at), held_until = null, last_error = $2
             where key = $1 and state = 'waiting'",
        );
        let failed = failed.bind(key.to_owned()).bind(clean(why)).bind(again_ms.map(time).transpose()?);
        self.change(failed).await.map(drop)
    }

    async fn put_back_jobs(&self, keys: &[String], again_ms: u64) -> Result<(), DbError> {
        let put_back = sqlx::query(
            "update aftercare_jobs set due_at = $2, held_until = null, attempts = max(attempts - 1, 0)
             where key in (select value from json_each($1)) and state = 'waiting'",
        );
        self.change(put_back.bind(array(keys)?).bind(time(again_ms)?)).await.map(drop)
    }

    async fn dead_jobs(&self, most: u32) -> Result<Vec<Job>, DbError> {
        let ask = sqlx::query_as::<_, JobRow>(concat!(
            "select ",
            job_columns!(),
            " from aftercare_jobs where state = 'dead' order by created_at desc, key desc limit $1"
        ));
        self.rows(ask.bind(i64::from(most))).await?.into_iter().map(Job::try_from).collect()
    }

    async fn revive_jobs(&self, key: Option<&str>) -> Result<u64, DbError> {
        let revive = sqlx::query(
            "update aftercare_jobs set state = 'waiting', due_at = $2, held_until = null, attempts = 0
             where state = 'dead' and ($1 is null or key = $1)",
        );
        self.change(revive.bind(key.map(str::to_owned)).bind(now()?)).await
    }

    async fn jobs(&self) -> Result<(u64, u64), DbError> {
        let ask = sqlx::query_as::<_, (i64, i64)>(
            "select (select count(*) from aftercare_jobs where state = 'waiting'),
                    (select count(*) from aftercare_jobs where state = 'dead')",
        );
        let counts = self.rows(ask).await?.pop().unwrap_or_default();
        Ok((count(counts.0), count(counts.1)))
    }

    async fn store_summary(&self, summary: &Summary) -> Result<(), DbError> {
        self.change(sqlx::query(STORE_SUMMARY).bind(array(&[SummaryRow::try_from(summary)?])?)).await.map(drop)
    }

    async fn summary(&self, call: &CallId) -> Result<Option<Summary>, DbError> {
        let ask = sqlx::query_as::<_, SummaryRow>(
            "select call_sid, company, agent, spoken, outcome, sentiment, fields, model, made_at as made_ms
             from summaries where call_sid = $1",
        );
        self.rows(ask.bind(call.to_string())).await?.pop().map(Summary::try_from).transpose()
    }

    async fn messages(&self, call: &CallId) -> Result<Vec<StoredMessage>, DbError> {
        let ask = sqlx::query_as::<_, MessageRow>(concat!(
            select_messages!(),
            " where call_sid = $1 order by sent_at nulls last, message"
        ));
        self.rows(ask.bind(call.to_string())).await?.into_iter().map(StoredMessage::try_from).collect()
    }

    async fn recordings(&self, call: &CallId) -> Result<Vec<StoredRecording>, DbError> {
        let ask = sqlx::query_as::<_, RecordingRow>(concat!(
            select_recordings!(),
            " where call_sid = $1 order by began_at nulls last, recording"
        ));
        self.rows(ask.bind(call.to_string())).await?.into_iter().map(StoredRecording::try_from).collect()
    }

    async fn recordings_before(
        &self,
        company: &CompanyId,
        before_ms: u64,
        most: u32,
    ) -> Result<Vec<StoredRecording>, DbError> {
        // Twilio's callbacks do not say whose call it was: the record does.
        let ask = sqlx::query_as::<_, RecordingRow>(concat!(
            select_recordings!(),
            " where (company = $1
                     or company is null
                        and exists (select 1 from calls c where c.call_sid = recordings.call_sid and c.company = $1))
                    and began_at < $2 and status in ('complete', 'stored')
                    and not exists (select 1 from aftercare_jobs j
                                    where j.recording = recordings.recording and j.kind = 'delete_recording')
              order by began_at, recording limit $3"
        ));
        let ask = ask.bind(company.to_string()).bind(time(before_ms)?).bind(i64::from(most));
        self.rows(ask).await?.into_iter().map(StoredRecording::try_from).collect()
    }
}

impl Sqlite {
    /// Runs one statement that changes rows; gives how many.
    async fn change(&self, statement: Query<'_, sqlx::Sqlite, SqliteArguments>) -> Result<u64, DbError> {
        match statement.execute(&self.pool).await {
            Ok(done) => Ok(done.rows_affected()),
            Err(error) => Err(self.explain(fault(error)).await),
        }
    }
}

async fn look_after(pool: &SqlitePool, call: &CallId, jobs: &[JobRow]) -> Result<(), DbError> {
    let mut transaction = pool.begin_with("begin immediate").await.map_err(fault)?;
    let mark = sqlx::query("update calls set looked_after_at = $2 where call_sid = $1 and looked_after_at is null");
    let marked = mark.bind(call.as_str()).bind(now()?).execute(&mut *transaction).await.map_err(fault)?;
    if marked.rows_affected() == 1 {
        sqlx::query(ADD_JOBS).bind(array(jobs)?).execute(&mut *transaction).await.map_err(fault)?;
    }
    transaction.commit().await.map_err(fault)
}

fn now() -> Result<i64, DbError> {
    big(unix_ms(), "time")
}

/// A span as times are counted.
fn span(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

const ADD_JOBS: &str = "
    insert into aftercare_jobs (key, call_sid, company, kind, work, recording, due_at, attempts, last_error, created_at)
    select
        value ->> 'key', value ->> 'call_sid', value ->> 'company', value ->> 'kind', value ->> 'work',
        value ->> 'recording', value ->> 'due_ms', value ->> 'attempts', value ->> 'last_error',
        value ->> 'created_ms'
    from json_each($1) where true
    on conflict do nothing";

const TAKE_JOBS: &str = concat!(
    "update aftercare_jobs set held_until = $3, attempts = attempts + 1
     where key in (
         select key from aftercare_jobs
         where state = 'waiting' and due_at <= $2 and (held_until is null or held_until <= $2)
         order by due_at, key limit $1
     )
     returning ",
    job_columns!()
);

const STORE_SUMMARY: &str = "
    insert into summaries (call_sid, company, agent, spoken, outcome, sentiment, fields, model, made_at)
    select
        value ->> 'call_sid', value ->> 'company', value ->> 'agent', value ->> 'spoken', value ->> 'outcome',
        value ->> 'sentiment', value ->> 'fields', value ->> 'model', value ->> 'made_ms'
    from json_each($1) where true
    on conflict (call_sid) do update set
        company = excluded.company, agent = excluded.agent, spoken = excluded.spoken, outcome = excluded.outcome,
        sentiment = excluded.sentiment, fields = excluded.fields, model = excluded.model, made_at = excluded.made_at
    where excluded.made_at >= summaries.made_at";
