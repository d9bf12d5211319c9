//! Light or dark: as the system says, unless the visitor has chosen.

use actix_web::HttpResponse;
use serde::Deserialize;

use super::csrf::Checked;
use super::error::PageError;
use super::layout::see;
use super::links::local_or_home;
use super::visit::Visit;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Theme {
    #[default]
    Auto,
    Light,
    Dark,
}

impl Theme {
    pub(super) fn read(value: Option<&str>) -> Self {
        match value {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::Auto,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The choice after this one, and what the button for it says.
    pub(super) const fn next(self) -> (Self, &'static str) {
        match self {
            Self::Auto => (Self::Dark, "Switch to dark colours"),
            Self::Dark => (Self::Light, "Switch to light colours"),
            Self::Light => (Self::Auto, "Use the colours of the system"),
        }
    }
}

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
