//! What a list's address says: filters, order and page; and the addresses of lists that differ in one of them.

use url::form_urlencoded;

use super::dates::Date;
use crate::admin::links;
use crate::db::photos::{Browse, Direction, Mark, MarkKey, Shelf, SortBy};
use crate::domain::{PhotoId, normal_tag, search_words};
use crate::http::users::is_username;

pub(super) const PATH: &str = "/admin/photos";
/// Photos on a page.
pub(super) const PAGE: u32 = 100;
/// More conditions than anybody types; each costs a look into the index for every photo.
const MOST_TERMS: usize = 20;

/// A list and which page of it, as its address says. What makes no sense there is taken for not said.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::admin) struct PhotosQuery {
    /// What is searched: words, and tags behind `#`.
    pub(super) q: String,
    /// Whose photos.
    pub(super) owner: String,
    /// Tags, separated by commas or spaces; photos have all of them.
    pub(super) tag: String,
    pub(super) shelf: Shelf,
    pub(super) date: Option<Date>,
    pub(super) sort: SortBy,
    pub(super) descending: bool,
    pub(super) at: Option<Mark>,
}

impl Default for PhotosQuery {
    fn default() -> Self {
        Self {
            q: String::new(),
            owner: String::new(),
            tag: String::new(),
            shelf: Shelf::All,
            date: None,
            sort: SortBy::Uploaded,
            descending: true,
            at: None,
        }
    }
}

const SHELVES: [(Shelf, &str); 4] = [
    (Shelf::All, ""),
    (Shelf::Published, "published"),
    (Shelf::Drafts, "drafts"),
    (Shelf::Trash, "trash"),
];

const SORTS: [(SortBy, &str); 5] = [
    (SortBy::Uploaded, "uploaded"),
    (SortBy::Published, "published"),
    (SortBy::Changed, "changed"),
    (SortBy::Name, "name"),
    (SortBy::Size, "size"),
];

impl PhotosQuery {
    /// Reads the query of an address.
    pub(super) fn read(text: &str) -> Self {
        Self::read_and_doubt(text).0
    }

    /// The same, and whether a filter, the order or the place of the address says nothing and is left out.
    pub(super) fn read_and_doubt(text: &str) -> (Self, bool) {
        let mut query = Self::default();
        let (mut at, mut is_misread) = (String::new(), false);
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let value = value.trim().replace('\0', "");
            let mut doubt = |is_read: bool| is_misread |= !is_read && !value.is_empty();
            match name.as_ref() {
                "q" => query.q = value,
                "owner" => query.owner = value.to_lowercase(),
                "tag" => query.tag = value,
                "state" => {
                    let shelf = named(&SHELVES, &value);
                    doubt(shelf.is_some());
                    query.shelf = shelf.unwrap_or_default();
                }
                "date" => {
                    query.date = Date::read(&value);
                    doubt(query.date.is_some());
                }
                "sort" => {
                    let sort = named(&SORTS, value.trim_start_matches('-'));
                    doubt(sort.is_some());
                    if let Some(sort) = sort {
                        query.sort = sort;
                        query.descending = value.starts_with('-');
                    }
                }
                "at" => at = value,
                _ => {}
            }
        }
        if query.shelf == Shelf::Trash {
            // The trash has one order.
            query.sort = SortBy::Uploaded;
        }
        query.at = read_mark(&at, query.sort == SortBy::Name);
        is_misread |= query.at.is_none() && !at.is_empty();
        (query, is_misread)
    }

    /// The query of its address, without a `?`.
    pub(super) fn text(&self) -> String {
        let link = self.href();
        link.split_once('?')
            .map_or(String::new(), |(_, query)| query.to_owned())
    }

    /// Its address.
    pub(super) fn href(&self) -> String {
        let default = Self::default();
        let sort = if (self.sort, self.descending) == (default.sort, default.descending) {
            String::new()
        } else {
            let sign = if self.descending { "-" } else { "" };
            format!("{sign}{}", name_of(&SORTS, self.sort))
        };
        let pairs = [
            ("q", self.q.clone()),
            ("owner", self.owner.clone()),
            ("tag", self.tag.clone()),
            ("state", name_of(&SHELVES, self.shelf).to_owned()),
            ("date", self.date.map(|date| date.to_string()).unwrap_or_default()),
            ("sort", sort),
            ("at", self.at.as_ref().map(write_mark).unwrap_or_default()),
        ];
        links::with_query(PATH, &pairs)
    }

    /// The address of the first page of a list that differs.
    pub(super) fn changed(&self, change: impl FnOnce(&mut Self)) -> String {
        let mut query = self.clone();
        query.at = None;
        change(&mut query);
        query.href()
    }

    /// What the search form keeps without showing it.
    pub(super) fn kept(&self) -> Vec<(String, String)> {
        let link = self.href();
        let query = link.split_once('?').map_or("", |(_, query)| query);
        form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| matches!(name.as_ref(), "state" | "date" | "sort"))
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect()
    }

    /// Whether something is filtered beside the state.
    pub(super) fn is_filtered(&self) -> bool {
        !self.q.is_empty() || !self.owner.is_empty() || !self.tag.is_empty() || self.date.is_some()
    }

    /// The photo whose id is searched.
    pub(super) fn photo_id(&self) -> Option<PhotoId> {
        self.q.parse().ok()
    }

    /// What the database is asked for. None: nothing can match.
    pub(super) fn browse(&self, page_size: u32) -> Option<Browse> {
        let split = |c: char| c.is_whitespace() || c == ',';
        let hashed = self.q.split_whitespace().filter(|word| word.starts_with('#'));
        let named = self.tag.split(split).filter(|tag| !tag.is_empty());
        let mut tags: Vec<String> = hashed.chain(named).map(normal_tag).collect::<Option<_>>()?;
        tags.sort_unstable();
        tags.dedup();
        let plain: Vec<&str> = self
            .q
            .split_whitespace()
            .filter(|word| !word.starts_with('#'))
            .collect();
        let words = search_words(&plain.join(" "));
        if (words.is_empty() && !plain.is_empty()) || words.len() + tags.len() > MOST_TERMS {
            return None;
        }
        if !self.owner.is_empty() && !is_username(&self.owner) {
            return None;
        }
        Some(Browse {
            shelf: self.shelf,
            owner: Some(self.owner.clone()).filter(|owner| !owner.is_empty()),
            tags,
            words,
            within: self.date.and_then(|date| date.span()),
            sort: self.sort,
            descending: self.descending,
            page_size,
            from: self.at.clone(),
        })
    }
}

