//! The whole database as lines of JSON, from one snapshot; what one kind of database wrote, the other reads.
//!
//! The first line is `{"dump":1}`, the last `{"end":{"users":2,…}}`, and each between is a row: `{"table":"users","row":{…}}`. Terms
//! and tag counts are not in it, because they are computed; leases are not, because they hold for seconds, nor are the admin's runs of
//! fsck, which tell of another store.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::connection::AnyConnection;
use super::photos::restore_photo;
use super::records::{
    AuditRecord, IdempotencyRecord, ObjectRecord, PhotoRecord, SessionRecord, TokenRecord, UserRecord,
};
use super::run::{Abort, Step, Transaction};
use super::schema::{audit, idempotency_keys, objects, photos, refresh_tokens, sessions, users};
use super::{Db, DbError};

/// Version of the format.
const DUMP: u32 = 1;
/// Rows in memory at once.
const PAGE: i64 = 500;

/// How many rows were written or read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Table → rows.
    pub tables: Vec<(String, u64)>,
}

type Tally = BTreeMap<String, u64>;

/// A line; it has `dump`, or `table` and `row`, or `end`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    dump: Option<u32>,
    table: Option<String>,
    #[serde(borrow)]
    row: Option<&'a RawValue>,
    end: Option<Tally>,
}

impl Db {
    /// Writes every row, as of one moment, while others go on writing. Memory stays bounded.
    ///
    /// # Errors
    /// [`DbError::Refused`] if the writer fails.
    pub async fn dump(&self, to: Box<dyn Write + Send>) -> Result<Counts, DbError> {
        let mut to = Some(to);
        let body = move |connection: &mut AnyConnection| dump_all(connection, once(&mut to)?);
        let Ok(counts) = self.readers.run(Transaction::Snapshot, body).await?;
        Ok(counts)
    }

    /// Reads a dump into a migrated database without users and photos, all or nothing. What can be computed, such as terms and tag
    /// counts, is computed anew.
    ///
    /// # Errors
    /// [`DbError::Refused`] if the database is not empty, or a line is damaged (it is named), or the dump ends early.
    pub async fn load(&self, from: Box<dyn BufRead + Send>) -> Result<Counts, DbError> {
        let mut from = Some(from);
        self.write(move |connection| load_all(connection, once(&mut from)?))
            .await
    }
}

/// A stream cannot be read or written twice, as it would be if the connection were lost in between.
fn once<T>(stream: &mut Option<T>) -> Result<T, DbError> {
    let reason = "the connection was lost in the middle; begin again".to_owned();
    stream.take().ok_or(DbError::Unavailable { reason })
}

/// Writes a table page by page, in the order of its key.
macro_rules! dump_table {
    ($connection:expr, $to:expr, $tally:expr, $table:ident as $record:ty, |$last:ident| $behind:expr) => {{
        let mut written = 0;
        let mut $last: Option<$record> = None;
        loop {
            let page = $table::table.order($table::table.primary_key()).limit(PAGE);
            let rows: Vec<$record> = match &$last {
                Some($last) => page.filter($behind).load($connection)?,
                None => page.load($connection)?,
            };
            for row in &rows {
                write_line($to, &json!({ "table": stringify!($table), "row": row }))?;
                written += 1;
            }
            $last = rows.into_iter().last();
            if $last.is_none() {
                break;
            }
        }
        $tally.insert(stringify!($table).to_owned(), written);
    }};
}

fn dump_all(connection: &mut AnyConnection, mut to: Box<dyn Write + Send>) -> Step<Counts> {
    let to = &mut to;
    let mut tally = Tally::new();
    write_line(to, &json!({ "dump": DUMP }))?;
    dump_table!(connection, to, tally, users as UserRecord, |last| users::id
        .gt(&last.id));
    dump_table!(connection, to, tally, sessions as SessionRecord, |last| {
        sessions::id.gt(&last.id)
    });
    dump_table!(connection, to, tally, refresh_tokens as TokenRecord, |last| {
        refresh_tokens::hash.gt(&last.hash)
    });
    dump_table!(connection, to, tally, photos as PhotoRecord, |last| photos::id
        .gt(&last.id));
    dump_table!(connection, to, tally, objects as ObjectRecord, |last| {
        objects::key.gt(&last.key)
    });
    dump_table!(
        connection,
        to,
        tally,
        idempotency_keys as IdempotencyRecord,
        |last| {
            let same_user = idempotency_keys::user_id.eq(&last.user_id);
            idempotency_keys::user_id
                .gt(&last.user_id)
                .or(same_user.and(idempotency_keys::key.gt(&last.key)))
        }
    );
    dump_table!(connection, to, tally, audit as AuditRecord, |last| audit::id
        .gt(&last.id));
    write_line(to, &json!({ "end": tally }))?;
    to.flush().map_err(unwritable)?;
    Ok(Counts {
        tables: tally.into_iter().collect(),
    })
}

