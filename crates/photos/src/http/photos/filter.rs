//! Which photos a query means, and whether its caller may ask for them.

use photos_api::{FieldError, OWNER_ME, PAGE_SIZE, PAGE_SIZE_DEFAULT, PhotosQuery};

use crate::db::photos::{ListQuery, OwnerFilter, Visibility};
use crate::domain::{normal_tag, search_words};
use crate::error::Error;
use crate::http::caller::{Caller, Viewer};

/// More conditions than anybody types; each costs a look into the index for every photo.
const MOST_TERMS: usize = 20;

/// The list that a query means, without its cursor. None: nothing can match.
///
/// # Errors
/// [`Error::Unauthenticated`] and [`Error::Forbidden`] for drafts that the viewer may not list, [`Error::Invalid`].
pub(super) fn read(query: &PhotosQuery, viewer: &Viewer) -> Result<Option<ListQuery>, Error> {
    let (visibility, owner) = scope(query, viewer)?;
    let mut faults = Vec::new();
    let page_size = query.page_size.unwrap_or(PAGE_SIZE_DEFAULT);
    if !PAGE_SIZE.contains(&page_size) {
        faults.push(FieldError::new("page_size", "must be 1–100"));
    }
    let tags = tags(query.tag.as_deref(), &mut faults);
    let search = query.search.as_deref().unwrap_or_default();
    let words = search_words(search);
    if words.len() > MOST_TERMS {
        faults.push(FieldError::new(
            "search",
            format!("must have at most {MOST_TERMS} words"),
        ));
    }
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    if words.is_empty() && !search.trim().is_empty() {
        return Ok(None);
    }
    Ok(Some(ListQuery {
        visibility,
        owner,
        tags,
        words,
        ordering: query.ordering.unwrap_or_default(),
        page_size,
        position: None,
        count: query.count.unwrap_or_default(),
    }))
}

/// A text that differs between two lists with other filters or another order; what a cursor is bound to.
pub(super) fn text(list: &ListQuery) -> String {
    format!(
        "{:?} {:?} {:?} {:?} {}",
        list.visibility, list.owner, list.tags, list.words, list.ordering
    )
}

fn scope(query: &PhotosQuery, viewer: &Viewer) -> Result<(Visibility, Option<OwnerFilter>), Error> {
    let drafts = query.draft == Some(true);
    let caller = || viewer.0.as_ref().ok_or(Error::Unauthenticated);
    match query.owner.as_deref() {
        Some(OWNER_ME) => {
            let visibility = match query.draft {
                None => Visibility::All,
                Some(true) => Visibility::Drafts,
                Some(false) => Visibility::Published,
            };
            Ok((visibility, Some(OwnerFilter::Id(caller()?.user.id))))
        }
        None if drafts => Ok((Visibility::Drafts, Some(OwnerFilter::Id(caller()?.user.id)))),
        Some(owner) if drafts => {
            may_list_drafts(caller()?, owner)?;
            Ok((Visibility::Drafts, Some(OwnerFilter::Username(owner.to_owned()))))
        }
        owner => Ok((
            Visibility::Published,
            owner.map(|owner| OwnerFilter::Username(owner.to_owned())),
        )),
    }
}

fn may_list_drafts(caller: &Caller, owner: &str) -> Result<(), Error> {
    if caller.user.is_staff || caller.user.username == owner {
        Ok(())
    } else {
        Err(Error::Forbidden(
            "only their owner and staff may list drafts".into(),
        ))
    }
}

fn tags(text: Option<&str>, faults: &mut Vec<FieldError>) -> Vec<String> {
    let mut tags = Vec::new();
    for item in text.into_iter().flat_map(|text| text.split(',')) {
        match normal_tag(item) {
            Some(tag) if tags.contains(&tag) => {}
            Some(tag) => tags.push(tag),
            None => faults.push(FieldError::new("tag", format!("`{item}` is no tag"))),
        }
    }
    if tags.len() > MOST_TERMS {
        faults.push(FieldError::new(
            "tag",
            format!("must have at most {MOST_TERMS} tags"),
        ));
    }
    tags
}
