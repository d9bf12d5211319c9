//! Uploading: a form for many files at once that works by itself, and a way for the script that sends them one by one.

use std::path::Path;
use std::time::Duration;

use actix_multipart::{Field, Multipart};
use actix_web::http::StatusCode;
use actix_web::web::Json;
use actix_web::{HttpRequest, HttpResponse, Responder};
use askama::Template;
use futures_util::TryStreamExt as _;
use photos_client::types::{IDEMPOTENCY_KEY, NAME_CHARS};
use photos_client::{NewPhoto, Photo};
use serde::Serialize;
use tempfile::TempPath;

use crate::csrf::{self, refuse_other_sites};
use crate::error::{PageError, sentence};
use crate::layout::{Layout, html, ok};
use crate::shown;
use crate::spool::{self, Spooled};
use crate::tile::{Tile, picture};
use crate::visit::Visit;

/// How long the rest of a refused upload is read before the answer.
const DRAIN: Duration = Duration::from_secs(30);

#[derive(Template)]
#[template(path = "upload.html")]
struct UploadPage {
    layout: Layout,
    problem: Option<String>,
    sent: Vec<Sent>,
    drafts: bool,
    caption: String,
    /// For the script, which refuses what would be refused.
    most: u64,
    too_large: String,
    empty: &'static str,
}

/// What became of a file.
struct Sent {
    file: String,
    photo: Option<Tile>,
    problem: String,
}

pub(super) async fn show(visit: Visit) -> Result<HttpResponse, PageError> {
    visit.member()?;
    // The page needs nothing of the service, but who picks photos for a session that has ended would pick them in vain.
    visit.client().users().me().await?;
    ok(&page(&visit))
}

fn page(visit: &Visit) -> UploadPage {
    UploadPage {
        layout: Layout::new(visit, "Upload · hmlet"),
        problem: None,
        sent: Vec::new(),
        drafts: false,
        caption: String::new(),
        most: visit.app().max_bytes,
        too_large: too_large(visit.app().max_bytes),
        empty: EMPTY,
    }
}

const EMPTY: &str = "The file is empty.";

/// What is said of a file that is beyond the limit.
fn too_large(most: u64) -> String {
    format!("The file is too large: at most {} are taken.", shown::bytes(most))
}

/// A token for who has logged in anew, in another tab, since the page was made.
#[derive(Serialize)]
struct Token {
    csrf: String,
    username: String,
}

pub(super) async fn token(visit: Visit) -> Result<impl Responder, PageError> {
    let username = visit.member()?.username().to_owned();
    visit.client().users().me().await?;
    let csrf = visit.csrf();
    Ok(Json(Token { csrf, username }))
}

/// The fields that come before the files.
#[derive(Default)]
struct Texts {
    is_own: bool,
    name: Option<String>,
    caption: String,
    draft: bool,
}

