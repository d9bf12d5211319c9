//! Times on the wire: RFC 3339 in UTC with exactly six digits of fraction, for `#[serde(with = "photos_api::micros")]`.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde::{Deserialize, Deserializer, Serializer};

/// Exactly six digits, also where they are zeros.
const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(6));

/// `2026-01-02T03:04:05.678901Z`; finer digits are cut off.
pub fn format(time: Timestamp) -> String {
    PRINTER.timestamp_to_string(&time)
}

/// Writes a time as [`format`] does.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*time))
}

/// Reads any RFC 3339 time.
///
/// # Errors
/// If the text is not a time with an offset.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    Timestamp::deserialize(deserializer)
}

/// The same for `Option<Timestamp>`, `null` if there is none.
pub mod option {
    use super::{Deserialize, Deserializer, Serializer, Timestamp};

    /// Writes a time as [`format`](super::format) does, or `null`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::serialize(time, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads any RFC 3339 time, or `null`.
    ///
    /// # Errors
    /// If the text is not a time with an offset.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        Option::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_always() {
        let second = jiff::SignedDuration::from_secs(1_767_323_045);
        for (nanos, text) in [
            (0, "2026-01-02T03:04:05.000000Z"),
            (500_000_000, "2026-01-02T03:04:05.500000Z"),
            (678_901_999, "2026-01-02T03:04:05.678901Z"),
        ] {
            let time = Timestamp::from_duration(second + jiff::SignedDuration::from_nanos(nanos)).ok();
            assert_eq!(time.map(format).as_deref(), Some(text));
        }
    }
}
