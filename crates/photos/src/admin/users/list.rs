//! The list of users.

use actix_web::HttpResponse;
use actix_web::web::Query;
use askama::Template;
use serde::Deserialize;

use crate::admin::error::PageError;
use crate::admin::flash::Flash;
use crate::admin::layout::{Layout, ok, see};
use crate::admin::links::with_query;
use crate::admin::shown::{Moment, thousands};
use crate::admin::visit::Visit;
use crate::db::users::User;
use crate::db::users_list::{UserMark, UserQuery};

const PATH: &str = "/admin/users";
/// Users on a page.
const PAGE: u32 = 100;

#[derive(Template)]
#[template(path = "admin/users.html")]
struct ListPage {
    layout: Layout,
    q: String,
    staff: String,
    active: String,
    sort: String,
    rows: Vec<Row>,
    groups: Vec<Group>,
    heads: Vec<Head>,
    /// The list, for a form that means everybody of it.
    text: String,
    /// Whether "all that match" are more than the page.
    is_more: bool,
    next: Option<String>,
    previous: Option<String>,
    first: Option<String>,
    looked: Option<String>,
}

/// A user as a row of a list.
pub(super) struct Row {
    pub(super) href: String,
    pub(super) user: User,
    pub(super) joined: Moment,
    pub(super) photos: String,
}

/// A filter, and what can be chosen of it.
struct Group {
    name: &'static str,
    choices: Vec<Choice>,
}

struct Choice {
    name: &'static str,
    href: String,
    is_chosen: bool,
}

struct Head {
    name: &'static str,
    href: String,
    sorted: &'static str,
    label: &'static str,
}

/// The query of an address; what makes no sense there is taken for not said.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct UsersQuery {
    q: String,
    staff: String,
    active: String,
    sort: String,
    at: String,
}

impl UsersQuery {
    /// Reads what [`Self::text`] wrote.
    pub(super) fn read(text: &str) -> Self {
        Query::from_query(text).map_or_else(|_| Self::default(), Query::into_inner)
    }

    /// The same list without its address.
    fn text(&self) -> String {
        let link = self.href();
        link.split_once('?')
            .map_or(String::new(), |(_, query)| query.to_owned())
    }

    /// Empties what says nothing; says whether there was something.
    fn leave_out_nonsense(&mut self) -> bool {
        let known: [(&mut String, &[&str]); 3] = [
            (&mut self.staff, &["yes", "no", "superusers"]),
            (&mut self.active, &["yes", "no"]),
            (&mut self.sort, &["username", "-username", "joined", "-joined"]),
        ];
        let mut is_misread = !self.at.is_empty() && !self.at.contains('~');
        if is_misread {
            self.at.clear();
        }
        for (value, known) in known {
            if !value.is_empty() && !known.contains(&value.as_str()) {
                value.clear();
                is_misread = true;
            }
        }
        is_misread
    }

    /// Its first page.
    pub(super) fn first_page(mut self) -> Self {
        self.at.clear();
        self
    }

    pub(super) fn href(&self) -> String {
        let pairs = [
            ("q", self.q.clone()),
            ("staff", self.staff.clone()),
            ("active", self.active.clone()),
            ("sort", self.sort.clone()),
            ("at", self.at.clone()),
        ];
        with_query(PATH, &pairs)
    }

    fn changed(&self, change: impl FnOnce(&mut Self)) -> String {
        let mut query = self.clone();
        query.at.clear();
        change(&mut query);
        query.href()
    }

    pub(super) fn asked(&self) -> UserQuery {
        let flag = |text: &str| match text {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        };
        let mark = |at: &str| {
            let (way, key) = at.split_once('~')?;
            Some(UserMark {
                key: key.to_owned(),
                back: way == "p",
            })
        };
        UserQuery {
            search: self.q.trim().to_lowercase(),
            staff: flag(&self.staff),
            superusers: self.staff == "superusers",
            active: flag(&self.active),
            by_age: self.sort.ends_with("joined"),
            descending: self.sort.starts_with('-'),
            from: mark(&self.at),
        }
    }
}

