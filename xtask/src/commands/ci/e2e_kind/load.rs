//! A light load: one person uploads, one looks, both through the typed client, which repeats nothing, so that every
//! failure counts. What was acknowledged is remembered and asked for at the end.

use std::{
    fmt,
    io::Cursor,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use image::{ImageFormat, Rgb, RgbImage};
use photos_client::{Client, ClientError, NewPhoto, PhotoId, PhotosQuery, RetryPolicy};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::outcome::Failure;

/// Between two calls of a person.
const PAUSE: Duration = Duration::from_millis(150);
/// Longest wait until the service answers again.
const PATIENCE: Duration = Duration::from_secs(120);

/// Calls so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) done: u64,
    pub(super) failed: u64,
    uploads: u64,
    last: Option<String>,
}

impl Tally {
    /// The calls after another tally.
    pub(super) fn since(&self, before: &Self) -> Self {
        Self {
            done: self.done - before.done,
            failed: self.failed - before.failed,
            uploads: self.uploads - before.uploads,
            last: self.last.clone().filter(|_| self.failed > before.failed),
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.done + self.failed;
        write!(
            f,
            "{} of {all} requests failed, {} photos were uploaded",
            self.failed, self.uploads
        )?;
        match &self.last {
            Some(last) => write!(f, "; the last failure: {last}"),
            None => Ok(()),
        }
    }
}

#[derive(Default)]
struct Seen {
    tally: Tally,
    acknowledged: Vec<PhotoId>,
}

/// The load, until it is dropped.
pub(super) struct Load {
    client: Client,
    seen: Arc<Mutex<Seen>>,
    people: Vec<JoinHandle<()>>,
}

impl Load {
    /// Registers a user of its own and begins.
    pub(super) async fn start(url: &str) -> anyhow::Result<Self> {
        let client = Client::builder(url)
            .retry(RetryPolicy::never())
            .timeout(Duration::from_secs(20))
            .build()?;
        let name = format!("load-{}", hex::encode(rand::random::<[u8; 4]>()));
        let password = hex::encode(rand::random::<[u8; 16]>());
        client
            .users()
            .register(&name, &password)
            .await
            .context("the load cannot register")?;
        client
            .auth()
            .login(&name, &password)
            .await
            .context("the load cannot log in")?;
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let people = vec![
            tokio::spawn(upload(client.clone(), Arc::clone(&seen), picture()?)),
            tokio::spawn(look(client.clone(), Arc::clone(&seen))),
        ];
        Ok(Self { client, seen, people })
    }

    /// The calls so far.
    pub(super) fn tally(&self) -> Tally {
        locked(&self.seen, |seen| seen.tally.clone())
    }

    /// Waits until both people succeed again.
    pub(super) async fn succeeds(&self) -> anyhow::Result<()> {
        let (begin, before) = (Instant::now(), self.tally());
        while begin.elapsed() < PATIENCE {
            let now = self.tally().since(&before);
            if now.uploads >= 2 && now.done >= 6 {
                return Ok(());
            }
            sleep(PAUSE).await;
        }
        let tally = self.tally().since(&before);
        Err(Failure::failed(format!(
            "the service did not answer again within {} s",
            PATIENCE.as_secs()
        ))
        .because(tally.to_string())
        .into())
    }

    /// Ends the load, and asks for everything that was acknowledged: the photo and its thumbnail.
    pub(super) async fn verify(mut self) -> anyhow::Result<()> {
        self.people.drain(..).for_each(|person| person.abort());
        let acknowledged = locked(&self.seen, |seen| seen.acknowledged.clone());
        let mut lost = Vec::new();
        for id in &acknowledged {
            let photos = self.client.photos();
            let found = async {
                photos.get(*id).await?;
                photos.image(*id, "thumb.jpg").await.map(drop)
            };
            if let Err(error) = found.await {
                lost.push(format!("{id}: {error}"));
            }
        }
        eprintln!(
            "  {} acknowledged photos, {} of them lost",
            acknowledged.len(),
            lost.len()
        );
        if lost.is_empty() && !acknowledged.is_empty() {
            return Ok(());
        }
        Err(Failure::failed("what was acknowledged is not there")
            .because(lost.join("\n"))
            .into())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.people.iter().for_each(JoinHandle::abort);
    }
}

async fn upload(client: Client, seen: Arc<Mutex<Seen>>, photo: Vec<u8>) {
    for number in 0_u64.. {
        let created = client
            .photos()
            .create(NewPhoto::from_bytes(format!("Load {number}"), photo.clone()))
            .await;
        locked(&seen, |seen| {
            if let Ok(photo) = &created {
                seen.acknowledged.push(photo.id);
                seen.tally.uploads += 1;
            }
            count(seen, created.map(drop));
        });
        sleep(PAUSE).await;
    }
}

async fn look(client: Client, seen: Arc<Mutex<Seen>>) {
    loop {
        let page = client.photos().page(&PhotosQuery::default()).await;
        let photo = page
            .as_ref()
            .ok()
            .and_then(|page| page.results.first().map(|photo| photo.id));
        locked(&seen, |seen| count(seen, page.map(drop)));
        if let Some(id) = photo {
            let picture = client.photos().image(id, "small.jpg").await;
            locked(&seen, |seen| count(seen, picture.map(drop)));
        }
        sleep(PAUSE).await;
    }
}

fn count(seen: &mut Seen, result: Result<(), ClientError>) {
    match result {
        Ok(()) => seen.tally.done += 1,
        Err(error) => {
            seen.tally.failed += 1;
            seen.tally.last = Some(error.to_string());
        }
    }
}

fn locked<T>(seen: &Mutex<Seen>, work: impl FnOnce(&mut Seen) -> T) -> T {
    work(&mut seen.lock().unwrap_or_else(PoisonError::into_inner))
}

pub(super) fn picture() -> anyhow::Result<Vec<u8>> {
    let image = RgbImage::from_fn(800, 600, |x, y| {
        Rgb([(x / 4) as u8, (y / 4) as u8, ((x + y) / 8) as u8])
    });
    let mut jpeg = Cursor::new(Vec::new());
    image
        .write_to(&mut jpeg, ImageFormat::Jpeg)
        .context("cannot encode a picture")?;
    Ok(jpeg.into_inner())
}
