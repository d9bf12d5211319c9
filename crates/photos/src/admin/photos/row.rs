//! A photo as a row of a list.

use photos_api::PhotoId;

use super::image::{Shown, shown};
use super::query::PhotosQuery;
use crate::admin::shown::{Moment, bytes, excerpt};
use crate::app::App;
use crate::domain::PhotoRow;

/// Characters of a caption in a list.
const CAPTION: usize = 90;

/// A photo as a row of a list.
pub(in crate::admin) struct Row {
    pub(in crate::admin) id: PhotoId,
    pub(in crate::admin) version: i64,
    pub(in crate::admin) name: String,
    pub(in crate::admin) caption: String,
    pub(in crate::admin) owner: String,
    pub(in crate::admin) owner_href: String,
    pub(in crate::admin) tags: Vec<Tag>,
    pub(in crate::admin) state: State,
    pub(in crate::admin) thumb: Shown,
    pub(in crate::admin) uploaded: Moment,
    pub(in crate::admin) published: Option<Moment>,
    pub(in crate::admin) changed: Moment,
    pub(in crate::admin) deleted: Option<Moment>,
    pub(in crate::admin) size: String,
    pub(in crate::admin) dimensions: String,
}

/// A tag, and the list of its photos.
pub(in crate::admin) struct Tag {
    pub(in crate::admin) name: String,
    pub(in crate::admin) href: String,
}

/// What a photo is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::admin) enum State {
    Published,
    Draft,
    Trash,
}

impl State {
    pub(in crate::admin) fn of(photo: &PhotoRow) -> Self {
        match (photo.deleted_at, photo.draft) {
            (Some(_), _) => Self::Trash,
            (None, true) => Self::Draft,
            (None, false) => Self::Published,
        }
    }

    /// For people.
    pub(in crate::admin) const fn name(self) -> &'static str {
        match self {
            Self::Published => "Published",
            Self::Draft => "Draft",
            Self::Trash => "In the trash",
        }
    }

    /// The class of its badge.
    pub(in crate::admin) const fn class(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Draft => "draft",
            Self::Trash => "trash",
        }
    }
}

impl Row {
    /// The row in the list of a query, whose links narrow that list.
    pub(in crate::admin) fn new(app: &App, photo: &PhotoRow, query: &PhotosQuery) -> Self {
        let moment = |time: Option<crate::domain::Timestamp>| time.map(Moment::new);
        let tag = |name: &String| Tag {
            name: name.clone(),
            href: query.changed(|query| query.tag.clone_from(name)),
        };
        Self {
            id: photo.id,
            version: photo.version,
            name: photo.name.clone(),
            caption: excerpt(&photo.caption, CAPTION),
            owner: photo.owner.clone(),
            owner_href: query.changed(|query| query.owner.clone_from(&photo.owner)),
            tags: photo.tags.iter().map(tag).collect(),
            state: State::of(photo),
            thumb: shown(app, photo, false),
            uploaded: Moment::new(photo.created_at),
            published: moment(photo.published_at),
            changed: Moment::new(photo.updated_at),
            deleted: moment(photo.deleted_at),
            size: bytes(photo.bytes),
            dimensions: format!("{} × {}", photo.width, photo.height),
        }
    }

    /// Rows outside of a list.
    pub(in crate::admin) fn all(app: &App, photos: &[PhotoRow]) -> Vec<Self> {
        let everything = PhotosQuery::default();
        photos
            .iter()
            .map(|photo| Self::new(app, photo, &everything))
            .collect()
    }
}
