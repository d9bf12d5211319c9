//! Where an app keeps its data and whom it lets in: the types behind the URLs and the choices.

use std::path::PathBuf;
use std::str::FromStr;

use url::Url;

use crate::value::{Kind, Value};

/// The database, chosen by the URL's scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite://<path>`: everything behind the scheme is the path as it is, without percent signs being read.
    Sqlite(PathBuf),
    /// `postgres://<user>@<host>:<port>/<database>`; the password has a variable of its own.
    Postgres(Url),
}

impl Value for DatabaseUrl {
    const KIND: Kind = Kind::Url;

    fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            return path_behind(path).map(Self::Sqlite);
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let url = <Url as Value>::parse(text)?;
            if url.query_pairs().any(|(name, _)| name == "password") {
                return Err("has a password in it: take it out and set the secret variable beside it".into());
            }
            if url.username().is_empty() || url.path().len() < 2 {
                return Err("names no user or no database: write postgres://user@host:5432/database".into());
            }
            return Ok(Self::Postgres(url));
        }
        Err("is no database URL: write sqlite://<path> or postgres://user@host:5432/database".into())
    }
}

/// A name that a user can have: 3 to 32 of `a`–`z`, `0`–`9`, `_`, `.` and `-`, beginning with a letter or a digit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for Username {
    const KIND: Kind = Kind::Text;

    fn parse(text: &str) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Username {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let is_name = (3..=32).contains(&text.len())
            && text.starts_with(is_plain)
            && text.chars().all(|c| is_plain(c) || "_.-".contains(c));
        if is_name {
            Ok(Self(text.to_owned()))
        } else {
            Err("must be 3–32 of a–z, 0–9, `_`, `.` and `-`, and begin with a letter or a digit".into())
        }
    }
}

/// Where the pictures' bytes lie, chosen by the URL's scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// `file://<folder>`: everything behind the scheme is the path as it is, without percent signs being read.
    File(PathBuf),
    /// `s3://<bucket>`.
    S3 {
        /// The bucket's name.
        bucket: String,
    },
}

impl Value for StoreUrl {
    const KIND: Kind = Kind::Url;

    fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("file://") {
            return path_behind(path).map(Self::File);
        }
        let Some(bucket) = text.strip_prefix("s3://") else {
            return Err("is no store URL: write file://<folder> or s3://<bucket>".into());
        };
        let bucket = bucket.trim_end_matches('/');
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        if !(3..=63).contains(&bucket.len()) || !bucket.chars().all(legal) {
            return Err("names no bucket: write s3:// and 3 to 63 of a-z, 0-9, `-` and `.`".into());
        }
        Ok(Self::S3 {
            bucket: bucket.to_owned(),
        })
    }
}

fn path_behind(path: &str) -> Result<PathBuf, String> {
    if path.is_empty() {
        Err("names no path behind the scheme".into())
    } else {
        Ok(PathBuf::from(path))
    }
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Everybody.
    Open,
    /// Nobody but the command line and the admin.
    Closed,
}

impl Value for Registration {
    const KIND: Kind = Kind::Choice(&["open", "closed"]);

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "open" => Ok(Self::Open),
            "closed" => Ok(Self::Closed),
            _ => Err(format!("`{text}` is neither `open` nor `closed`")),
        }
    }
}