impl Texts {
    /// Takes a field that is a text.
    async fn take(&mut self, visit: &Visit, field: &mut Field) -> Result<(), PageError> {
        let name = field.name().unwrap_or_default().to_owned();
        let text = spool::text(field).await?;
        match name.as_str() {
            csrf::FIELD => self.is_own = visit.is_own_form(&text),
            "name" => self.name = Some(text),
            "caption" => self.caption = text.replace("\r\n", "\n"),
            "visibility" => {
                self.draft = match text.as_str() {
                    "draft" => true,
                    "published" => false,
                    other => {
                        let why = format!("Who sees the photos is “draft” or “published”, not “{other}”.");
                        return Err(PageError::Unreadable(why));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// No file is taken from a form of somebody else's.
    fn check(&self) -> Result<(), PageError> {
        if self.is_own {
            Ok(())
        } else {
            Err(PageError::Forged)
        }
    }

    fn photo(&self, path: &TempPath, file: &str) -> NewPhoto {
        let name = self.name.clone().unwrap_or_else(|| name_of(file));
        NewPhoto::from_path(path)
            .name(name)
            .caption(self.caption.clone())
            .draft(self.draft)
    }
}

/// Without a script: all files of the form, one after the other, and a report.
pub(super) async fn send_many(
    visit: Visit,
    request: HttpRequest,
    mut form: Multipart,
) -> Result<HttpResponse, PageError> {
    visit.member()?;
    refuse_other_sites(request.headers(), &visit.app().public_url)?;
    let (mut texts, mut sent) = (Texts::default(), Vec::new());
    while let Some(mut field) = form.try_next().await.map_err(spool::unreadable)? {
        let Some(file) = file_name(&field) else {
            texts.take(&visit, &mut field).await?;
            continue;
        };
        texts.check()?;
        let (photo, problem) = match spool::file(&mut field, visit.app().max_bytes).await? {
            Spooled::Whole(path) => match visit.client().photos().create(texts.photo(&path, &file)).await {
                Ok(photo) => (Some(Tile::new(&photo)), String::new()),
                Err(error) => (None, sentence(&error)),
            },
            // Browsers send one without a name where nothing was chosen.
            Spooled::Empty if file.is_empty() => continue,
            Spooled::Empty => (None, EMPTY.to_owned()),
            Spooled::TooLarge => (None, too_large(visit.app().max_bytes)),
        };
        sent.push(Sent { file, photo, problem });
    }
    texts.check()?;
    let has_failed = sent.iter().any(|sent| sent.photo.is_none());
    let mut page = page(&visit);
    page.problem = sent.is_empty().then(|| "Choose at least one photo.".to_owned());
    page.sent = sent;
    page.drafts = texts.draft;
    page.caption = texts.caption;
    let status = if has_failed || page.problem.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    html(status, &page)
}

/// A photo for the script.
#[derive(Serialize)]
struct Made {
    id: String,
    name: String,
    url: String,
    thumb: String,
    draft: bool,
}

impl From<Photo> for Made {
    fn from(photo: Photo) -> Self {
        Self {
            url: format!("/photos/{}", photo.id),
            thumb: picture(&photo, "thumb").src,
            id: photo.id.to_string(),
            draft: photo.draft,
            name: photo.name,
        }
    }
}

/// For the script: one file, with its texts before it. The same `Idempotency-Key` makes no second photo.
pub(super) async fn send_one(
    visit: Visit,
    request: HttpRequest,
    mut form: Multipart,
) -> Result<impl Responder, PageError> {
    let outcome = send(&visit, &request, &mut form).await;
    if outcome.is_err() {
        // Browsers read an answer only after they have sent everything.
        let _ = tokio::time::timeout(DRAIN, spool::drain(&mut form)).await;
    }
    outcome
}

async fn send(
    visit: &Visit,
    request: &HttpRequest,
    form: &mut Multipart,
) -> Result<(Json<Made>, StatusCode), PageError> {
    visit.member()?;
    refuse_other_sites(request.headers(), &visit.app().public_url)?;
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let mut texts = Texts {
        is_own: header(csrf::HEADER).is_some_and(|token| visit.is_own_form(token)),
        ..Texts::default()
    };
    while let Some(mut field) = form.try_next().await.map_err(spool::unreadable)? {
        let Some(file) = file_name(&field) else {
            texts.take(visit, &mut field).await?;
            continue;
        };
        texts.check()?;
        let path = match spool::file(&mut field, visit.app().max_bytes).await? {
            Spooled::Whole(path) => path,
            Spooled::Empty => return Err(PageError::Unreadable(EMPTY.to_owned())),
            Spooled::TooLarge => return Err(PageError::TooLarge(too_large(visit.app().max_bytes))),
        };
        let mut photo = texts.photo(&path, &file);
        if let Some(key) = header(IDEMPOTENCY_KEY) {
            photo = photo.idempotency_key(key);
        }
        let photo = visit.client().photos().create(photo).await?;
        return Ok((Json(Made::from(photo)), StatusCode::CREATED));
    }
    Err(PageError::Unreadable("There is no file in the form.".to_owned()))
}

/// The name of the file in a field; none if the field is a text.
fn file_name(field: &Field) -> Option<String> {
    let name = field.content_disposition()?.get_filename()?;
    Some(name.to_owned())
}

/// What a photo is called whose uploader did not say: like its file, less the extension.
fn name_of(file: &str) -> String {
    let last = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = Path::new(last).file_stem().map(|stem| stem.to_string_lossy());
    let name: String = stem
        .unwrap_or_default()
        .chars()
        .map(|c| if c.is_control() || c == '_' { ' ' } else { c })
        .take(*NAME_CHARS.end())
        .collect();
    let name = name.trim();
    if name.is_empty() {
        "Untitled".to_owned()
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn photos_are_called_like_their_files() {
        for (file, name) in [
            ("Pier at dawn.JPG", "Pier at dawn"),
            ("C:\\photos\\old_boat.png", "old boat"),
            ("../../x.jpg", "x"),
            ("", "Untitled"),
            ("\"><script>.jpg", "\"><script>"),
        ] {
            assert_eq!(name_of(file), name, "{file}");
        }
        assert_eq!(name_of(&"x".repeat(300)).len(), 100);
    }
}
