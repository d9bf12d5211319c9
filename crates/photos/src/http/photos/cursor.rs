//! Cursors: a place in a list, sealed together with the list's filters.
//!
//! 25 bytes say where and which way, 16 are an HMAC over them and the filters; all in base64url. A cursor that was altered, or
//! that is sent with other filters, does not verify.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use photos_api::PhotoId;
use ring::hmac;
use uuid::Uuid;

use crate::db::photos::{Direction, Position};
use crate::domain::time::from_micros;
use crate::error::Error;

const PLACE: usize = 25;
const SEAL: usize = 16;

/// Seals and opens the cursors of one list.
pub(super) struct Cursors<'a> {
    key: hmac::Key,
    filters: &'a str,
}

impl<'a> Cursors<'a> {
    /// For the list with these `filters`, in any text that differs when they do.
    pub(super) fn new(secret: &[u8], filters: &'a str) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
            filters,
        }
    }

    /// The cursor of a place.
    pub(super) fn seal(&self, position: &Position) -> String {
        let mut bytes = Vec::with_capacity(PLACE + SEAL);
        bytes.push(match position.direction {
            Direction::Next => 0,
            Direction::Previous => 1,
        });
        bytes.extend(position.key.as_microsecond().to_be_bytes());
        bytes.extend(position.id.as_uuid().as_bytes());
        bytes.extend(self.tag(&bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place of a cursor.
    ///
    /// # Errors
    /// [`Error::InvalidCursor`].
    pub(super) fn open(&self, cursor: &str) -> Result<Position, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Error::InvalidCursor)?;
        let (place, seal) = bytes.split_at_checked(PLACE).ok_or(Error::InvalidCursor)?;
        if seal != self.tag(place) {
            return Err(Error::InvalidCursor);
        }
        self.place(place).ok_or(Error::InvalidCursor)
    }

    fn place(&self, place: &[u8]) -> Option<Position> {
        let (direction, rest) = place.split_first()?;
        let (key, id) = rest.split_first_chunk::<8>()?;
        let direction = if *direction == 0 {
            Direction::Next
        } else {
            Direction::Previous
        };
        let key = from_micros(i64::from_be_bytes(*key));
        Some(Position {
            key,
            id: PhotoId::from(Uuid::from_slice(id).ok()?),
            direction,
        })
    }

    fn tag(&self, place: &[u8]) -> [u8; SEAL] {
        let mut context = hmac::Context::with_key(&self.key);
        // Nothing else that this secret signs begins so: an access token's text begins with base64.
        context.update(b"photos cursor\0");
        context.update(place);
        context.update(self.filters.as_bytes());
        let mut tag = [0; SEAL];
        tag.iter_mut()
            .zip(context.sign().as_ref())
            .for_each(|(to, from)| *to = *from);
        tag
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use super::*;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

    proptest! {
        #[test]
        fn a_cursor_opens_with_its_own_filters_only(micros in 0..4_000_000_000_000_000i64, back: bool, id: u128) {
            let direction = if back { Direction::Previous } else { Direction::Next };
            let position = Position { key: from_micros(micros), id: Uuid::from_u128(id).into(), direction };
            let cursor = Cursors::new(SECRET, "a").seal(&position);
            prop_assert_eq!(Cursors::new(SECRET, "a").open(&cursor).unwrap(), position);
            prop_assert!(Cursors::new(SECRET, "b").open(&cursor).is_err());
            prop_assert!(Cursors::new(&SECRET[1..], "a").open(&cursor).is_err());
        }

        #[test]
        fn nothing_else_opens(text in "[A-Za-z0-9_=-]{0,80}", flip in 0..55usize) {
            prop_assert!(Cursors::new(SECRET, "a").open(&text).is_err());
            let position =
                Position { key: from_micros(1), id: Uuid::from_u128(2).into(), direction: Direction::Next };
            let mut cursor = Cursors::new(SECRET, "a").seal(&position).into_bytes();
            cursor[flip] = if cursor[flip] == b'A' { b'B' } else { b'A' };
            prop_assert!(Cursors::new(SECRET, "a").open(std::str::from_utf8(&cursor).unwrap()).is_err());
        }
    }
}
