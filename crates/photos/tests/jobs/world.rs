//! A database with users and photos, and their objects in a store.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::time::Duration;

use config::PhotosEnv;
use futures_util::TryStreamExt as _;
use photos::db::Db;
use photos::db::objects::{NewObject, ObjectState};
use photos::db::photos::{Action, Change, FinishedObject, Mode, NewPhoto};
use photos::db::users::NewUser;
use photos::domain::time::after;
use photos::domain::{Actor, ImageFormat, PhotoId, PhotoRow, Timestamp, Via, now_micros};
use photos::jobs::sweeper::{SweepSettings, Sweeper};
use photos::media::Media;
use photos::media::ingest::Details;
use photos::store::{Digest, Encoding, Key, Store};
use tempfile::TempDir;

use crate::database::{self, TestDatabase};
use crate::object_store::{self, TestStore};

pub(crate) const HOUR: Duration = Duration::from_secs(3600);
pub(crate) const MINUTES: Duration = Duration::from_secs(600);

/// Where a story takes place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Home {
    SqliteDisk,
    PostgresS3,
}

pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) objects: TestStore,
    pub(crate) ann: Actor,
    spool: TempDir,
}

/// A photo, and the keys of its original and its variants.
pub(crate) struct Shot {
    pub(crate) row: PhotoRow,
    pub(crate) keys: Vec<Key>,
}

/// A moment in the future.
pub(crate) fn later(by: Duration) -> Timestamp {
    after(now_micros(), by)
}

/// A picture that can be decoded.
pub(crate) fn picture(seed: u8) -> Vec<u8> {
    let image = image::RgbImage::from_fn(300, 200, |x, y| image::Rgb([x as u8, y as u8, seed]));
    let mut png = Cursor::new(Vec::new());
    image.write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}

impl World {
    /// A home with one user; `None` where its servers are missing.
    pub(crate) async fn open(home: Home) -> Option<Self> {
        let (database, store) = match home {
            Home::SqliteDisk => (database::Backend::Sqlite, object_store::Backend::Disk),
            Home::PostgresS3 => (database::Backend::Postgres, object_store::Backend::S3),
        };
        let (Some(database), Some(objects)) =
            (TestDatabase::new(database).await, TestStore::open(store).await)
        else {
            return None;
        };
        let ann = user(&database.db, "ann").await;
        Some(Self {
            database,
            objects,
            ann,
            spool: TempDir::new().unwrap(),
        })
    }

    /// A home without users, to restore into.
    pub(crate) async fn open_empty(home: Home) -> Option<Self> {
        let world = Self::open(home).await?;
        world.lose_database().await;
        Some(world)
    }

    /// The database is new again; the store is as it was.
    pub(crate) async fn lose_database(&self) {
        self.db().revert_all().await.unwrap();
        self.db().migrate().await.unwrap();
    }

    pub(crate) fn db(&self) -> &Db {
        &self.database.db
    }

    pub(crate) fn store(&self) -> &Store {
        &self.objects.store
    }

    pub(crate) fn sweeper(&self) -> Sweeper {
        Sweeper::new(self.db().clone(), self.store().clone(), settings())
    }

