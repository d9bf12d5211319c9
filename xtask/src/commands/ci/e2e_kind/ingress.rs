//! What lies between people and the service on the cluster: how large and how slow an upload may be, and whose address
//! counts when somebody guesses passwords.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use futures_util::stream;
use photos_client::{Client, ClientError, NewPhoto, RetryPolicy, TokenStore as _};
use reqwest::{
    Body, StatusCode,
    header::{HeaderMap, HeaderValue},
    multipart::{Form, Part},
};
use tokio::time::sleep;

use super::load::picture;

const MIB: usize = 1024 * 1024;
/// The largest photo that the service takes.
const LARGEST: usize = 25 * MIB;
/// What a slow line brings at once, and how often: 70 seconds for the largest photo, more than the 60 after which a Traefik that
/// nobody configured cuts a request.
const PIECE: usize = 64 * 1024;
const PAUSE: Duration = Duration::from_millis(175);
/// Wrong passwords after which an address has to wait.
const GUESSES: usize = 50;

/// A person in front of the ingress.
pub(super) struct Visitor {
    url: String,
    client: Client,
    access: String,
}

impl Visitor {
    pub(super) async fn register(url: &str) -> anyhow::Result<Self> {
        let store = std::sync::Arc::new(photos_client::MemoryStore::default());
        let client = Client::builder(url)
            .retry(RetryPolicy::never())
            .token_store(store.clone())
            .build()?;
        let name = format!("visitor-{}", hex::encode(rand::random::<[u8; 4]>()));
        let password = hex::encode(rand::random::<[u8; 16]>());
        client.users().register(&name, &password).await?;
        client.auth().login(&name, &password).await?;
        let tokens = store.load()?.context("nobody is logged in")?;
        Ok(Self {
            url: url.to_owned(),
            client,
            access: tokens.access_token,
        })
    }

    /// One MiB too much is refused by the service, in words that a client reads.
    pub(super) async fn is_told_what_is_too_large(&self) -> anyhow::Result<()> {
        let photo = padded(26 * MIB)?;
        let refused = self
            .client
            .photos()
            .create(NewPhoto::from_bytes("Large", photo))
            .await;
        let Err(ClientError::Problem(problem)) = &refused else {
            anyhow::bail!("26 MiB were not refused by the service: {refused:?}");
        };
        ensure!(
            problem.status == 413,
            "26 MiB were refused for another reason: {problem:?}"
        );
        eprintln!(
            "  26 MiB: {}",
            refused.err().map(|error| error.to_string()).unwrap_or_default()
        );
        Ok(())
    }

    /// The largest photo arrives over a slow line.
    pub(super) async fn uploads_slowly(&self) -> anyhow::Result<()> {
        let photo = Bytes::from(padded(LARGEST)?);
        let pieces = stream::unfold(photo, |mut rest| async move {
            if rest.is_empty() {
                return None;
            }
            sleep(PAUSE).await;
            let piece = rest.split_to(PIECE.min(rest.len()));
            Some((Ok::<_, std::io::Error>(piece), rest))
        });
        let part = Part::stream_with_length(Body::wrap_stream(pieces), LARGEST as u64).file_name("slow.jpg");
        let url: url::Url = format!("{}/api/v1/photos", self.url).parse()?;
        // Not every resolver knows that these names are this machine's.
        let http = reqwest::Client::builder()
            .resolve(url.host_str().unwrap_or_default(), ([127, 0, 0, 1], 0).into())
            .build()?;
        let answer = http
            .post(url)
            .bearer_auth(&self.access)
            .multipart(Form::new().text("name", "Slow").part("image", part))
            .send()
            .await
            .context("the slow upload was cut")?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(
            status == StatusCode::CREATED,
            "the slow upload ended with {status}: {text}"
        );
        Ok(())
    }

    /// Guesses until the address has to wait, and says each time that it is another one: nobody believes it.
    pub(super) async fn guesses_passwords(&self) -> anyhow::Result<()> {
        for guess in 0..=GUESSES {
            let mut claims = HeaderMap::new();
            claims.insert(
                "X-Forwarded-For",
                HeaderValue::from_str(&format!("203.0.113.{guess}"))?,
            );
            let claimed = self.client.guest().with_headers(claims);
            let name = format!("nobody-{}-{guess}", hex::encode(rand::random::<[u8; 4]>()));
            let refused = claimed.auth().login(&name, "a-guess-that-is-wrong").await;
            let status = refused
                .err()
                .and_then(|error| error.problem().map(|problem| problem.status));
            match status {
                Some(401) => {}
                // Earlier failures of this address count too.
                Some(429) if guess > 0 => return Ok(()),
                other => anyhow::bail!("guess {guess} was answered with {other:?}"),
            }
        }
        anyhow::bail!("nobody stopped {} guesses from one address", GUESSES + 1)
    }
}

/// A JPEG of this size: a small picture with comments.
fn padded(size: usize) -> anyhow::Result<Vec<u8>> {
    /// Of a comment without its marker: its length, which counts itself.
    const LONGEST: usize = 0xffff;
    let picture = picture()?;
    let (start, rest) = picture.split_at(2);
    let mut padded = Vec::with_capacity(size);
    padded.extend_from_slice(start);
    let mut missing = size - picture.len();
    while missing > 0 {
        // No remainder that is too short for a comment of its own.
        let length = if missing > LONGEST + 2 + 4 {
            LONGEST
        } else if missing > LONGEST + 2 {
            LONGEST - 4
        } else {
            missing - 2
        };
        padded.extend_from_slice(&[0xff, 0xfe]);
        padded.extend_from_slice(&u16::try_from(length)?.to_be_bytes());
        padded.resize(padded.len() + length - 2, b' ');
        missing -= length + 2;
    }
    padded.extend_from_slice(rest);
    Ok(padded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_padded_picture_is_a_picture_of_the_size() -> anyhow::Result<()> {
        for size in [100_000, MIB, LARGEST, LARGEST + 1, LARGEST + 3] {
            let photo = padded(size)?;
            assert_eq!(photo.len(), size);
            image::load_from_memory(&photo)?;
        }
        Ok(())
    }
}
