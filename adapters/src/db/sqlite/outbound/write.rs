//! The transactions that change where rows of a batch stand. Each takes the write lock at its beginning: so a batch's
//! counts follow its rows, a paused batch gives none, and two that settle its last rows see each other.

use crate::db::outbound::{AT_ONCE, ClaimedRow, NewBatch, Standing, StandingRow, StoredBatch, Turned};
use crate::db::rows::{array, big, word};
use crate::db::sqlite::directory::write_audit;
use crate::db::sqlite::fault;
use common::clock::unix_ms;
use common::ids::{AttemptId, BatchId, CallId, CompanyId};
use common::ports::DbError;
use common::ports::outbound::{BatchStatus, Begun, Settled};
use sqlx::{SqliteConnection, SqlitePool};

/// Stores a batch with its rows, or compares it with the one that is there.
pub(super) async fn begin(pool: &SqlitePool, new: &NewBatch<'_>) -> Result<Begun, DbError> {
    let mut transaction = pool.begin_with("begin immediate").await.map_err(fault)?;
    if !insert_batch(&mut transaction, new).await? {
        let known = sqlx::query_as::<_, StoredBatch>(concat!(super::select_batches!(), " where batch = $1"));
        let known = known.bind(new.batch.id.as_str());
        let known = known.fetch_optional(&mut *transaction).await.map_err(fault)?;
        transaction.rollback().await.map_err(fault)?;
        return new.compare(known);
    }
    for rows in &new.rows {
        let insert = sqlx::query(INSERT_ROWS).bind(new.batch.id.as_str()).bind(rows).bind(new.created_ms);
        insert.execute(&mut *transaction).await.map_err(fault)?;
    }
    write_audit(&mut transaction, &[new.audit()]).await?;
    transaction.commit().await.map_err(fault)?;
    Ok(Begun::New)
}

/// Whether there was none of this id.
async fn insert_batch(connection: &mut SqliteConnection, new: &NewBatch<'_>) -> Result<bool, DbError> {
    let batch = new.batch;
    let insert = sqlx::query(
        "insert into outbound_batches (batch, name, company, agent, sender, consent, plan, status, actor, created_at,
                                       content, lines, waiting)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
         on conflict do nothing",
    )
    .bind(batch.id.as_str())
    .bind(&batch.name)
    .bind(batch.company.as_str())
    .bind(batch.agent.as_str())
    .bind(batch.from.reveal())
    .bind(&batch.consent)
    .bind(&new.plan)
    .bind(word(new.status())?)
    .bind(&batch.by)
    .bind(new.created_ms)
    .bind(&new.content)
    .bind(new.lines);
    Ok(insert.execute(connection).await.map_err(fault)?.rows_affected() == 1)
}

/// Begins the next attempt of rows that are due.
pub(super) async fn claim(
    pool: &SqlitePool,
    batch: &BatchId,
    now_ms: i64,
    most: u32,
) -> Result<Vec<ClaimedRow>, DbError> {
    let mut transaction = pool.begin_with("begin immediate").await.map_err(fault)?;
    let mut claimed = Vec::new();
    if let Some(mut standing) = lock(&mut transaction, batch).await?
        && standing.status == BatchStatus::Running
    {
        let due = sqlx::query_as::<_, ClaimedRow>(DUE).bind(batch.as_str()).bind(now_ms).bind(i64::from(most));
        claimed = due.fetch_all(&mut *transaction).await.map_err(fault)?;
        let lines = array(&claimed.iter().map(ClaimedRow::line).collect::<Vec<_>>())?;
        for sql in [CLAIM, NOTE_ATTEMPTS] {
            let claim = sqlx::query(sql).bind(batch.as_str()).bind(now_ms).bind(&lines);
            claim.execute(&mut *transaction).await.map_err(fault)?;
        }
        standing.claimed(claimed.len());
        write_back(&mut transaction, batch, &standing).await?;
    }
    transaction.commit().await.map_err(fault)?;
    Ok(claimed)
}

/// The network has taken the call of an attempt in force.
pub(super) async fn place(pool: &SqlitePool, attempt: &AttemptId, call: &CallId) -> Result<(), DbError> {
    let mut transaction = pool.begin_with("begin immediate").await.map_err(fault)?;
    let row = sqlx::query(
        "update outbound_rows set status = 'placed', call_sid = $4
         where batch = $1 and line = $2 and attempts = $3 and status = 'placing'",
    );
    let row = of_attempt(row, attempt).bind(call.as_str());
    if row.execute(&mut *transaction).await.map_err(fault)?.rows_affected() == 0 {
        return transaction.rollback().await.map_err(fault);
    }
    let note = sqlx::query(
        "update outbound_attempts set call_sid = $4, placed_at = $5 where batch = $1 and line = $2 and attempt = $3",
    );
    let note = of_attempt(note, attempt).bind(call.as_str()).bind(big(unix_ms(), "time")?);
    note.execute(&mut *transaction).await.map_err(fault)?;
    transaction.commit().await.map_err(fault)
}