fn named<T: Copy>(names: &[(T, &str)], name: &str) -> Option<T> {
    names
        .iter()
        .find(|(_, known)| *known == name)
        .map(|(value, _)| *value)
}

fn name_of<T: Copy + PartialEq>(names: &[(T, &'static str)], value: T) -> &'static str {
    names
        .iter()
        .find(|(known, _)| *known == value)
        .map_or("", |(_, name)| *name)
}

/// `n`ext or `p`revious, the photo's id, its sort key.
fn write_mark(mark: &Mark) -> String {
    let way = match mark.direction {
        Direction::Next => 'n',
        Direction::Previous => 'p',
    };
    match &mark.key {
        MarkKey::Number(key) => format!("{way}~{}~{key}", mark.id),
        MarkKey::Text(key) => format!("{way}~{}~{key}", mark.id),
    }
}

fn read_mark(text: &str, is_text: bool) -> Option<Mark> {
    let mut parts = text.splitn(3, '~');
    let direction = match parts.next()? {
        "n" => Direction::Next,
        "p" => Direction::Previous,
        _ => return None,
    };
    let id = parts.next()?.parse().ok()?;
    let key = parts.next()?;
    let key = if is_text {
        MarkKey::Text(key.to_owned())
    } else {
        MarkKey::Number(key.parse().ok()?)
    };
    Some(Mark { key, id, direction })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_back() {
        for text in [
            "",
            "q=pier+%23dawn&owner=ann&tag=sea&state=drafts&date=2026-03&sort=name",
            "state=trash&date=2026-03-04",
            "sort=-size&at=n%7E0199a3c4-5b6d-7e8f-9012-3456789abcde%7E512",
            "sort=name&at=p%7E0199a3c4-5b6d-7e8f-9012-3456789abcde%7EA%7Eb%22%3E",
        ] {
            assert_eq!(PhotosQuery::read(text).text(), text);
        }
    }

    #[test]
    fn nonsense_is_not_said() {
        let nonsense = "state=gone&date=2026-13&sort=colour&at=x&page=7&owner=%00";
        assert_eq!(PhotosQuery::read(nonsense), PhotosQuery::default());
    }

    #[test]
    fn searches_have_words_and_tags() {
        let browse = |text: &str| PhotosQuery::read(text).browse(PAGE);
        let found = browse("q=The+Pier+%23Dawn&tag=sea,+%23dawn").unwrap_or_default();
        assert_eq!(found.words, ["the", "pier"]);
        assert_eq!(found.tags, ["dawn", "sea"]);
        for nothing in ["q=%E2%80%A6", "tag=a-b", "owner=%C3%A4nn", "q=%23"] {
            assert!(browse(nothing).is_none(), "{nothing}");
        }
    }
}
