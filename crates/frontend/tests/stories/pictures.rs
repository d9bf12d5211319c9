//! Pictures and files, and what caches are told of them.

use reqwest::Method;

use crate::support::World;
use crate::support::pictures::jpeg;
use crate::support::visitor::{between, ids};

#[tokio::test]
async fn published_pictures_are_kept_for_ever() {
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    ann.page("/upload").await;
    ann.upload("", "published", vec![("a.jpg", jpeg(900, 600, 1))])
        .await
        .expect(200);
    let mut guest = world.visitor();
    let page = guest.page("/").await;
    let src = between(&page, "class=\"shot\" src=\"", "\"").unwrap();
    assert!(src.contains("?v="), "{src}");
    let answer = ann.get(&src).await.expect(200);
    assert_eq!(
        answer.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(answer.header("content-type"), "image/jpeg");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("vary").to_lowercase(), "accept");
    assert_eq!(answer.header("content-length"), answer.bytes.len().to_string());
    assert!(answer.cookies().is_empty(), "a kept answer sets no cookie");
    assert!(answer.bytes.starts_with(&[0xff, 0xd8]));

    let etag = answer.header("etag").to_owned();
    let again = guest.request(Method::GET, &src).header("if-none-match", &etag);
    let again = guest.answer(again).await.expect(304);
    assert!(again.bytes.is_empty());
    let webp = guest
        .request(Method::GET, &src)
        .header("accept", "image/webp,*/*");
    assert_eq!(
        guest.answer(webp).await.expect(200).header("content-type"),
        "image/webp"
    );

    let id = ids(&page).remove(0);
    let plain = guest.get(&format!("/photos/{id}/images/small")).await.expect(200);
    assert_eq!(plain.header("cache-control"), "no-cache");
    guest
        .get(&format!("/photos/{id}/images/original"))
        .await
        .expect(404);
    guest
        .get(&format!("/photos/{id}/images/small?v=0123456789abcdef"))
        .await
        .expect(404);
}

#[tokio::test]
async fn a_place_is_kept_for_every_picture() {
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    ann.page("/upload").await;
    ann.upload("", "published", vec![("a.jpg", jpeg(900, 600, 1))])
        .await
        .expect(200);
    let page = ann.page("/").await;
    assert!(page.contains("class=\"tile r150\""));
    assert!(page.contains("src=\"data:image/png;base64,"));
    assert!(page.contains("width=\"640\" height=\"427\""));
    assert!(
        page.contains(" 640w, /photos/") && page.contains(" 900w\""),
        "{page}"
    );
}

#[tokio::test]
async fn files_have_names_of_their_own_and_stay() {
    let world = World::start().await;
    let mut guest = world.visitor();
    let page = guest.page("/").await;
    let css = between(&page, "rel=\"stylesheet\" href=\"", "\"").unwrap();
    let js = between(&page, "<script type=\"module\" src=\"", "\"").unwrap();
    for path in [css, js] {
        let answer = guest.get(&path).await.expect(200);
        assert_eq!(
            answer.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
        assert!(answer.cookies().is_empty());
        let etag = answer.header("etag").to_owned();
        let again = guest.request(Method::GET, &path).header("if-none-match", etag);
        guest.answer(again).await.expect(304);
        let packed = guest
            .request(Method::GET, &path)
            .header("accept-encoding", "br, gzip");
        let packed = guest.answer(packed).await.expect(200);
        assert_eq!(packed.header("content-encoding"), "gzip");
        assert!(packed.bytes.len() < answer.bytes.len());
    }
}

/// Pages of members have what nobody else may know beside what an address says, and packing tells how much they have in
/// common.
#[tokio::test]
async fn pages_are_packed_for_guests_alone() {
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    ann.page("/upload").await;
    let files = (0..12).map(|seed| ("a.jpg", jpeg(96, 64, seed))).collect();
    ann.upload("", "published", files).await.expect(200);
    let mut guest = world.visitor();
    let plain = guest.get("/").await.expect(200);
    assert_eq!(plain.header("content-encoding"), "");
    for (visitor, coding, path, status) in [
        (&guest, "gzip", "/", 200),
        (&guest, "gzip", "/search?q=a", 200),
        (&guest, "gzip", "/nothing", 404),
        (&ann, "", "/", 200),
        (&ann, "", "/nothing", 404),
    ] {
        let request = visitor.request(Method::GET, path);
        let request = request.header("accept-encoding", "gzip, br");
        let answer = visitor.clone().answer(request).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("content-encoding"), coding, "{path}");
        assert_eq!(answer.header("vary"), "Accept-Encoding", "{path}");
        if path == "/" && !coding.is_empty() {
            assert!(
                answer.bytes.len() * 3 < plain.bytes.len(),
                "{}",
                answer.bytes.len()
            );
        }
    }
    // Nor does a token repeat itself, so that nothing can be learnt of it from many pages.
    guest.page("/").await;
    let token = guest.csrf.clone();
    guest.page("/").await;
    assert_ne!(guest.csrf, token);
    for token in [token, guest.csrf.clone()] {
        guest.csrf = token;
        guest.send("/theme", &[("theme", "dark")]).await.expect(303);
    }
}

#[tokio::test]
async fn the_first_page_is_small() {
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    ann.page("/upload").await;
    let files = (0..40).map(|seed| ("a.jpg", jpeg(96, 64, seed))).collect();
    ann.upload(
        "some words that stand below every photo #many",
        "published",
        files,
    )
    .await
    .expect(200);
    let page = world.visitor().page("/").await;
    let mut sum = page.len();
    for path in page.split("\"/assets/").skip(1) {
        let path = format!("/assets/{}", path.split('"').next().unwrap());
        sum += world.visitor().get(&path).await.expect(200).bytes.len();
    }
    assert!(sum < 100_000, "{sum} bytes");
}

#[tokio::test]
async fn a_picture_that_is_not_there_is_kept_by_no_cache() {
    let mut world = World::start().await;
    let mut guest = world.visitor();
    let unknown = format!("/photos/{}/images/small", photos_client::PhotoId::now());
    for (path, status) in [
        (unknown.as_str(), 404),
        ("/assets/main.0.js", 404),
        (&unknown, 503),
    ] {
        if status == 503 {
            world.stop_photos().await;
        }
        let answer = guest.get(path).await.expect(status);
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert!(!answer.header("x-request-id").is_empty(), "{path}");
        assert!(!answer.text().is_empty() && answer.cookies().is_empty(), "{path}");
    }
}
