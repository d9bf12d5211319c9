//! The object store: the same stories on a folder and on a bucket, and what happens when either fails.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "support/object_store.rs"]
mod object_store;
#[path = "store/faults.rs"]
mod store_faults;
#[path = "store/full_disk.rs"]
mod store_full_disk;
#[path = "store/objects.rs"]
mod store_objects;
#[path = "store/unfinished.rs"]
mod store_unfinished;

use photos::store::{Digest, Encoding, Key};
use photos_api::PhotoId;

/// The key of an original of a new photo.
fn an_original(bytes: &[u8]) -> Key {
    Key::original(PhotoId::now(), Digest::of(bytes))
}

/// The keys of two variants of the same photo.
fn its_variants(original: &Key) -> [Key; 2] {
    Encoding::ALL
        .map(|encoding| Key::variant(original.photo(), original.digest(), "thumb", 1, encoding).unwrap())
}

/// Bytes that compress badly and differ everywhere.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    std::iter::repeat_with(next).take(len).collect()
}
