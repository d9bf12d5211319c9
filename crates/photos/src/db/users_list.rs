//! The admin's list of users: searched, filtered, in either order, a page at a time.

use diesel::prelude::*;

use super::connection::AnyConnection;
use super::records::UserRecord;
use super::run::Step;
use super::schema::users;
use super::users::User;
use super::{Db, DbError};
use crate::domain::UserId;

/// Users that are looked at in one go, and for one page; and those that are sorted here rather than by an index.
const PART: u32 = 1_000;
const MOST: u32 = 20_000;
const FEW: u32 = 2_000;

/// A list of users and which page of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserQuery {
    /// Only users whose names have this in them.
    pub search: String,
    /// Only staff, or only others.
    pub staff: Option<bool>,
    /// Only superusers.
    pub superusers: bool,
    /// Only active users, or only others.
    pub active: Option<bool>,
    /// In the order of their accounts' age, which is that of their ids, instead of their names.
    pub by_age: bool,
    /// Whether the last name or the newest account is first.
    pub descending: bool,
    /// Behind this user, or before.
    pub from: Option<UserMark>,
}

/// A place in the list: at the name or the id of a user, who need not exist any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserMark {
    /// The name, or the id in a list by age.
    pub key: String,
    /// Whether the page goes back from there.
    pub back: bool,
}

/// A page of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPage {
    /// The users, in the list's order.
    pub users: Vec<User>,
    /// Where the next page begins, if there is more.
    pub next: Option<UserMark>,
    /// Where the previous page begins, if there is one.
    pub previous: Option<UserMark>,
    /// Users that were looked through without filling the page, which therefore ends early.
    pub looked_through: Option<u32>,
}

impl Db {
    /// A page of up to `limit` users.
    pub async fn browse_users(&self, query: &UserQuery, limit: u32) -> Result<UserPage, DbError> {
        let query = query.clone();
        self.read(move |connection| page(connection, &query, limit)).await
    }

    /// Names that begin with a text, in their order.
    pub async fn suggest_usernames(&self, prefix: &str, limit: u32) -> Result<Vec<String>, DbError> {
        let prefix = prefix.to_owned();
        self.read(move |connection| {
            let end = format!("{prefix}{}", char::MAX);
            let names = users::table
                .filter(users::username.ge(&prefix))
                .filter(users::username.le(&end))
                .order(users::username)
                .limit(i64::from(limit))
                .select(users::username);
            Ok(names.load(connection)?)
        })
        .await
    }

    /// The users of these ids; missing ones are missing in the answer.
    pub async fn users_by_ids(&self, ids: Vec<UserId>) -> Result<Vec<User>, DbError> {
        self.read(move |connection| {
            let mut found = Vec::new();
            for part in ids.chunks(500) {
                let part: Vec<String> = part.iter().map(UserId::to_string).collect();
                let records: Vec<UserRecord> =
                    users::table.filter(users::id.eq_any(part)).load(connection)?;
                for record in records {
                    found.push(record.try_into()?);
                }
            }
            Ok(found)
        })
        .await
    }
}

fn page(connection: &mut AnyConnection, query: &UserQuery, limit: u32) -> Step<UserPage> {
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let back = query.from.as_ref().is_some_and(|from| from.back);
    let (mut found, stopped) = match few(connection, query)? {
        Some(found) => (found, None),
        None => look_through(connection, query, size + 1)?,
    };
    let more = found.len() > size;
    found.truncate(size);
    let begin = query.from.as_ref().map(|from| from.key.clone());
    let onward = match (more, &stopped) {
        (true, _) => found.last().map(|user| key(query, user)),
        (false, Some((key, _))) => Some(key.clone()),
        (false, None) => None,
    };
    let homeward = begin.map(|begin| found.first().map_or(begin, |user| key(query, user)));
    let mark = |key: Option<String>, back| key.map(|key| UserMark { key, back });
    let (next, previous) = if back {
        found.reverse();
        (mark(homeward, false), mark(onward, true))
    } else {
        (mark(onward, false), mark(homeward, true))
    };
    Ok(UserPage {
        users: found.into_iter().map(User::try_from).collect::<Result<_, _>>()?,
        next,
        previous,
        looked_through: stopped.filter(|_| !more).map(|(_, looked)| looked),
    })
}

