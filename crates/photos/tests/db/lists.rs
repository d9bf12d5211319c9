//! Lists: filters, orders, pages in both directions while rows come and go.

use photos::db::Db;
use photos::db::photos::{Action, Change, Entry, ListQuery, Mode, OwnerFilter, Page, Visibility};
use photos::domain::{Edition, Ordering, PhotoId, PhotoRow, search_words};
use rstest::rstest;

use crate::database::{Backend, TestDatabase};
use crate::tools::{TTL, at, everything, ids, insert, new_photo, photo, somebody};

/// The whole list, page by page, and back again.
async fn walk(db: &Db, query: &ListQuery) -> Vec<PhotoId> {
    let mut query = query.clone();
    let mut there = Vec::new();
    let mut pages = Vec::new();
    loop {
        let page = db.list_photos(&query).await.unwrap();
        assert_eq!(half_known(db, &query, page.clone()).await, page);
        there.extend(ids(&page));
        pages.push(ids(&page));
        let Some(next) = page.next else { break };
        query.position = Some(next);
    }
    let mut back = pages.len();
    loop {
        let page = db.list_photos(&query).await.unwrap();
        back -= 1;
        assert_eq!(ids(&page), pages[back], "page {back} on the way back");
        let Some(previous) = page.previous else { break };
        query.position = Some(previous);
    }
    assert_eq!(back, 0);
    there
}

/// The page as one reads it who knows some of its photos: those with an odd sum of their id's digits, or all but its first.
async fn half_known(db: &Db, query: &ListQuery, page: Page) -> Page {
    let first = page.rows.first().map(|row| row.id);
    let odd = |id: &PhotoId| id.as_uuid().as_bytes().iter().fold(0, |sum: u8, byte| sum ^ byte) & 1 == 1;
    let mut read = Vec::new();
    for all in [false, true] {
        let rows = page.rows.clone();
        let know = move |edition: &Edition| {
            let knows = if all {
                Some(edition.id) != first
            } else {
                odd(&edition.id)
            };
            let row = rows.iter().find(|row| row.edition() == *edition);
            row.filter(|_| knows).cloned()
        };
        let whole = |page: Page<Entry<PhotoRow>>| Page {
            rows: page.rows.into_iter().map(entry_row).collect(),
            next: page.next,
            previous: page.previous,
            count: page.count,
        };
        read.push(db.list_photos_known(query, know, whole).await.unwrap());
    }
    assert_eq!(read.first(), read.last());
    read.remove(0)
}

