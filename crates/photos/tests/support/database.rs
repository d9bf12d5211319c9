//! A database of its own for a test, of either kind, gone when the test ends.
#![allow(dead_code, reason = "each test binary uses a part")]

use config::{DatabaseUrl, Secret};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use photos::db::{DatabaseSettings, Db};
use tempfile::TempDir;
use url::Url;
use uuid::Uuid;

/// Names a superuser's URL of a throwaway PostgreSQL server.
pub(crate) const POSTGRES: &str = "PHOTOS_TEST_POSTGRES_URL";

/// Which kind of database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

/// A migrated database, and how to reach it once more.
pub(crate) struct TestDatabase {
    pub(crate) db: Db,
    pub(crate) settings: DatabaseSettings,
    _place: Place,
}

enum Place {
    Folder(#[allow(dead_code, reason = "held until the test ends")] TempDir),
    Server { server: String, name: String },
}

impl TestDatabase {
    /// A migrated database; none, with a line that says so, if its server is not there. In CI that is a failure.
    pub(crate) async fn new(backend: Backend) -> Option<Self> {
        let test = Self::empty(backend).await?;
        test.db.migrate().await.unwrap();
        Some(test)
    }

    /// The same, without tables.
    pub(crate) async fn empty(backend: Backend) -> Option<Self> {
        let (url, password, place) = match backend {
            Backend::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let url = DatabaseUrl::Sqlite(folder.path().join("photos.sqlite"));
                (url, None, Place::Folder(folder))
            }
            Backend::Postgres => on_server()?,
        };
        let settings = DatabaseSettings {
            url,
            password,
            pool: 8,
        };
        let db = Db::connect(&settings).await.unwrap();
        Some(Self {
            db,
            settings,
            _place: place,
        })
    }

    /// Another replica on the same database.
    pub(crate) async fn replica(&self) -> Db {
        Db::connect(&self.settings).await.unwrap()
    }

    /// The file of a SQLite database.
    pub(crate) fn file(&self) -> Option<std::path::PathBuf> {
        match &self.settings.url {
            DatabaseUrl::Sqlite(path) => Some(path.clone()),
            DatabaseUrl::Postgres(_) => None,
        }
    }

    /// The column `text` of a query of the test's own.
    pub(crate) fn texts(&self, sql: &str) -> Vec<String> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Text)]
            text: String,
        }
        let query = diesel::sql_query(sql);
        let rows: Vec<Row> = match &self.settings.url {
            DatabaseUrl::Sqlite(path) => query
                .load(&mut SqliteConnection::establish(path.to_str().unwrap()).unwrap())
                .unwrap(),
            DatabaseUrl::Postgres(url) => {
                let mut url = url.clone();
                if let Some(password) = &self.settings.password {
                    url.set_password(Some(password.expose())).unwrap();
                }
                query
                    .load(&mut PgConnection::establish(url.as_str()).unwrap())
                    .unwrap()
            }
        };
        rows.into_iter().map(|row| row.text).collect()
    }
}

fn on_server() -> Option<(DatabaseUrl, Option<Secret>, Place)> {
    let Ok(server) = std::env::var(POSTGRES) else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "{POSTGRES} is not set, and in CI it must be"
        );
        eprintln!("skipped: no PostgreSQL, because {POSTGRES} is not set");
        return None;
    };
    let name = format!("photos_{}", Uuid::now_v7().simple());
    execute(&server, &format!("CREATE DATABASE {name}"));
    let mut url = Url::parse(&server).unwrap();
    url.set_path(&name);
    let password = url.password().map(Secret::from);
    if !url.cannot_be_a_base() && url.has_host() {
        url.set_password(None).unwrap();
    }
    Some((
        DatabaseUrl::Postgres(url),
        password,
        Place::Server { server, name },
    ))
}

fn execute(server: &str, sql: &str) {
    PgConnection::establish(server)
        .unwrap()
        .batch_execute(sql)
        .unwrap();
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Server { server, name } = self {
            execute(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}
