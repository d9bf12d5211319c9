//! Several new photos in one form: `items` first, then a file for each.

use std::collections::BTreeMap;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, Responder, post};
use photos_api::{
    BATCH_ITEMS, BatchCreateItem, BatchForm, BatchMode, BatchQuery, BatchResponse, BatchResult, FieldError,
    JSON_MAX_BYTES,
};

use super::{check_count, settle};
use crate::app::App;
use crate::db::idempotency::StoredAnswer;
use crate::domain::{Actor, PhotoRow, Via};
use crate::error::Error;
use crate::http::caller::Caller;
use crate::http::idempotency::{self, Begun, Fingerprint};
use crate::http::json;
use crate::http::photos::show;
use crate::http::photos::upload::{self, Upload};
use crate::http::query::Query;
use crate::media::MediaError;
use crate::media::form::{Form, Part};
use crate::media::ingest::{Details, Stored};
use crate::media::spool::Spooled;

/// Upload several photos
///
/// The first part is `items`, JSON; then come the files, each named as its item's `image` says.
#[utoipa::path(
    tag = "batches",
    security(("bearer" = [])),
    params(BatchQuery, ("Idempotency-Key" = Option<String>, Header,
        description = "1–64 visible ASCII characters: the repetition within 24 h gets the first answer")),
    request_body(content = BatchForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "All were created, each with status 201", body = BatchResponse),
        (status = 207, description = "With `mode=each`: what became of each", body = BatchResponse),
        (status = 409, description = "`idempotency-in-progress`"),
        (status = 422, description = "`batch-rejected` with `results`, nothing was kept; `validation-failed`, \
            `idempotency-mismatch`"),
        (status = 503, description = "`overloaded`, `database-unavailable`, `store-unavailable`"),
        (status = 507, description = "`storage-full`"),
    )
)]
#[post("/photos/batch")]
pub(super) async fn create_photos(
    app: Data<App>,
    caller: Caller,
    request: HttpRequest,
    Query(query): Query<BatchQuery>,
    payload: Payload,
) -> Result<impl Responder, Error> {
    let upload = Upload::new(&app, payload, *BATCH_ITEMS.end() as u64);
    let answer = create(&app, &caller, &request, query.mode, &upload).await;
    upload.end(&app, answer).await
}

async fn create(
    app: &Data<App>,
    caller: &Caller,
    request: &HttpRequest,
    mode: BatchMode,
    upload: &Upload,
) -> Result<HttpResponse, Error> {
    let begun = idempotency::begin(app, caller, request).await?;
    let mut form = upload.form(request);
    let items = read_items(&mut form).await?;
    let actor = caller.acting(Via::Batch);
    if let Begun::Repeat(answer) = begun {
        let mut reader = Reader::new(app, &actor, &items, Effort::Hash);
        reader.read(&mut form).await?;
        let answer = idempotency::replay(&answer, &reader.fingerprint(request)?)?;
        app.metrics.uploads.with_label_values(&["replayed"]).inc();
        return Ok(answer);
    }
    let held = if let Begun::First(held) = begun {
        Some(held)
    } else {
        None
    };

    let mut reader = Reader::new(
        app,
        &actor,
        &items,
        Effort::Store {
            stop_at_fault: mode == BatchMode::Atomic,
        },
    );
    if let Err(error) = reader.read(&mut form).await {
        app.media.discard(reader.into_stored()).await;
        return Err(error);
    }
    let fingerprint = reader.fingerprint(request)?;
    let (outcomes, stored) = reader.finish();
    let failed = outcomes.iter().filter(|outcome| outcome.is_some()).count();
    if mode == BatchMode::Atomic && failed > 0 {
        app.media.discard(stored).await;
        return settle(mode, rejected(outcomes));
    }
    let created = stored.len() as u64;
    let make = {
        let app = app.clone();
        move |rows: &[PhotoRow]| answer(&app, mode, &outcomes, rows, fingerprint.clone())
    };
    let completion = held.as_ref().map(|held| held.completion(make.clone()));
    let rows = app.media.insert(&actor, stored, completion).await?;
    upload::keep(held);
    app.metrics
        .uploads
        .with_label_values(&["created"])
        .inc_by(created);
    app.metrics
        .uploads
        .with_label_values(&["refused"])
        .inc_by(failed as u64);
    upload::respond(&make(&rows))
}

/// What became of each item: none if it was stored, else why not.
type Outcomes = Vec<Option<photos_api::Problem>>;

fn rejected(outcomes: Outcomes) -> Vec<BatchResult> {
    let innocent = || Error::NotAttempted.problem();
    let results = outcomes.into_iter().enumerate();
    results
        .map(|(index, problem)| BatchResult::failed(index, None, problem.unwrap_or_else(innocent)))
        .collect()
}

fn answer(
    app: &App,
    mode: BatchMode,
    outcomes: &Outcomes,
    rows: &[PhotoRow],
    fingerprint: String,
) -> StoredAnswer {
    let mut rows = rows.iter();
    let results = outcomes
        .iter()
        .enumerate()
        .filter_map(|(index, problem)| match problem {
            Some(problem) => Some(BatchResult::failed(index, None, problem.clone())),
            None => {
                let photo = show::photo(app, rows.next()?.clone());
                Some(BatchResult::done(index, photo.id, 201, Some(photo)))
            }
        });
    StoredAnswer {
        fingerprint,
        status: if mode == BatchMode::Each { 207 } else { 200 },
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        // Nothing in it has a key that JSON could not write.
        body: serde_json::to_vec(&BatchResponse::new(results.collect())).unwrap_or_default(),
    }
}

