//! The list of photos: filters, search, dates, orders, and pages while others come and go.

use std::collections::BTreeSet;

use photos::db::photos::Action;
use photos::domain::Timestamp;
use rstest::rstest;

use super::kit::{Browser, change, ids, link, row, user};
use crate::support::{Backend, TestApp};

fn day(text: &str) -> Timestamp {
    format!("{text}T12:00:00Z").parse().unwrap()
}

/// The names of a list's photos, in their order.
async fn names(browser: &mut Browser<'_>, query: &str) -> Vec<String> {
    let page = browser.page(&format!("/admin/photos?{query}")).await;
    let rows = page.split("<td class=\"name\">").skip(1);
    rows.map(|rest| super::kit::between(rest, "<bdi>", "</bdi>").unwrap())
        .collect()
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn filters_searches_and_orders_go_together(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let (ann, bob) = (
        user(&app, "ann", false, false).await,
        user(&app, "bob", false, false).await,
    );
    row(&app, ann, "Pier", "at #dawn by the sea", false, day("2024-02-03")).await;
    row(&app, ann, "Boat", "#dawn #sea", true, day("2024-02-29")).await;
    row(&app, bob, "Attic", "old things", false, day("2025-07-01")).await;
    row(&app, bob, "Zebra crossing", "at #dawn", false, day("2025-07-02")).await;
    let gone = row(&app, bob, "Gone", "at #dusk", false, day("2025-07-03")).await;
    change(&app, gone.id, Action::Delete).await;
    let mut admin = Browser::of(&app, "admin").await;
    for (query, expected) in [
        ("", &["Zebra crossing", "Attic", "Boat", "Pier"][..]),
        ("sort=uploaded", &["Pier", "Boat", "Attic", "Zebra crossing"]),
        ("sort=name", &["Attic", "Boat", "Pier", "Zebra crossing"]),
        ("sort=-name", &["Zebra crossing", "Pier", "Boat", "Attic"]),
        ("sort=size", &["Pier", "Boat", "Attic", "Zebra crossing"]),
        ("sort=-size", &["Zebra crossing", "Attic", "Boat", "Pier"]),
        ("sort=published", &["Pier", "Boat", "Attic", "Zebra crossing"]),
        ("sort=-changed", &["Zebra crossing", "Attic", "Boat", "Pier"]),
        ("state=published", &["Zebra crossing", "Attic", "Pier"]),
        ("state=drafts", &["Boat"]),
        ("state=drafts&sort=name", &["Boat"]),
        ("state=trash", &["Gone"]),
        ("state=trash&tag=dusk&owner=bob", &["Gone"]),
        ("state=trash&q=old", &[]),
        ("owner=ann", &["Boat", "Pier"]),
        ("owner=ann&sort=name", &["Boat", "Pier"]),
        ("owner=nobody", &[]),
        ("owner=%22%3E%3Cscript%3E", &[]),
        ("tag=dawn", &["Zebra crossing", "Boat", "Pier"]),
        ("tag=dawn,sea", &["Boat"]),
        ("tag=%23DAWN&sort=name", &["Boat", "Pier", "Zebra crossing"]),
        ("q=sea", &["Boat", "Pier"]),
        ("q=sea+%23dawn+pier", &["Pier"]),
        ("q=%E2%80%A6", &[]),
        ("date=2024", &["Boat", "Pier"]),
        ("date=2024-02", &["Boat", "Pier"]),
        ("date=2024-02-29", &["Boat"]),
        ("date=2024-02-28", &[]),
        ("date=2025-07&sort=name&tag=dawn", &["Zebra crossing"]),
        ("date=2024&sort=-published&state=published", &["Pier"]),
    ] {
        assert_eq!(names(&mut admin, query).await, expected, "{query}");
    }
    // An id finds its photo, in the trash or not.
    let to = admin
        .get(&format!("/admin/photos?q={}", gone.id))
        .await
        .location();
    assert_eq!(to, format!("/admin/photos/{}", gone.id));
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn dates_lead_from_years_to_months_to_days(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let ann = user(&app, "ann", false, false).await;
    for at in ["2022-05-01", "2024-01-31", "2024-02-01", "2024-02-29"] {
        row(&app, ann, "Pier", "", false, day(at)).await;
    }
    row(&app, ann, "Draft", "", true, day("2023-03-03")).await;
    let mut admin = Browser::of(&app, "admin").await;
    let dates = async |admin: &mut Browser<'_>, query: &str| -> Vec<String> {
        let page = admin.page(&format!("/admin/photos?{query}")).await;
        let bar = super::kit::between(&page, "aria-label=\"Uploaded\">", "</nav>").unwrap_or_default();
        let links = bar.split("<a href=\"/admin/photos?").skip(1);
        links
            .map(|rest| super::kit::between(rest, "date=", "\"").unwrap())
            .collect()
    };
    assert_eq!(dates(&mut admin, "").await, ["2024", "2023", "2022"]);
    assert_eq!(dates(&mut admin, "state=published").await, ["2024", "2022"]);
    assert_eq!(dates(&mut admin, "date=2024").await, ["2024-02", "2024-01"]);
    assert_eq!(
        dates(&mut admin, "date=2024-02").await,
        ["2024-02-29", "2024-02-01"]
    );
    assert_eq!(
        dates(&mut admin, "date=2024-02-01").await,
        ["2024-02-29", "2024-02-01"]
    );
    let page = admin.page("/admin/photos?date=2024-02-01").await;
    assert!(page.contains("href=\"/admin/photos?date=2024-02\""), "the way up");
}

/// Every order, page by page, forwards and back, while photos are inserted and deleted between the pages.
#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn pages_neither_repeat_nor_skip(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let ann = user(&app, "ann", false, false).await;
    let begin = day("2024-01-01");
    for n in 0..230_i64 {
        // Many have the same name and size, and some the same time.
        let at = begin + jiff::SignedDuration::from_secs(n / 2);
        row(&app, ann, &format!("Photo {}", n % 7), "#all", n % 10 == 0, at).await;
    }
    let mut admin = Browser::of(&app, "admin").await;
    for sort in [
        "uploaded",
        "-uploaded",
        "published",
        "-published",
        "name",
        "-name",
        "size",
        "-size",
        "changed",
        "-changed",
    ] {
        for filter in ["", "&tag=all&owner=ann"] {
            let first = format!("/admin/photos?sort={sort}{filter}");
            let (mut path, mut seen, mut pages) = (first.clone(), Vec::new(), Vec::new());
            let there = BTreeSet::from_iter(all(&mut admin).await);
            loop {
                let page = admin.page(&path).await;
                pages.push(ids(&page));
                seen.extend(ids(&page));
                // Somebody uploads, and somebody deletes what was on this page.
                row(&app, ann, "Photo 3", "#all", false, begin).await;
                change(&app, ids(&page)[1].parse().unwrap(), Action::Delete).await;
                match link(&page, "next") {
                    Some(next) => path = next,
                    None => break,
                }
            }
            let once = BTreeSet::from_iter(seen.iter().cloned());
            assert_eq!(once.len(), seen.len(), "{first}: none twice");
            let missing: Vec<_> = there.difference(&once).collect();
            assert!(
                missing.is_empty(),
                "{first}: all that were there from the beginning, but {missing:?}"
            );
            assert_eq!(pages[0].len(), 100);
            // The way back has the same photos, but for what was done meanwhile.
            let page = admin.page(&path).await;
            let back = admin.page(&link(&page, "prev").unwrap()).await;
            let before = &pages[pages.len() - 2];
            let kept = ids(&back).into_iter().filter(|id| before.contains(id)).count();
            assert!(kept >= 90, "{first}: {kept}");
        }
    }
}

