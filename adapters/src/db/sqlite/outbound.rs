//! Batches of outbound calls in SQLite: what is asked of them, and the lease of who dials. `write` holds the
//! transactions that change where a row stands.

mod write;

use super::Sqlite;
use crate::db::outbound::{
    AT_ONCE, NewBatch, ProgressRow, StateRow, StoredBatch, StoredRow, UnderWayRow, detail, numbers,
};
use crate::db::rows::{CallRow, array, big};
use async_trait::async_trait;
use common::cdr::Cdr;
use common::clock::unix_ms;
use common::ids::{AttemptId, BatchId, CallId, CompanyId};
use common::ports::DbError;
use common::ports::outbound::*;
use common::private::PhoneNumber;
use std::time::Duration;

/// The columns of [`StoredBatch`], from `outbound_batches`.
macro_rules! select_batches {
    () => {
        "select batch, name, company, agent, sender, consent, plan, status, actor, created_at as created_ms,
                content
         from outbound_batches"
    };
}
use select_batches;

#[async_trait]
impl Outbound for Sqlite {
    async fn begin_batch(&self, batch: &Batch, rows: &[BatchRow]) -> Result<Begun, DbError> {
        let new = NewBatch::check(batch, rows)?;
        self.answer(write::begin(&self.pool, &new).await).await
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
            "select lines, status, waiting, under_way, attempts, outcomes,
                    (select min(due_at) from outbound_rows r where r.batch = b.batch and r.status = 'waiting')
                        as next_due_ms
             from outbound_batches b where batch = $1",
        );
        let row = self.rows(ask.bind(id.to_string())).await?.pop();
        row.map_or_else(|| Ok(Progress::default()), Progress::try_from)
    }

    async fn rows(&self, id: &BatchId, from_row: u32, most: u32) -> Result<Vec<RowState>, DbError> {
        let ask = sqlx::query_as::<_, StateRow>(
            "select line, number, zones, language, columns, status, attempts, due_at as due_ms,
                    claimed_at as claimed_ms, call_sid, outcome, detail
             from outbound_rows where batch = $1 and line >= $2 order by line limit $3",
        );
        let ask = ask.bind(id.to_string()).bind(i64::from(from_row)).bind(i64::from(most));
        self.rows(ask).await?.into_iter().map(RowState::try_from).collect()
    }

    async fn set_status(&self, id: &BatchId, status: BatchStatus) -> Result<Option<BatchStatus>, DbError> {
        self.answer(write::turn(&self.pool, id, status).await).await
    }

    async fn lead(&self, who: &str, for_time: Duration) -> Result<bool, DbError> {
        let for_ms = u64::try_from(for_time.as_millis()).unwrap_or(u64::MAX);
        // Processes that share a file share the machine's clock.
        let now = big(unix_ms(), "time")?;
        let take = sqlx::query_as::<_, (String,)>(
            "insert into outbound_lead as lead (the_only, holder, until_at)
             values (1, $1, $3 + $2)
             on conflict (the_only) do update set holder = excluded.holder, until_at = excluded.until_at
             where lead.holder = excluded.holder or lead.until_at <= $3
             returning holder",
        );
        let taken = self.rows(take.bind(who.to_owned()).bind(big(for_ms, "time of a lease")?).bind(now)).await?;
        Ok(!taken.is_empty())
    }

    async fn resign(&self, who: &str) -> Result<(), DbError> {
        let leave = sqlx::query_as::<_, (String,)>("delete from outbound_lead where holder = $1 returning holder");
        self.rows(leave.bind(who.to_owned())).await.map(drop)
    }

    async fn claim(&self, id: &BatchId, now_ms: u64, most: u32) -> Result<Vec<(AttemptId, BatchRow)>, DbError> {
        let claimed = self.answer(write::claim(&self.pool, id, big(now_ms, "time")?, most).await).await?;
        claimed.into_iter().map(|row| row.claimed(id)).collect()
    }

    async fn unclaim(&self, attempt: &AttemptId, due_ms: u64) -> Result<(), DbError> {
        self.answer(write::put_back(&self.pool, attempt, due_ms).await).await
    }

    async fn placed(&self, attempt: &AttemptId, call: &CallId) -> Result<(), DbError> {
        self.answer(write::place(&self.pool, attempt, call).await).await
    }

    async fn under_way(&self, id: &BatchId) -> Result<Vec<UnderWay>, DbError> {
        let ask = sqlx::query_as::<_, UnderWayRow>(
            "select line, attempts, number, claimed_at as claimed_ms, call_sid
             from outbound_rows where batch = $1 and status in ('placing', 'placed') order by claimed_at, line",
        );
        self.rows(ask.bind(id.to_string())).await?.into_iter().map(|row| row.of(id)).collect()
    }

    async fn calls_of(&self, attempts: &[AttemptId]) -> Result<Vec<(AttemptId, Cdr)>, DbError> {
        let ask = sqlx::query_as::<_, CallRow>(concat!(
            select_calls!(),
            " where attempt in (select value from json_each($1))"
        ));
        let ask = ask.bind(array(attempts)?);
        let found = self.rows(ask).await?.into_iter().map(Cdr::try_from).collect::<Result<Vec<_>, _>>()?;
        Ok(found.into_iter().filter_map(|cdr| Some((cdr.attempt.clone()?, cdr))).collect())
    }

    async fn settle(&self, attempt: &AttemptId, settled: &Settled) -> Result<bool, DbError> {
        self.answer(write::settle(&self.pool, attempt, settled, &detail(settled)).await).await
    }

    async fn row_of(&self, attempt: &AttemptId) -> Result<Option<(Batch, BatchRow)>, DbError> {
        let ask = sqlx::query_as::<_, StoredRow>(
            "select line, number, zones, language, columns
             from outbound_rows where batch = $1 and line = $2 and $3 between 1 and attempts",
        );
        let ask = ask.bind(attempt.batch.to_string()).bind(i64::from(attempt.row)).bind(i64::from(attempt.attempt));
        let Some(row) = self.rows(ask).await?.pop() else { return Ok(None) };
        let Some(batch) = self.batch(&attempt.batch).await? else { return Ok(None) };
        Ok(Some((batch, row.try_into()?)))
    }

    async fn opt_out(&self, company: &CompanyId, people: &[PhoneNumber], source: &str) -> Result<u64, DbError> {
        self.answer(write::opt_out(&self.pool, company, &numbers(people), source).await).await
    }

    async fn opt_in(&self, company: &CompanyId, people: &[PhoneNumber]) -> Result<u64, DbError> {
        self.answer(write::opt_in(&self.pool, company, &numbers(people)).await).await
    }

    async fn opted_out(&self, company: &CompanyId, people: &[PhoneNumber]) -> Result<Vec<PhoneNumber>, DbError> {
        let mut found = Vec::new();
        for numbers in numbers(people).chunks(AT_ONCE) {
            let ask = sqlx::query_as::<_, (String,)>(
                "select number from opt_outs where company = $1 and number in (select value from json_each($2))
                 order by number",
            );
            let rows = self.rows(ask.bind(company.to_string()).bind(array(numbers)?)).await?;
            found.extend(rows.iter().map(|row| PhoneNumber::new(&row.0)));
        }
        Ok(found)
    }
}

impl Sqlite {
    /// Names what is really wrong.
    async fn answer<T>(&self, answer: Result<T, DbError>) -> Result<T, DbError> {
        match answer {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.explain(error).await),
        }
    }
}
