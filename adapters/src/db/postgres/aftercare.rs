//! What is done after calls, in Postgres. Jobs are taken past those that others hold, by the server's clock.

use super::{Borrowed, Postgres, within};
use crate::db::aftercare::{JobRow, SummaryRow, clean, rows, taken, time};
use crate::db::deeds::{MessageRow, RecordingRow};
use crate::db::rows::{array, count, id};
use async_trait::async_trait;
use common::ids::{CallId, CompanyId};
use common::ports::DbError;
use common::ports::aftercare::{Aftercare, Job, StoredMessage, StoredRecording};
use common::summary::Summary;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{Connection, PgConnection};
use std::time::Duration;

/// The columns of [`JobRow`], from `aftercare_jobs`.
macro_rules! job_columns {
    () => {
        "aftercare_jobs.key, call_sid, company, kind, work::text as work, recording,
         (extract(epoch from due_at) * 1000)::bigint as due_ms, attempts, last_error,
         (extract(epoch from created_at) * 1000)::bigint as created_ms"
    };
}

#[async_trait]
impl Aftercare for Postgres {
    async fn to_look_after(&self, settled: Duration, most: u32) -> Result<Vec<CallId>, DbError> {
        let ask = sqlx::query_as::<_, (String,)>(
            "select call_sid from calls
             where looked_after_at is null and end_reason <> 'open'
                   and (complete or ended_at <= now() - make_interval(secs => $1))
             order by ended_at, call_sid limit $2",
        );
        let ask = ask.bind(settled.as_secs_f64()).bind(i64::from(most));
        self.rows(ask).await?.into_iter().map(|row| id(row.0)).collect()
    }

    async fn look_after(&self, call: &CallId, jobs: &[Job]) -> Result<(), DbError> {
        let jobs = rows(jobs)?;
        let mut connection = self.borrow().await?;
        let done = look_after(connection.sql(), call, &jobs).await;
        self.settled(connection, done).await
    }

    async fn add_jobs(&self, jobs: &[Job]) -> Result<u64, DbError> {
        self.change(sqlx::query(ADD_JOBS).bind(array(&rows(jobs)?)?)).await
    }

    async fn take_jobs(&self, hold: Duration, most: u32) -> Result<Vec<Job>, DbError> {
        let ask = sqlx::query_as::<_, JobRow>(TAKE_JOBS).bind(i64::from(most)).bind(hold.as_secs_f64());
        taken(self.rows(ask).await?)
    }

    async fn job_done(&self, key: &str) -> Result<(), DbError> {
        let done =
            sqlx::query("update aftercare_jobs set state = 'done', work = null, held_until = null where key = $1");
        self.change(done.bind(key.to_owned())).await.map(drop)
    }

    async fn job_failed(&self, key: &str, why: &str, again_ms: Option<u64>) -> Result<(), DbError> {
        let failed = sqlx::query(
            "update aftercare_jobs
             set state = case when $3::bigint is null then 'dead' else 'waiting' end,
                 due_at = coalesce(to_timestamp($3 / 1000.0), due_at), held_until = null, last_error = $2
             where key = $1 and state = 'waiting'",
        );
        let failed = failed.bind(key.to_owned()).bind(clean(why)).bind(again_ms.map(time).transpose()?);
        self.change(failed).await.map(drop)
    }

