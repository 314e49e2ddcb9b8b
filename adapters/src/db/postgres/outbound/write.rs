//! The transactions that change where rows of a batch stand. Each locks the batch first: so a batch's counts follow its
//! rows, a paused batch gives none, and two that settle its last rows see each other.

use crate::db::outbound::{AT_ONCE, ClaimedRow, NewBatch, Standing, StandingRow, StoredBatch, Turned};
use crate::db::postgres::directory::write_audit;
use crate::db::postgres::within;
use crate::db::rows::word;
use common::ids::{AttemptId, BatchId, CompanyId};
use common::ports::DbError;
use common::ports::outbound::{BatchStatus, Begun, Settled};
use sqlx::{Connection, PgConnection};

/// Stores a batch with its rows, or compares it with the one that is there.
pub(super) async fn begin(connection: &mut PgConnection, new: &NewBatch<'_>) -> Result<Begun, DbError> {
    let mut transaction = within(connection.begin()).await?;
    if !insert_batch(&mut transaction, new).await? {
        let known = sqlx::query_as::<_, StoredBatch>(concat!(super::select_batches!(), " where batch = $1"));
        let known = known.bind(new.batch.id.as_str());
        let known = within(known.fetch_optional(&mut *transaction)).await?;
        within(transaction.rollback()).await?;
        return new.compare(known);
    }
    for rows in &new.rows {
        let insert = sqlx::query(INSERT_ROWS).bind(new.batch.id.as_str()).bind(rows).bind(new.created_ms);
        within(insert.execute(&mut *transaction)).await?;
    }
    write_audit(&mut transaction, &[new.audit()]).await?;
    within(transaction.commit()).await?;
    Ok(Begun::New)
}

/// Whether there was none of this id; waits for another that is storing it.
async fn insert_batch(connection: &mut PgConnection, new: &NewBatch<'_>) -> Result<bool, DbError> {
    let batch = new.batch;
    let insert = sqlx::query(
        "insert into outbound_batches (batch, name, company, agent, sender, consent, plan, status, actor, created_at,
                                       content, lines, waiting)
         values ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, to_timestamp($10::bigint / 1000.0), $11, $12, $12)
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
    Ok(within(insert.execute(connection)).await?.rows_affected() == 1)
}

/// Begins the next attempt of rows that are due. A row that somebody else holds waits for the next claim.
pub(super) async fn claim(
    connection: &mut PgConnection,
    batch: &BatchId,
    now_ms: i64,
    most: u32,
) -> Result<Vec<ClaimedRow>, DbError> {
    let mut transaction = within(connection.begin()).await?;
    let mut claimed = Vec::new();
    if let Some(mut standing) = lock(&mut transaction, batch).await?
        && standing.status == BatchStatus::Running
    {
        let claim = sqlx::query_as(CLAIM).bind(batch.as_str()).bind(now_ms).bind(i64::from(most));
        claimed = within(claim.fetch_all(&mut *transaction)).await?;
        standing.claimed(claimed.len());
        write_back(&mut transaction, batch, &standing).await?;
    }
    within(transaction.commit()).await?;
    Ok(claimed)
}

/// Undoes a claim that led to no call.
pub(super) async fn put_back(connection: &mut PgConnection, attempt: &AttemptId, due_ms: u64) -> Result<(), DbError> {
    let mut transaction = within(connection.begin()).await?;
    let Some(mut standing) = lock(&mut transaction, &attempt.batch).await? else {
        return within(transaction.rollback()).await;
    };
    let (status, outcome, due_ms) = standing.put_back(due_ms).columns()?;
    let row = of_attempt(sqlx::query(PUT_BACK_ROW), attempt).bind(status).bind(outcome).bind(due_ms);
    if within(row.execute(&mut *transaction)).await?.rows_affected() == 0 {
        return within(transaction.rollback()).await;
    }
    let forget = sqlx::query("delete from outbound_attempts where batch = $1 and line = $2 and attempt = $3");
    within(of_attempt(forget, attempt).execute(&mut *transaction)).await?;
    write_back(&mut transaction, &attempt.batch, &standing).await?;
    within(transaction.commit()).await
}

