//! Deleting many photos at once, and taking every one of them back.

use crate::support::pictures::jpeg;
use crate::support::proxy::Proxy;
use crate::support::visitor::{Answer, Visitor, between, ids};
use crate::support::{PASSWORD, World};

async fn member_with(world: &World, photos: u32) -> (Visitor, Vec<String>) {
    let mut ann = world.member("ann").await;
    ann.page("/upload").await;
    let files = (0..photos).map(|seed| ("a.jpg", jpeg(16, 12, seed))).collect();
    let page = ann.upload("", "published", files).await.expect(200).text();
    let all = ids(&page);
    assert_eq!(all.len(), photos as usize);
    (ann, all)
}

async fn change(ann: &mut Visitor, action: &str, ids: &[String]) -> Answer {
    let mut fields = vec![("action", action), ("back", "/@ann")];
    fields.extend(ids.iter().map(|id| ("id", id.as_str())));
    ann.send("/photos/selection", &fields).await
}

/// The photos that the form on a page would take back.
fn undone(page: &str) -> Vec<String> {
    let inputs = page.split("<input type=\"hidden\" name=\"id\" value=\"").skip(1);
    inputs.map(|rest| rest[..36].to_owned()).collect()
}

#[tokio::test]
async fn every_photo_that_was_deleted_comes_back() {
    let world = World::start().await;
    let (mut ann, all) = member_with(&world, 190).await;
    // As many as a message for the next page holds, and more than that.
    for (count, status) in [(144, 303), (190, 200)] {
        let answer = change(&mut ann, "delete", &all[..count]).await.expect(status);
        let page = if status == 303 {
            ann.page("/@ann").await
        } else {
            answer.text()
        };
        assert!(page.contains(&format!("{count} photos deleted.")), "{page}");
        assert!(page.contains("href=\"/@ann\""), "{page}");
        let undone = undone(&page);
        assert_eq!(undone.len(), count);
        assert_eq!(ids(&ann.page("/@ann").await).len(), (190 - count).min(36));
        change(&mut ann, "restore", &undone).await.expect(303);
        let page = ann.page("/@ann").await;
        assert!(page.contains(&format!("{count} photos restored.")), "{page}");
        assert!(between(&page, "rel=\"next\" href=\"", "\"").is_some());
    }
    for id in &all {
        ann.get(&format!("/photos/{id}")).await.expect(200);
    }
}

#[tokio::test]
async fn what_was_done_before_it_broke_off_can_be_undone() {
    let world = World::start().await;
    let (ann, all) = member_with(&world, 60).await;
    let proxy = Proxy::start(&world.photos_url);
    let (replica, url) = world.replica_through(&proxy.url);
    let mut ann = ann.at(&url);
    ann.page("/drafts").await;
    proxy.allow(1);
    change(&mut ann, "delete", &all).await.expect(303);
    proxy.allow(usize::MAX);
    let page = ann.page("/@ann").await;
    assert!(
        page.contains("50 photos deleted. Then it broke off, with 10 photos to go"),
        "{page}"
    );
    change(&mut ann, "restore", &undone(&page)).await.expect(303);
    for id in &all {
        ann.get(&format!("/photos/{id}")).await.expect(200);
    }
    replica.stop().await;
}

#[tokio::test]
async fn staff_are_told_whose_drafts_a_photo_went_to() {
    let world = World::start().await;
    let (mut ann, all) = member_with(&world, 2).await;
    change(&mut ann, "unpublish", &all[..1]).await.expect(303);
    assert!(ann.page("/@ann").await.contains("1 photo moved to your drafts."));
    let mut admin = world.visitor();
    admin.get("/login").await;
    let fields = [("username", "admin"), ("password", PASSWORD)];
    admin.send("/login", &fields).await.expect(303);
    admin.page("/@ann").await;
    change(&mut admin, "unpublish", &all[1..]).await.expect(303);
    let page = admin.page("/@ann").await;
    assert!(page.contains("1 photo moved to the drafts of @ann."), "{page}");
}

