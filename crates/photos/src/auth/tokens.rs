//! Access tokens: short-lived HS256 JWTs that carry the user's and the session's id.
//!
//! A token is only half of the proof: the session is looked up on every call, so an ended session is refused at once.

use std::time::Duration;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use photos_api::{SessionId, UserId};
use serde::{Deserialize, Serialize};

use super::hs256;

const ISSUER: &str = "photos";

/// What an access token says.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Claims {
    /// Always `photos`.
    pub iss: String,
    /// The user.
    pub sub: UserId,
    /// The session that the token was made for.
    pub sid: SessionId,
    /// When it was made, in seconds since 1970 UTC.
    pub iat: i64,
    /// When it ends, in seconds since 1970 UTC. No leeway is granted.
    pub exp: i64,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum TokenError {
    /// Once valid, but its time is over.
    #[error("the access token has expired")]
    Expired,
    /// Not made by this service, or changed since.
    #[error("the access token is not valid")]
    Invalid,
}

/// Makes and checks access tokens.
pub struct Tokens {
    signing: EncodingKey,
    checking: DecodingKey,
    validation: Validation,
    ttl: Duration,
}

impl Tokens {
    /// Tokens signed with `secret`, valid for `ttl`.
    #[must_use]
    pub fn new(secret: &[u8], ttl: Duration) -> Self {
        hs256::install();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        Self {
            signing: EncodingKey::from_secret(secret),
            checking: DecodingKey::from_secret(secret),
            validation,
            ttl,
        }
    }

    /// How long a new token is valid.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// A token for `user` in `session`, made at `now`.
    ///
    /// # Errors
    /// Only when signing itself fails.
    pub fn sign(
        &self,
        user: UserId,
        session: SessionId,
        now: jiff::Timestamp,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let iat = now.as_second();
        let ttl = i64::try_from(self.ttl.as_secs()).unwrap_or(i64::MAX);
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: user,
            sid: session,
            iat,
            exp: iat.saturating_add(ttl),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
    }

    /// What `token` claims, if it is ours and in time.
    ///
    /// # Errors
    /// [`TokenError`], which tells an expired token from a false one.
    pub fn check(&self, token: &str) -> Result<Claims, TokenError> {
        match jsonwebtoken::decode::<Claims>(token, &self.checking, &self.validation) {
            Ok(data) => Ok(data.claims),
            Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => Err(TokenError::Expired),
            Err(_) => Err(TokenError::Invalid),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn tokens() -> Tokens {
        Tokens::new(SECRET, Duration::from_secs(900))
    }

    #[test]
    fn what_was_signed_is_read_back() {
        let (user, session, now) = (UserId::now(), SessionId::now(), jiff::Timestamp::now());
        let claims = tokens()
            .check(&tokens().sign(user, session, now).unwrap())
            .unwrap();
        assert_eq!((claims.sub, claims.sid), (user, session));
        assert_eq!(claims.exp - claims.iat, 900);
    }

    #[test]
    fn a_token_ends_without_leeway() {
        let made = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(901);
        let token = tokens().sign(UserId::now(), SessionId::now(), made).unwrap();
        assert_eq!(tokens().check(&token), Err(TokenError::Expired));
    }

    #[test]
    fn another_secret_a_changed_claim_and_no_algorithm_are_refused() {
        let token = tokens()
            .sign(UserId::now(), SessionId::now(), jiff::Timestamp::now())
            .unwrap();
        let other = Tokens::new(b"another secret of thirty-two bytes", Duration::from_secs(900));
        assert_eq!(other.check(&token), Err(TokenError::Invalid));

        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(&parts[1]).unwrap()).unwrap();
        parts[1] = URL_SAFE_NO_PAD.encode(claims.replace("photos", "phot0s"));
        assert_eq!(tokens().check(&parts.join(".")), Err(TokenError::Invalid));

        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        let body = token.split('.').nth(1).unwrap();
        assert_eq!(
            tokens().check(&format!("{none}.{body}.")),
            Err(TokenError::Invalid)
        );
        assert_eq!(tokens().check("nonsense"), Err(TokenError::Invalid));
    }

    #[test]
    fn a_longer_hmac_of_the_same_family_is_refused() {
        let claims = Claims {
            iss: ISSUER.into(),
            sub: UserId::now(),
            sid: SessionId::now(),
            iat: 0,
            exp: i64::MAX,
        };
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS512","typ":"JWT"}"#);
        let message = format!(
            "{header}.{}",
            URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).unwrap())
        );
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA512, SECRET);
        let tag = URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, message.as_bytes()).as_ref());
        assert_eq!(
            tokens().check(&format!("{message}.{tag}")),
            Err(TokenError::Invalid)
        );
    }
}
