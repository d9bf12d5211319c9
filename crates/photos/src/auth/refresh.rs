//! Refresh tokens: 256 random bits for the caller, their SHA-256 for the database.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore as _;
use sha2::{Digest as _, Sha256};

/// A new refresh token, as text for the caller.
///
/// # Errors
/// When the system has no randomness to give.
pub fn generate() -> Result<String, rand::rand_core::OsError> {
    let mut bits = [0_u8; 32];
    rand::rngs::OsRng.try_fill_bytes(&mut bits)?;
    Ok(URL_SAFE_NO_PAD.encode(bits))
}

/// What the database keeps of a token, in hexadecimal. A plain hash is enough, for nobody guesses 256 random bits.
#[must_use]
pub fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn tokens_are_long_and_differ() {
        let (one, other) = (generate().unwrap(), generate().unwrap());
        assert_eq!(one.len(), 43);
        assert_ne!(one, other);
        assert_ne!(hash(&one), hash(&other));
    }
}
