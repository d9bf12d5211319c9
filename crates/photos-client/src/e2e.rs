//! The end-to-end story: what a deployed service must do for one user and one guest. It deletes and creates photos, of
//! its own user alone; to keep it away from production is the caller's part.

use std::collections::BTreeSet;
use std::fmt::{self, Debug};
use std::io::Cursor;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use image::{ImageFormat, Rgb, RgbImage};
use photos_api::{BATCH_ITEMS, BatchMode, OWNER_ME, Photo, PhotoId, PhotosQuery, ProblemCode};

use crate::{Client, ClientError, NewPhoto};

/// As whom the story is played.
#[derive(Clone)]
pub struct Account {
    /// Username; its photos are deleted.
    pub username: String,
    /// Password.
    pub password: String,
    /// Whether to register the user if the login is refused.
    pub register: bool,
}

impl Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// The steps in their order.
pub const STEPS: [&str; 10] = [
    "log in",
    "delete all own photos",
    "create a photo and a draft",
    "list both as their owner",
    "list one as a guest",
    "fetch the thumbnail as a guest",
    "publish the draft",
    "list both as a guest",
    "delete both",
    "log out",
];

/// A step that went well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was done.
    pub name: &'static str,
    /// How long it took.
    pub took: Duration,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "✓ {:<44} {:>6} ms", self.name, self.took.as_millis())
    }
}

/// The step at which the story ended.
#[derive(Debug, thiserror::Error)]
#[error("✗ {step}\n  expected: {expected}\n  got:      {got}")]
pub struct Failed {
    /// What was being done.
    pub step: &'static str,
    /// What should have been.
    pub expected: String,
    /// What was.
    pub got: String,
}

struct Story<'a> {
    user: Client,
    guest: Client,
    account: &'a Account,
    report: &'a mut (dyn FnMut(&Step) + Send),
    step: &'static str,
    begun: Instant,
}

/// Plays the story against the service of `client`, whose own login is left alone, and tells `report` of each step.
///
/// # Errors
/// At the first step that goes otherwise than expected. What was uploaded until then goes at the next run.
pub async fn run(
    client: &Client,
    account: &Account,
    report: &mut (dyn FnMut(&Step) + Send),
) -> Result<(), Failed> {
    let (user, guest) = (client.guest(), client.guest());
    Story {
        user,
        guest,
        account,
        report,
        step: "begin",
        begun: Instant::now(),
    }
    .play()
    .await
}

