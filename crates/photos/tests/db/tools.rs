//! What the stories have in common: users, photos, times.

use std::time::Duration;

use photos::db::Db;
use photos::db::objects::NewObject;
use photos::db::photos::{FinishedObject, ListQuery, NewPhoto, Page, Visibility};
use photos::db::users::{NewUser, User};
use photos::domain::{Actor, ImageFormat, Ordering, PhotoId, PhotoRow, Timestamp, Via};

pub(crate) const TTL: Duration = Duration::from_secs(600);

/// A moment of a story.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + second).unwrap()
}

pub(crate) async fn user(db: &Db, username: &str) -> User {
    let new = NewUser {
        username: username.to_owned(),
        password_hash: "$argon2id$".to_owned(),
        is_staff: false,
        is_superuser: false,
    };
    db.create_user(new, None, at(0)).await.unwrap()
}

pub(crate) fn actor(user: &User) -> Actor {
    Actor {
        user_id: user.id,
        username: user.username.clone(),
        is_staff: user.is_staff,
        is_superuser: user.is_superuser,
        via: Via::Api,
        request_id: Some("request-1".to_owned()),
        session_id: None,
    }
}

/// A user, who acts.
pub(crate) async fn somebody(db: &Db, username: &str) -> Actor {
    actor(&user(db, username).await)
}

/// A staff member, who acts.
pub(crate) async fn staff(db: &Db) -> Actor {
    Actor {
        is_staff: true,
        ..somebody(db, "staff").await
    }
}

/// A photo that is about to be inserted, with one object.
pub(crate) fn new_photo(owner: &Actor, name: &str, caption: &str, draft: bool) -> NewPhoto {
    let id = PhotoId::now();
    NewPhoto {
        id,
        owner_id: owner.user_id,
        name: name.to_owned(),
        caption: caption.to_owned(),
        draft,
        format: ImageFormat::Jpeg,
        bytes: 2_190_194,
        width: 4000,
        height: 3000,
        placeholder: vec![1, 2, 3],
        sha256: "ab".repeat(32),
        objects: vec![FinishedObject {
            key: key(id),
            bytes: 2_190_194,
            sha256: "ab".repeat(32),
        }],
    }
}

pub(crate) fn key(photo: PhotoId) -> String {
    format!("photos/{photo}/original-{}", "ab".repeat(32))
}

pub(crate) fn object(photo: PhotoId, key: &str) -> NewObject {
    NewObject {
        key: key.to_owned(),
        photo_id: photo,
        kind: "original".to_owned(),
        content_type: "image/jpeg".to_owned(),
    }
}

/// Reserves the objects and inserts the photo.
pub(crate) async fn insert(db: &Db, owner: &Actor, photo: NewPhoto, now: Timestamp) -> PhotoRow {
    let objects = photo
        .objects
        .iter()
        .map(|finished| object(photo.id, &finished.key))
        .collect();
    db.reserve_objects(objects, "maker", now).await.unwrap();
    db.insert_photos(owner, vec![photo], None, now)
        .await
        .unwrap()
        .remove(0)
}

/// A photo that is there.
pub(crate) async fn photo(db: &Db, owner: &Actor, caption: &str, draft: bool, now: Timestamp) -> PhotoRow {
    insert(db, owner, new_photo(owner, "Pier", caption, draft), now).await
}

/// Every published photo, newest first.
pub(crate) fn everything() -> ListQuery {
    ListQuery {
        visibility: Visibility::Published,
        owner: None,
        tags: Vec::new(),
        words: Vec::new(),
        ordering: Ordering::NewestPublished,
        page_size: 30,
        position: None,
        count: false,
    }
}

pub(crate) fn ids(page: &Page) -> Vec<PhotoId> {
    page.rows.iter().map(|photo| photo.id).collect()
}