/// Ends an attempt that is in force; `false` for any other.
pub(super) async fn settle(
    connection: &mut PgConnection,
    attempt: &AttemptId,
    settled: &Settled,
    detail: &str,
) -> Result<bool, DbError> {
    let mut transaction = within(connection.begin()).await?;
    let Some(mut standing) = lock(&mut transaction, &attempt.batch).await? else {
        return within(transaction.rollback()).await.map(|()| false);
    };
    let call = settled.call.as_ref().map(|call| call.as_str());
    let (status, outcome, due_ms) = standing.settled(settled).columns()?;
    let row = of_attempt(sqlx::query(SETTLE_ROW), attempt).bind(call).bind(detail);
    let row = row.bind(status).bind(outcome).bind(due_ms);
    if within(row.execute(&mut *transaction)).await?.rows_affected() == 0 {
        within(transaction.rollback()).await?;
        return Ok(false);
    }
    let note = of_attempt(sqlx::query(SETTLE_ATTEMPT), attempt).bind(call).bind(detail);
    within(note.bind(settled.outcome.as_str()).execute(&mut *transaction)).await?;
    write_back(&mut transaction, &attempt.batch, &standing).await?;
    within(transaction.commit()).await?;
    Ok(true)
}

/// Pauses, resumes or cancels; where it stands then.
pub(super) async fn turn(
    connection: &mut PgConnection,
    batch: &BatchId,
    to: BatchStatus,
) -> Result<Option<BatchStatus>, DbError> {
    let mut transaction = within(connection.begin()).await?;
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
    within(transaction.commit()).await?;
    Ok(status)
}

/// Some at a time: half a million rows take longer than one statement may.
async fn cancel_waiting(connection: &mut PgConnection, batch: &BatchId) -> Result<u64, DbError> {
    let (mut rows, mut after) = (0, -1);
    loop {
        let cancel = sqlx::query_as::<_, (i64, Option<i64>)>(CANCEL_WAITING);
        let cancel = cancel.bind(batch.as_str()).bind(after).bind(AT_ONCE as i64);
        let (changed, last) = within(cancel.fetch_one(&mut *connection)).await?;
        let Some(last) = last else { return Ok(rows) };
        rows += changed.unsigned_abs();
        after = last;
    }
}

/// These people are not called any more; how many were before.
pub(super) async fn opt_out(
    connection: &mut PgConnection,
    company: &CompanyId,
    numbers: &[&str],
    source: &str,
) -> Result<u64, DbError> {
    let mut transaction = within(connection.begin()).await?;
    let mut changed = 0;
    for numbers in numbers.chunks(AT_ONCE) {
        let add = sqlx::query(
            "insert into opt_outs (company, number, source)
             select $1, number, $3 from unnest($2::text[]) as n (number) on conflict do nothing",
        );
        let add = add.bind(company.as_str()).bind(numbers).bind(source);
        changed += within(add.execute(&mut *transaction)).await?.rows_affected();
    }
    within(transaction.commit()).await?;
    Ok(changed)
}

/// These people may be called again; how many could not before.
pub(super) async fn opt_in(
    connection: &mut PgConnection,
    company: &CompanyId,
    numbers: &[&str],
) -> Result<u64, DbError> {
    let mut transaction = within(connection.begin()).await?;
    let mut changed = 0;
    for numbers in numbers.chunks(AT_ONCE) {
        let remove = sqlx::query("delete from opt_outs where company = $1 and number = any($2::text[])");
        let remove = remove.bind(company.as_str()).bind(numbers);
        changed += within(remove.execute(&mut *transaction)).await?.rows_affected();
    }
    within(transaction.commit()).await?;
    Ok(changed)
}

