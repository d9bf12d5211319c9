//! Fetches one file into the cache: the bytes with the right SHA-256, or nothing.
//!
//! What has come is kept in `<name>.part` and asked for no second time: after a cut, and in the next process. Servers are
//! not trusted in anything: neither in the length that they tell, nor in that they send the range they were asked for.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::{
    Client, StatusCode,
    header::{ACCEPT_ENCODING, CONTENT_RANGE, RANGE},
};
use sha2::{Digest, Sha256};
use url::Url;

use super::progress::Progress;
use crate::native::health::root_cause;

/// No tool is larger: the rest of an endless answer is not read.
const MAX_BYTES: u64 = 1 << 30;

/// What to fetch.
pub(super) struct Download {
    pub(super) url: Url,
    /// In lower-case hex; nothing only where a lock is made, which is to say which bytes are the right ones.
    pub(super) sha256: Option<String>,
    /// Where to keep it until it is whole. The folder is there, and nobody else writes in it.
    pub(super) part: PathBuf,
}

/// How long to bear with a server.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    /// Failures in a row without a single new byte.
    pub(super) attempts: u32,
    /// After the first failure; doubled after each further one.
    pub(super) pause: Duration,
    /// The longest time without a byte.
    pub(super) silence: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 5,
            pause: Duration::from_millis(250),
            silence: Duration::from_secs(30),
        }
    }
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// No server was reached: no network, no DNS, nobody listens.
    #[error("{host} cannot be reached: {why}")]
    Unreachable { host: String, why: String },
    /// It answered, and asking again will not help.
    #[error("{url} answers {status}")]
    Refused { url: String, status: StatusCode },
    /// It was reached, and failed each time.
    #[error("{url} failed {attempts} times in a row, the last time: {why}")]
    Failing { url: String, attempts: u32, why: String },
    #[error("what {url} gives is not what the lock says: its SHA-256 is {found}, must be {wanted}; {shape}")]
    Wrong {
        url: String,
        found: String,
        wanted: String,
        /// How the bytes look.
        shape: String,
    },
    #[error("{url} gives more than {} MiB, which no tool has", MAX_BYTES >> 20)]
    Endless { url: String },
    #[error("cannot write {}: {error}", .path.display())]
    Disk { path: PathBuf, error: io::Error },
}

impl Error {
    /// What somebody can do about it.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Error::Unreachable { .. } => {
                "check the network, or set PLASMA_DEPS_MIRROR to a mirror that can be reached, or install the tools and set \
                 PLASMA_DEPS=system"
            }
            Error::Refused { .. } => {
                "check the version and the address in deps/tools.yaml, and PLASMA_DEPS_MIRROR if it is set"
            }
            Error::Failing { .. } => {
                "try again later: what has come is kept. Or set PLASMA_DEPS_MIRROR to a mirror"
            }
            Error::Wrong { .. } | Error::Endless { .. } => {
                "find out who sends other bytes (a proxy, a mirror, the release itself) before you trust them; nothing of \
                 them was kept"
            }
            Error::Disk { .. } => "make room, or set PLASMA_CACHE_DIR to a folder that can be written",
        }
    }
}

/// What an attempt came to, if not to the whole file.
enum Setback {
    /// The same again may help.
    Passing {
        reached: bool,
        why: String,
    },
    Final(Error),
}

/// A client for downloads. Proxies of the environment are used.
///
/// # Errors
/// When the system's TLS or DNS cannot be set up.
pub(super) fn client(patience: Patience) -> reqwest::Result<Client> {
    // The first of several calls wins, with the same provider as the others.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .connect_timeout(patience.silence.min(Duration::from_secs(10)))
        .read_timeout(patience.silence)
        .user_agent(concat!("plasma/", env!("CARGO_PKG_VERSION")))
        .build()
}

impl Download {
    /// Fetches the file, leaves it at `part` with the right sum, and gives that sum.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses, keeps failing, or gives other bytes; when the disk does not take them.
    pub(super) async fn run(
        &self,
        client: &Client,
        patience: Patience,
        progress: &Progress,
    ) -> Result<String, Error> {
        let (mut failures, mut fresh_starts) = (0, 0);
        loop {
            let before = self.have()?;
            let setback = match self.attempt(client, progress).await {
                Ok(()) => match self.check()? {
                    Ok(sum) => return Ok(sum),
                    // Parts of two answers may not belong together, and a proxy may cut silently: once more from the start.
                    Err(wrong) if fresh_starts > 0 => return Err(wrong),
                    Err(wrong) => {
                        fresh_starts += 1;
                        progress.say(&format!("{wrong}; asking once more from the start"));
                        continue;
                    }
                },
                Err(Setback::Final(error)) => return Err(error),
                Err(Setback::Passing { reached, why }) => (reached, why),
            };
            let (reached, why) = setback;
            failures = if self.have()? > before { 1 } else { failures + 1 };
            if failures >= patience.attempts {
                return Err(self.give_up(reached, failures, why));
            }
            let pause = patience.pause * 2_u32.saturating_pow(failures - 1);
            progress.say(&format!("{why}; trying again"));
            tokio::time::sleep(pause).await;
        }
    }