async fn read_items(form: &mut Form) -> Result<Vec<BatchCreateItem>, Error> {
    let first = form.next().await?.filter(|part| part.name == "items");
    let Some(part) = first else {
        return Err(Error::field("items", "must be the first part, with JSON"));
    };
    let text = match part.text(JSON_MAX_BYTES).await {
        // Longer than JSON may be.
        Err(MediaError::Fields(_)) => {
            let limit = JSON_MAX_BYTES as u64;
            return Err(Error::BodyTooLarge { limit });
        }
        text => text?,
    };
    let items: Vec<BatchCreateItem> = json::parse_at("items", text.as_bytes())?;
    check_count("items", items.len())?;
    let twice = items.iter().enumerate().filter(|(index, item)| {
        item.image == "items"
            || items
                .iter()
                .take(*index)
                .any(|earlier| earlier.image == item.image)
    });
    let fault = |index| {
        FieldError::new(
            format!("items[{index}].image"),
            "must be the name of a part of its own",
        )
    };
    let faults: Vec<_> = twice.map(|(index, _)| fault(index)).collect();
    if faults.is_empty() {
        Ok(items)
    } else {
        Err(Error::Invalid(faults))
    }
}

/// What is done with the files.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effort {
    /// They are hashed, for a repetition.
    Hash,
    /// They are made into photos; after a fault in an atomic batch they are only looked at.
    Store { stop_at_fault: bool },
}

/// Reads the files one after the other, and makes each into a photo before it takes the next: only one is spooled at a time.
struct Reader<'a> {
    app: &'a App,
    actor: &'a Actor,
    items: &'a [BatchCreateItem],
    effort: Effort,
    hashes: BTreeMap<usize, [u8; 32]>,
    problems: BTreeMap<usize, photos_api::Problem>,
    stored: BTreeMap<usize, Stored>,
}

impl<'a> Reader<'a> {
    fn new(app: &'a App, actor: &'a Actor, items: &'a [BatchCreateItem], effort: Effort) -> Self {
        let (hashes, problems, stored) = Default::default();
        Self {
            app,
            actor,
            items,
            effort,
            hashes,
            problems,
            stored,
        }
    }

    async fn read(&mut self, form: &mut Form) -> Result<(), Error> {
        while let Some(part) = form.next().await? {
            let Some(index) = self.items.iter().position(|item| item.image == part.name) else {
                return Err(Error::field(part.name, "no item names this file"));
            };
            if self.hashes.contains_key(&index) {
                return Err(Error::field(part.name, "given twice"));
            }
            match self.take(index, part).await {
                Err(error) if upload::is_of_the_file(&error) || matches!(error, Error::Invalid(_)) => {
                    self.problems.insert(index, error.problem());
                }
                other => other?,
            }
        }
        Ok(())
    }

    async fn take(&mut self, index: usize, part: Part) -> Result<(), Error> {
        let name = part.name.clone();
        let spooled = part
            .spool(self.app.media.spool().create(self.app.media.max_bytes()))
            .await?;
        self.hashes.insert(index, spooled.sha256);
        let Effort::Store { stop_at_fault } = self.effort else {
            return Ok(());
        };
        let details = self.details(index)?;
        if spooled.len == 0 {
            return Err(upload::missing(&name).into());
        }
        self.store(index, spooled, details, stop_at_fault).await
    }

    async fn store(
        &mut self,
        index: usize,
        spooled: Spooled,
        details: Details,
        stop_at_fault: bool,
    ) -> Result<(), Error> {
        let inspected = self.app.media.inspect(spooled).await?;
        if stop_at_fault && !self.problems.is_empty() {
            return Ok(());
        }
        let stored = self.app.media.store(inspected, details, self.actor).await?;
        self.stored.insert(index, stored);
        Ok(())
    }

    fn details(&self, index: usize) -> Result<Details, Error> {
        let Some(item) = self.items.get(index) else {
            return Err(Error::NotFound);
        };
        let caption = item.caption.as_deref().unwrap_or_default();
        upload::details(Some(&item.name), caption, item.draft.unwrap_or_default()).map_err(Error::Invalid)
    }

    /// Of the items and the files, whatever the order of the files.
    fn fingerprint(&self, request: &HttpRequest) -> Result<String, Error> {
        let mut fingerprint =
            Fingerprint::of(request).with(serde_json::to_vec(self.items).map_err(Error::internal)?);
        for (index, hash) in &self.hashes {
            fingerprint = fingerprint.with(index.to_be_bytes()).with(hash);
        }
        Ok(fingerprint.finish())
    }

    /// What became of each item, and the photos of those that succeeded, both in the order of the items.
    fn finish(mut self) -> (Outcomes, Vec<Stored>) {
        let outcomes = self.items.iter().enumerate().map(|(index, item)| {
            let problem = self.problems.remove(&index);
            let is_missing = !self.hashes.contains_key(&index) && problem.is_none();
            if is_missing {
                Some(Error::from(upload::missing(&item.image)).problem())
            } else {
                problem
            }
        });
        (outcomes.collect(), self.stored.into_values().collect())
    }

    fn into_stored(self) -> Vec<Stored> {
        self.stored.into_values().collect()
    }
}
