//! The rows of the tables as they are stored: texts and numbers. A dump has them as they are.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::error::DbError;
use super::schema::{audit, checks, idempotency_keys, objects, photos, refresh_tokens, sessions, users};
use crate::domain::time::from_micros;

macro_rules! record {
    ($(#[$doc:meta])* $name:ident of $table:ident { $($(#[$on_field:meta])* $field:ident: $type:ty,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Queryable, Insertable, Serialize, Deserialize)]
        #[diesel(table_name = $table)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            $($(#[$on_field])* pub(super) $field: $type,)+
        }
    };
}

record! {
    /// A user.
    UserRecord of users {
        id: String,
        username: String,
        password_hash: String,
        is_staff: bool,
        is_superuser: bool,
        active: bool,
        created_at: i64,
    }
}
record! {
    /// A session.
    SessionRecord of sessions {
        id: String,
        user_id: String,
        created_at: i64,
        last_used_at: i64,
        expires_at: i64,
        ended_at: Option<i64>,
        address: String,
        user_agent: String,
    }
}
record! {
    /// A refresh token.
    TokenRecord of refresh_tokens {
        hash: String,
        session_id: String,
        created_at: i64,
        expires_at: i64,
        used_at: Option<i64>,
    }
}
record! {
    /// A photo.
    PhotoRecord of photos {
        id: String,
        version: i64,
        owner_id: String,
        name: String,
        caption: String,
        tags: String,
        words: String,
        draft: bool,
        format: String,
        bytes: i64,
        width: i64,
        height: i64,
        #[serde(with = "bytes")]
        placeholder: Vec<u8>,
        sha256: String,
        created_at: i64,
        updated_at: i64,
        published_at: Option<i64>,
        sort_at: i64,
        deleted_at: Option<i64>,
    }
}
record! {
    /// An object.
    ObjectRecord of objects {
        key: String,
        photo_id: String,
        kind: String,
        content_type: String,
        state: String,
        bytes: Option<i64>,
        sha256: Option<String>,
        maker: Option<String>,
        heartbeat_at: i64,
        created_at: i64,
    }
}
record! {
    /// An idempotency key.
    IdempotencyRecord of idempotency_keys {
        user_id: String,
        key: String,
        head: String,
        holder: String,
        held_until: i64,
        created_at: i64,
        fingerprint: Option<String>,
        status: Option<i64>,
        headers: Option<String>,
        #[serde(with = "bytes::option")]
        body: Option<Vec<u8>>,
    }
}
record! {
    /// An entry of the history.
    AuditRecord of audit {
        id: String,
        at: i64,
        actor_id: Option<String>,
        actor: String,
        via: String,
        request_id: Option<String>,
        action: String,
        photo_id: Option<String>,
        user_id: Option<String>,
        changes: String,
    }
}
record! {
    /// A run of fsck.
    CheckRecord of checks {
        id: String,
        started_at: i64,
        started_by: String,
        quick: bool,
        heartbeat_at: i64,
        seen: i64,
        ended_at: Option<i64>,
        report: Option<String>,
        fault: Option<String>,
    }
}
/// Bytes in a dump: base64.
mod bytes {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        BASE64_STANDARD
            .decode(String::deserialize(deserializer)?)
            .map_err(de::Error::custom)
    }

    /// The same where there may be none.
    pub(super) mod option {
        use base64::prelude::{BASE64_STANDARD, Engine as _};
        use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de};

        pub(in super::super) fn serialize<S: Serializer>(
            bytes: &Option<Vec<u8>>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            bytes
                .as_ref()
                .map(|bytes| BASE64_STANDARD.encode(bytes))
                .serialize(serializer)
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Vec<u8>>, D::Error> {
            let text = Option::<String>::deserialize(deserializer)?;
            text.map(|text| BASE64_STANDARD.decode(text))
                .transpose()
                .map_err(de::Error::custom)
        }
    }
}

/// Reads an id, a state or the like, which only this program writes.
pub(super) fn read<T: std::str::FromStr>(what: &str, text: &str) -> Result<T, DbError> {
    text.parse()
        .map_err(|_| DbError::Fault(format!("the database has a damaged {what}: `{text}`")))
}

/// Reads a count or a size, which is never negative.
pub(super) fn read_size<T: TryFrom<i64>>(what: &str, number: i64) -> Result<T, DbError> {
    T::try_from(number).map_err(|_| DbError::Fault(format!("the database has a damaged {what}: {number}")))
}

/// Reads a time that may be missing.
pub(super) fn read_time(micros: Option<i64>) -> Option<crate::domain::Timestamp> {
    micros.map(from_micros)
}
