//! The statements behind lists. Each walks one index in the list's order and stops after a page, whatever the filters: the index is
//! that of all photos, of an owner, of a term, or of an owner and a term. Further terms are looked up in the index of terms, photo by
//! photo; of several terms, the one that is rarest from here on is walked.
//!
//! Drafts and published photos are two walks, which are merged where a list has both.

use std::borrow::Cow;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::list::{Direction, ListQuery, OwnerFilter, Visibility};
use super::rows::{COLUMNS, Columns, EditionColumns};
use super::terms::tag_term;
use crate::db::connection::AnyConnection;
use crate::db::records::read_size;
use crate::db::run::Step;
use crate::db::sql::Sql;
use crate::domain::Ordering;

/// How far to look ahead for the rarest term: who has this many photos within the shortest stretch of the list is the commonest.
const LOOK_AHEAD: u32 = 127;
/// Statements are kept prepared, so that there are only a few lengths of them.
const LENGTHS: [u32; 4] = [11, 31, 51, 101];

/// Where a list begins, and which way it goes.
struct Walk<'a> {
    query: &'a ListQuery,
    terms: Vec<String>,
    key: &'static str,
    descending: bool,
    from: Option<(i64, String)>,
    within: Within,
}

/// The stretch of the list's own key that is walked: from, and up to but not including.
pub(super) type Within = Option<(i64, i64)>;

/// A page and one row more, in the direction of the walk.
pub(super) fn statement(
    connection: &mut AnyConnection,
    query: &ListQuery,
    within: Within,
) -> Step<Sql<Columns>> {
    let walk = Walk {
        within,
        ..Walk::new(query)
    };
    // The order of the joins is the order in which SQLite does them.
    let joined = "photos p CROSS JOIN users u WHERE p.id = k.photo_id AND u.id = p.owner_id";
    walk.page(connection, COLUMNS, joined)
}

/// The same page and row, each only as far as an [`Edition`](super::list::Edition) and its place in the list need it.
pub(super) fn editions(connection: &mut AnyConnection, query: &ListQuery) -> Step<Sql<EditionColumns>> {
    let walk = Walk::new(query);
    let columns = match walk.key {
        "created_at" => "p.id, p.version, p.updated_at, k.created_at",
        _ => "p.id, p.version, p.updated_at, k.sort_at",
    };
    walk.page(connection, columns, "photos p WHERE p.id = k.photo_id")
}

/// The first photos of the list with their sort keys, at most `limit` of the published ones and as many drafts, each in the
/// list's order.
pub(super) fn places(
    connection: &mut AnyConnection,
    query: &ListQuery,
    within: Within,
    limit: u32,
) -> Step<Vec<(String, i64)>> {
    let walk = Walk {
        within,
        ..Walk::new(query)
    };
    let mut found = Vec::new();
    for draft in walk.drafts() {
        let driver = walk.rarest(connection, *draft)?;
        let statement = Sql::<(Text, BigInt)>::new("")
            .append(walk.keys(*draft, driver))
            .append(walk.ordered("t", limit));
        found.extend(statement.load::<(String, i64)>(connection)?);
    }
    Ok(found)
}

/// All photos of the list, one by one.
pub(super) fn count(connection: &mut AnyConnection, query: &ListQuery) -> Step<u64> {
    let walk = Walk {
        from: None,
        ..Walk::new(query)
    };
    let mut total = 0;
    for draft in walk.drafts() {
        let driver = walk.rarest(connection, *draft)?;
        let counted = Sql::<(BigInt,)>::new("SELECT COUNT(*) FROM (")
            .append(walk.keys(*draft, driver))
            .sql(") c")
            .load::<(i64,)>(connection)?;
        total += counted.first().map_or(0, |(count,)| *count);
    }
    Ok(read_size("count", total)?)
}

impl<'a> Walk<'a> {
    fn new(query: &'a ListQuery) -> Self {
        let key = match query.ordering {
            Ordering::NewestPublished | Ordering::OldestPublished => "sort_at",
            Ordering::NewestCreated | Ordering::OldestCreated => "created_at",
        };
        let back = query
            .position
            .is_some_and(|position| position.direction == Direction::Previous);
        let mut terms: Vec<String> = query.tags.iter().map(|tag| tag_term(tag)).collect();
        terms.extend(query.words.iter().cloned());
        terms.sort_unstable();
        terms.dedup();
        Self {
            query,
            terms,
            key,
            descending: query.ordering.is_descending() != back,
            from: query
                .position
                .map(|position| (position.key.as_microsecond(), position.id.to_string())),
            within: None,
        }
    }

