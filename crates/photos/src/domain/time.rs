//! Times are whole microseconds since 1970 UTC, so that both databases and the wire keep them without rounding.

pub use jiff::Timestamp;

/// Now, cut to microseconds.
pub fn now_micros() -> Timestamp {
    truncate(Timestamp::now())
}

/// The same instant, cut to microseconds.
pub fn truncate(time: Timestamp) -> Timestamp {
    from_micros(time.as_microsecond())
}

/// The instant `micros` after 1970 UTC; the nearest that can be represented if it is thousands of years away.
pub fn from_micros(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// `time` moved by a duration; the end of time if that is beyond it.
pub fn after(time: Timestamp, by: std::time::Duration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// `time` moved back by a duration; the beginning of time if that is beyond it.
pub fn before(time: Timestamp, by: std::time::Duration) -> Timestamp {
    time.checked_sub(by).unwrap_or(Timestamp::MIN)
}
