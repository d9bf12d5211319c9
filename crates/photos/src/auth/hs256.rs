//! HS256 for `jsonwebtoken` on ring's HMAC.
//!
//! The crate's own providers are not used: `aws_lc_rs` adds a second TLS-grade C library beside ring, and two of them in
//! one process make rustls panic at run time; `rust_crypto` brings `rsa` 0.9 with its open advisory. One algorithm is all
//! that access tokens need, and ring is in the tree anyway. Every other algorithm is refused here too, so that a token
//! cannot choose one.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{self, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use ring::hmac;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes this the process's provider. Calling it again changes nothing.
pub(super) fn install() {
    // `Err` only says that a provider is installed already, which is this one: nothing else in the process installs any.
    let _ = PROVIDER.install_default();
}

struct Hs256(hmac::Key);

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        hmac::verify(&self.0, message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    Ok(Box::new(hs256(*algorithm, key.as_bytes())?))
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    Ok(Box::new(hs256(*algorithm, key.try_get_as_bytes()?)?))
}

fn hs256(algorithm: Algorithm, secret: &[u8]) -> Result<Hs256, Error> {
    match algorithm {
        Algorithm::HS256 => Ok(Hs256(hmac::Key::new(hmac::HMAC_SHA256, secret))),
        _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
    }
}
