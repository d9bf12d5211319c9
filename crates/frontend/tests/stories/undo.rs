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