impl Story<'_> {
    async fn play(mut self) -> Result<(), Failed> {
        let [
            log_in,
            clear,
            create,
            list_own,
            list_as_guest,
            thumbnail,
            publish,
            list_published,
            delete,
            log_out,
        ] = STEPS;
        self.begin(log_in);
        self.log_in().await?;
        self.done();

        self.begin(clear);
        self.delete_all().await?;
        self.done();

        self.begin(create);
        let photo = self.create("e2e photo", false).await?;
        let draft = self.create("e2e draft", true).await?;
        let both = BTreeSet::from([photo.id, draft.id]);
        self.done();

        self.begin(list_own);
        self.expect_list(&self.user, OWNER_ME, &both).await?;
        self.done();

        self.begin(list_as_guest);
        self.expect_list(&self.guest, &self.account.username, &BTreeSet::from([photo.id]))
            .await?;
        let seen = self.guest.photos().get(draft.id).await;
        self.expect_problem("a guest's look at the draft", seen, ProblemCode::NotFound)?;
        self.done();

        self.begin(thumbnail);
        self.expect_thumbnail(&photo).await?;
        self.done();

        self.begin(publish);
        let published = self.ok("a published photo", self.user.photos().publish(draft.id).await)?;
        self.expect(
            "published",
            &(false, true),
            &(published.draft, published.published_at.is_some()),
        )?;
        self.done();

        self.begin(list_published);
        self.expect_list(&self.guest, &self.account.username, &both)
            .await?;
        self.done();

        self.begin(delete);
        for id in both {
            self.ok("204", self.user.photos().delete(id).await)?;
            let seen = self.guest.photos().get(id).await;
            self.expect_problem("a look at a deleted photo", seen, ProblemCode::NotFound)?;
        }
        self.expect_list(&self.user, OWNER_ME, &BTreeSet::new()).await?;
        self.done();

        self.begin(log_out);
        self.ok("204", self.user.auth().logout().await)?;
        self.done();
        Ok(())
    }

    async fn log_in(&self) -> Result<(), Failed> {
        let Account {
            username,
            password,
            register,
        } = self.account;
        let mut login = self.user.auth().login(username, password).await;
        if *register
            && login
                .as_ref()
                .is_err_and(|error| error.code() == Some(ProblemCode::InvalidCredentials))
        {
            self.ok(
                "a new user, or a right password",
                self.user.users().register(username, password).await,
            )?;
            login = self.user.auth().login(username, password).await;
        }
        self.ok("tokens", login)?;
        let me = self.ok("the user", self.user.users().me().await)?;
        self.expect("username", username, &me.username)
    }

    async fn delete_all(&self) -> Result<(), Failed> {
        let ids = self.list(&self.user, OWNER_ME).await?;
        for ids in Vec::from_iter(ids).chunks(*BATCH_ITEMS.end()) {
            self.ok(
                "every photo deleted",
                self.user.photos().delete_batch(ids, BatchMode::Atomic).await,
            )?;
        }
        self.expect_list(&self.user, OWNER_ME, &BTreeSet::new()).await
    }

    async fn create(&self, name: &str, draft: bool) -> Result<Photo, Failed> {
        let picture = self.ok("a picture", picture(draft))?;
        let photo = NewPhoto::from_bytes(name, picture)
            .caption("made by the #e2e story")
            .draft(draft);
        let photo = self.ok("201 and a photo", self.user.photos().create(photo).await)?;
        let got = (
            photo.name.as_str(),
            photo.draft,
            photo.width,
            photo.height,
            photo.tags.join(","),
        );
        self.expect("photo", &(name, draft, WIDTH, HEIGHT, "e2e".to_owned()), &got)?;
        Ok(photo)
    }

    async fn list(&self, client: &Client, owner: &str) -> Result<BTreeSet<PhotoId>, Failed> {
        let query = PhotosQuery {
            owner: Some(owner.to_owned()),
            page_size: Some(100),
            ..PhotosQuery::default()
        };
        let photos = client
            .photos()
            .list_photos(query)
            .map_ok(|photo| photo.id)
            .try_collect()
            .await;
        self.ok("a list", photos)
    }

    async fn expect_list(&self, client: &Client, owner: &str, ids: &BTreeSet<PhotoId>) -> Result<(), Failed> {
        let got = self.list(client, owner).await?;
        self.expect(&format!("photos of owner={owner}"), ids, &got)
    }

    async fn expect_thumbnail(&self, photo: &Photo) -> Result<(), Failed> {
        let Some(link) = photo.images.get("thumb") else {
            let presets: Vec<_> = photo.images.keys().collect();
            return Err(self.failed("a preset named thumb".to_owned(), format!("{presets:?}")));
        };
        for (preset, kind, format) in [
            ("thumb.jpg", "image/jpeg", ImageFormat::Jpeg),
            ("thumb.webp", "image/webp", ImageFormat::WebP),
        ] {
            let picture = self.ok("a picture", self.guest.photos().image(photo.id, preset).await)?;
            self.expect("content type", &kind, &picture.content_type.as_str())?;
            let decoded = image::load_from_memory_with_format(&picture.bytes, format);
            let decoded = self.ok("a picture of that type", decoded)?;
            self.expect(
                "pixels",
                &(link.width, link.height),
                &(decoded.width(), decoded.height()),
            )?;
        }
        Ok(())
    }

    fn begin(&mut self, step: &'static str) {
        self.step = step;
        self.begun = Instant::now();
    }

    fn done(&mut self) {
        (self.report)(&Step {
            name: self.step,
            took: self.begun.elapsed(),
        });
    }

    fn ok<T, E: fmt::Display>(&self, expected: &str, result: Result<T, E>) -> Result<T, Failed> {
        result.map_err(|error| self.failed(expected.to_owned(), error.to_string()))
    }

    fn expect<T: PartialEq<U> + Debug, U: Debug>(
        &self,
        what: &str,
        expected: &T,
        got: &U,
    ) -> Result<(), Failed> {
        if expected == got {
            return Ok(());
        }
        Err(self.failed(format!("{what}: {expected:?}"), format!("{got:?}")))
    }

    fn expect_problem(
        &self,
        what: &str,
        result: Result<Photo, ClientError>,
        code: ProblemCode,
    ) -> Result<(), Failed> {
        let got = match result {
            Err(error) if error.code() == Some(code) => return Ok(()),
            Err(error) => error.to_string(),
            Ok(photo) => format!("the photo {}", photo.id),
        };
        Err(self.failed(format!("{what}: {} {code}", code.status()), got))
    }

    fn failed(&self, expected: String, got: String) -> Failed {
        Failed {
            step: self.step,
            expected,
            got,
        }
    }
}

const WIDTH: u32 = 640;
const HEIGHT: u32 = 480;

/// A JPEG with a gradient, of another colour for a draft.
fn picture(draft: bool) -> Result<Vec<u8>, image::ImageError> {
    let blue = if draft { 40 } else { 200 };
    let shade = |part: u32, whole: u32| u8::try_from(part * 255 / whole).unwrap_or(u8::MAX);
    let image = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        Rgb([shade(x, WIDTH), shade(y, HEIGHT), blue])
    });
    let mut jpeg = Cursor::new(Vec::new());
    image.write_to(&mut jpeg, ImageFormat::Jpeg)?;
    Ok(jpeg.into_inner())
}