fn write_line(to: &mut Box<dyn Write + Send>, line: &impl Serialize) -> Result<(), DbError> {
    serde_json::to_writer(&mut *to, line).map_err(|error| unwritable(error.into()))?;
    to.write_all(b"\n").map_err(unwritable)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unwritable(error: std::io::Error) -> DbError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return DbError::Full {
            reason: error.to_string(),
        };
    }
    DbError::Refused(format!("the dump cannot be written: {error}"))
}

fn load_all(connection: &mut AnyConnection, from: Box<dyn BufRead + Send>) -> Step<Counts> {
    require_empty(connection)?;
    let mut tally = Tally::new();
    let mut expected = None;
    for (n, text) in from.lines().enumerate() {
        let damaged = |why: &dyn std::fmt::Display| {
            Abort::Db(DbError::Refused(format!(
                "line {} of the dump is damaged: {why}",
                n + 1
            )))
        };
        let text = text.map_err(|error| damaged(&error))?;
        let line: Line<'_> = serde_json::from_str(&text).map_err(|error| damaged(&error))?;
        match line {
            Line {
                dump: Some(DUMP),
                table: None,
                row: None,
                end: None,
            } if n == 0 => {}
            Line { dump: Some(dump), .. } => {
                return Err(damaged(&format!("the version {dump} is not readable here")));
            }
            _ if n == 0 || expected.is_some() => return Err(damaged(&"it does not belong here")),
            Line {
                table: Some(table),
                row: Some(row),
                end: None,
                ..
            } => {
                load_row(connection, &table, row.get()).map_err(|abort| match abort {
                    Abort::Db(DbError::Refused(why)) => damaged(&why),
                    other => other,
                })?;
                *tally.entry(table).or_default() += 1;
            }
            Line {
                table: None,
                row: None,
                end: Some(end),
                ..
            } => expected = Some(end),
            _ => return Err(damaged(&"it is neither a row nor the end")),
        }
    }
    let mut expected = expected.ok_or_else(|| DbError::Refused("the dump ends early".to_owned()))?;
    expected.retain(|_, rows| *rows > 0);
    if expected != tally {
        let text = format!("the dump should have {expected:?} and has {tally:?}");
        return Err(Abort::Db(DbError::Refused(text)));
    }
    Ok(Counts {
        tables: tally.into_iter().collect(),
    })
}

fn require_empty(connection: &mut AnyConnection) -> Step<()> {
    let there: i64 = users::table.count().get_result::<i64>(connection)?
        + photos::table.count().get_result::<i64>(connection)?
        + objects::table.count().get_result::<i64>(connection)?;
    if there > 0 {
        let text = "the database is not empty: restore into a new one".to_owned();
        return Err(Abort::Db(DbError::Refused(text)));
    }
    Ok(())
}

fn load_row(connection: &mut AnyConnection, table: &str, row: &str) -> Step<()> {
    match table {
        "users" => diesel::insert_into(users::table)
            .values(&record::<UserRecord>(row)?)
            .execute(connection)?,
        "sessions" => diesel::insert_into(sessions::table)
            .values(&record::<SessionRecord>(row)?)
            .execute(connection)?,
        "refresh_tokens" => diesel::insert_into(refresh_tokens::table)
            .values(&record::<TokenRecord>(row)?)
            .execute(connection)?,
        "photos" => restore_photo(connection, record::<PhotoRecord>(row)?)?,
        "objects" => diesel::insert_into(objects::table)
            .values(&record::<ObjectRecord>(row)?)
            .execute(connection)?,
        "idempotency_keys" => diesel::insert_into(idempotency_keys::table)
            .values(&record::<IdempotencyRecord>(row)?)
            .execute(connection)?,
        "audit" => diesel::insert_into(audit::table)
            .values(&record::<AuditRecord>(row)?)
            .execute(connection)?,
        other => {
            return Err(Abort::Db(DbError::Refused(format!(
                "there is no table `{other}`"
            ))));
        }
    };
    Ok(())
}

fn record<'a, T: Deserialize<'a>>(row: &'a str) -> Result<T, DbError> {
    serde_json::from_str(row).map_err(|error| DbError::Refused(error.to_string()))
}
