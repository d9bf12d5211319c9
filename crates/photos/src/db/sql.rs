//! SQL that the query builder has no words for over two databases: rows of values, conflicts, lists. It is read by both alike;
//! values are always bound.

use std::borrow::Cow;
use std::marker::PhantomData;

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

use super::connection::{AnyConnection, MultiBackend};

/// A statement in parts. `ST` is the type of its columns.
#[derive(Debug, Clone)]
pub(super) struct Sql<ST = ()> {
    parts: Vec<Part>,
    cached: bool,
    columns: PhantomData<ST>,
}

#[derive(Debug, Clone)]
enum Part {
    Sql(Cow<'static, str>),
    Value(Value),
}

/// A bound value.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(Option<String>),
    Int(Option<i64>),
    Bool(bool),
    Bytes(Option<Vec<u8>>),
}

macro_rules! value_from {
    ($($from:ty => |$value:ident| $into:expr),* $(,)?) => {
        $(impl From<$from> for Value {
            fn from($value: $from) -> Self {
                $into
            }
        })*
    };
}

value_from! {
    &str => |value| Self::Text(Some(value.to_owned())),
    &&str => |value| Self::Text(Some((*value).to_owned())),
    String => |value| Self::Text(Some(value)),
    &String => |value| Self::Text(Some(value.clone())),
    Option<String> => |value| Self::Text(value),
    i64 => |value| Self::Int(Some(value)),
    Option<i64> => |value| Self::Int(value),
    bool => |value| Self::Bool(value),
    Vec<u8> => |value| Self::Bytes(Some(value)),
    Option<Vec<u8>> => |value| Self::Bytes(value),
    crate::domain::PhotoId => |value| Self::Text(Some(value.to_string())),
    crate::domain::UserId => |value| Self::Text(Some(value.to_string())),
    crate::domain::SessionId => |value| Self::Text(Some(value.to_string())),
    crate::domain::Timestamp => |value| Self::Int(Some(value.as_microsecond())),
}

impl<ST> Sql<ST> {
    /// Begins a statement.
    pub(super) fn new(sql: impl Into<Cow<'static, str>>) -> Self {
        Self {
            parts: vec![Part::Sql(sql.into())],
            cached: true,
            columns: PhantomData,
        }
    }

    /// Goes on with SQL.
    pub(super) fn sql(mut self, sql: impl Into<Cow<'static, str>>) -> Self {
        self.parts.push(Part::Sql(sql.into()));
        self
    }

    /// Goes on with a bound value.
    pub(super) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.parts.push(Part::Value(value.into()));
        self
    }

    /// Goes on with bound values in parentheses. The statement is not kept prepared: there would be one for every length.
    pub(super) fn tuple<V: Into<Value>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        self.cached = false;
        let mut before = "(";
        for value in values {
            self = self.sql(before).bind(value);
            before = ", ";
        }
        self.sql(")")
    }

    /// Goes on with rows of bound values, as `tuple` does with one.
    pub(super) fn rows<V: Into<Value>, R: IntoIterator<Item = V>>(
        mut self,
        rows: impl IntoIterator<Item = R>,
    ) -> Self {
        let mut first = true;
        for row in rows {
            self = if std::mem::take(&mut first) {
                self
            } else {
                self.sql(", ")
            }
            .tuple(row);
        }
        self
    }

    /// Goes on with another statement.
    pub(super) fn append<T>(mut self, other: Sql<T>) -> Self {
        self.cached &= other.cached;
        self.parts.extend(other.parts);
        self
    }
}

impl<ST> QueryFragment<MultiBackend> for Sql<ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        if !self.cached {
            out.unsafe_to_cache_prepared();
        }
        for part in &self.parts {
            match part {
                Part::Sql(sql) => out.push_sql(sql),
                Part::Value(Value::Text(value)) => out.push_bind_param::<Nullable<Text>, _>(value)?,
                Part::Value(Value::Int(value)) => out.push_bind_param::<Nullable<BigInt>, _>(value)?,
                Part::Value(Value::Bool(value)) => out.push_bind_param::<Bool, _>(value)?,
                Part::Value(Value::Bytes(value)) => out.push_bind_param::<Nullable<Binary>, _>(value)?,
            }
        }
        Ok(())
    }
}

impl<ST> QueryId for Sql<ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST: 'static> Query for Sql<ST> {
    type SqlType = ST;
}

impl<ST> RunQueryDsl<AnyConnection> for Sql<ST> {}

/// A locking clause for PostgreSQL. SQLite has one writer, which needs none.
pub(super) fn locking(connection: &AnyConnection, clause: &'static str) -> &'static str {
    match connection {
        AnyConnection::Postgres(_) => clause,
        AnyConnection::Sqlite(_) => "",
    }
}
