//! Choosing light or dark.

use actix_web::HttpResponse;
use serde::Deserialize;

use crate::csrf::Checked;
use crate::error::PageError;
use crate::layout::see;
use crate::links::local_or_home;
use crate::theme::Theme;
use crate::visit::Visit;

#[derive(Deserialize)]
pub(super) struct ThemeForm {
    theme: Theme,
    back: Option<String>,
}

pub(super) async fn choose(
    visit: Visit,
    Checked(form): Checked<ThemeForm>,
) -> Result<HttpResponse, PageError> {
    visit.choose(form.theme);
    Ok(see(local_or_home(form.back.as_deref())))
}
