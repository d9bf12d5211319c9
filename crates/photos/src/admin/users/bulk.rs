//! What is done with many users at once: first a page that says what will be done and to whom, then the deed, user by user.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use askama::Template;
use photos_api::UserId;

use super::list::{Row, UsersQuery};
use crate::admin::csrf::Checked;
use crate::admin::error::PageError;
use crate::admin::flash::Flash;
use crate::admin::layout::{Layout, ok, see};
use crate::admin::links::local_or_home;
use crate::admin::shown::count;
use crate::admin::visit::Visit;
use crate::db::users::{ChangeUserError, User, UserFlags};
use crate::domain::{Actor, now_micros, policy};

/// Users that are changed at once.
pub(super) const MOST: u32 = 1_000;
/// Users that could not be changed and are named.
const NAMED: usize = 4;

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Activate,
    Deactivate,
    EndSessions,
}

#[derive(Template)]
#[template(path = "admin/users_bulk.html")]
struct BulkPage {
    layout: Layout,
    deed: Deed,
    says: String,
    rows: Vec<Row>,
    /// Users that are so already, or are not the visitor's to change.
    others: Vec<(Row, &'static str)>,
    /// Whether there are more than can be changed at once.
    is_cut: bool,
    back: String,
}

/// The form, as the list or the page of this module sends it.
struct Asked {
    deed: Deed,
    users: Vec<UserId>,
    /// The list that everybody of is meant, instead of `users`.
    all: Option<UsersQuery>,
    is_confirmed: bool,
    back: String,
}

/// Fields: `action`, `user` (an id) as often as there are users, or `all` with `list`; `confirm`, `back`.
pub(super) async fn ask_or_act(
    visit: Visit,
    Checked(fields): Checked<Vec<(String, String)>>,
) -> Result<HttpResponse, PageError> {
    let asked = Asked::read(&fields)?;
    if asked.users.is_empty() && asked.all.is_none() {
        visit.leave(&Flash::problem(
            "Nothing was done: select at least one user first.",
        ));
        return Ok(see(&asked.back));
    }
    if asked.is_confirmed {
        act(&visit, &asked).await
    } else {
        ask(&visit, asked).await
    }
}

impl Asked {
    fn read(fields: &[(String, String)]) -> Result<Self, PageError> {
        let value = |name: &str| {
            let field = fields.iter().find(|(field, _)| field == name);
            field.map(|(_, value)| value.as_str())
        };
        let wrong = |what: &str| PageError::Unreadable(format!("The form does not say {what}"));
        let deed = value("action")
            .and_then(Deed::read)
            .ok_or_else(|| wrong("what to do"))?;
        let list = UsersQuery::read(value("list").unwrap_or_default());
        let ids = fields.iter().filter(|(name, _)| name == "user");
        let users: Result<BTreeSet<UserId>, _> = ids.map(|(_, id)| id.parse()).collect();
        let users: Vec<_> = users.map_err(|_| wrong("which users"))?.into_iter().collect();
        if users.len() > usize::try_from(MOST).unwrap_or(usize::MAX) {
            return Err(PageError::TooLarge);
        }
        Ok(Self {
            deed,
            users,
            back: match value("back") {
                Some(back) => local_or_home(Some(back)).to_owned(),
                None => list.href(),
            },
            all: value("all").map(|_| list.first_page()),
            is_confirmed: value("confirm").is_some(),
        })
    }
}

/// Shows what will be done, and to whom as they are now.
async fn ask(visit: &Visit, asked: Asked) -> Result<HttpResponse, PageError> {
    let (db, actor, deed) = (&visit.app().db, visit.actor()?, asked.deed);
    let (mut found, is_cut) = match asked.all {
        None => (db.users_by_ids(asked.users).await?, false),
        Some(query) => {
            let page = db.browse_users(&query.asked(), MOST).await?;
            (page.users, page.next.is_some())
        }
    };
    found.sort_by(|a, b| a.username.cmp(&b.username));
    let (mut rows, mut others) = (Vec::new(), Vec::new());
    for user in found {
        match deed.hindrance(&actor, &user) {
            None => rows.push(Row::new(user)),
            Some(reason) => others.push((Row::new(user), reason)),
        }
    }
    if rows.is_empty() {
        let reasons: BTreeSet<_> = others.iter().map(|(_, reason)| *reason).collect();
        let reasons: Vec<_> = reasons.into_iter().collect();
        let why = if reasons.is_empty() {
            "nobody matches any more".to_owned()
        } else {
            format!("{}: {}", count(others.len(), "user"), reasons.join("; "))
        };
        visit.leave(&Flash::problem(format!("Nothing was done. {}.", capital(&why))));
        return Ok(see(&asked.back));
    }
    ok(&BulkPage {
        layout: Layout::new(visit, deed.title()),
        says: deed.says(rows.len()),
        rows,
        others,
        is_cut,
        back: asked.back,
        deed,
    })
}

/// Does it, each user in a transaction of its own, which asks the rules again.
async fn act(visit: &Visit, asked: &Asked) -> Result<HttpResponse, PageError> {
    let (db, actor, deed) = (&visit.app().db, visit.actor()?, asked.deed);
    let users = db.users_by_ids(asked.users.clone()).await?;
    let (mut done, mut left) = (0, Vec::new());
    for user in users {
        if let Some(reason) = deed.hindrance(&actor, &user) {
            left.push(format!("{} ({reason})", user.username));
            continue;
        }
        let changed = match deed {
            Deed::Activate | Deed::Deactivate => {
                let flags = UserFlags {
                    active: Some(deed == Deed::Activate),
                    ..UserFlags::default()
                };
                let set = db.set_user_flags(&actor, user.id, flags, now_micros());
                set.await.map(|_| ())
            }
            Deed::EndSessions => {
                let end = db.end_sessions_of(&actor, user.id, None, now_micros());
                end.await.map(|_| ())
            }
        };
        match changed {
            Ok(()) => done += 1,
            Err(ChangeUserError::Db(error)) => return Err(error.into()),
            Err(refused) => left.push(format!("{} ({refused})", user.username)),
        }
    }
    let mut text = deed.told(done);
    if !left.is_empty() {
        let more = left.len().saturating_sub(NAMED);
        let more = if more > 0 {
            format!(", and {more} more")
        } else {
            String::new()
        };
        left.truncate(NAMED);
        text.push_str(&format!(" Left alone: {}{more}.", left.join(", ")));
    }
    visit.leave(&if done == 0 {
        Flash::problem(text)
    } else {
        Flash::done(text)
    });
    Ok(see(&asked.back))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}", first.unwrap_or_default(), chars.as_str())
}

