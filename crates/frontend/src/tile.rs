//! A photo in a list. The rows are justified by CSS alone: each tile has a class for its aspect ratio, so that its place
//! is known before its picture is, and no style stands in the page.

use std::fmt::Write as _;

use photos_client::{Photo, PhotoId};

use crate::bidi::{closed, isolated};
use crate::caption::{self, Piece};
use crate::links::parameter;
use crate::placeholder;

/// Ratios have classes in steps of 0.02; beyond these bounds the picture is cut.
const STEP: u32 = 2;
const LEAST: u32 = 50;
const MOST: u32 = 300;
/// Widths have classes in steps of 80 pixels, and below the first of them in steps of 8.
const WIDTH_STEP: u32 = 80;
const SMALL_STEP: u32 = 8;
const WIDEST: u32 = 2_560;
/// Characters of a caption in an alternative text.
const ALT_CHARS: usize = 160;

/// A photo in a list.
#[derive(Debug, Clone)]
pub(crate) struct Tile {
    pub(crate) id: PhotoId,
    /// For `<bdi>`: nothing in it breaks out of that.
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) alt: String,
    pub(crate) draft: bool,
    /// What of the caption is shown beside the photo when it fills the window.
    pub(crate) caption: Vec<Piece>,
    pub(crate) ratio: String,
    pub(crate) blur: Option<String>,
    pub(crate) small: Picture,
    pub(crate) large: Picture,
    pub(crate) thumb: Picture,
    pub(crate) srcset: String,
    pub(crate) sizes: String,
    /// Whether the browser should fetch it before all others.
    pub(crate) first: bool,
}

/// One picture of a photo.
#[derive(Debug, Clone, Default)]
pub(crate) struct Picture {
    pub(crate) src: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Tile {
    /// The tiles of a page; the first few are in sight at once.
    pub(crate) fn all(photos: &[Photo]) -> Vec<Self> {
        let tiles = photos.iter().enumerate();
        tiles
            .map(|(index, photo)| Self {
                first: index < 6,
                ..Self::new(photo)
            })
            .collect()
    }

    pub(crate) fn new(photo: &Photo) -> Self {
        let (small, large) = (picture(photo, "small"), picture(photo, "large"));
        let ratio = hundredths(photo.width, photo.height);
        let sets: Vec<String> = [&small, &large]
            .into_iter()
            .filter(|picture| !picture.src.is_empty())
            .map(|picture| format!("{} {}w", picture.src, picture.width))
            .collect();
        Self {
            id: photo.id,
            name: closed(&photo.name).into_owned(),
            owner: photo.owner.username.clone(),
            alt: alt(photo),
            draft: photo.draft,
            caption: caption::beginning(&photo.caption, &photo.tags),
            ratio: format!("r{ratio}"),
            blur: placeholder::data_url(&photo.placeholder),
            thumb: picture(photo, "thumb"),
            small,
            large,
            srcset: sets.join(", "),
            // What a tile takes of a row; a row grows by a third at most as a rule.
            sizes: format!("(max-width: 40rem) 94vw, {}rem", (ratio * 20).div_ceil(100)),
            first: false,
        }
    }
}

/// The name, and what the caption says.
pub(crate) fn alt(photo: &Photo) -> String {
    let caption = photo.caption.split_whitespace().collect::<Vec<_>>().join(" ");
    if caption.is_empty() {
        return isolated(&photo.name).into_owned();
    }
    let cut: String = caption.chars().take(ALT_CHARS).collect();
    let more = if cut.len() < caption.len() { "…" } else { "" };
    format!("{}: {}{more}", isolated(&photo.name), isolated(&cut))
}

/// A picture, through this site. Drafts have a way of their own, which no cache may keep.
pub(crate) fn picture(photo: &Photo, preset: &str) -> Picture {
    let Some(link) = photo.images.get(preset) else {
        return Picture::default();
    };
    let folder = if photo.draft { "drafts" } else { "images" };
    let version = parameter(&link.url, "v").map_or(String::new(), |v| format!("?v={v}"));
    Picture {
        src: format!("/photos/{}/{folder}/{preset}{version}", photo.id),
        width: link.width,
        height: link.height,
    }
}

/// The class for the largest width that a picture fills without being enlarged.
pub(crate) fn width_class(picture: &Picture) -> String {
    let step = if picture.width < WIDTH_STEP {
        SMALL_STEP
    } else {
        WIDTH_STEP
    };
    let width = picture.width / step * step;
    format!("w{}", width.clamp(SMALL_STEP, WIDEST))
}

/// Whether the ratio has no class of its own.
pub(crate) fn is_beyond(photo: &Photo) -> bool {
    let exact = u64::from(photo.width) * 100 / u64::from(photo.height.max(1));
    !(u64::from(LEAST)..=u64::from(MOST)).contains(&exact)
}

fn hundredths(width: u32, height: u32) -> u32 {
    let exact = f64::from(width) / f64::from(height.max(1)) * 100.0 / f64::from(STEP);
    // At most 150 steps: it fits.
    ((exact.round().min(f64::from(MOST)) as u32) * STEP).clamp(LEAST, MOST)
}

/// The rules of these classes, for the style sheet.
pub(crate) fn rules() -> String {
    let mut rules = String::new();
    for ratio in (LEAST..=MOST).step_by(STEP as usize) {
        // A `String` takes everything.
        let _ = write!(rules, ".r{ratio}{{--r:{}}}", f64::from(ratio) / 100.0);
    }
    let small = (SMALL_STEP..WIDTH_STEP).step_by(SMALL_STEP as usize);
    for width in small.chain((WIDTH_STEP..=WIDEST).step_by(WIDTH_STEP as usize)) {
        let _ = write!(rules, ".w{width}{{--w:{width}px}}");
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_photo_has_a_class_with_a_rule() {
        let rules = rules();
        for (width, height) in [
            (4000, 3000),
            (3000, 4000),
            (1, 12000),
            (12000, 1),
            (1, 1),
            (0, 0),
            (1999, 1001),
        ] {
            let class = hundredths(width, height);
            assert!(
                rules.contains(&format!(".r{class}{{")),
                "{width}×{height}: {class}"
            );
        }
        assert_eq!(hundredths(4000, 3000), 134);
        for width in [0, 1, 9, 79, 80, 81, 1440, 9000] {
            let class = width_class(&Picture {
                width,
                ..Picture::default()
            });
            assert!(rules.contains(&format!(".{class}{{")), "{width}: {class}");
        }
    }
}
