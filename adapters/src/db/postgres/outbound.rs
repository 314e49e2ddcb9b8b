//! Batches of outbound calls in Postgres: what is asked of them, and the lease of who dials. `write` holds the
//! transactions that change where a row stands.

mod write;

use super::{Borrowed, Postgres};
use crate::db::outbound::{
    AT_ONCE, NewBatch, ProgressRow, StateRow, StoredBatch, StoredRow, UnderWayRow, detail, numbers,
};
use crate::db::rows::{CallRow, big};
use async_trait::async_trait;
use common::cdr::Cdr;
use common::ids::{AttemptId, BatchId, CallId, CompanyId};
use common::ports::DbError;
use common::ports::outbound::*;
use common::private::PhoneNumber;
use std::time::Duration;

/// The columns of [`StoredBatch`], from `outbound_batches`.
macro_rules! select_batches {
    () => {
        "select batch, name, company, agent, sender, consent, plan::text as plan, status, actor,
                (extract(epoch from created_at) * 1000)::bigint as created_ms, content
         from outbound_batches"
    };
}
use select_batches;

#[async_trait]
impl Outbound for Postgres {
    async fn begin_batch(&self, batch: &Batch, rows: &[BatchRow]) -> Result<Begun, DbError> {
        let new = NewBatch::check(batch, rows)?;
        let mut connection = self.borrow().await?;
        let begun = write::begin(connection.sql(), &new).await;
        self.give_back(connection, begun).await
    }

    async fn batch(&self, id: &BatchId) -> Result<Option<Batch>, DbError> {
        let ask = sqlx::query_as::<_, StoredBatch>(concat!(select_batches!(), " where batch = $1"));
        self.rows(ask.bind(id.to_string())).await?.pop().map(Batch::try_from).transpose()
    }

    async fn batches(&self, company: Option<&CompanyId>, most: u32) -> Result<Vec<Batch>, DbError> {
        let ask = match company {
            Some(company) => sqlx::query_as::<_, StoredBatch>(concat!(
                select_batches!(),
                " where company = $2 order by created_at desc, batch desc limit $1"
            ))
            .bind(i64::from(most))
            .bind(company.to_string()),
            None => sqlx::query_as(concat!(select_batches!(), " order by created_at desc, batch desc limit $1"))
                .bind(i64::from(most)),
        };
        self.rows(ask).await?.into_iter().map(Batch::try_from).collect()
    }

    async fn live_batches(&self) -> Result<Vec<Batch>, DbError> {
        let ask = sqlx::query_as::<_, StoredBatch>(concat!(
            select_batches!(),
            " where status = 'running' or under_way > 0 order by created_at, batch"
        ));
        self.rows(ask).await?.into_iter().map(Batch::try_from).collect()
    }

    async fn progress(&self, id: &BatchId) -> Result<Progress, DbError> {
        let ask = sqlx::query_as::<_, ProgressRow>(
            "select lines, status, waiting, under_way, attempts, outcomes::text as outcomes,
                    (select (extract(epoch from min(due_at)) * 1000)::bigint from outbound_rows r
                     where r.batch = b.batch and r.status = 'waiting') as next_due_ms
             from outbound_batches b where batch = $1",
        );
        let row = self.rows(ask.bind(id.to_string())).await?.pop();
        row.map_or_else(|| Ok(Progress::default()), Progress::try_from)
    }

    async fn rows(&self, id: &BatchId, from_row: u32, most: u32) -> Result<Vec<RowState>, DbError> {
        let ask = sqlx::query_as::<_, StateRow>(
            "select line, number, zones::text as zones, language, columns::text as columns, status, attempts,
                    (extract(epoch from due_at) * 1000)::bigint as due_ms,
                    (extract(epoch from claimed_at) * 1000)::bigint as claimed_ms, call_sid, outcome, detail
             from outbound_rows where batch = $1 and line >= $2 order by line limit $3",
        );
        let ask = ask.bind(id.to_string()).bind(i64::from(from_row)).bind(i64::from(most));
        self.rows(ask).await?.into_iter().map(RowState::try_from).collect()
    }

    async fn set_status(&self, id: &BatchId, status: BatchStatus) -> Result<Option<BatchStatus>, DbError> {
        let mut connection = self.borrow().await?;
        let stands = write::turn(connection.sql(), id, status).await;
        self.give_back(connection, stands).await
    }

    async fn lead(&self, who: &str, for_time: Duration) -> Result<bool, DbError> {
        let for_ms = u64::try_from(for_time.as_millis()).unwrap_or(u64::MAX);
        // Not `now()`: that is when the statement began, and it may have waited for another's.
        let take = sqlx::query_as::<_, (String,)>(
            "insert into outbound_lead as lead (holder, until_at)
             values ($1, clock_timestamp() + $2::bigint * interval '1 millisecond')
             on conflict (the_only) do update set holder = excluded.holder, until_at = excluded.until_at
             where lead.holder = excluded.holder or lead.until_at <= clock_timestamp()
             returning holder",
        );
        let taken = self.rows(take.bind(who.to_owned()).bind(big(for_ms, "time of a lease")?)).await?;
        Ok(!taken.is_empty())
    }

    async fn resign(&self, who: &str) -> Result<(), DbError> {
        let leave = sqlx::query_as::<_, (String,)>("delete from outbound_lead where holder = $1 returning holder");
        self.rows(leave.bind(who.to_owned())).await.map(drop)
    }

