//! What is done with several photos at once, or with one: publish, unpublish, delete, and undo that.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use askama::Template;
use photos_client::PhotoId;

use super::outcome::{self, Action};
use crate::csrf::Checked;
use crate::error::PageError;
use crate::flash::Flash;
use crate::layout::{Layout, ok, see};
use crate::links::local_or_home;
use crate::visit::Visit;

/// What was done, with more photos to undo it for than a message for the next page holds.
#[derive(Template)]
#[template(path = "done.html")]
struct DonePage {
    layout: Layout,
    flash: Flash,
    back: String,
}

/// Fields: `action`, `id` as often as there are photos, `back`.
pub(super) async fn change(
    visit: Visit,
    Checked(fields): Checked<Vec<(String, String)>>,
) -> Result<HttpResponse, PageError> {
    let by = visit.member()?.username();
    let value = |name: &str| {
        let field = fields.iter().find(|(field, _)| field == name);
        field.map(|(_, value)| value.as_str())
    };
    let back = local_or_home(value("back"));
    let action = value("action")
        .and_then(Action::read)
        .ok_or_else(|| PageError::Unreadable("The form does not say what to do.".to_owned()))?;
    let ids = fields.iter().filter(|(name, _)| name == "id");
    let ids: Result<BTreeSet<PhotoId>, _> = ids.map(|(_, id)| id.parse()).collect();
    let ids: Vec<PhotoId> = ids
        .map_err(|error| PageError::Unreadable(format!("A photo's id is {error}.")))?
        .into_iter()
        .collect();
    if ids.is_empty() {
        visit.leave(&Flash::problem("Select at least one photo first."));
        return Ok(see(back));
    }
    let flash = outcome::run(&visit, action, &ids).await?.told(action, by);
    if visit.leave(&flash) {
        return Ok(see(back));
    }
    // More than a cookie holds: the answer itself has the way to undo it. Fetched anew it says the same, for photos that
    // lie in the trash are offered again.
    visit.drop_flash();
    let mut layout = Layout::new(&visit, "Done · hmlet");
    layout.here = back.to_owned();
    layout.flash = None;
    ok(&DonePage {
        layout,
        flash,
        back: back.to_owned(),
    })
}

/// Takes away a message that would stay.
pub(super) async fn dismiss(
    visit: Visit,
    Checked(fields): Checked<Vec<(String, String)>>,
) -> Result<HttpResponse, PageError> {
    let back = fields.iter().find(|(name, _)| name == "back");
    visit.drop_flash();
    Ok(see(local_or_home(back.map(|(_, back)| back.as_str()))))
}