/// Undoes a claim that led to no call.
pub(super) async fn put_back(pool: &SqlitePool, attempt: &AttemptId, due_ms: u64) -> Result<(), DbError> {
    let mut transaction = pool.begin_with("begin immediate").await.map_err(fault)?;
    let Some(mut standing) = lock(&mut transaction, &attempt.batch).await? else {
        return transaction.rollback().await.map_err(fault);
    };
    let (status, outcome, due_ms) = standing.put_back(due_ms).columns()?;
    let row = of_attempt(sqlx::query(PUT_BACK_ROW), attempt).bind(status).bind(outcome).bind(due_ms);
    if row.execute(&mut *transaction).await.map_err(fault)?.rows_affected() == 0 {
        return transaction.rollback().await.map_err(fault);
    }
    let forget = sqlx::query("delete from outbound_attempts where batch = $1 and line = $2 and attempt = $3");
    of_attempt(forget, attempt).execute(&mut *transaction).await.map_err(fault)?;
    write_back(&mut transaction, &attempt.batch, &standing).await?;
    transaction.commit().await.map_err(fault)
}

/// Ends an attempt that is in force; `false` for any other.
pub(super) async fn settle(
    pool: &SqlitePool,
    attempt: &AttemptId,
    settled: &Settled,
    detail: &str,
) -> Result<bool, DbError> {
    let mut transaction = pool.begin_with("begin immediate").await.map_err(fault)?;
    let Some(mut standing) = lock(&mut transaction, &attempt.batch).await? else {
        return transaction.rollback().await.map_err(fault).map(|()| false);
    };
    let call = settled.call.as_ref().map(|call| call.as_str());
    let (status, outcome, due_ms) = standing.settled(settled).columns()?;
    let row = of_attempt(sqlx::query(SETTLE_ROW), attempt).bind(call).bind(detail);
    let row = row.bind(status).bind(outcome).bind(due_ms);
    if row.execute(&mut *transaction).await.map_err(fault)?.rows_affected() == 0 {
        transaction.rollback().await.map_err(fault)?;
        return Ok(false);
    }
    let note = of_attempt(sqlx::query(SETTLE_ATTEMPT), attempt).bind(call).bind(detail);
    let note = note.bind(settled.outcome.as_str()).bind(big(unix_ms(), "time")?);
    note.execute(&mut *transaction).await.map_err(fault)?;
    write_back(&mut transaction, &attempt.batch, &standing).await?;
    transaction.commit().await.map_err(fault)?;
    Ok(true)
}

/// Pauses, resumes or cancels; where it stands then.
pub(super) async fn turn(pool: &SqlitePool, batch: &BatchId, to: BatchStatus) -> Result<Option<BatchStatus>, DbError> {
    let mut transaction = pool.begin_with("begin immediate").await.map_err(fault)?;
    let found = lock(&mut transaction, batch).await?;
    let status = match found {
        Some(mut standing) => {
            if standing.turn(to)? == Turned::Changed {
                if to == BatchStatus::Cancelled {
                    standing.cancelled(cancel_waiting(&mut transaction, batch).await?);
                }
                write_back(&mut transaction, batch, &standing).await?;
            }
            Some(standing.status)
        }
        None => None,
    };
    transaction.commit().await.map_err(fault)?;
    Ok(status)
}

async fn cancel_waiting(connection: &mut SqliteConnection, batch: &BatchId) -> Result<u64, DbError> {
    let cancel = sqlx::query(
        "update outbound_rows set status = 'done', outcome = 'cancelled' where batch = $1 and status = 'waiting'",
    );
    Ok(cancel.bind(batch.as_str()).execute(connection).await.map_err(fault)?.rows_affected())
}

