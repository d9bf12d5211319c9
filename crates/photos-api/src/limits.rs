//! Limits and header names that the service enforces and a client may show beforehand.

use std::ops::RangeInclusive;

/// Prefix of every path of the API.
pub const BASE_PATH: &str = "/api/v1";

/// Length of a photo's name in characters, after trimming.
pub const NAME_CHARS: RangeInclusive<usize> = 1..=100;
/// Longest caption in characters.
pub const CAPTION_MAX_CHARS: usize = 2_200;
/// Length of a username; it matches `[a-z0-9][a-z0-9_.-]{2,31}`.
pub const USERNAME_CHARS: RangeInclusive<usize> = 3..=32;
/// Length of a password in characters.
pub const PASSWORD_CHARS: RangeInclusive<usize> = 10..=128;
/// Longest tag in characters, without its `#`.
pub const TAG_MAX_CHARS: usize = 64;
/// Photos on a page, if the query does not say.
pub const PAGE_SIZE_DEFAULT: u32 = 30;
/// Photos on a page.
pub const PAGE_SIZE: RangeInclusive<u32> = 1..=100;
/// Items of a batch.
pub const BATCH_ITEMS: RangeInclusive<usize> = 1..=50;
/// Length of an `Idempotency-Key`, visible ASCII characters.
pub const IDEMPOTENCY_KEY_CHARS: RangeInclusive<usize> = 1..=64;
/// Largest JSON body in bytes.
pub const JSON_MAX_BYTES: usize = 1 << 20;

/// Media type of every refusal.
pub const PROBLEM_JSON: &str = "application/problem+json";
/// Request header that makes the repetition of a creation harmless for 24 hours.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Response header of an answer that was given before for the same key.
pub const IDEMPOTENCY_REPLAYED: &str = "idempotency-replayed";
/// Header that names a request in answers and in the service's log.
pub const REQUEST_ID: &str = "x-request-id";
