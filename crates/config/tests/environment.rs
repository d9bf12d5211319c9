//! An app reads its environment from a map: defaults, types, and every fault at once.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use config::{
    APPS, DatabaseUrl, Fallback, FrontendEnv, LogFormat, PhotosEnv, PresetMode, Registration, StoreUrl,
};

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// The least that the service starts with.
fn least() -> BTreeMap<String, String> {
    map(&[
        ("PS_DATABASE_URL", "sqlite:///var/lib/my photos/100%.sqlite"),
        ("PS_STORE_URL", "file:///var/lib/my photos/objects"),
        ("PS_JWT_SECRET", "0123456789abcdef0123456789abcdef"),
    ])
}

fn with(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut variables = least();
    variables.extend(map(pairs));
    variables
}

fn faults(variables: &BTreeMap<String, String>) -> String {
    match PhotosEnv::from_map(variables) {
        Ok(_) => panic!("no fault was found"),
        Err(faults) => faults.to_string(),
    }
}

#[test]
fn three_variables_are_enough_and_the_rest_has_the_documented_defaults() {
    let env = PhotosEnv::from_map(&least()).unwrap();

    assert_eq!(
        env.database_url,
        DatabaseUrl::Sqlite(PathBuf::from("/var/lib/my photos/100%.sqlite"))
    );
    assert_eq!(
        env.store_url,
        StoreUrl::File(PathBuf::from("/var/lib/my photos/objects"))
    );
    assert_eq!(env.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(env.internal_listen.to_string(), "127.0.0.1:9180");
    assert_eq!(env.public_url, None);
    assert_eq!((env.database_pool, env.migrate), (8, true));
    assert_eq!(env.access_ttl, Duration::from_secs(15 * 60));
    assert_eq!(env.refresh_ttl, Duration::from_secs(7 * 24 * 3600));
    assert_eq!(env.registration, Registration::Open);
    assert_eq!(env.admin_username.as_str(), "admin");
    assert_eq!(
        (env.max_bytes, env.max_pixels, env.max_side),
        (26_214_400, 50_000_000, 12_000)
    );
    assert_eq!(env.decode_bytes, 335_544_320);
    assert_eq!(env.trusted_proxies, []);
    assert_eq!(env.log_format, LogFormat::Text);
    assert!(env.workers >= 1);
    let presets: Vec<_> = env
        .presets
        .iter()
        .map(|p| (p.name.as_str(), p.width, p.height, p.mode))
        .collect();
    assert_eq!(
        presets,
        [
            ("thumb", 200, 200, PresetMode::Crop),
            ("small", 640, 640, PresetMode::Fit),
            ("large", 1440, 1440, PresetMode::Fit),
        ],
    );
}

#[test]
fn a_cluster_needs_the_passwords_of_what_its_urls_name() {
    let cluster = with(&[
        ("PS_DATABASE_URL", "postgres://photos@postgresql:5432/photos"),
        ("PS_STORE_URL", "s3://photos"),
    ]);
    insta::assert_snapshot!(faults(&cluster), @r"
    3 faults in the environment:
      PS_DATABASE_PASSWORD: is not set, but required because PS_DATABASE_URL begins with postgres
      PS_S3_ACCESS_KEY: is not set, but required because PS_STORE_URL begins with s3
      PS_S3_SECRET_KEY: is not set, but required because PS_STORE_URL begins with s3
    ");

    let mut complete = cluster;
    complete.extend(map(&[
        ("PS_DATABASE_PASSWORD", "a"),
        ("PS_S3_ACCESS_KEY", "b"),
        ("PS_S3_SECRET_KEY", "c"),
        ("PS_TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8,192.168.1.1"),
    ]));
    let env = PhotosEnv::from_map(&complete).unwrap();
    assert_eq!(
        env.store_url,
        StoreUrl::S3 {
            bucket: "photos".into()
        }
    );
    assert_eq!(env.database_password.unwrap().expose(), "a");
    assert_eq!(env.trusted_proxies.len(), 3);
}

#[test]
fn all_faults_are_told_at_once_and_no_secret_is_repeated() {
    let wrong = map(&[
        ("PS_DATABSE_URL", "sqlite://x"),
        ("PS_STORE_URL", "ftp://bucket"),
        ("PS_JWT_SECRET", "short and secret"),
        ("PS_LISTEN", "localhost"),
        ("PS_PUBLIC_URL", "https://ann:hunter2@photos.example.org"),
        ("PS_S3_ENDPOINT", "minio:9000"),
        ("PS_DATABASE_POOL", "0"),
        ("PS_MAX_SIDE", "12_000"),
        ("PS_MAX_BYTES", "99999999999999999999999"),
        ("PS_MIGRATE", "yes"),
        ("PS_ACCESS_TTL", "15"),
        ("PS_SWEEP_EVERY", "0s"),
        ("PS_PRESETS", "thumb=200x200:stretch"),
        ("PS_REGISTRATION", "invite"),
        ("PS_TRUSTED_PROXIES", "10.0.0.0/33"),
        ("PS_NOTHING_LIKE_ANY_OTHER", ""),
        ("PATH", "/usr/bin"),
        ("PS1", "$ "),
    ]);
    let told = faults(&wrong);
    assert!(!told.contains("hunter2") && !told.contains("short and secret"));
    insta::assert_snapshot!(told);
}

#[test]
fn what_is_logged_is_read_before_anything_is() {
    for (written, read) in [
        ("debug", "debug"),
        ("WARN", "WARN"),
        ("off", "off"),
        (
            "info,photos=debug,actix_web=off",
            "info,photos=debug,actix_web=off",
        ),
        // What is read by the logger later has no blanks: it takes none.
        ("info, photos::http=trace", "info,photos::http=trace"),
        (" info, photos = debug ", "info,photos=debug"),
    ] {
        let env = PhotosEnv::from_map(&with(&[("PS_LOG", written)])).unwrap();
        assert_eq!(env.log.as_str(), read);
    }
    for (wrong, told) in [
        (
            "nonsense",
            "PS_LOG: `nonsense` is no level: write one of off, error, warn",
        ),
        ("inof", "PS_LOG: `inof` is no level: do you mean `info`?"),
        ("photos=bogus", "PS_LOG: `bogus` is no level"),
        ("info,", "PS_LOG: `` is no level"),
        ("in fo", "PS_LOG: `in fo` is no level"),
        ("two words=info", "PS_LOG: `two words` names no part of a program"),
    ] {
        let said = faults(&with(&[("PS_LOG", wrong)]));
        assert!(said.contains(told), "{said}");
    }
}

#[test]
fn a_url_never_holds_a_password() {
    for (name, url) in [
        ("PS_DATABASE_URL", "postgres://photos:hunter2@db/photos"),
        (
            "PS_DATABASE_URL",
            "postgres://photos@db/photos?sslmode=require&password=hunter2",
        ),
        ("PS_REDIS_URL", "redis://:hunter2@redis:6379"),
        ("PS_S3_ENDPOINT", "http://key:hunter2@minio:9000"),
    ] {
        let told = faults(&with(&[(name, url)]));
        assert!(
            told.contains(&format!("{name}: has a password in it")) && !told.contains("hunter2"),
            "{told}"
        );
    }
    assert!(!faults(&with(&[("PS_STORE_URL", "s3://key:hunter2@photos")])).contains("hunter2"));
}

#[test]
fn an_empty_value_counts_as_not_set() {
    let env = PhotosEnv::from_map(&with(&[("PS_LOG", ""), ("PS_REDIS_URL", "")])).unwrap();
    assert_eq!((env.log.as_str(), env.redis_url), ("info", None));
    assert!(faults(&with(&[("PS_JWT_SECRET", "")])).contains("PS_JWT_SECRET: is not set, but required"));
}

#[test]
fn an_environment_can_be_printed_without_its_secrets() {
    let env = PhotosEnv::from_map(&with(&[("PS_ADMIN_PASSWORD", "correct horse")])).unwrap();
    let printed = format!("{env:?}");
    assert!(
        !printed.contains("correct horse") && !printed.contains("0123456789abcdef"),
        "{printed}"
    );
}

#[test]
fn the_frontend_reads_its_own_prefix_only() {
    let env = FrontendEnv::from_map(&map(&[
        ("FE_PHOTOS_URL", "http://photos:8080"),
        ("FE_SESSION_SECRET", "0123456789abcdef0123456789abcdef"),
        ("PS_ANYTHING", "at all"),
    ]))
    .unwrap();
    assert_eq!(env.listen.to_string(), "127.0.0.1:8000");
    assert_eq!(env.photos_url.as_str(), "http://photos:8080/");
}

#[test]
fn every_definition_is_sound() {
    for app in APPS {
        for variable in app.variables {
            assert_eq!(
                variable.name,
                format!("{}{}", app.prefix, variable.key.to_uppercase())
            );
            if let Fallback::Text(text) = variable.fallback {
                assert_eq!(
                    (variable.check)(text, &variable.rules),
                    Ok(()),
                    "default of {}",
                    variable.name
                );
            }
            if let Fallback::Computed(_, compute) = variable.fallback {
                assert_eq!(
                    (variable.check)(&compute(), &variable.rules),
                    Ok(()),
                    "default of {}",
                    variable.name
                );
            }
            assert!(
                variable.docs.trim().ends_with('.'),
                "{} has a sentence of documentation",
                variable.name
            );
        }
    }
}