/// These people are not called any more; how many were before.
pub(super) async fn opt_out(
    pool: &SqlitePool,
    company: &CompanyId,
    numbers: &[&str],
    source: &str,
) -> Result<u64, DbError> {
    let mut transaction = pool.begin_with("begin immediate").await.map_err(fault)?;
    let (mut changed, now) = (0, big(unix_ms(), "time")?);
    for numbers in numbers.chunks(AT_ONCE) {
        let add = sqlx::query(
            "insert into opt_outs (company, number, source, opted_out_at)
             select $1, value, $3, $4 from json_each($2) where true on conflict do nothing",
        );
        let add = add.bind(company.as_str()).bind(array(numbers)?).bind(source).bind(now);
        changed += add.execute(&mut *transaction).await.map_err(fault)?.rows_affected();
    }
    transaction.commit().await.map_err(fault)?;
    Ok(changed)
}

/// These people may be called again; how many could not before.
pub(super) async fn opt_in(pool: &SqlitePool, company: &CompanyId, numbers: &[&str]) -> Result<u64, DbError> {
    let mut transaction = pool.begin_with("begin immediate").await.map_err(fault)?;
    let mut changed = 0;
    for numbers in numbers.chunks(AT_ONCE) {
        let remove =
            sqlx::query("delete from opt_outs where company = $1 and number in (select value from json_each($2))");
        let remove = remove.bind(company.as_str()).bind(array(numbers)?);
        changed += remove.execute(&mut *transaction).await.map_err(fault)?.rows_affected();
    }
    transaction.commit().await.map_err(fault)?;
    Ok(changed)
}

async fn lock(connection: &mut SqliteConnection, batch: &BatchId) -> Result<Option<Standing>, DbError> {
    let lock = sqlx::query_as::<_, StandingRow>(
        "select status, waiting, under_way, attempts, outcomes
         from outbound_batches where batch = $1",
    );
    let row = lock.bind(batch.as_str()).fetch_optional(connection).await.map_err(fault)?;
    row.map(Standing::try_from).transpose()
}

async fn write_back(connection: &mut SqliteConnection, batch: &BatchId, standing: &Standing) -> Result<(), DbError> {
    let row = standing.row()?;
    let write = sqlx::query(
        "update outbound_batches
         set status = $2, waiting = $3, under_way = $4, attempts = $5, outcomes = $6 where batch = $1",
    );
    let write = write.bind(batch.as_str()).bind(row.status).bind(row.waiting).bind(row.under_way);
    write.bind(row.attempts).bind(row.outcomes).execute(connection).await.map_err(fault)?;
    Ok(())
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

/// Binds `$1` to `$3`.
fn of_attempt<'q>(query: Query<'q>, attempt: &'q AttemptId) -> Query<'q> {
    query.bind(attempt.batch.as_str()).bind(i64::from(attempt.row)).bind(i64::from(attempt.attempt))
}

const INSERT_ROWS: &str = "
    insert into outbound_rows (batch, line, number, zones, language, columns, due_at)
    select $1, value ->> 'row', value ->> 'to', value -> 'zones', value ->> 'language', value -> 'columns', $3
    from json_each($2)";

const DUE: &str = "
    select line, attempts + 1 as attempt, number, zones, language, columns from outbound_rows
    where batch = $1 and status = 'waiting' and due_at <= $2 order by due_at, line limit $3";

const CLAIM: &str = "
    update outbound_rows
    set status = 'placing', attempts = attempts + 1, claimed_at = $2, call_sid = null, detail = ''
    where batch = $1 and line in (select value from json_each($3))";

const NOTE_ATTEMPTS: &str = "
    insert into outbound_attempts (batch, line, attempt, claimed_at)
    select batch, line, attempts, claimed_at from outbound_rows
    where batch = $1 and line in (select value from json_each($3))";

/// The row shows its attempt before again, if there was one.
const PUT_BACK_ROW: &str = "
    update outbound_rows
    set status = $4, outcome = $5, due_at = coalesce($6, due_at), attempts = attempts - 1,
        (claimed_at, call_sid, detail) = (
            select max(claimed_at), max(call_sid), coalesce(max(detail), '') from outbound_attempts
            where batch = $1 and line = $2 and attempt = $3 - 1)
    where batch = $1 and line = $2 and attempts = $3 and status = 'placing'";

const SETTLE_ROW: &str = "
    update outbound_rows
    set call_sid = coalesce($4, call_sid), detail = $5, status = $6, outcome = $7, due_at = coalesce($8, due_at)
    where batch = $1 and line = $2 and attempts = $3 and status in ('placing', 'placed')";

const SETTLE_ATTEMPT: &str = "
    update outbound_attempts
    set call_sid = coalesce($4, call_sid), detail = $5, outcome = $6, settled_at = $7
    where batch = $1 and line = $2 and attempt = $3";
