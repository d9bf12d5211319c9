//! Passwords: Argon2id with 19 MiB, two passes and one lane, off the async threads and a few at a time.
//!
//! Each hash holds 19 MiB while it runs; without a bound a hundred logins at once would take 1.9 GiB.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// More hashes at once than this are never needed: 8 × 19 MiB.
const MOST_AT_ONCE: usize = 8;

/// Why a password could not be hashed or checked.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many others wait for the same; try again shortly.
    #[error("no room to hash a password within {}s", .0.as_secs())]
    Overloaded(Duration),
    /// Hashing itself failed, or a stored hash cannot be read.
    #[error("cannot hash or check a password: {0}")]
    Fault(String),
}

/// Hashes and checks passwords.
pub struct Passwords {
    room: Arc<Semaphore>,
    patience: Duration,
    /// What an unknown user's password is checked against, so that it takes the same time.
    decoy: Arc<str>,
}

impl Passwords {
    /// At most `at_once` hashes run together; a caller waits for its turn for `patience`.
    ///
    /// # Errors
    /// When the system has no randomness for a salt.
    pub fn new(at_once: usize, patience: Duration) -> Result<Self, PasswordError> {
        let decoy = hash("a password that nobody has")?;
        Ok(Self {
            room: Arc::new(Semaphore::new(at_once.clamp(1, MOST_AT_ONCE))),
            patience,
            decoy: decoy.into(),
        })
    }

    /// The hash to store for `password`, in PHC form.
    ///
    /// # Errors
    /// [`PasswordError::Overloaded`] when too many others wait.
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.run(move || hash(&password)).await
    }

    /// Whether `password` is the one of `stored`. Without a stored hash the answer is no, after the same time.
    ///
    /// # Errors
    /// [`PasswordError::Overloaded`] when too many others wait.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, PasswordError> {
        let decoy = Arc::clone(&self.decoy);
        self.run(move || match stored {
            Some(stored) => verify(&password, &stored),
            None => verify(&password, &decoy).map(|_| false),
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let place = tokio::time::timeout(self.patience, Arc::clone(&self.room).acquire_owned())
            .await
            .map_err(|_| PasswordError::Overloaded(self.patience))?
            .map_err(|error| PasswordError::Fault(error.to_string()))?;
        // The place moves into the thread: a caller that hangs up does not free memory that is still in use.
        tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        })
        .await
        .map_err(|error| PasswordError::Fault(error.to_string()))?
    }
}

fn argon2id() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(fault)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String, PasswordError> {
    Ok(argon2id()?
        .hash_password(password.as_bytes())
        .map_err(fault)?
        .to_string())
}

fn verify(password: &str, stored: &str) -> Result<bool, PasswordError> {
    let stored = PasswordHash::new(stored).map_err(fault)?;
    match argon2id()?.verify_password(password.as_bytes(), &stored) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(fault(error)),
    }
}

fn fault(error: impl std::fmt::Display) -> PasswordError {
    PasswordError::Fault(error.to_string())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[tokio::test]
    async fn only_the_right_password_fits() {
        let passwords = Passwords::new(2, Duration::from_secs(60)).unwrap();
        let stored = passwords.hash("correct horse".into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(
            passwords
                .verify("correct horse".into(), Some(stored.clone()))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify("wrong horse".into(), Some(stored))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify("a password that nobody has".into(), None)
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn a_full_house_is_overload_not_more_memory() {
        let passwords = Passwords::new(1, Duration::ZERO).unwrap();
        let _all = Arc::clone(&passwords.room).acquire_owned().await.unwrap();
        let refused = passwords.hash("correct horse".into()).await;
        assert!(
            matches!(refused, Err(PasswordError::Overloaded(_))),
            "{refused:?}"
        );
    }
}
