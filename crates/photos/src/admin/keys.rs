//! What only this service can have written: tokens of forms, and messages that browsers keep for the next page (HMAC-SHA256).
//! The key comes from `PS_JWT_SECRET` by HKDF (RFC 5869), so that it is the same on every replica and of no other use.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::error::Unspecified;
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::hmac;

/// The key.
pub(super) struct Keys(hmac::Key);

impl Keys {
    pub(super) fn new(secret: &str) -> Result<Self, Unspecified> {
        let root = Salt::new(HKDF_SHA256, b"photos admin").extract(secret.as_bytes());
        Ok(Self(hmac::Key::from(
            root.expand(&[b"signatures"], hmac::HMAC_SHA256)?,
        )))
    }

    /// The signature of a text for one purpose, which no text has.
    pub(super) fn sign(&self, purpose: &'static str, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, message(purpose, text).as_bytes()))
    }

    /// Whether it is the signature of a text, in a time that does not depend on how wrong it is.
    pub(super) fn is_signed(&self, purpose: &'static str, text: &str, signature: &str) -> bool {
        URL_SAFE_NO_PAD
            .decode(signature)
            .is_ok_and(|tag| hmac::verify(&self.0, message(purpose, text).as_bytes(), &tag).is_ok())
    }

    /// A text with its signature, for a cookie.
    pub(super) fn seal(&self, purpose: &'static str, text: &str) -> String {
        format!("{}.{}", URL_SAFE_NO_PAD.encode(text), self.sign(purpose, text))
    }

    /// The text of [`Keys::seal`]; none if it is another's, or for another purpose.
    pub(super) fn open(&self, purpose: &'static str, sealed: &str) -> Option<String> {
        let (text, signature) = sealed.split_once('.')?;
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        self.is_signed(purpose, &text, signature).then_some(text)
    }
}

fn message(purpose: &str, text: &str) -> String {
    format!("{purpose}\0{text}")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const SECRET: &str = "a secret of at least 32 bytes, of the tests";

    #[test]
    fn opens_only_what_is_whole_ours_and_meant() {
        let keys = Keys::new(SECRET).unwrap();
        let sealed = keys.seal("flash", "Säved.");
        assert_eq!(keys.open("flash", &sealed).as_deref(), Some("Säved."));
        assert_eq!(keys.open("form", &sealed), None);
        let other = Keys::new("another secret of at least 32 bytes, too").unwrap();
        assert_eq!(other.open("flash", &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(keys.open("flash", &changed), None, "at {at}");
        }
        for wrong in ["", ".", "A.B", "****"] {
            assert_eq!(keys.open("flash", wrong), None);
        }
    }
}