impl Deed {
    fn read(text: &str) -> Option<Self> {
        [Self::Activate, Self::Deactivate, Self::EndSessions]
            .into_iter()
            .find(|deed| deed.as_str() == text)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Activate => "activate",
            Self::Deactivate => "deactivate",
            Self::EndSessions => "end-sessions",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Activate => "Activate users",
            Self::Deactivate => "Deactivate users",
            Self::EndSessions => "End sessions",
        }
    }

    /// The word on the button.
    const fn verb(self) -> &'static str {
        match self {
            Self::Activate => "Activate",
            Self::Deactivate => "Deactivate",
            Self::EndSessions => "End sessions",
        }
    }

    const fn means(self) -> &'static str {
        match self {
            Self::Activate => "They can log in again.",
            Self::Deactivate => {
                "Their sessions end at once and they cannot log in. Their photos stay as they are."
            }
            Self::EndSessions => "They have to log in again, on every device.",
        }
    }

    fn is_danger(self) -> bool {
        self == Self::Deactivate
    }

    fn says(self, many: usize) -> String {
        let users = count(many, "user");
        match self {
            Self::Activate => format!("{users} will be activated"),
            Self::Deactivate => format!("{users} will be deactivated"),
            Self::EndSessions => format!("All sessions of {users} will end"),
        }
    }

    fn told(self, many: usize) -> String {
        let users = count(many, "user");
        match self {
            Self::Activate => format!("{users} activated."),
            Self::Deactivate => format!("{users} deactivated."),
            Self::EndSessions => format!("All sessions of {users} are ended."),
        }
    }

    /// Why a user is left as they are.
    fn hindrance(self, actor: &Actor, user: &User) -> Option<&'static str> {
        if user.id == actor.user_id {
            // Who locks oneself out by a slip has nobody to ask.
            return Some("it is you");
        }
        if !policy::may_administer(actor, user.is_superuser) {
            return Some("only a superuser may do this");
        }
        match self {
            Self::Activate if user.active => Some("active already"),
            Self::Deactivate if !user.active => Some("inactive already"),
            Self::EndSessions if !user.active => Some("inactive, and without sessions"),
            _ => None,
        }
    }
}