    async fn put_back_jobs(&self, keys: &[String], again_ms: u64) -> Result<(), DbError> {
        let put_back = sqlx::query(
            "update aftercare_jobs
             set due_at = to_timestamp($2 / 1000.0), held_until = null, attempts = greatest(attempts - 1, 0)
             where key = any($1::text[]) and state = 'waiting'",
        );
        self.change(put_back.bind(keys.to_vec()).bind(time(again_ms)?)).await.map(drop)
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
            "update aftercare_jobs set state = 'waiting', due_at = now(), held_until = null, attempts = 0
             where state = 'dead' and ($1::text is null or key = $1)",
        );
        self.change(revive.bind(key.map(str::to_owned))).await
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
            "select call_sid, company, agent, spoken, outcome, sentiment, fields::text as fields, model,
                    (extract(epoch from made_at) * 1000)::bigint as made_ms
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
                        and exists (select from calls c where c.call_sid = recordings.call_sid and c.company = $1))
                    and began_at < to_timestamp($2 / 1000.0) and status in ('complete', 'stored')
                    and not exists (select from aftercare_jobs j
                                    where j.recording = recordings.recording and j.kind = 'delete_recording')
              order by began_at, recording limit $3"
        ));
        let ask = ask.bind(company.to_string()).bind(time(before_ms)?).bind(i64::from(most));
        self.rows(ask).await?.into_iter().map(StoredRecording::try_from).collect()
    }
}

impl Postgres {
    /// Runs one statement that changes rows; gives how many.
    async fn change(&self, statement: Query<'_, sqlx::Postgres, PgArguments>) -> Result<u64, DbError> {
        let mut connection = self.borrow().await?;
        let changed = within(statement.execute(connection.sql())).await.map(|done| done.rows_affected());
        self.settled(connection, changed).await
    }

    async fn settled<T>(&self, mut connection: Borrowed, answer: Result<T, DbError>) -> Result<T, DbError> {
        match answer {
            Ok(answer) => {
                connection.trust();
                Ok(answer)
            }
            Err(error) => Err(self.given_up(connection, error).await),
        }
    }
}

/// Of two who look after the same call the second waits for the first and finds it done.
async fn look_after(connection: &mut PgConnection, call: &CallId, jobs: &[JobRow]) -> Result<(), DbError> {
    let mut transaction = within(connection.begin()).await?;
    let mark = sqlx::query("update calls set looked_after_at = now() where call_sid = $1 and looked_after_at is null");
    let marked = within(mark.bind(call.as_str()).execute(&mut *transaction)).await?;
    if marked.rows_affected() == 1 && !jobs.is_empty() {
        within(sqlx::query(ADD_JOBS).bind(array(jobs)?).execute(&mut *transaction)).await?;
    }
    within(transaction.commit()).await
}

const ADD_JOBS: &str = "
    insert into aftercare_jobs (key, call_sid, company, kind, work, recording, due_at, attempts, last_error, created_at)
    select key, call_sid, company, kind, work::json, recording, to_timestamp(due_ms / 1000.0), attempts, last_error,
           to_timestamp(created_ms / 1000.0)
    from json_to_recordset($1::json) as r (
        key text, call_sid text, company text, kind text, work text, recording text, due_ms bigint, attempts bigint,
        last_error text, created_ms bigint)
    on conflict do nothing";

const TAKE_JOBS: &str = concat!(
    "with free as materialized (
         select key from aftercare_jobs
         where state = 'waiting' and due_at <= now() and (held_until is null or held_until <= now())
         order by due_at, key limit $1
         for update skip locked
     )
     update aftercare_jobs set held_until = now() + make_interval(secs => $2), attempts = attempts + 1
     from free where aftercare_jobs.key = free.key
     returning ",
    job_columns!()
);

const STORE_SUMMARY: &str = "
    insert into summaries as known (call_sid, company, agent, spoken, outcome, sentiment, fields, model, made_at)
    select call_sid, company, agent, spoken, outcome, sentiment, fields::json, model, to_timestamp(made_ms / 1000.0)
    from json_to_recordset($1::json) as r (
        call_sid text, company text, agent text, spoken text, outcome text, sentiment text, fields text, model text,
        made_ms bigint)
    on conflict (call_sid) do update set
        company = excluded.company, agent = excluded.agent, spoken = excluded.spoken, outcome = excluded.outcome,
        sentiment = excluded.sentiment, fields = excluded.fields, model = excluded.model, made_at = excluded.made_at
    where excluded.made_at >= known.made_at";
