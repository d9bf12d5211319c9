//! Ids: UUIDv7, so that they sort by the time they were made, each kind a type of its own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

/// The text is not a UUID in its hyphenated form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidId;

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a UUID such as 0199a3c4-5b6d-7e8f-9012-3456789abcde")
    }
}

impl std::error::Error for InvalidId {}

/// One spelling for one id: only the hyphenated form is read (in either case), and lower case is written.
fn parse(text: &str) -> Result<Uuid, InvalidId> {
    if text.len() != uuid::fmt::Hyphenated::LENGTH {
        return Err(InvalidId);
    }
    Uuid::try_parse(text).map_err(|_| InvalidId)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = Uuid))]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, greater than every one that this process made before.
            pub fn now() -> Self {
                Self(Uuid::now_v7())
            }

            /// The id as a UUID.
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self.0.as_hyphenated(), f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut digits = [0; uuid::fmt::Hyphenated::LENGTH];
                serializer.serialize_str(self.0.as_hyphenated().encode_lower(&mut digits))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

id! {
    /// Id of a photo.
    PhotoId
}
id! {
    /// Id of a user.
    UserId
}
id! {
    /// Id of a session: one login on one device.
    SessionId
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn one_spelling() {
        let id = PhotoId::now();
        let text = id.to_string();
        assert_eq!(text.len(), 36);
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(text.to_uppercase().parse(), Ok(id));
        assert_eq!(
            serde_json::from_str::<PhotoId>(&serde_json::to_string(&id).unwrap()).unwrap(),
            id
        );
        for wrong in [
            "",
            "7",
            &text.replace('-', ""),
            &format!("{{{text}}}"),
            &format!("urn:uuid:{text}"),
        ] {
            assert_eq!(wrong.parse::<PhotoId>(), Err(InvalidId), "{wrong}");
        }
    }

    #[test]
    fn ids_of_one_process_ascend() {
        let ids: Vec<_> = (0..1000).map(|_| PhotoId::now().to_string()).collect();
        assert!(ids.is_sorted());
    }
}
