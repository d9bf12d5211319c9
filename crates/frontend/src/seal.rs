//! Secrets that browsers keep for us: sealed so that they can neither be read nor changed (ChaCha20-Poly1305, RFC 8439),
//! and tokens that nobody else can make (HMAC-SHA256). Both keys come from `FE_SESSION_SECRET` (HKDF, RFC 5869), so that
//! every replica opens what another has sealed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

/// The system gave no random bytes, or a key could not be made.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("no keys or random numbers can be had from this system")]
pub struct SealError;

impl From<ring::error::Unspecified> for SealError {
    fn from(_: ring::error::Unspecified) -> Self {
        Self
    }
}

/// Bytes of an HMAC-SHA256.
const TAG_LEN: usize = 32;

fn masked(mask: &[u8; TAG_LEN], tag: &[u8]) -> [u8; TAG_LEN] {
    let mut bytes = *mask;
    bytes.iter_mut().zip(tag).for_each(|(byte, tag)| *byte ^= tag);
    bytes
}

/// The keys.
pub(crate) struct Seals {
    sealing: LessSafeKey,
    signing: hmac::Key,
    random: SystemRandom,
}

impl Seals {
    pub(crate) fn new(secret: &str) -> Result<Self, SealError> {
        let root = Salt::new(HKDF_SHA256, b"plasma frontend").extract(secret.as_bytes());
        let sealing = UnboundKey::from(root.expand(&[b"cookies"], &CHACHA20_POLY1305)?);
        let signing = hmac::Key::from(root.expand(&[b"forms"], hmac::HMAC_SHA256)?);
        Ok(Self {
            sealing: LessSafeKey::new(sealing),
            signing,
            random: SystemRandom::new(),
        })
    }

    /// Seals a text for one purpose: it opens for no other.
    pub(crate) fn seal(&self, purpose: &str, plain: &[u8]) -> Result<String, SealError> {
        let nonce: [u8; NONCE_LEN] = self.random()?;
        let mut sealed = plain.to_vec();
        self.sealing.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(purpose),
            &mut sealed,
        )?;
        Ok(URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()))
    }

    /// What was sealed; none if it was not by us, or for another purpose.
    pub(crate) fn open(&self, purpose: &str, sealed: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, rest) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut rest = rest.to_vec();
        let plain = self
            .sealing
            .open_in_place(nonce, Aad::from(purpose), &mut rest)
            .ok()?;
        Some(plain.to_vec())
    }

    /// A token that belongs to a text. It is another one each time, masked with random bytes that it begins with: what
    /// changes with every page cannot be guessed from how well pages are packed (BREACH).
    pub(crate) fn sign(&self, text: &str) -> Result<String, SealError> {
        let mask = self.random::<TAG_LEN>()?;
        let tag = hmac::sign(&self.signing, text.as_bytes());
        Ok(URL_SAFE_NO_PAD.encode([mask, masked(&mask, tag.as_ref())].concat()))
    }

    /// Whether a token belongs to a text, in a time that does not depend on how wrong it is.
    pub(crate) fn is_signed(&self, text: &str, token: &str) -> bool {
        let bytes = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        bytes
            .split_first_chunk()
            .filter(|(_, tag)| tag.len() == TAG_LEN)
            .is_some_and(|(mask, tag)| {
                hmac::verify(&self.signing, text.as_bytes(), &masked(mask, tag)).is_ok()
            })
    }

    /// 128 random bits as text.
    pub(crate) fn nonce(&self) -> Result<String, SealError> {
        Ok(URL_SAFE_NO_PAD.encode(self.random::<16>()?))
    }

    fn random<const N: usize>(&self) -> Result<[u8; N], SealError> {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn opens_only_what_is_whole_ours_and_meant() {
        let seals = Seals::new("a secret of at least 32 bytes, of the tests").unwrap();
        let sealed = seals.seal("session", b"tokens").unwrap();
        assert_eq!(seals.open("session", &sealed).as_deref(), Some(&b"tokens"[..]));
        assert_ne!(seals.seal("session", b"tokens").unwrap(), sealed);
        assert_eq!(seals.open("flash", &sealed), None);
        let other = Seals::new("another secret of at least 32 bytes, too").unwrap();
        assert_eq!(other.open("session", &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(seals.open("session", &changed), None, "at {at}");
        }
        for wrong in ["", "A", "****", &sealed[..10]] {
            assert_eq!(seals.open("session", wrong), None);
        }
    }

    #[test]
    fn tokens_belong_to_one_text() {
        let seals = Seals::new("a secret of at least 32 bytes, of the tests").unwrap();
        let token = seals.sign("ann").unwrap();
        assert!(seals.is_signed("ann", &token));
        assert!(!seals.is_signed("bob", &token));
        for wrong in ["", "A", &token[..43], &token[43..], &format!("{token}A")] {
            assert!(!seals.is_signed("ann", wrong), "{wrong}");
        }
        let another = seals.sign("ann").unwrap();
        assert!(seals.is_signed("ann", &another));
        assert_ne!(token, another);
    }
}
