//! A photo's row and its owner's name, read in one go.

use std::collections::BTreeMap;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
use diesel::sqlite::Sqlite;

use crate::db::connection::{AnyConnection, MultiBackend};
use crate::db::error::DbError;
use crate::db::records::{PhotoRecord, read, read_size, read_time};
use crate::db::run::Step;
use crate::db::sql::Sql;
use crate::domain::time::from_micros;
use crate::domain::{Edition, ImageFormat, PhotoId, PhotoRow, Timestamp, UserId};

/// What [`select`] reads, in order: `p` is the photo, `u` its owner.
pub(super) const COLUMNS: &str = "p.id, p.version, p.owner_id, u.username, p.name, p.caption, p.tags, p.draft, \
    p.format, p.bytes, p.width, p.height, p.placeholder, p.sha256, p.created_at, p.updated_at, p.published_at, \
    p.deleted_at";

/// The types of [`COLUMNS`].
pub(super) type Columns = (
    Text,
    BigInt,
    Text,
    Text,
    Text,
    Text,
    Text,
    Bool,
    Text,
    BigInt,
    BigInt,
    BigInt,
    Binary,
    Text,
    BigInt,
    BigInt,
    Nullable<BigInt>,
    Nullable<BigInt>,
);

/// The values of [`COLUMNS`].
#[derive(Queryable)]
pub(super) struct Found {
    id: Parsed<PhotoId>,
    version: i64,
    owner_id: Parsed<UserId>,
    owner: String,
    name: String,
    caption: String,
    tags: String,
    draft: bool,
    format: Parsed<ImageFormat>,
    bytes: i64,
    width: i64,
    height: i64,
    placeholder: Vec<u8>,
    sha256: String,
    created_at: i64,
    updated_at: i64,
    published_at: Option<i64>,
    deleted_at: Option<i64>,
}

/// The types of an edition and its place: id, version, change, sort key.
pub(super) type EditionColumns = (Text, BigInt, BigInt, BigInt);

/// What is read from a text where the client library holds it: a page of photos has a hundred of them, and a copy of each
/// costs more than reading it.
#[derive(Debug, FromSqlRow)]
pub(super) struct Parsed<T>(T);

/// What a text of a column stands for.
trait Stored: Sized {
    fn read(text: &str) -> Result<Self, DbError>;
}

impl Stored for PhotoId {
    fn read(text: &str) -> Result<Self, DbError> {
        read("photo id", text)
    }
}

impl Stored for UserId {
    fn read(text: &str) -> Result<Self, DbError> {
        read("user id", text)
    }
}

impl Stored for ImageFormat {
    fn read(text: &str) -> Result<Self, DbError> {
        read_format(text)
    }
}

impl<T: Stored> FromSql<Text, Sqlite> for Parsed<T> {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(T::read(value.read_text())?))
    }
}

impl<T: Stored> FromSql<Text, Pg> for Parsed<T> {
    fn from_sql(value: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(T::read(std::str::from_utf8(value.as_bytes())?)?))
    }
}

impl<T: Stored> FromSql<Text, MultiBackend> for Parsed<T> {
    fn from_sql(value: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        value.from_sql::<Self, Text>()
    }
}

/// Begins a statement that reads photos.
pub(super) fn select() -> Sql<Columns> {
    Sql::new("SELECT ")
        .sql(COLUMNS)
        .sql(" FROM photos p JOIN users u ON u.id = p.owner_id ")
}

/// Reads photos with a statement that selects [`COLUMNS`].
pub(super) fn load(connection: &mut AnyConnection, statement: Sql<Columns>) -> Step<Vec<PhotoRow>> {
    let found = statement.load::<Found>(connection)?;
    Ok(found
        .into_iter()
        .map(PhotoRow::try_from)
        .collect::<Result<_, _>>()?)
}

/// Reads editions with a statement that selects [`EditionColumns`], each with its sort key.
pub(super) fn load_editions(
    connection: &mut AnyConnection,
    statement: Sql<EditionColumns>,
) -> Step<Vec<(Edition, Timestamp)>> {
    let found = statement.load::<(Parsed<PhotoId>, i64, i64, i64)>(connection)?;
    let editions = found.into_iter().map(|(id, version, updated_at, key)| {
        let edition = Edition {
            id: id.0,
            version,
            updated_at: from_micros(updated_at),
        };
        (edition, from_micros(key))
    });
    Ok(editions.collect())
}

/// The photos of these ids, in their order; missing ones are missing in the answer.
pub(super) fn load_in_order(connection: &mut AnyConnection, ids: &[String]) -> Step<Vec<PhotoRow>> {
    let mut found = BTreeMap::new();
    for part in ids.chunks(500) {
        let statement = select().sql("WHERE p.id IN ").tuple(part);
        found.extend(
            load(connection, statement)?
                .into_iter()
                .map(|photo| (photo.id.to_string(), photo)),
        );
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

impl TryFrom<Found> for PhotoRow {
    type Error = DbError;

    fn try_from(found: Found) -> Result<Self, DbError> {
        Ok(Self {
            id: found.id.0,
            version: found.version,
            owner_id: found.owner_id.0,
            owner: found.owner,
            name: found.name,
            caption: found.caption,
            tags: split(&found.tags),
            draft: found.draft,
            format: found.format.0,
            bytes: read_size("size", found.bytes)?,
            width: read_size("width", found.width)?,
            height: read_size("height", found.height)?,
            placeholder: found.placeholder,
            sha256: found.sha256,
            created_at: from_micros(found.created_at),
            updated_at: from_micros(found.updated_at),
            published_at: read_time(found.published_at),
            deleted_at: read_time(found.deleted_at),
        })
    }
}

/// A photo as it is stored, with the words that it is found by.
pub(super) fn record(photo: &PhotoRow, words: &[String]) -> PhotoRecord {
    PhotoRecord {
        id: photo.id.to_string(),
        version: photo.version,
        owner_id: photo.owner_id.to_string(),
        name: photo.name.clone(),
        caption: photo.caption.clone(),
        tags: photo.tags.join(" "),
        words: words.join(" "),
        draft: photo.draft,
        format: format_name(photo.format).to_owned(),
        bytes: photo.bytes.cast_signed(),
        width: i64::from(photo.width),
        height: i64::from(photo.height),
        placeholder: photo.placeholder.clone(),
        sha256: photo.sha256.clone(),
        created_at: photo.created_at.as_microsecond(),
        updated_at: photo.updated_at.as_microsecond(),
        published_at: photo.published_at.map(|at| at.as_microsecond()),
        sort_at: photo.sort_at().as_microsecond(),
        deleted_at: photo.deleted_at.map(|at| at.as_microsecond()),
    }
}

/// Terms that are stored in one text.
pub(super) fn split(text: &str) -> Vec<String> {
    text.split(' ')
        .filter(|term| !term.is_empty())
        .map(str::to_owned)
        .collect()
}

const FORMATS: [(ImageFormat, &str); 4] = [
    (ImageFormat::Jpeg, "jpeg"),
    (ImageFormat::Png, "png"),
    (ImageFormat::Webp, "webp"),
    (ImageFormat::Gif, "gif"),
];

fn format_name(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Jpeg => "jpeg",
        ImageFormat::Png => "png",
        ImageFormat::Webp => "webp",
        ImageFormat::Gif => "gif",
    }
}

fn read_format(name: &str) -> Result<ImageFormat, DbError> {
    FORMATS
        .into_iter()
        .find(|(_, known)| *known == name)
        .map(|(format, _)| format)
        .ok_or_else(|| DbError::Fault(format!("the database has a damaged format: `{name}`")))
}