    /// Asks for what is missing and appends it, until the server says that this was all.
    async fn attempt(&self, client: &Client, progress: &Progress) -> Result<(), Setback> {
        let have = self.have().map_err(Setback::Final)?;
        let mut request = client.get(self.url.clone()).header(ACCEPT_ENCODING, "identity");
        if have > 0 {
            request = request.header(RANGE, format!("bytes={have}-"));
        }
        let mut answer = request.send().await.map_err(|error| Setback::Passing {
            reached: !error.is_connect(),
            why: root_cause(&error.without_url()),
        })?;
        let status = answer.status();
        let begins_at = match status {
            StatusCode::OK => 0,
            StatusCode::PARTIAL_CONTENT => {
                let range = answer.headers().get(CONTENT_RANGE);
                match range.and_then(|range| first_byte(range.to_str().ok()?)) {
                    Some(start) if start == have => have,
                    _ => {
                        self.start_over().map_err(Setback::Final)?;
                        return Err(passing(
                            "the server sends another part of the file than it was asked for",
                        ));
                    }
                }
            }
            // There is nothing behind what is here: it is the whole file, or none.
            StatusCode::RANGE_NOT_SATISFIABLE if have > 0 => return Ok(()),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
                return Err(passing(&format!("the server answers {status}")));
            }
            _ if status.is_server_error() => return Err(passing(&format!("the server answers {status}"))),
            _ => {
                return Err(Setback::Final(Error::Refused {
                    url: shown(&self.url),
                    status,
                }));
            }
        };
        let mut file = self.open_at(begins_at).map_err(Setback::Final)?;
        progress.begin(begins_at, answer.content_length().map(|rest| begins_at + rest));
        let mut length = begins_at;
        loop {
            match answer.chunk().await {
                Ok(Some(bytes)) => {
                    length += bytes.len() as u64;
                    if length > MAX_BYTES {
                        self.start_over().map_err(Setback::Final)?;
                        let url = shown(&self.url);
                        return Err(Setback::Final(Error::Endless { url }));
                    }
                    file.write_all(&bytes)
                        .map_err(|error| Setback::Final(self.disk(error)))?;
                    progress.advance(bytes.len() as u64);
                }
                Ok(None) => break,
                Err(error) => {
                    let why = root_cause(&error.without_url());
                    return Err(passing(&format!(
                        "the connection broke after {length} bytes: {why}"
                    )));
                }
            }
        }
        file.sync_all().map_err(|error| Setback::Final(self.disk(error)))
    }

    /// Holds the whole file against its sum; a wrong one is removed.
    fn check(&self) -> Result<Result<String, Error>, Error> {
        let found = sum(&self.part).map_err(|error| self.disk(error))?;
        let shape = shape(&self.part);
        let fits = match &self.sha256 {
            Some(wanted) => found == *wanted,
            None => !shape.is_page && shape.length > 0,
        };
        if fits {
            return Ok(Ok(found));
        }
        let wrong = self.wrong(&found, &shape.to_string());
        self.start_over()?;
        Ok(Err(wrong))
    }

    fn give_up(&self, reached: bool, attempts: u32, why: String) -> Error {
        if reached {
            return Error::Failing {
                url: shown(&self.url),
                attempts,
                why,
            };
        }
        Error::Unreachable {
            host: self.url.host_str().unwrap_or_default().to_owned(),
            why,
        }
    }

    fn wrong(&self, found: &str, shape: &str) -> Error {
        Error::Wrong {
            url: shown(&self.url),
            found: found.to_owned(),
            wanted: self
                .sha256
                .clone()
                .unwrap_or_else(|| "that of a program".to_owned()),
            shape: shape.to_owned(),
        }
    }

    /// How many bytes are here.
    fn have(&self) -> Result<u64, Error> {
        match fs::metadata(&self.part) {
            Ok(file) => Ok(file.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(self.disk(error)),
        }
    }

    fn start_over(&self) -> Result<(), Error> {
        match fs::remove_file(&self.part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.disk(error)),
            _ => Ok(()),
        }
    }

    fn open_at(&self, length: u64) -> Result<File, Error> {
        let open = || {
            let mut file = OpenOptions::new()
                .create(true)
                .write(true)
                .truncate(false)
                .open(&self.part)?;
            file.set_len(length)?;
            file.seek(io::SeekFrom::End(0))?;
            Ok(file)
        };
        open().map_err(|error| self.disk(error))
    }

    fn disk(&self, error: io::Error) -> Error {
        Error::Disk {
            path: self.part.clone(),
            error,
        }
    }
}

/// The SHA-256 of a file, in lower-case hex.
///
/// # Errors
/// When it cannot be read.
pub(super) fn sum(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// The address without a password.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // An address that cannot have a password has none.
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.into()
}

fn passing(why: &str) -> Setback {
    Setback::Passing {
        reached: true,
        why: why.to_owned(),
    }
}

/// `100` of `bytes 100-199/200`.
fn first_byte(range: &str) -> Option<u64> {
    range.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok()
}

/// What somebody must know of bytes that are not what was expected.
struct Shape {
    length: u64,
    is_page: bool,
}

/// What cannot be read looks like nothing.
fn shape(path: &Path) -> Shape {
    let mut start = Vec::new();
    let length = File::open(path)
        .and_then(|file| {
            file.take(200).read_to_end(&mut start)?;
            fs::metadata(path)
        })
        .map_or(0, |file| file.len());
    let text = String::from_utf8_lossy(&start).trim_start().to_ascii_lowercase();
    Shape {
        length,
        is_page: text.starts_with("<!doctype html") || text.starts_with("<html"),
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_page {
            true => write!(
                f,
                "it is an HTML page of {} bytes, as proxies and logins send it",
                self.length
            ),
            false => write!(f, "it has {} bytes", self.length),
        }
    }
}