pub(super) async fn show(visit: Visit, query: Query<UsersQuery>) -> Result<HttpResponse, PageError> {
    visit.staff()?;
    let mut query = query.into_inner();
    for text in [&mut query.q, &mut query.at] {
        *text = text.replace('\0', "");
    }
    if query.leave_out_nonsense() {
        visit.leave(&Flash::misread());
        return Ok(see(&query.href()));
    }
    let asked = query.asked();
    let page = visit.app().db.browse_users(&asked, PAGE).await?;
    let to = |mark: Option<UserMark>| {
        mark.map(|mark| {
            let at = format!("{}~{}", if mark.back { 'p' } else { 'n' }, mark.key);
            UsersQuery { at, ..query.clone() }.href()
        })
    };
    ok(&ListPage {
        layout: Layout::new(&visit, "Users"),
        rows: page.users.into_iter().map(Row::new).collect(),
        groups: groups(&query),
        heads: vec![
            head(&query, &asked, "Username", false, "Sort by username"),
            head(&query, &asked, "Joined", true, "Sort by the age of the account"),
        ],
        text: query.text(),
        is_more: page.next.is_some() || page.previous.is_some(),
        next: to(page.next),
        previous: to(page.previous),
        first: asked.from.is_some().then(|| query.changed(|_| ())),
        looked: page.looked_through.map(|looked| thousands(looked.into())),
        q: query.q,
        staff: query.staff,
        active: query.active,
        sort: query.sort,
    })
}

impl Row {
    pub(super) fn new(user: User) -> Self {
        Self {
            href: format!("{PATH}/{}", user.id),
            joined: Moment::new(user.created_at),
            photos: with_query("/admin/photos", &[("owner", user.username.clone())]),
            user,
        }
    }

    /// What the user may do, in a word.
    pub(super) fn role(&self) -> &'static str {
        match (self.user.is_superuser, self.user.is_staff) {
            (true, _) => "superuser",
            (false, true) => "staff",
            (false, false) => "user",
        }
    }
}

fn groups(query: &UsersQuery) -> Vec<Group> {
    let choice = |name, value: &str, chosen: &str, href| Choice {
        name,
        href,
        is_chosen: value == chosen,
    };
    let staff = [
        ("All", ""),
        ("Staff", "yes"),
        ("Superusers", "superusers"),
        ("Not staff", "no"),
    ];
    let staff = staff.map(|(name, value)| {
        let href = query.changed(|query| query.staff = value.to_owned());
        choice(name, value, &query.staff, href)
    });
    let active = [("All", ""), ("Active", "yes"), ("Inactive", "no")].map(|(name, value)| {
        let href = query.changed(|query| query.active = value.to_owned());
        choice(name, value, &query.active, href)
    });
    vec![
        Group {
            name: "Staff",
            choices: staff.into(),
        },
        Group {
            name: "Active",
            choices: active.into(),
        },
    ]
}

/// The first click sorts as people mostly want it: names from A, the newest account first.
fn head(
    query: &UsersQuery,
    asked: &UserQuery,
    name: &'static str,
    by_age: bool,
    label: &'static str,
) -> Head {
    let is_sorted = asked.by_age == by_age;
    let descends = if is_sorted { !asked.descending } else { by_age };
    let sort = match (by_age, descends) {
        (false, false) => "",
        (false, true) => "-username",
        (true, false) => "joined",
        (true, true) => "-joined",
    };
    Head {
        name,
        href: query.changed(|query| query.sort = sort.to_owned()),
        sorted: match (is_sorted, asked.descending) {
            (false, _) => "none",
            (true, true) => "descending",
            (true, false) => "ascending",
        },
        label,
    }
}
