//! Where tokens are kept: in memory, or in a file that several processes share.

use std::any::Any;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use photos_api::TokenResponse;
use serde::{Deserialize, Serialize};

/// The tokens of a login.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Who logged in.
    pub username: String,
    /// For `Authorization: Bearer`.
    pub access_token: String,
    /// When the access token expires, by this machine's clock.
    pub access_expires_at: Timestamp,
    /// For one refresh. None while that is under way, and after one whose outcome is not known: such a token may have
    /// been used, and its second use would end the session.
    pub refresh_token: Option<String>,
    /// When the refresh token expires, by this machine's clock.
    pub refresh_expires_at: Timestamp,
}

impl Tokens {
    /// What the service answered at `now`.
    pub fn new(username: String, response: TokenResponse, now: Timestamp) -> Self {
        let after = |seconds: u64| {
            let span = jiff::SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
            now.checked_add(span).unwrap_or(Timestamp::MAX)
        };
        Self {
            username,
            access_token: response.access_token,
            access_expires_at: after(response.expires_in),
            refresh_token: Some(response.refresh_token),
            refresh_expires_at: after(response.refresh_expires_in),
        }
    }

    /// Whether the access token is still good in ten seconds: enough for a call to arrive.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        self.access_expires_at.duration_since(now) > jiff::SignedDuration::from_secs(10)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("username", &self.username)
            .field("access_expires_at", &self.access_expires_at)
            .field("refresh_expires_at", &self.refresh_expires_at)
            .finish_non_exhaustive()
    }
}

/// The tokens cannot be read or kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub struct TokenStoreError {
    action: &'static str,
    path: PathBuf,
    source: std::io::Error,
}

/// Holds a [`TokenStore`]'s lock until it is dropped.
pub type StoreGuard = Box<dyn Any + Send>;

/// Where the tokens of one login are kept. Its methods may block; the client calls them off the async threads.
pub trait TokenStore: Send + Sync {
    /// The tokens, or none if nobody is logged in.
    ///
    /// # Errors
    /// If they cannot be read.
    fn load(&self) -> Result<Option<Tokens>, TokenStoreError>;

    /// Replaces the tokens; `None` forgets them.
    ///
    /// # Errors
    /// If they cannot be kept; the old ones are then still there.
    fn save(&self, tokens: Option<&Tokens>) -> Result<(), TokenStoreError>;

    /// Waits until nobody else refreshes these tokens, and keeps others from doing so.
    ///
    /// # Errors
    /// If there is no way to lock.
    fn lock(&self) -> Result<StoreGuard, TokenStoreError>;
}

/// Tokens that end with the process.
#[derive(Default)]
pub struct MemoryStore {
    tokens: Mutex<Option<Tokens>>,
    gate: Arc<tokio::sync::Mutex<()>>,
}

impl MemoryStore {
    /// A store with tokens from elsewhere, such as a web session.
    pub fn with(tokens: Tokens) -> Self {
        Self {
            tokens: Mutex::new(Some(tokens)),
            gate: Arc::default(),
        }
    }
}

impl TokenStore for MemoryStore {
    fn load(&self) -> Result<Option<Tokens>, TokenStoreError> {
        Ok(self.tokens.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn save(&self, tokens: Option<&Tokens>) -> Result<(), TokenStoreError> {
        *self.tokens.lock().unwrap_or_else(PoisonError::into_inner) = tokens.cloned();
        Ok(())
    }

    fn lock(&self) -> Result<StoreGuard, TokenStoreError> {
        Ok(Box::new(Arc::clone(&self.gate).blocking_lock_owned()))
    }
}

/// Tokens in a JSON file that only its owner may read. Writes are atomic, and a lock file beside it keeps two processes
/// from refreshing at once.
#[derive(Debug, Clone)]
pub struct FileStore {
    path: PathBuf,
}

impl FileStore {
    /// A store at `path`, which need not exist; its folder is made when first needed.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where the tokens are.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn fault(&self, action: &'static str, source: impl Into<std::io::Error>) -> TokenStoreError {
        TokenStoreError {
            action,
            path: self.path.clone(),
            source: source.into(),
        }
    }

    /// The folder, made for its owner alone.
    fn folder(&self) -> Result<&Path, TokenStoreError> {
        let folder = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(folder)
            .map_err(|error| self.fault("make the folder of", error))?;
        Ok(folder)
    }
}

impl TokenStore for FileStore {
    fn load(&self) -> Result<Option<Tokens>, TokenStoreError> {
        match fs::read(&self.path) {
            Ok(json) => serde_json::from_slice(&json)
                .map(Some)
                .map_err(|error| self.fault("read", error)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.fault("read", error)),
        }
    }

    fn save(&self, tokens: Option<&Tokens>) -> Result<(), TokenStoreError> {
        let Some(tokens) = tokens else {
            return match fs::remove_file(&self.path) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(self.fault("remove", error)),
                _ => Ok(()),
            };
        };
        // A temporary file is 0600 from its first moment.
        let write = |folder: &Path| {
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(&serde_json::to_vec_pretty(tokens)?)?;
            file.as_file().sync_all()?;
            file.persist(&self.path)?;
            Ok::<_, std::io::Error>(())
        };
        write(self.folder()?).map_err(|error| self.fault("write", error))
    }

    fn lock(&self) -> Result<StoreGuard, TokenStoreError> {
        self.folder()?;
        let mut path = self.path.clone().into_os_string();
        path.push(".lock");
        let open = || {
            let mut options = OpenOptions::new();
            options.create(true).truncate(false).write(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let file: File = options.open(path)?;
            file.lock()?;
            Ok::<_, std::io::Error>(file)
        };
        Ok(Box::new(open().map_err(|error| self.fault("lock", error))?))
    }
}