/// Everybody whom a flag leaves, in the order of age, if they are few; an index has them by name only.
fn few(connection: &mut AnyConnection, query: &UserQuery) -> Step<Option<Vec<UserRecord>>> {
    if !query.by_age || (query.staff.is_none() && query.active.is_none()) {
        return Ok(None);
    }
    let by_name = UserQuery {
        by_age: false,
        from: None,
        ..query.clone()
    };
    let found = part(connection, &by_name, None, FEW + 1)?;
    if u32::try_from(found.len()).unwrap_or(u32::MAX) > FEW {
        return Ok(None);
    }
    let mut found: Vec<_> = found.into_iter().filter(|user| has(query, user)).collect();
    found.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    let descending = is_descending(query);
    if descending {
        found.reverse();
    }
    if let Some(from) = &query.from {
        found.retain(|user| {
            if descending {
                user.id < from.key
            } else {
                user.id > from.key
            }
        });
    }
    Ok(Some(found))
}

type Looked = (Vec<UserRecord>, Option<(String, u32)>);

fn look_through(connection: &mut AnyConnection, query: &UserQuery, want: usize) -> Step<Looked> {
    let mut at = query.from.as_ref().map(|from| from.key.clone());
    let (mut found, mut looked) = (Vec::new(), 0);
    loop {
        let users = part(connection, query, at.as_ref(), PART)?;
        let has_ended = u32::try_from(users.len()).unwrap_or(u32::MAX) < PART;
        for user in users {
            looked += 1;
            at = Some(key(query, &user));
            if has(query, &user) {
                found.push(user);
            }
            if found.len() == want {
                return Ok((found, None));
            }
        }
        if has_ended {
            return Ok((found, None));
        }
        if looked >= MOST {
            return Ok((found, at.map(|at| (at, looked))));
        }
    }
}

/// Users behind a key, in the direction of the look. By name the flags choose the index; by age they are looked at later.
fn part(
    connection: &mut AnyConnection,
    query: &UserQuery,
    at: Option<&String>,
    limit: u32,
) -> Step<Vec<UserRecord>> {
    let descending = is_descending(query);
    let mut select = users::table.limit(i64::from(limit)).into_boxed();
    if query.by_age {
        select = match (at.cloned(), descending) {
            (Some(at), true) => select.filter(users::id.lt(at)),
            (Some(at), false) => select.filter(users::id.gt(at)),
            (None, _) => select,
        };
        select = if descending {
            select.order(users::id.desc())
        } else {
            select.order(users::id.asc())
        };
        return Ok(select.load(connection)?);
    }
    select = match (at.cloned(), descending) {
        (Some(at), true) => select.filter(users::username.lt(at)),
        (Some(at), false) => select.filter(users::username.gt(at)),
        (None, _) => select,
    };
    // Of two flags the rarer is in the index: staff, or users who are not active.
    match (query.staff, query.active) {
        (Some(staff), _) => select = select.filter(users::is_staff.eq(staff)),
        (None, Some(active)) => select = select.filter(users::active.eq(active)),
        (None, None) => {}
    }
    select = if descending {
        select.order(users::username.desc())
    } else {
        select.order(users::username.asc())
    };
    Ok(select.load(connection)?)
}

fn has(query: &UserQuery, user: &UserRecord) -> bool {
    user.username.contains(&query.search)
        && query.staff.is_none_or(|staff| staff == user.is_staff)
        && (!query.superusers || user.is_superuser)
        && query.active.is_none_or(|active| active == user.active)
}

fn key(query: &UserQuery, user: &UserRecord) -> String {
    if query.by_age {
        user.id.clone()
    } else {
        user.username.clone()
    }
}

fn is_descending(query: &UserQuery) -> bool {
    query.descending != query.from.as_ref().is_some_and(|from| from.back)
}