    /// Columns of the photos of a page and of one more, `p`, and of what is joined to them.
    fn page<ST>(
        &self,
        connection: &mut AnyConnection,
        columns: &'static str,
        joined: &'static str,
    ) -> Step<Sql<ST>> {
        let length = LENGTHS
            .into_iter()
            .find(|length| *length > self.query.page_size)
            .unwrap_or(self.query.page_size + 1);
        let mut keys = Sql::<()>::new("");
        for (n, draft) in self.drafts().iter().enumerate() {
            let union = if n == 0 {
                "SELECT * FROM ("
            } else {
                " UNION ALL SELECT * FROM ("
            };
            let driver = self.rarest(connection, *draft)?;
            keys = keys
                .sql(union)
                .append(self.keys(*draft, driver))
                .append(self.ordered("t", length));
            keys = keys.sql(if n == 0 { ") a" } else { ") b" });
        }
        Ok(Sql::new("SELECT ")
            .sql(columns)
            .sql(" FROM (")
            .append(keys)
            .sql(") k CROSS JOIN ")
            .sql(joined)
            .append(self.ordered("k", length)))
    }

    fn drafts(&self) -> &'static [bool] {
        match self.query.visibility {
            Visibility::Published => &[false],
            Visibility::Drafts => &[true],
            Visibility::All => &[false, true],
        }
    }

    /// Keys of photos that match, by way of the index of a term, or of all photos if there is none. Without order and end.
    fn keys(&self, draft: bool, driver: Option<&String>) -> Sql {
        let (id, table) = match driver {
            Some(_) => ("t.photo_id", "photo_terms"),
            None => ("t.id AS photo_id", "photos"),
        };
        let mut sql = Sql::new("SELECT ")
            .sql(id)
            .sql(", t.")
            .sql(self.key)
            .sql(" FROM ")
            .sql(table)
            .sql(" t WHERE t.draft = ")
            .bind(draft);
        sql = match driver {
            Some(term) => sql.sql(" AND t.term = ").bind(term),
            None => sql.sql(" AND t.deleted_at IS NULL"),
        };
        sql = match &self.query.owner {
            Some(OwnerFilter::Id(id)) => sql.sql(" AND t.owner_id = ").bind(*id),
            Some(OwnerFilter::Username(name)) => sql
                .sql(" AND t.owner_id = (SELECT id FROM users WHERE username = ")
                .bind(name)
                .sql(")"),
            None => sql,
        };
        if let Some((from, until)) = self.within {
            sql = sql.sql(" AND t.").sql(self.key).sql(" >= ").bind(from);
            sql = sql.sql(" AND t.").sql(self.key).sql(" < ").bind(until);
        }
        if let Some((key, id)) = &self.from {
            let id_column = if driver.is_some() { "t.photo_id" } else { "t.id" };
            sql = sql.sql(" AND (t.").sql(self.key).sql(", ").sql(id_column);
            sql = sql.sql(if self.descending { ") < (" } else { ") > (" });
            sql = sql.bind(*key).sql(", ").bind(id).sql(")");
        }
        for term in self.terms.iter().filter(|term| Some(*term) != driver) {
            // Not EXISTS, which PostgreSQL might turn into a join of all photos with the term.
            sql = sql
                .sql(" AND (SELECT m.draft FROM photo_terms m WHERE m.term = ")
                .bind(term)
                .sql(" AND m.draft = t.draft AND m.sort_at = t.sort_at AND m.photo_id = t.photo_id) IS NOT NULL");
        }
        sql
    }

    fn ordered(&self, table: &'static str, length: u32) -> Sql {
        let direction = if self.descending { " DESC" } else { "" };
        let key = self.key;
        // The photo's id has its own name in its own table.
        let id = if table == "t" && self.terms.is_empty() {
            "id"
        } else {
            "photo_id"
        };
        let clause = format!(" ORDER BY {table}.{key}{direction}, {table}.{id}{direction} LIMIT {length}");
        Sql::new(Cow::Owned(clause))
    }

    /// The term to walk: none if there is no term. A term with few photos from here on has none that far ahead, or one far away.
    fn rarest(&self, connection: &mut AnyConnection, draft: bool) -> Step<Option<&String>> {
        if self.terms.len() < 2 {
            return Ok(self.terms.first());
        }
        let alone = |term: &String| Walk {
            query: self.query,
            terms: vec![term.clone()],
            from: self.from.clone(),
            ..*self
        };
        let mut sql = Sql::<(BigInt, Nullable<BigInt>)>::new("");
        for (n, term) in self.terms.iter().enumerate() {
            let union = if n == 0 { "SELECT " } else { " UNION ALL SELECT " };
            sql = sql
                .sql(union)
                .sql(Cow::Owned(format!(
                    "CAST({n} AS BIGINT), (SELECT q.{} FROM (",
                    self.key
                )))
                .append(alone(term).keys(draft, Some(term)))
                .append(self.ordered("t", LOOK_AHEAD + 1))
                .sql(Cow::Owned(format!(") q LIMIT 1 OFFSET {LOOK_AHEAD})")));
        }
        let ahead = sql.load::<(i64, Option<i64>)>(connection)?;
        let rarest = ahead.into_iter().min_by_key(|(_, key)| match key {
            None => (0, 0),
            Some(key) => (
                1,
                if self.descending {
                    *key
                } else {
                    key.saturating_neg()
                },
            ),
        });
        let rarest = rarest.and_then(|(n, _)| usize::try_from(n).ok());
        Ok(rarest.and_then(|n| self.terms.get(n)).or(self.terms.first()))
    }
}
