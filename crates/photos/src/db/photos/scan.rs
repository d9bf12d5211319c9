//! Lists of the admin in the order of a name, a size, a change or a deletion: the index of that order, looked through in parts,
//! so far and no further.

use std::borrow::Cow;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::browse::{Browse, BrowsePage, FEW, Mark, MarkKey, Shelf, SortBy};
use super::list::Direction;
use super::rows::load_in_order;
use super::terms::tag_term;
use super::walk;
use crate::db::connection::AnyConnection;
use crate::db::records::read;
use crate::db::run::Step;
use crate::db::sql::Sql;

/// Photos that are looked at in one go, at first and later.
const FIRST_PART: u32 = 110;
const PART: u32 = 1_000;
/// Photos that are looked at for one page.
const MOST: u32 = 20_000;

/// A photo's place in the order.
type Place = (MarkKey, String);

/// What was found, and where the look ended before the list did.
struct Found {
    places: Vec<Place>,
    stopped: Option<(Place, u32)>,
}

/// A page of the list.
pub(super) fn page(connection: &mut AnyConnection, browse: &Browse) -> Step<BrowsePage> {
    let found = match few(connection, browse)? {
        Some(places) => Found {
            places,
            stopped: None,
        },
        None => look_through(connection, browse)?,
    };
    build(connection, browse, found)
}

fn build(connection: &mut AnyConnection, browse: &Browse, found: Found) -> Step<BrowsePage> {
    let size = usize::try_from(browse.page_size).unwrap_or(usize::MAX);
    let Found { mut places, stopped } = found;
    let more = places.len() > size;
    places.truncate(size);
    let back = is_back(browse);
    let direction = if back {
        Direction::Previous
    } else {
        Direction::Next
    };
    // On from the last photo of a full page, or from where the look ended.
    let onward = match (more, &stopped) {
        (true, _) => places.last().cloned(),
        (false, Some((place, _))) => Some(place.clone()),
        (false, None) => None,
    };
    // The way back is from this page's first photo, or from where it began if it is empty.
    let begin = browse
        .from
        .as_ref()
        .map(|from| (from.key.clone(), from.id.to_string()));
    let homeward = begin.map(|begin| places.first().cloned().unwrap_or(begin));
    let mark = |place: Option<Place>, direction| -> Step<Option<Mark>> {
        let Some((key, id)) = place else { return Ok(None) };
        let id = read("photo id", &id)?;
        Ok(Some(Mark { key, id, direction }))
    };
    let onward = mark(onward, direction)?;
    let homeward = mark(
        homeward,
        if back {
            Direction::Next
        } else {
            Direction::Previous
        },
    )?;
    if back {
        places.reverse();
    }
    let ids: Vec<String> = places.into_iter().map(|(_, id)| id).collect();
    let (next, previous) = if back {
        (homeward, onward)
    } else {
        (onward, homeward)
    };
    Ok(BrowsePage {
        rows: load_in_order(connection, &ids)?,
        next,
        previous,
        looked_through: stopped.filter(|_| !more).map(|(_, looked)| looked),
    })
}