    /// What makes variants, with these presets.
    pub(crate) fn media(&self, presets: &str) -> Media {
        let variables = [
            ("PS_DATABASE_URL", "sqlite://unused"),
            ("PS_STORE_URL", "file://unused"),
            ("PS_JWT_SECRET", "a secret of the tests, not of anybody"),
            ("PS_PRESETS", presets),
            ("PS_SPOOL_DIR", self.spool.path().to_str().unwrap()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let env = PhotosEnv::from_map(&BTreeMap::from(variables)).unwrap_or_else(|faults| panic!("{faults}"));
        Media::open(&env, self.db().clone(), self.store().clone()).unwrap()
    }

    /// Uploads a real picture.
    pub(crate) async fn upload(&self, media: &Media, image: &[u8]) -> Shot {
        let mut spool = media.spool().create(media.max_bytes());
        spool.write(image).await.unwrap();
        let inspected = media.inspect(spool.finish().await.unwrap()).await.unwrap();
        let details = Details {
            name: "Pier".into(),
            caption: "at #dawn".into(),
            draft: false,
        };
        let stored = media.store(inspected, details, &self.ann).await.unwrap();
        let row = media
            .insert(&self.ann, vec![stored], None)
            .await
            .unwrap()
            .remove(0);
        let rows = self.db().objects_of_photo(row.id).await.unwrap();
        Shot {
            keys: rows
                .iter()
                .map(|object| Key::parse(&object.key).unwrap())
                .collect(),
            row,
        }
    }

    /// The keys that a new photo will have: its original and two variants.
    pub(crate) fn new_keys(&self) -> Vec<Key> {
        let photo = PhotoId::now();
        let digest = Digest::of(photo.to_string().as_bytes());
        let variants =
            Encoding::ALL.map(|encoding| Key::variant(photo, digest, "thumb", 1, encoding).unwrap());
        [Key::original(photo, digest)]
            .into_iter()
            .chain(variants)
            .collect()
    }

    /// Step one of an upload: the rows.
    pub(crate) async fn reserve(&self, keys: &[Key], now: Timestamp) {
        let rows = keys.iter().map(|key| NewObject {
            key: key.to_string(),
            photo_id: key.photo(),
            kind: if key.is_original() { "original" } else { "variant" }.into(),
            content_type: key.content_type().into(),
        });
        self.db()
            .reserve_objects(rows.collect(), "maker", now)
            .await
            .unwrap();
    }

    /// Step two: the bytes.
    pub(crate) async fn put(&self, keys: &[Key]) {
        for key in keys {
            self.store().put_bytes(key, body(key)).await.unwrap();
        }
    }

    /// Step three: the photo.
    pub(crate) async fn insert(&self, keys: &[Key], now: Timestamp) -> PhotoRow {
        let finished = |key: &Key| FinishedObject {
            key: key.to_string(),
            bytes: body(key).len() as u64,
            sha256: Digest::of(&body(key)).to_string(),
        };
        let photo = NewPhoto {
            id: keys[0].photo(),
            owner_id: self.ann.user_id,
            name: "Pier".into(),
            caption: "at #dawn".into(),
            draft: false,
            format: ImageFormat::Jpeg,
            bytes: body(&keys[0]).len() as u64,
            width: 400,
            height: 300,
            placeholder: vec![1, 2, 3],
            sha256: keys[0].digest().to_string(),
            objects: keys.iter().map(finished).collect(),
        };
        self.db()
            .insert_photos(&self.ann, vec![photo], None, now)
            .await
            .unwrap()
            .remove(0)
    }

    /// All steps, with bytes that are no picture.
    pub(crate) async fn photo(&self) -> Shot {
        let (keys, now) = (self.new_keys(), now_micros());
        self.reserve(&keys, now).await;
        self.put(&keys).await;
        Shot {
            row: self.insert(&keys, now).await,
            keys,
        }
    }

    /// Puts a photo into the trash.
    pub(crate) async fn trash(&self, photo: PhotoId, now: Timestamp) {
        let change = Change {
            id: photo,
            if_match: None,
            action: Action::Delete,
        };
        let done = self
            .db()
            .change_photos(&self.ann, vec![change], Mode::Atomic, MINUTES, now)
            .await;
        done.unwrap().remove(0).unwrap();
    }

    /// Every name in the store.
    pub(crate) async fn stored(&self) -> BTreeSet<String> {
        self.store()
            .list()
            .map_ok(|object| object.key)
            .try_collect()
            .await
            .unwrap()
    }

    /// Every row of the ledger.
    pub(crate) async fn ledger(&self) -> BTreeMap<String, ObjectState> {
        let rows = self.db().page_objects(None, 10_000).await.unwrap();
        rows.into_iter().map(|row| (row.key, row.state)).collect()
    }

    /// Whether the store and the ledger have exactly these objects, all live.
    pub(crate) async fn has_only(&self, keys: &[Key]) -> bool {
        let names: BTreeSet<String> = keys.iter().map(Key::to_string).collect();
        let live = names
            .iter()
            .map(|name| (name.clone(), ObjectState::Live))
            .collect();
        self.stored().await == names && self.ledger().await == live
    }

    pub(crate) async fn close(self) {
        self.objects.close().await;
    }
}

pub(crate) fn settings() -> SweepSettings {
    SweepSettings {
        every: Duration::from_secs(60),
        grace: HOUR,
        trash_ttl: MINUTES,
    }
}

pub(crate) async fn user(db: &Db, username: &str) -> Actor {
    let new = NewUser {
        username: username.into(),
        password_hash: "$argon2id$".into(),
        is_staff: false,
        is_superuser: false,
    };
    let user = db.create_user(new, None, now_micros()).await.unwrap();
    Actor {
        user_id: user.id,
        username: user.username,
        is_staff: false,
        is_superuser: false,
        via: Via::Api,
        request_id: None,
        session_id: None,
    }
}

fn body(key: &Key) -> bytes::Bytes {
    format!("the bytes of {key}").into()
}
