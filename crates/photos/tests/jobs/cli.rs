//! The commands as an operator runs them: what they print and how they end.

use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use photos::store::Key;
use serde_json::{Value, json};

use crate::object_store::Place;
use crate::world::{Home, World, picture};

const PRESETS: &str = "thumb=20x20:crop";

/// Runs the program beside a home on SQLite and a folder.
fn photos(world: &World, arguments: &[&str]) -> Output {
    let Place::Folder(folder) = &world.objects.place else {
        panic!("a folder is asked for")
    };
    let database = world.database.file().unwrap();
    Command::new(env!("CARGO_BIN_EXE_photos"))
        .args(arguments)
        .env_clear()
        .env("PS_DATABASE_URL", format!("sqlite://{}", database.display()))
        .env(
            "PS_STORE_URL",
            format!("file://{}", folder.path().join("objects").display()),
        )
        .env("PS_SPOOL_DIR", folder.path().join("spool"))
        .env("PS_JWT_SECRET", "a secret of the tests, not of anybody")
        .env("PS_PRESETS", PRESETS)
        .output()
        .unwrap()
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// Makes every file of the store look two hours old.
fn age(world: &World) {
    let Place::Folder(folder) = &world.objects.place else {
        panic!("a folder is asked for")
    };
    let old = SystemTime::now() - Duration::from_secs(2 * 3600);
    let mut folders = vec![folder.path().join("objects/photos")];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                std::fs::File::options()
                    .write(true)
                    .open(path)
                    .unwrap()
                    .set_modified(old)
                    .unwrap();
            }
        }
    }
}

#[tokio::test]
async fn fsck_ends_with_0_if_clean_and_1_if_not() {
    let world = World::open(Home::SqliteDisk).await.unwrap();
    let shot = world.upload(&world.media(PRESETS), &picture(1)).await;
    let clean = photos(&world, &["fsck", "--json"]);
    assert_eq!(clean.status.code(), Some(0), "{clean:?}");
    let expected = json!({
        "schema": 1,
        "rows_without_objects": [],
        "objects_without_rows": [],
        "checksum_faults": [],
        "repaired": false,
        "left": [],
    });
    assert_eq!(report(&clean), expected);

    let variant: &Key = shot.keys.iter().find(|key| !key.is_original()).unwrap();
    world.store().delete(variant).await.unwrap();
    let strays = world.new_keys();
    world.put(&strays[..1]).await;
    for arguments in [&["fsck", "--json"][..], &["fsck", "--json", "--quick"]] {
        let faulty = photos(&world, arguments);
        assert_eq!(faulty.status.code(), Some(1), "{faulty:?}");
        assert_eq!(
            report(&faulty)["rows_without_objects"],
            json!([variant.to_string()])
        );
        assert_eq!(
            report(&faulty)["objects_without_rows"],
            json!([strays[0].to_string()])
        );
        assert_eq!(report(&faulty)["repaired"], json!(false));
    }
    let told = photos(&world, &["fsck"]);
    let lines = String::from_utf8(told.stdout).unwrap();
    assert_eq!(told.status.code(), Some(1));
    assert!(
        lines.contains(&format!("row without object: {variant}\n")),
        "{lines}"
    );

    let young = photos(&world, &["fsck", "--json", "--repair"]);
    assert_eq!(
        young.status.code(),
        Some(1),
        "the unknown object is younger than PS_SWEEP_GRACE: {young:?}"
    );
    assert_eq!(
        world
            .store()
            .head(variant)
            .await
            .unwrap()
            .map(|meta| meta.len > 0),
        Some(true)
    );
    age(&world);
    let repaired = photos(&world, &["fsck", "--json", "--repair"]);
    assert_eq!(repaired.status.code(), Some(0), "{repaired:?}");
    assert_eq!(report(&repaired)["repaired"], json!(true));
    assert!(world.has_only(&shot.keys).await);
    assert_eq!(report(&photos(&world, &["fsck", "--json"])), expected);
    world.close().await;
}

#[tokio::test]
async fn backfill_makes_what_is_missing_and_says_how_much() {
    let world = World::open(Home::SqliteDisk).await.unwrap();
    world.upload(&world.media("small=60x60:fit"), &picture(1)).await;
    let done = photos(&world, &["variants", "backfill", "--prune"]);
    let line = String::from_utf8(done.stdout).unwrap();
    assert!(
        line.starts_with("1 photos looked at, 2 variants made, 2 pruned, 0 photos failed"),
        "{line}"
    );
    assert_eq!(done.status.code(), Some(0));
    assert_eq!(world.stored().await.len(), 3);
    world.close().await;
}

#[tokio::test]
async fn a_store_that_is_not_there_is_an_error_and_no_report() {
    let world = World::open(Home::SqliteDisk).await.unwrap();
    let none = Command::new(env!("CARGO_BIN_EXE_photos"))
        .args(["fsck", "--json"])
        .env_clear()
        .env(
            "PS_DATABASE_URL",
            format!("sqlite://{}", world.database.file().unwrap().display()),
        )
        .env("PS_STORE_URL", "s3://photos")
        .env("PS_S3_ENDPOINT", "http://127.0.0.1:1")
        .env("PS_S3_ACCESS_KEY", "a")
        .env("PS_S3_SECRET_KEY", "a secret key")
        .env("PS_JWT_SECRET", "a secret of the tests, not of anybody")
        .output()
        .unwrap();
    assert_eq!(none.status.code(), Some(1), "{none:?}");
    assert!(none.stdout.is_empty());
    let told = String::from_utf8(none.stderr).unwrap();
    assert!(told.contains("PS_S3_ENDPOINT"), "{told}");
    assert!(!told.contains("a secret key"), "{told}");
    world.close().await;
}