    async fn claim(&self, id: &BatchId, now_ms: u64, most: u32) -> Result<Vec<(AttemptId, BatchRow)>, DbError> {
        let now_ms = big(now_ms, "time")?;
        let mut connection = self.borrow().await?;
        let claimed = write::claim(connection.sql(), id, now_ms, most).await;
        let claimed = self.give_back(connection, claimed).await?;
        claimed.into_iter().map(|row| row.claimed(id)).collect()
    }

    async fn unclaim(&self, attempt: &AttemptId, due_ms: u64) -> Result<(), DbError> {
        let mut connection = self.borrow().await?;
        let put_back = write::put_back(connection.sql(), attempt, due_ms).await;
        self.give_back(connection, put_back).await
    }

    async fn placed(&self, attempt: &AttemptId, call: &CallId) -> Result<(), DbError> {
        let place = sqlx::query_as::<_, (i64,)>(
            "with placed as (
                 update outbound_rows set status = 'placed', call_sid = $4
                 where batch = $1 and line = $2 and attempts = $3 and status = 'placing'
                 returning batch, line, attempts as attempt)
             update outbound_attempts set call_sid = $4, placed_at = now()
             from placed where (outbound_attempts.batch, outbound_attempts.line, outbound_attempts.attempt)
                             = (placed.batch, placed.line, placed.attempt)
             returning outbound_attempts.line",
        );
        let place = place.bind(attempt.batch.to_string()).bind(i64::from(attempt.row)).bind(i64::from(attempt.attempt));
        self.rows(place.bind(call.to_string())).await.map(drop)
    }

    async fn under_way(&self, id: &BatchId) -> Result<Vec<UnderWay>, DbError> {
        let ask = sqlx::query_as::<_, UnderWayRow>(
            "select line, attempts, number, (extract(epoch from claimed_at) * 1000)::bigint as claimed_ms, call_sid
             from outbound_rows where batch = $1 and status in ('placing', 'placed') order by claimed_at, line",
        );
        self.rows(ask.bind(id.to_string())).await?.into_iter().map(|row| row.of(id)).collect()
    }

    async fn calls_of(&self, attempts: &[AttemptId]) -> Result<Vec<(AttemptId, Cdr)>, DbError> {
        let ask = sqlx::query_as::<_, CallRow>(concat!(select_calls!(), " where attempt = any($1::text[])"));
        let ask = ask.bind(attempts.iter().map(AttemptId::to_string).collect::<Vec<_>>());
        let found = self.rows(ask).await?.into_iter().map(Cdr::try_from).collect::<Result<Vec<_>, _>>()?;
        Ok(found.into_iter().filter_map(|cdr| Some((cdr.attempt.clone()?, cdr))).collect())
    }

    async fn settle(&self, attempt: &AttemptId, settled: &Settled) -> Result<bool, DbError> {
        let mut connection = self.borrow().await?;
        let done = write::settle(connection.sql(), attempt, settled, &detail(settled)).await;
        self.give_back(connection, done).await
    }

    async fn row_of(&self, attempt: &AttemptId) -> Result<Option<(Batch, BatchRow)>, DbError> {
        let ask = sqlx::query_as::<_, StoredRow>(
            "select line, number, zones::text as zones, language, columns::text as columns
             from outbound_rows where batch = $1 and line = $2 and $3 between 1 and attempts",
        );
        let ask = ask.bind(attempt.batch.to_string()).bind(i64::from(attempt.row)).bind(i64::from(attempt.attempt));
        let Some(row) = self.rows(ask).await?.pop() else { return Ok(None) };
        let Some(batch) = self.batch(&attempt.batch).await? else { return Ok(None) };
        Ok(Some((batch, row.try_into()?)))
    }

    async fn opt_out(&self, company: &CompanyId, people: &[PhoneNumber], source: &str) -> Result<u64, DbError> {
        let mut connection = self.borrow().await?;
        let changed = write::opt_out(connection.sql(), company, &numbers(people), source).await;
        self.give_back(connection, changed).await
    }

    async fn opt_in(&self, company: &CompanyId, people: &[PhoneNumber]) -> Result<u64, DbError> {
        let mut connection = self.borrow().await?;
        let changed = write::opt_in(connection.sql(), company, &numbers(people)).await;
        self.give_back(connection, changed).await
    }

    async fn opted_out(&self, company: &CompanyId, people: &[PhoneNumber]) -> Result<Vec<PhoneNumber>, DbError> {
        let mut found = Vec::new();
        for numbers in numbers(people).chunks(AT_ONCE) {
            let ask = sqlx::query_as::<_, (String,)>(
                "select number from opt_outs where company = $1 and number = any($2::text[]) order by number",
            );
            let rows = self.rows(ask.bind(company.to_string()).bind(numbers.to_vec())).await?;
            found.extend(rows.iter().map(|row| PhoneNumber::new(&row.0)));
        }
        Ok(found)
    }
}

impl Postgres {
    /// Lets go of a connection by what became of its use.
    async fn give_back<T>(&self, mut connection: Borrowed, answer: Result<T, DbError>) -> Result<T, DbError> {
        match answer {
            Ok(answer) => {
                connection.trust();
                Ok(answer)
            }
            Err(error) => Err(self.given_up(connection, error).await),
        }
    }
}