/// The page and one photo more of a list whose filters leave few photos, sorted here.
fn few(connection: &mut AnyConnection, browse: &Browse) -> Step<Option<Vec<Place>>> {
    let filtered = browse.owner.is_some()
        || browse.within.is_some()
        || !browse.tags.is_empty()
        || !browse.words.is_empty()
        || browse.shelf == Shelf::Drafts;
    if browse.shelf == Shelf::Trash || !filtered {
        return Ok(None);
    }
    let found = walk::places(connection, &browse.uploads(1), browse.upload_span(), FEW + 1)?;
    if u32::try_from(found.len()).unwrap_or(u32::MAX) > FEW {
        return Ok(None);
    }
    let ids: Vec<String> = found.into_iter().map(|(id, _)| id).collect();
    let mut places = Vec::with_capacity(ids.len());
    for part in ids.chunks(500) {
        let statement = Sql::<(Text, Text, BigInt)>::new(columns(browse))
            .sql(" FROM photos t WHERE t.id IN ")
            .tuple(part);
        let rows = statement.load::<(String, String, i64)>(connection)?;
        places.extend(
            rows.into_iter()
                .map(|(id, text, number)| (key(browse, text, number), id)),
        );
    }
    places.sort_unstable();
    if is_descending(browse) {
        places.reverse();
    }
    if let Some(from) = &browse.from {
        let begin = (from.key.clone(), from.id.to_string());
        places.retain(|place| {
            if is_descending(browse) {
                *place < begin
            } else {
                *place > begin
            }
        });
    }
    places.truncate(usize::try_from(browse.page_size).unwrap_or(usize::MAX) + 1);
    Ok(Some(places))
}

fn look_through(connection: &mut AnyConnection, browse: &Browse) -> Step<Found> {
    let want = usize::try_from(browse.page_size).unwrap_or(usize::MAX) + 1;
    let mut at: Option<Place> = browse
        .from
        .as_ref()
        .map(|from| (from.key.clone(), from.id.to_string()));
    let (mut places, mut looked, mut part) = (Vec::new(), 0, FIRST_PART.max(browse.page_size + 1));
    loop {
        let statement = statement(connection, browse, at.as_ref(), part);
        let rows = statement.load::<(String, String, i64, i64)>(connection)?;
        let has_ended = u32::try_from(rows.len()).unwrap_or(u32::MAX) < part;
        for (id, text, number, matches) in rows {
            let place = (key(browse, text, number), id);
            looked += 1;
            if matches != 0 {
                places.push(place.clone());
            }
            at = Some(place);
            if places.len() == want {
                return Ok(Found {
                    places,
                    stopped: None,
                });
            }
        }
        if has_ended {
            return Ok(Found {
                places,
                stopped: None,
            });
        }
        if looked >= MOST {
            let stopped = at.map(|at| (at, looked));
            return Ok(Found { places, stopped });
        }
        part = PART;
    }
}

/// How many photos of the trash match, at most `most`.
pub(super) fn places(connection: &mut AnyConnection, browse: &Browse, most: u32) -> Step<usize> {
    Ok(times(connection, browse, most)?.len())
}

/// When the first photos of the trash that match were deleted, at most `limit`.
pub(super) fn times(connection: &mut AnyConnection, browse: &Browse, limit: u32) -> Step<Vec<i64>> {
    let order = if browse.descending { " DESC" } else { "" };
    let statement = Sql::<(BigInt,)>::new("SELECT t.deleted_at")
        .append(range(browse))
        .sql(" AND ")
        .append(matching(connection, browse))
        .sql(Cow::Owned(format!(
            " ORDER BY t.deleted_at{order}, t.id{order} LIMIT "
        )))
        .bind(i64::from(limit));
    Ok(statement
        .load::<(i64,)>(connection)?
        .into_iter()
        .map(|(time,)| time)
        .collect())
}

fn statement(
    connection: &AnyConnection,
    browse: &Browse,
    at: Option<&Place>,
    part: u32,
) -> Sql<(Text, Text, BigInt, BigInt)> {
    let (column, descending) = (column(browse), is_descending(browse));
    let mut sql = Sql::new(columns(browse))
        .sql(", CAST(CASE WHEN ")
        .append(matching(connection, browse))
        .sql(" THEN 1 ELSE 0 END AS BIGINT)")
        .append(range(browse));
    if let Some((key, id)) = at {
        sql = sql.sql(" AND (t.").sql(column).sql(", t.id) ");
        sql = sql.sql(if descending { "< (" } else { "> (" });
        sql = match key {
            MarkKey::Number(number) => sql.bind(*number),
            MarkKey::Text(text) => sql.bind(text),
        };
        sql = sql.sql(", ").bind(id).sql(")");
    }
    let order = if descending { " DESC" } else { "" };
    sql.sql(Cow::Owned(format!(
        " ORDER BY t.{column}{order}, t.id{order} LIMIT "
    )))
    .bind(i64::from(part))
}

