//! What answers when no route does: 405 with `Allow` where the path has other methods, else 404.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::dev::ResourceDef;
use actix_web::http::Method;
use actix_web::web::Data;
use utoipa::openapi::{HttpMethod, OpenApi, PathItem};

use super::openapi::methods;
use crate::app::App;
use crate::error::Error;

/// The paths that there are, each with its methods, as the OpenAPI document has them.
pub(crate) struct RouteTable(Vec<(ResourceDef, Vec<Method>)>);

impl RouteTable {
    pub(crate) fn new(document: &OpenApi) -> Self {
        let routes = document.paths.paths.iter();
        let mut table: Vec<_> = routes
            .map(|(path, item)| (ResourceDef::new(path.as_str()), allowed(item)))
            .collect();
        for page in ["/", "/openapi.json", "/docs", "/docs/{file:.*}"] {
            table.push((ResourceDef::new(page), vec![Method::GET, Method::HEAD]));
        }
        Self(table)
    }

    fn methods(&self, path: &str) -> Vec<Method> {
        let mut found = Vec::new();
        for (_, methods) in self.0.iter().filter(|(route, _)| route.is_match(path)) {
            for method in methods {
                if !found.contains(method) {
                    found.push(method.clone());
                }
            }
        }
        found
    }
}

fn allowed(item: &PathItem) -> Vec<Method> {
    methods(item)
        .flat_map(|(method, _)| match method {
            HttpMethod::Get => vec![Method::GET, Method::HEAD],
            HttpMethod::Post => vec![Method::POST],
            HttpMethod::Put => vec![Method::PUT],
            HttpMethod::Patch => vec![Method::PATCH],
            HttpMethod::Delete => vec![Method::DELETE],
            _ => Vec::new(),
        })
        .collect()
}

pub(super) async fn no_route(request: HttpRequest, app: Data<App>) -> Result<HttpResponse, Error> {
    let allowed = app.routes.methods(request.path());
    Err(if allowed.is_empty() {
        Error::NotFound
    } else {
        Error::MethodNotAllowed(allowed)
    })
}
