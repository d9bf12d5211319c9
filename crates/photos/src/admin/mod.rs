//! The admin: server-rendered pages below `/admin`, for staff only. Every change goes through the verbs of `db` and the
//! rules of `domain::policy`, as every other way does; `doc/admin.md` says what there is.

mod assets;
mod chosen;
mod cookies;
mod csrf;
mod error;
mod flash;
mod form;
mod history;
mod home;
mod keys;
mod layout;
mod links;
mod login;
mod password;
mod photos;
mod shell;
mod shown;
mod system;
mod theme;
mod users;
mod visit;

use std::io;

use actix_web::middleware::from_fn;
use actix_web::web::{self, PathConfig, ServiceConfig};

use assets::Assets;
use error::PageError;
use keys::Keys;

/// What all pages of the admin share.
pub(crate) struct Admin {
    keys: Keys,
    assets: Assets,
}

impl Admin {
    /// Files, and keys made of the service's secret, so that every replica reads what another has signed.
    pub(crate) fn new(secret: &str) -> io::Result<Self> {
        Ok(Self {
            keys: Keys::new(secret).map_err(|_| io::Error::other("no keys can be made on this system"))?,
            assets: Assets::embedded()?,
        })
    }
}

/// Registers every page.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let scope = web::scope(links::ROOT)
        .wrap(from_fn(shell::shell))
        .app_data(PathConfig::default().error_handler(|_, _| PageError::NotFound.into()))
        .route("", web::get().to(home::show))
        .route("/", web::get().to(home::from_slash))
        .route("/login", web::get().to(login::show))
        .route("/login", web::post().to(login::log_in))
        .route("/logout", web::post().to(login::log_out))
        .route("/password", web::get().to(password::show))
        .route("/password", web::post().to(password::change))
        .route("/theme", web::post().to(theme::choose))
        .route("/history", web::get().to(history::show))
        .route("/system", web::get().to(system::show))
        .route("/system/check", web::get().to(system::from_form))
        .route("/logout", web::get().to(home::from_slash))
        .route("/theme", web::get().to(home::from_slash))
        .route("/system/check", web::post().to(system::check))
        .route("/suggest/users", web::get().to(users::suggest))
        .route("/assets/{file}", web::get().to(assets::get_asset))
        .configure(photos::routes)
        .configure(users::routes)
        .default_service(web::to(no_route));
    config.service(scope);
}

async fn no_route() -> Result<actix_web::HttpResponse, PageError> {
    Err(PageError::NotFound)
}