fn entry_row(entry: Entry<PhotoRow>) -> PhotoRow {
    match entry {
        Entry::Known(row) => row,
        Entry::New(row) => *row,
    }
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test]
async fn a_photo_hidden_while_a_page_is_read_is_not_shown(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let ann = somebody(&test.db, "ann").await;
    let mut rows = Vec::new();
    for n in 0..5 {
        rows.push(photo(&test.db, &ann, "", false, at(n)).await);
    }
    // What the reader does not know is read after it was asked: in between, the owner hides it.
    let (hidden, db) = (rows[2].id, test.db.clone());
    let runtime = tokio::runtime::Handle::current();
    let know = move |edition: &Edition| {
        if edition.id != hidden {
            return Some(edition.id);
        }
        let unpublish = Change {
            id: hidden,
            if_match: None,
            action: Action::Unpublish,
        };
        let changing = db.change_photos(&ann, vec![unpublish], Mode::Atomic, TTL, at(9));
        runtime.block_on(changing).unwrap();
        None
    };
    let shown = |page: Page<Entry<PhotoId>>| {
        let id = |entry| match entry {
            Entry::Known(id) => id,
            Entry::New(row) => row.id,
        };
        page.rows.into_iter().map(id).collect::<Vec<_>>()
    };
    let shown = test
        .db
        .list_photos_known(&everything(), know, shown)
        .await
        .unwrap();
    let published: Vec<_> = [4, 3, 1, 0].map(|n: usize| rows[n].id).into();
    assert_eq!(shown, published);
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test]
async fn every_filter_in_every_order(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let db = &test.db;
    let (ann, bob) = (somebody(db, "ann").await, somebody(db, "bob").await);
    let mut rows = Vec::new();
    for n in 0..24 {
        let owner = if n % 3 == 0 { &bob } else { &ann };
        let mut caption = format!("number{}", n % 2);
        if n % 4 == 0 {
            caption.push_str(" #tag");
        }
        if n % 5 == 0 {
            caption.push_str(" #other");
        }
        // Some share a microsecond.
        let row = photo(db, owner, &caption, n % 6 == 1, at(n / 2)).await;
        rows.push(row);
    }
    // Published later than made.
    let late = Change {
        id: rows[1].id,
        if_match: None,
        action: Action::Publish,
    };
    rows[1] = db
        .change_photos(&ann, vec![late], Mode::Atomic, TTL, at(100))
        .await
        .unwrap()
        .remove(0)
        .unwrap();

    let owners = [
        None,
        Some(OwnerFilter::Id(ann.user_id)),
        Some(OwnerFilter::Username("bob".into())),
    ];
    let terms: [(&[&str], &str); 6] = [
        (&[], ""),
        (&["tag"], ""),
        (&["tag", "other"], ""),
        (&[], "NUMBER1"),
        (&["other"], "number0 pier"),
        (&["none"], ""),
    ];
    let mut compared = 0;
    for visibility in [Visibility::Published, Visibility::Drafts, Visibility::All] {
        for owner in &owners {
            for (tags, words) in &terms {
                for ordering in Ordering::ALL {
                    let query = ListQuery {
                        visibility,
                        owner: owner.clone(),
                        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
                        words: search_words(words),
                        ordering,
                        page_size: 2,
                        count: true,
                        ..everything()
                    };
                    let mut expected: Vec<_> = rows
                        .iter()
                        .filter(|row| match visibility {
                            Visibility::Published => !row.draft,
                            Visibility::Drafts => row.draft,
                            Visibility::All => true,
                        })
                        .filter(|row| match owner {
                            None => true,
                            Some(OwnerFilter::Id(id)) => row.owner_id == *id,
                            Some(OwnerFilter::Username(name)) => row.owner == *name,
                        })
                        .filter(|row| query.tags.iter().all(|tag| row.tags.contains(tag)))
                        .filter(|row| {
                            let text = search_words(&format!("{} {}", row.name, row.caption));
                            query.words.iter().all(|word| text.contains(word))
                        })
                        .map(|row| match ordering {
                            Ordering::NewestPublished | Ordering::OldestPublished => (row.sort_at(), row.id),
                            Ordering::NewestCreated | Ordering::OldestCreated => (row.created_at, row.id),
                        })
                        .collect();
                    expected.sort_unstable();
                    if ordering.is_descending() {
                        expected.reverse();
                    }
                    let expected: Vec<_> = expected.into_iter().map(|(_, id)| id).collect();
                    assert_eq!(walk(db, &query).await, expected, "{query:?}");
                    let count = db.list_photos(&query).await.unwrap().count;
                    assert_eq!(count, Some(expected.len() as u64), "{query:?}");
                    compared += expected.len();
                }
            }
        }
    }
    assert!(compared > 500, "the filters find something: {compared}");
    let unknown = ListQuery {
        owner: Some(OwnerFilter::Username("nobody".into())),
        ..everything()
    };
    assert!(db.list_photos(&unknown).await.unwrap().rows.is_empty());
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test]
async fn pages_hold_while_rows_come_and_go(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let db = &test.db;
    let ann = somebody(db, "ann").await;
    let mut rows = Vec::new();
    for n in 0..9 {
        rows.push(photo(db, &ann, "", false, at(n)).await.id);
    }
    let query = ListQuery {
        page_size: 3,
        ..everything()
    };
    let first = db.list_photos(&query).await.unwrap();
    assert_eq!(ids(&first), [rows[8], rows[7], rows[6]]);
    // The photo that the page ended with goes, new ones come before it, one of the next page goes.
    for gone in [rows[6], rows[4]] {
        let delete = Change {
            id: gone,
            if_match: None,
            action: Action::Delete,
        };
        db.change_photos(&ann, vec![delete], Mode::Atomic, TTL, at(20))
            .await
            .unwrap();
    }
    photo(db, &ann, "", false, at(21)).await;
    let second = db
        .list_photos(&ListQuery {
            position: first.next,
            ..query.clone()
        })
        .await
        .unwrap();
    assert_eq!(ids(&second), [rows[5], rows[3], rows[2]]);
    let third = db
        .list_photos(&ListQuery {
            position: second.next,
            ..query.clone()
        })
        .await
        .unwrap();
    assert_eq!(ids(&third), [rows[1], rows[0]]);
    assert_eq!(third.next, None);
    let back = db
        .list_photos(&ListQuery {
            position: second.previous,
            ..query
        })
        .await
        .unwrap();
    assert_eq!(
        ids(&back).last(),
        Some(&rows[7]),
        "what is gone is gone, the rest is there once"
    );
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test]
async fn tags_and_words_of_all_languages(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let db = &test.db;
    let ann = somebody(db, "ann").await;
    let caption = "#Tag,#tag #тег #标签 http://x/#frag ﬁn 2026";
    let row = insert(db, &ann, new_photo(&ann, "ÉTÉ", caption, false), at(1)).await;
    assert_eq!(row.tags, ["tag", "тег", "标签"]);
    let find = async |tags: &[&str], words: &str| {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let query = ListQuery {
            tags,
            words: search_words(words),
            ..everything()
        };
        !db.list_photos(&query).await.unwrap().rows.is_empty()
    };
    for (tags, words, found) in [
        (&["tag", "标签"][..], "", true),
        (&["frag"], "", false),
        (&[], "frag FIN été", true),
        (&["тег"], "Тег", true),
        (&[], "et", false),
        (&[], "fin missing", false),
        (&["été"], "", false),
    ] {
        assert_eq!(find(tags, words).await, found, "{tags:?} {words}");
    }
    let prefix =
        |tags: Vec<photos::db::photos::TagCount>| tags.into_iter().map(|tag| tag.name).collect::<Vec<_>>();
    assert_eq!(prefix(db.list_tags("те", 9).await.unwrap()), ["тег"]);
    assert_eq!(prefix(db.list_tags("", 9).await.unwrap()), ["tag", "тег", "标签"]);
    assert_eq!(prefix(db.list_tags("", 2).await.unwrap()), ["tag", "тег"]);
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test]
async fn a_caption_of_the_longest_words(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let db = &test.db;
    let ann = somebody(db, "ann").await;
    let one_word = "字".repeat(2200);
    let many_words: String = (0..550).map(|n| format!("{n:03} ")).collect();
    for caption in [one_word.as_str(), &many_words] {
        let row = photo(db, &ann, caption, false, at(1)).await;
        let query = ListQuery {
            words: search_words(caption),
            ..everything()
        };
        if query.words.len() == 1 {
            assert_eq!(ids(&db.list_photos(&query).await.unwrap()), [row.id]);
        }
    }
}
