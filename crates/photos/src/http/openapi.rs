//! The OpenAPI document: the routes' own descriptions, completed by what holds for all of them.

use actix_web::http::StatusCode;
use photos_api::{BatchMode, Ordering, PROBLEM_JSON, Problem, ProblemCode};
use serde_json::json;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::Ref;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, HttpMethod, OpenApi, PathItem, RefOr, Response, ResponseBuilder, Schema};
use utoipa::{OpenApi as _, ToSchema as _};
use utoipa_actix_web::AppExt as _;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "photos",
        description = "Share photos: drafts, captions with #tags, thumbnails in predefined sizes, batches.\n\n\
            Refusals are `application/problem+json` (RFC 9457) with a stable `code`. Every answer has an \
            `X-Request-Id`. Unknown JSON fields and query parameters are refused. \
            Times are RFC 3339 in UTC, ids UUIDv7.",
        license(name = "MIT", identifier = "MIT"),
    ),
    components(schemas(BatchMode, Ordering, Problem)),
    tags(
        (name = "auth", description = "Logging in, refreshing, logging out"),
        (name = "users", description = "Accounts and their sessions"),
        (name = "photos", description = "Photos, one at a time"),
        (name = "batches", description = "Photos, up to fifty at a time"),
        (name = "images", description = "Pixels"),
        (name = "tags", description = "Tags of published photos"),
    )
)]
struct Base;

/// The whole document.
#[must_use]
pub fn document() -> OpenApi {
    let (_, mut document) = actix_web::App::new()
        .into_utoipa_app()
        .openapi(Base::openapi())
        .configure(super::routes)
        .split_for_parts();
    let components = document.components.get_or_insert_default();
    let bearer = SecurityScheme::Http(
        Http::builder()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build(),
    );
    components.add_security_scheme("bearer", bearer);
    // What a client of an older version reads a new code as; nobody sends it.
    if let Some(RefOr::T(Schema::Object(codes))) = components.schemas.get_mut(&*ProblemCode::name()) {
        let unknown = json!(ProblemCode::Unknown.as_str());
        let values = codes.enum_values.iter_mut();
        values.for_each(|values| values.retain(|value| *value != unknown));
    }
    for item in document.paths.paths.values_mut() {
        for (_, operation) in methods_mut(item) {
            complete(operation);
        }
    }
    document
}

/// Adds the refusals that every call of its kind may meet; those of a single route stand at the route.
fn complete(operation: &mut Operation) {
    let mut codes = vec![
        ProblemCode::MalformedRequest,
        ProblemCode::ValidationFailed,
        ProblemCode::Internal,
        ProblemCode::DatabaseUnavailable,
    ];
    if operation.security.as_ref().is_some_and(|all| !all.is_empty()) {
        codes.push(ProblemCode::InvalidToken);
    }
    if operation.request_body.is_some() {
        codes.extend([
            ProblemCode::RequestTimeout,
            ProblemCode::BodyTooLarge,
            ProblemCode::UnsupportedMediaType,
        ]);
    }
    for code in codes {
        let status = code.status().to_string();
        operation
            .responses
            .responses
            .entry(status)
            .or_insert_with(|| refusal(code).into());
    }
    for (status, response) in &mut operation.responses.responses {
        let refused = status
            .parse()
            .ok()
            .and_then(|status| StatusCode::from_u16(status).ok());
        if let (Some(status), RefOr::T(response)) = (refused, response)
            && (status.is_client_error() || status.is_server_error())
            && response.content.is_empty()
        {
            // A route names the status and says why; the shape is the same everywhere.
            let code = ProblemCode::ALL
                .iter()
                .find(|code| code.status() == status.as_u16());
            response
                .content
                .insert(PROBLEM_JSON.into(), content(code.copied()).into());
        }
    }
}

fn refusal(code: ProblemCode) -> Response {
    ResponseBuilder::new()
        .description(code.title())
        .content(PROBLEM_JSON, content(Some(code)))
        .build()
}

fn content(code: Option<ProblemCode>) -> Content {
    let example = code.map(|code| {
        let mut example = json!({
            "type": format!("/problems/{code}"),
            "title": code.title(),
            "status": code.status(),
            "code": code,
            "instance": photos_api::BASE_PATH,
            "request_id": "0199a3c4-5b6d-7e8f-9012-3456789abcde",
        });
        if code == ProblemCode::ValidationFailed {
            example["errors"] = json!([{ "field": "name", "detail": "is blank" }]);
        }
        example
    });
    Content::builder()
        .schema(Some(Ref::from_schema_name(Problem::name())))
        .example(example)
        .build()
}

/// The operations of a path.
pub fn methods(item: &PathItem) -> impl Iterator<Item = (HttpMethod, &Operation)> {
    let all = [
        (HttpMethod::Get, &item.get),
        (HttpMethod::Post, &item.post),
        (HttpMethod::Put, &item.put),
        (HttpMethod::Patch, &item.patch),
        (HttpMethod::Delete, &item.delete),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| operation.as_ref().map(|operation| (method, operation)))
}

fn methods_mut(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    let all = [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Put, &mut item.put),
        (HttpMethod::Patch, &mut item.patch),
        (HttpMethod::Delete, &mut item.delete),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}
