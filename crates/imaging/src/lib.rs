//! Decode, orient, convert to sRGB, resize and encode pictures: pure functions on bytes.
