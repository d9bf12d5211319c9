//! What is done with many users at once: first a page that says what will be done and to whom, then the deed, user by user.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use askama::Template;
use photos_api::UserId;

use super::list::{Row, UsersQuery};
use crate::admin::chosen::{Chosen, MOST, left_alone};
use crate::admin::csrf::Checked;
use crate::admin::error::PageError;
use crate::admin::flash::Flash;
use crate::admin::layout::{Layout, ok, see};
use crate::admin::shown::count;
use crate::admin::visit::Visit;
use crate::db::users::{ChangeUserError, User, UserFlags};
use crate::domain::{Actor, now_micros, policy};

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

/// Fields: those of [`Chosen`], with a `user` (an id) for each.
pub(super) async fn ask_or_act(
    visit: Visit,
    Checked(fields): Checked<Vec<(String, String)>>,
) -> Result<HttpResponse, PageError> {
    let chosen = Chosen::read(&fields, "user", Deed::read, |id| id.parse().ok())?;
    let list = UsersQuery::read(&chosen.list);
    let back = chosen.back(list.href());
    if chosen.is_nothing() {
        visit.leave(&Flash::problem(
            "Nothing was done: select at least one user first.",
        ));
        return Ok(see(&back));
    }
    let db = &visit.app().db;
    let (mut users, is_cut) = if chosen.is_all && !chosen.is_confirmed {
        let page = db.browse_users(&list.first_page().asked(), MOST).await?;
        (page.users, page.next.is_some())
    } else {
        let ids: BTreeSet<UserId> = chosen.ids.into_iter().collect();
        (db.users_by_ids(ids.into_iter().collect()).await?, false)
    };
    users.sort_by(|a, b| a.username.cmp(&b.username));
    if chosen.is_confirmed {
        act(&visit, chosen.deed, users, &back).await
    } else {
        ask(&visit, chosen.deed, users, is_cut, back)
    }
}

/// Shows what will be done, and to whom as they are now.
fn ask(
    visit: &Visit,
    deed: Deed,
    users: Vec<User>,
    is_cut: bool,
    back: String,
) -> Result<HttpResponse, PageError> {
    let actor = visit.actor()?;
    let (mut rows, mut others) = (Vec::new(), Vec::new());
    for user in users {
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
            format!("{} ({})", count(others.len(), "user"), reasons.join("; "))
        };
        visit.leave(&Flash::problem(format!("Nothing was done: {why}.")));
        return Ok(see(&back));
    }
    ok(&BulkPage {
        layout: Layout::new(visit, deed.title()),
        says: deed.says(rows.len()),
        rows,
        others,
        is_cut,
        back,
        deed,
    })
}

/// Does it, each user in a transaction of its own, which asks the rules again.
async fn act(visit: &Visit, deed: Deed, users: Vec<User>, back: &str) -> Result<HttpResponse, PageError> {
    let (db, actor) = (&visit.app().db, visit.actor()?);
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
    let all = left.len();
    let text = [Some(deed.told(done)), left_alone(left.into_iter(), all)];
    let text: Vec<String> = text.into_iter().flatten().collect();
    let text = text.join(" ");
    visit.leave(&if done == 0 {
        Flash::problem(text)
    } else {
        Flash::done(text)
    });
    Ok(see(back))
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