async fn lock(connection: &mut PgConnection, batch: &BatchId) -> Result<Option<Standing>, DbError> {
    let lock = sqlx::query_as::<_, StandingRow>(
        "select status, waiting, under_way, attempts, outcomes::text as outcomes
         from outbound_batches where batch = $1 for update",
    );
    let row = within(lock.bind(batch.as_str()).fetch_optional(connection)).await?;
    row.map(Standing::try_from).transpose()
}

async fn write_back(connection: &mut PgConnection, batch: &BatchId, standing: &Standing) -> Result<(), DbError> {
    let row = standing.row()?;
    let write = sqlx::query(
        "update outbound_batches
         set status = $2, waiting = $3, under_way = $4, attempts = $5, outcomes = $6::jsonb where batch = $1",
    );
    let write = write.bind(batch.as_str()).bind(row.status).bind(row.waiting).bind(row.under_way);
    within(write.bind(row.attempts).bind(row.outcomes).execute(connection)).await?;
    Ok(())
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

/// Binds `$1` to `$3`.
fn of_attempt<'q>(query: Query<'q>, attempt: &'q AttemptId) -> Query<'q> {
    query.bind(attempt.batch.as_str()).bind(i64::from(attempt.row)).bind(i64::from(attempt.attempt))
}

const INSERT_ROWS: &str = r#"
    insert into outbound_rows (batch, line, number, zones, language, columns, due_at)
    select $1, r."row", r."to", r.zones, r.language, r.columns, to_timestamp($3::bigint / 1000.0)
    from json_to_recordset($2::json) as r ("row" bigint, "to" text, zones jsonb, language text, columns jsonb)"#;

const CLAIM: &str = "
    with due as (
        select line from outbound_rows
        where batch = $1 and status = 'waiting' and due_at <= to_timestamp($2::bigint / 1000.0)
        order by due_at, line limit $3 for update skip locked
    ), claimed as (
        update outbound_rows
        set status = 'placing', attempts = attempts + 1, claimed_at = to_timestamp($2::bigint / 1000.0),
            call_sid = null, detail = ''
        from due where batch = $1 and outbound_rows.line = due.line
        returning outbound_rows.line, attempts as attempt, number, zones, language, columns, due_at
    ), noted as (
        insert into outbound_attempts (batch, line, attempt, claimed_at)
        select $1, line, attempt, to_timestamp($2::bigint / 1000.0) from claimed
    )
    select line, attempt, number, zones::text as zones, language, columns::text as columns
    from claimed order by due_at, line";

/// The row shows its attempt before again, if there was one.
const PUT_BACK_ROW: &str = "
    update outbound_rows
    set status = $4, outcome = $5, due_at = coalesce(to_timestamp($6::bigint / 1000.0), due_at),
        attempts = attempts - 1,
        (claimed_at, call_sid, detail) = (
            select max(claimed_at), max(call_sid), coalesce(max(detail), '') from outbound_attempts
            where batch = $1 and line = $2 and attempt = $3 - 1)
    where batch = $1 and line = $2 and attempts = $3 and status = 'placing'";

const SETTLE_ROW: &str = "
    update outbound_rows
    set call_sid = coalesce($4, call_sid), detail = $5, status = $6, outcome = $7,
        due_at = coalesce(to_timestamp($8::bigint / 1000.0), due_at)
    where batch = $1 and line = $2 and attempts = $3 and status in ('placing', 'placed')";

const SETTLE_ATTEMPT: &str = "
    update outbound_attempts
    set call_sid = coalesce($4, call_sid), detail = $5, outcome = $6, settled_at = now()
    where batch = $1 and line = $2 and attempt = $3";

const CANCEL_WAITING: &str = "
    with next as (
        select line from outbound_rows
        where batch = $1 and status = 'waiting' and line > $2 order by line limit $3
    ), changed as (
        update outbound_rows set status = 'done', outcome = 'cancelled'
        from next where batch = $1 and outbound_rows.line = next.line
        returning outbound_rows.line
    )
    select (select count(*) from changed), (select max(line) from next)";
