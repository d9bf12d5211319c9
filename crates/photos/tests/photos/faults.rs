//! Uploads and pictures while something behind the service is away, broken or full.

use std::time::Duration;

use config::{DatabaseUrl, StoreUrl};
use reqwest::{Method, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::kit::{NOTHING, Remains, at, created, path, published, remains, spooled, upload};
use crate::pictures;
use crate::support::proxy::Proxy;
use crate::support::{Backend, TestApp};

/// The original, and three presets in two encodings.
const ONE_PHOTO: Remains = Remains {
    photos: 1,
    ledger: 7,
    objects: 7,
    spooled: 0,
};

#[tokio::test]
async fn a_store_that_answers_500() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(500))
        .mount(&server)
        .await;
    let endpoint = server.uri().parse().unwrap();
    let app = TestApp::build(Backend::SqliteDisk)
        .with(move |env| {
            env.store_url = StoreUrl::S3 {
                bucket: "photos".into(),
            };
            env.s3_endpoint = Some(endpoint);
            env.s3_access_key = Some("key".into());
            env.s3_secret_key = Some("secret".into());
        })
        .start()
        .await
        .unwrap();
    let ann = app.user("ann").await;
    let answer = upload(&app, &ann, pictures::jpeg(64, 48))
        .await
        .expect_problem("store-unavailable");
    assert_eq!(answer.status, 503);
    let state = app.app();
    assert!(state.db.page_photos(None, 10).await.unwrap().is_empty());
    assert_eq!(spooled(&app), 0);
    // The store is still away, so the ledger remembers what may be there.
    let rows = state.db.page_objects(None, 10).await.unwrap();
    assert!(
        rows.iter()
            .all(|row| row.state == photos::db::objects::ObjectState::Deleting),
        "{rows:?}"
    );
}

#[tokio::test]
async fn a_store_that_breaks_off_amid_a_picture_makes_no_second_answer() {
    let Some(app) = TestApp::on(Backend::PostgresS3).await else {
        return;
    };
    let mut env = app.env.clone();
    let endpoint = env.s3_endpoint.as_mut().unwrap();
    let server = format!("{}:{}", endpoint.host_str().unwrap(), endpoint.port().unwrap());
    let proxy = Proxy::before(server).await;
    endpoint.set_host(Some("127.0.0.1")).unwrap();
    endpoint.set_port(Some(proxy.address.port())).unwrap();
    let behind = app.replica_with(env).await;
    let ann = app.user("ann").await;
    let photo = created(&app, &ann, pictures::jpeg(1200, 900)).await;
    let picture = path(&app, &photo.images["large"].url);

    proxy.shorten();
    let mut socket = TcpStream::connect(behind.url("").trim_start_matches("http://"))
        .await
        .unwrap();
    let request = format!("GET /api/v1{picture} HTTP/1.1\r\nHost: photos\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A connection that is reset says the same as one that ends too early.
    let _ = socket.read_to_end(&mut answer).await;
    let head_end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let (head, body) = answer.split_at(head_end + 4);
    let head = String::from_utf8_lossy(head);
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(
        !body.windows(8).any(|eight| eight == b"HTTP/1.1"),
        "a second answer"
    );
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    assert!(body.len() < length.parse::<usize>().unwrap(), "{head}");
}

#[tokio::test]
async fn a_database_that_goes_away_and_comes_back() {
    let Some(app) = TestApp::on(Backend::PostgresS3).await else {
        return;
    };
    let DatabaseUrl::Postgres(mut url) = app.env.database_url.clone() else {
        panic!("a story of PostgreSQL")
    };
    let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
    let proxy = Proxy::before(server).await;
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(proxy.address.port())).unwrap();
    let mut env = app.env.clone();
    env.database_url = DatabaseUrl::Postgres(url);
    let behind = app.replica_with(env).await;
    let ann = app.user("ann").await;
    let photo = published(&behind, &ann).await;

    proxy.cut();
    for _ in 0..3 {
        let answer = upload(&behind, &ann, pictures::jpeg(64, 48))
            .await
            .expect_problem("database-unavailable");
        assert_eq!(answer.status, 503);
        behind
            .get(None, &at(&photo))
            .await
            .expect_problem("database-unavailable");
    }
    assert_eq!(remains(&app).await, ONE_PHOTO);

    proxy.mend();
    let mended = async {
        while upload(&behind, &ann, pictures::jpeg(64, 48)).await.status != 201 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), mended)
        .await
        .unwrap();
    behind.get(None, &at(&photo)).await.expect(StatusCode::OK);
    assert_eq!(remains(&app).await.photos, 2);
}

/// Mounts a file system of one MiB; none where that is not allowed.
fn small_disk(folder: &std::path::Path) -> bool {
    std::fs::create_dir_all(folder).unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
        .arg(folder)
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        eprintln!("skipped: no small file system can be mounted here (it takes root), so no disk is full");
    }
    mounted
}

/// Unmounts at the end of a story.
struct Mounted(std::path::PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg("-l")
            .arg(&self.0)
            .status();
    }
}

/// Pixels that do not compress.
fn large_picture() -> Vec<u8> {
    let mut seed = 1u32;
    let noise = image::RgbImage::from_fn(1200, 1200, |_, _| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Rgb([(seed >> 24) as u8, (seed >> 16) as u8, (seed >> 8) as u8])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    noise.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[tokio::test]
async fn a_full_disk_of_the_spool() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("spool");
    if !small_disk(&disk) {
        return;
    }
    let _mounted = Mounted(disk.clone());
    let app = TestApp::build(Backend::SqliteDisk)
        .with(move |env| env.spool_dir = disk)
        .start()
        .await
        .unwrap();
    let ann = app.user("ann").await;
    let answer = upload(&app, &ann, large_picture())
        .await
        .expect_problem("storage-full");
    assert_eq!((answer.status, remains(&app).await), (507, NOTHING));
    published(&app, &ann).await;
}

#[tokio::test]
async fn a_full_disk_of_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("objects");
    if !small_disk(&disk) {
        return;
    }
    let _mounted = Mounted(disk.clone());
    let app = TestApp::build(Backend::SqliteDisk)
        .with(move |env| env.store_url = StoreUrl::File(disk))
        .start()
        .await
        .unwrap();
    let ann = app.user("ann").await;
    let answer = upload(&app, &ann, large_picture())
        .await
        .expect_problem("storage-full");
    assert_eq!((answer.status, remains(&app).await), (507, NOTHING));
    let photo = published(&app, &ann).await;
    app.bare(Method::DELETE, Some(&ann), &at(&photo))
        .await
        .expect(StatusCode::NO_CONTENT);
}