/// As a second press of F5 on the answer does, or another tab that shows the photos still.
#[tokio::test]
async fn a_deletion_that_is_sent_again_can_be_undone_still() {
    let world = World::start().await;
    let (mut ann, all) = member_with(&world, 190).await;
    let first = change(&mut ann, "delete", &all).await.expect(200);
    assert!(
        first.header("cache-control").contains("no-cache"),
        "going back shows it again"
    );
    let page = change(&mut ann, "delete", &all).await.expect(200).text();
    assert!(page.contains("190 photos are not there any more."), "{page}");
    assert_eq!(undone(&page), undone(&first.text()));
    change(&mut ann, "restore", &undone(&page)).await.expect(303);
    for id in &all {
        ann.get(&format!("/photos/{id}")).await.expect(200);
    }
    change(&mut ann, "delete", &all[..2]).await.expect(303);
    change(&mut ann, "delete", &all[1..3]).await.expect(303);
    let page = ann.page("/@ann").await;
    let said = "1 photo deleted. 1 photo is not there any more. If you have deleted it, you can undo that for a while.";
    assert!(page.contains(said), "{page}");
    assert_eq!(undone(&page).len(), 2);
}

#[tokio::test]
async fn the_way_back_stays_until_it_is_gone() {
    let world = World::start().await;
    let (mut ann, all) = member_with(&world, 3).await;
    let offers = |page: &str| page.contains(">Undo<") && page.contains("formaction=\"/dismiss\"");
    let answer = change(&mut ann, "delete", &all[..1]).await.expect(303);
    let cookies = answer.cookies();
    let flash = cookies
        .iter()
        .find(|cookie| cookie.starts_with("flash="))
        .unwrap();
    assert!(
        flash.contains("Max-Age=600"),
        "as long as the trash keeps it: {flash}"
    );
    for path in ["/@ann", "/@ann", "/", "/settings", "/upload"] {
        let page = ann.page(path).await;
        assert!(
            page.contains("1 photo deleted.") && offers(&page),
            "{path}: {page}"
        );
    }
    assert!(offers(&ann.get("/nothing").await.expect(404).text()));

    // It is used.
    let page = ann.page("/").await;
    change(&mut ann, "restore", &undone(&page)).await.expect(303);
    let page = ann.page("/@ann").await;
    assert!(page.contains("1 photo restored.") && !offers(&page), "{page}");
    assert!(!ann.page("/@ann").await.contains("restored"), "it is said once");

    // It is dismissed, or another message takes its place.
    change(&mut ann, "delete", &all[..1]).await.expect(303);
    let answer = ann.send("/dismiss", &[("back", "/drafts?cursor=x")]).await;
    assert_eq!(answer.location(), "/drafts?cursor=x");
    assert!(!offers(&ann.page("/@ann").await));
    change(&mut ann, "delete", &all[1..2]).await.expect(303);
    change(&mut ann, "delete", &all[2..]).await.expect(303);
    let page = ann.page("/").await;
    assert_eq!(undone(&page), all[2..]);

    // It is of no use to another user of the same browser.
    ann.cookies.remove("session");
    assert!(!offers(&ann.page("/").await));
    ann.page("/register").await;
    let fields = [("username", "bob"), ("password", PASSWORD), ("next", "/drafts")];
    let flash = ann.cookies["flash"].clone();
    ann.send("/register", &fields).await.expect(303);
    ann.cookies.insert("flash".to_owned(), flash);
    assert!(!offers(&ann.page("/drafts").await));
}

#[tokio::test]
async fn what_cannot_be_taken_back_is_said_so() {
    let world = World::start().await;
    let (mut ann, all) = member_with(&world, 1).await;
    change(&mut ann, "delete", &all).await.expect(303);
    // Whoever knows the number of somebody else's photo learns nothing and gets nothing.
    let mut bob = world.member("bob").await;
    bob.page("/@bob").await;
    let none = "0199a3c4-5b6d-7e8f-9012-3456789abcde".to_owned();
    let mut said = Vec::new();
    for id in [&all[0], &none] {
        change(&mut bob, "delete", std::slice::from_ref(id))
            .await
            .expect(303);
        let page = bob.page("/@bob").await;
        change(&mut bob, "restore", &undone(&page)).await.expect(303);
        said.push((
            page.matches("1 photo is not there any more.").count(),
            bob.page("/@bob").await,
        ));
    }
    for (offered, page) in said {
        assert_eq!(offered, 1);
        let text = "1 photo could not be restored: it is gone for good, or it is not yours.";
        assert!(page.contains(text), "{page}");
    }
    ann.get(&format!("/photos/{}", all[0])).await.expect(404);

    let world = World::with(&[("PS_TRASH_TTL", "0s")], &[]).await;
    let (mut ann, all) = member_with(&world, 2).await;
    change(&mut ann, "delete", &all).await.expect(303);
    let page = ann.page("/@ann").await;
    change(&mut ann, "restore", &undone(&page)).await.expect(303);
    let text = "2 photos could not be restored: they are gone for good, or they are not yours.";
    assert!(ann.page("/@ann").await.contains(text));
}