/// The part of the index that the list is in.
fn range(browse: &Browse) -> Sql {
    if browse.shelf != Shelf::Trash {
        return Sql::new(" FROM photos t WHERE t.deleted_at IS NULL");
    }
    let sql = Sql::new(" FROM photos t WHERE t.deleted_at IS NOT NULL");
    match browse.within {
        None => sql,
        Some(span) => {
            let sql = sql.sql(" AND t.deleted_at >= ").bind(span.from);
            sql.sql(" AND t.deleted_at < ").bind(span.until)
        }
    }
}

/// Whether a photo of the index is one of the list.
fn matching(connection: &AnyConnection, browse: &Browse) -> Sql {
    let mut sql = Sql::new("1 = 1");
    let draft = match browse.shelf {
        Shelf::Published => Some(false),
        Shelf::Drafts => Some(true),
        Shelf::All | Shelf::Trash => None,
    };
    if let Some(draft) = draft {
        sql = sql.sql(" AND t.draft = ").bind(draft);
    }
    if let Some(owner) = &browse.owner {
        sql = sql
            .sql(" AND t.owner_id = (SELECT id FROM users WHERE username = ")
            .bind(owner)
            .sql(")");
    }
    if let Some(span) = browse.within.filter(|_| browse.shelf != Shelf::Trash) {
        sql = sql.sql(" AND t.created_at >= ").bind(span.from);
        sql = sql.sql(" AND t.created_at < ").bind(span.until);
    }
    let tags = browse.tags.iter().map(|tag| ("t.tags", tag, tag_term(tag)));
    let words = browse.words.iter().map(|word| ("t.words", word, word.clone()));
    for (column, text, term) in tags.chain(words) {
        if browse.shelf == Shelf::Trash {
            // The index of terms has nothing of the trash; the photo's own texts have.
            let within = match connection {
                AnyConnection::Postgres(_) => "strpos",
                AnyConnection::Sqlite(_) => "instr",
            };
            sql = sql.sql(Cow::Owned(format!(" AND {within}(' ' || {column} || ' ', ")));
            sql = sql.bind(format!(" {text} ")).sql(") > 0");
        } else {
            sql = sql
                .sql(" AND (SELECT m.draft FROM photo_terms m WHERE m.term = ")
                .bind(term);
            sql = sql
                .sql(" AND m.draft = t.draft AND m.sort_at = t.sort_at AND m.photo_id = t.id) IS NOT NULL");
        }
    }
    sql
}

fn columns(browse: &Browse) -> Cow<'static, str> {
    match column(browse) {
        "name" => "SELECT t.id, t.name, CAST(0 AS BIGINT)".into(),
        column => format!("SELECT t.id, CAST('' AS TEXT), t.{column}").into(),
    }
}

fn key(browse: &Browse, text: String, number: i64) -> MarkKey {
    if column(browse) == "name" {
        MarkKey::Text(text)
    } else {
        MarkKey::Number(number)
    }
}

fn column(browse: &Browse) -> &'static str {
    match (browse.shelf, browse.sort) {
        (Shelf::Trash, _) => "deleted_at",
        (_, SortBy::Uploaded) => "created_at",
        (_, SortBy::Published) => "sort_at",
        (_, SortBy::Changed) => "updated_at",
        (_, SortBy::Name) => "name",
        (_, SortBy::Size) => "bytes",
    }
}

fn is_back(browse: &Browse) -> bool {
    browse
        .from
        .as_ref()
        .is_some_and(|from| from.direction == Direction::Previous)
}

fn is_descending(browse: &Browse) -> bool {
    browse.descending != is_back(browse)
}