/// The ids of everything that is not in the trash.
async fn all(admin: &mut Browser<'_>) -> Vec<String> {
    let (mut path, mut found) = ("/admin/photos".to_owned(), Vec::new());
    loop {
        let page = admin.page(&path).await;
        found.extend(ids(&page));
        match link(&page, "next") {
            Some(next) => path = next,
            None => return found,
        }
    }
}

/// A filter that an order has no index for, over so many photos that they are not all looked at for one page.
#[tokio::test]
async fn a_rare_photo_is_found_in_the_end() {
    let app = TestApp::start().await;
    app.app()
        .db
        .seed_synthetic(24_000, "nobody".into())
        .await
        .unwrap();
    let mut admin = Browser::of(&app, "admin").await;
    // Published photos are too many to be sorted at once; of one day there are few.
    let (mut path, mut found, mut pages) = ("/admin/photos?sort=name&state=drafts".to_owned(), 0, 0);
    loop {
        let page = admin.page(&path).await;
        found += ids(&page).len();
        pages += 1;
        match link(&page, "next") {
            Some(next) => path = next,
            None => break,
        }
    }
    let drafts = app.app().db.browse_count(&drafts(), 100_000).await.unwrap();
    assert_eq!(found, drafts as usize);
    assert_eq!(pages, found.div_ceil(100));
    let page = admin.page("/admin/photos").await;
    assert!(page.contains("More than 1,000 photos"));
    let nothing = admin
        .page("/admin/photos?sort=name&state=published&q=nobodywrotethis")
        .await;
    assert!(nothing.contains("No photo matches"), "{nothing}");
}

fn drafts() -> photos::db::photos::Browse {
    photos::db::photos::Browse {
        shelf: photos::db::photos::Shelf::Drafts,
        ..photos::db::photos::Browse::default()
    }
}

#[tokio::test]
async fn a_filter_that_is_none_is_left_out_and_said() {
    let app = TestApp::start().await;
    let mut admin = Browser::of(&app, "admin").await;
    for (asked, led_to) in [
        ("/admin/photos?state=bogus&q=pier", "/admin/photos?q=pier"),
        (
            "/admin/photos?date=20x&state=drafts",
            "/admin/photos?state=drafts",
        ),
        ("/admin/photos?sort=beauty", "/admin/photos"),
        ("/admin/photos?at=junk", "/admin/photos"),
        ("/admin/users?staff=maybe&active=no", "/admin/users?active=no"),
        (
            "/admin/history?via=pigeon&action=login",
            "/admin/history?action=login",
        ),
        ("/admin/history?action=juggled", "/admin/history"),
        ("/admin/history?until=2026-99-99", "/admin/history"),
    ] {
        let to = admin.get(asked).await.location();
        assert_eq!(to, led_to, "{asked}");
        let page = admin.page(&to).await;
        assert!(page.contains("made no sense and is left out"), "{asked}: {page}");
    }
}
