//! A new photo.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, Responder, post};
use photos_api::{CAPTION_MAX_CHARS, FieldError, NAME_CHARS, Photo, PhotoForm};

use super::show;
use super::upload::{self, Upload};
use crate::app::App;
use crate::db::idempotency::StoredAnswer;
use crate::domain::PhotoRow;
use crate::error::Error;
use crate::http::caller::Caller;
use crate::http::idempotency::{self, Begun, Fingerprint};
use crate::http::query::NoQuery;
use crate::media::form::{Form, Part};
use crate::media::ingest::Details;
use crate::media::spool::Spooled;

/// Bytes of a character in UTF-8, at most; and room for the spaces around a name.
const CHAR_BYTES: usize = 4;
const NAME_BYTES: usize = CHAR_BYTES * *NAME_CHARS.end() + 4096;
const CAPTION_BYTES: usize = CHAR_BYTES * CAPTION_MAX_CHARS;
const DRAFT_BYTES: usize = 16;

/// Upload
///
/// A JPEG, PNG, WebP or GIF. The original is kept and never served.
#[utoipa::path(
    tag = "photos",
    security(("bearer" = [])),
    params(("Idempotency-Key" = Option<String>, Header,
        description = "1–64 visible ASCII characters: the repetition within 24 h gets the first answer")),
    request_body(content = PhotoForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "The new photo", body = Photo, headers(
            ("Location" = String, description = "Its URL"),
            ("ETag" = String, description = "Its version"),
            ("Idempotency-Replayed" = Option<String>, description = "`true` if this was answered before"),
        )),
        (status = 409, description = "`idempotency-in-progress`"),
        (status = 415, description = "`unsupported-media-type`, `unsupported-image`"),
        (status = 422, description = "`validation-failed`, `image-missing`, `image-dimensions`, `image-corrupt`, \
            `idempotency-mismatch`"),
        (status = 503, description = "`overloaded`, `database-unavailable`, `store-unavailable`"),
        (status = 507, description = "`storage-full`"),
    )
)]
#[post("/photos")]
pub(super) async fn create_photo(
    app: Data<App>,
    caller: Caller,
    request: HttpRequest,
    _: NoQuery,
    payload: Payload,
) -> Result<impl Responder, Error> {
    let upload = Upload::new(&app, payload, 1);
    let answer = create(&app, &caller, &request, &upload).await;
    upload.end(&app, answer).await
}

async fn create(
    app: &Data<App>,
    caller: &Caller,
    request: &HttpRequest,
    upload: &Upload,
) -> Result<HttpResponse, Error> {
    let begun = idempotency::begin(app, caller, request).await?;
    let fields = Fields::read(app, upload.form(request)).await?;
    let fingerprint = fields.fingerprint(request);
    let held = match begun {
        Begun::Repeat(answer) => {
            let answer = idempotency::replay(&answer, &fingerprint)?;
            app.metrics.uploads.with_label_values(&["replayed"]).inc();
            return Ok(answer);
        }
        Begun::First(held) => Some(held),
        Begun::Keyless => None,
    };
    let (details, image) = fields.check()?;
    let actor = caller.actor();
    let inspected = app.media.inspect(image).await?;
    let stored = app.media.store(inspected, details, &actor).await?;
    let completion = held.as_ref().map(|held| {
        let (app, fingerprint) = (app.clone(), fingerprint.clone());
        held.completion(move |rows| answer(&app, rows, fingerprint.clone()))
    });
    let rows = app.media.insert(&actor, vec![stored], completion).await?;
    upload::keep(held);
    app.metrics.uploads.with_label_values(&["created"]).inc();
    upload::respond(&answer(app, &rows, fingerprint))
}

fn answer(app: &App, rows: &[PhotoRow], fingerprint: String) -> StoredAnswer {
    let photo = rows.first().map(|row| show::photo(app, row.clone()));
    StoredAnswer {
        fingerprint,
        status: 201,
        headers: photo
            .as_ref()
            .map(|photo| show::created_headers(app, photo))
            .unwrap_or_default(),
        // A photo has no map with keys that JSON could not write.
        body: serde_json::to_vec(&photo).unwrap_or_default(),
    }
}

/// The form's fields, each at most once.
#[derive(Default)]
struct Fields {
    name: Option<String>,
    caption: Option<String>,
    draft: Option<String>,
    image: Option<Spooled>,
}

impl Fields {
    async fn read(app: &App, mut form: Form) -> Result<Self, Error> {
        let mut fields = Self::default();
        while let Some(part) = form.next().await? {
            match part.name.as_str() {
                "name" => fill(&mut fields.name, part, NAME_BYTES).await?,
                "caption" => fill(&mut fields.caption, part, CAPTION_BYTES).await?,
                "draft" => fill(&mut fields.draft, part, DRAFT_BYTES).await?,
                "image" if fields.image.is_some() => return Err(Error::field("image", "given twice")),
                "image" => {
                    let writer = app.media.spool().create(app.media.max_bytes());
                    fields.image = Some(part.spool(writer).await?);
                }
                unknown => {
                    let detail = "unknown part: the form has image, name, caption and draft";
                    return Err(Error::field(unknown, detail));
                }
            }
        }
        Ok(fields)
    }

    /// Of the form as it was understood: boundaries and the order of its parts play no part.
    fn fingerprint(&self, request: &HttpRequest) -> String {
        let mut fingerprint = Fingerprint::of(request);
        for (name, text) in [
            ("name", &self.name),
            ("caption", &self.caption),
            ("draft", &self.draft),
        ] {
            if let Some(text) = text {
                fingerprint = fingerprint.with(name).with(text);
            }
        }
        if let Some(image) = &self.image {
            fingerprint = fingerprint.with("image").with(image.sha256);
        }
        fingerprint.finish()
    }

    fn check(self) -> Result<(Details, Spooled), Error> {
        let image = self
            .image
            .filter(|image| image.len > 0)
            .ok_or_else(|| upload::missing("image"))?;
        let draft = match self.draft.as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(FieldError::new("draft", "must be `true` or `false`")),
        };
        let caption = self.caption.unwrap_or_default();
        let details = upload::details(
            self.name.as_deref(),
            &caption,
            draft.as_ref().is_ok_and(|draft| *draft),
        );
        match (details, draft) {
            (Ok(details), Ok(_)) => Ok((details, image)),
            (details, draft) => Err(Error::Invalid(
                details.err().into_iter().flatten().chain(draft.err()).collect(),
            )),
        }
    }
}

async fn fill(field: &mut Option<String>, part: Part, limit: usize) -> Result<(), Error> {
    if field.is_some() {
        return Err(Error::field(part.name, "given twice"));
    }
    *field = Some(part.text(limit).await?);
    Ok(())
}
