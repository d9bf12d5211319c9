//! Batches: up to fifty photos in one call, all or none (`atomic`) or each for itself (`each`).

mod change;
mod create;

use actix_web::http::Method;
use actix_web::{HttpResponse, guard, web};
use photos_api::{BATCH_ITEMS, BatchMode, BatchResponse, BatchResult, FieldError, PhotoId};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::db::photos::Mode;
use crate::error::Error;

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(create::create_photos);
    change::routes(config);
    // The routes of one photo would take `batch` for an id.
    let others = guard::Any(guard::Get()).or(guard::Delete());
    config.route("/photos/batch", web::route().guard(others).to(no_such_method));
}

async fn no_such_method() -> Result<HttpResponse, Error> {
    Err(Error::MethodNotAllowed(vec![Method::POST, Method::PATCH]))
}

/// Checks the number of items, and that no id comes twice.
fn check_ids(list: &str, suffix: &str, ids: &[PhotoId]) -> Result<(), Error> {
    check_count(list, ids.len())?;
    let twice = ids
        .iter()
        .enumerate()
        .filter(|(index, id)| ids.iter().take(*index).any(|earlier| earlier == *id));
    let faults: Vec<_> = twice
        .map(|(index, _)| FieldError::new(format!("{list}[{index}]{suffix}"), "given twice"))
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(faults))
    }
}

fn check_count(list: &str, count: usize) -> Result<(), Error> {
    if BATCH_ITEMS.contains(&count) {
        Ok(())
    } else {
        let (least, most) = (BATCH_ITEMS.start(), BATCH_ITEMS.end());
        Err(Error::field(
            list,
            format!("must have {least}–{most} items, and has {count}"),
        ))
    }
}

/// 200 or 207, or a rejection with what became of each item.
fn settle(mode: BatchMode, results: Vec<BatchResult>) -> Result<HttpResponse, Error> {
    let response = BatchResponse::new(results);
    match mode {
        BatchMode::Atomic if response.failed > 0 => Err(Error::BatchRejected(response.results)),
        BatchMode::Atomic => Ok(HttpResponse::Ok().json(response)),
        BatchMode::Each => Ok(HttpResponse::MultiStatus().json(response)),
    }
}

fn mode(mode: BatchMode) -> Mode {
    match mode {
        BatchMode::Atomic => Mode::Atomic,
        BatchMode::Each => Mode::Each,
    }
}
