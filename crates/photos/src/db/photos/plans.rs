//! Every kind of list walks an index in its own order: the plans of both databases, read back.

use config::DatabaseUrl;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use url::Url;

use super::list::{Direction, ListQuery, OwnerFilter, Position, Visibility};
use super::walk;
use crate::db::connection::AnyConnection;
use crate::db::sql::Sql;
use crate::db::{DatabaseSettings, Db};
use crate::domain::{Ordering, PhotoId, now_micros};

fn queries() -> Vec<ListQuery> {
    let mut queries = Vec::new();
    let owners = [None, Some(OwnerFilter::Username("user1".into()))];
    let terms: [&[&str]; 3] = [&[], &["tag1"], &["tag1", "tag2"]];
    for visibility in [Visibility::Published, Visibility::Drafts, Visibility::All] {
        for owner in &owners {
            for tags in terms {
                for ordering in Ordering::ALL {
                    for direction in [None, Some(Direction::Next), Some(Direction::Previous)] {
                        queries.push(ListQuery {
                            visibility,
                            owner: owner.clone(),
                            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
                            words: Vec::new(),
                            ordering,
                            page_size: 30,
                            position: direction.map(|direction| Position {
                                key: now_micros(),
                                id: PhotoId::now(),
                                direction,
                            }),
                            count: false,
                        });
                    }
                }
            }
        }
    }
    queries
}

/// The steps of a plan, one a line, indented as they are nested.
fn plan(connection: &mut AnyConnection, query: &ListQuery) -> Vec<String> {
    let statement = walk::statement(connection, query, None).unwrap();
    match connection {
        AnyConnection::Sqlite(_) => Sql::<(BigInt, BigInt, BigInt, Text)>::new("EXPLAIN QUERY PLAN ")
            .append(statement)
            .load::<(i64, i64, i64, String)>(connection)
            .unwrap()
            .into_iter()
            .map(|(_, _, _, step)| step)
            .collect(),
        AnyConnection::Postgres(_) => Sql::<(Text,)>::new("EXPLAIN (COSTS OFF) ")
            .append(statement)
            .load::<(String,)>(connection)
            .unwrap()
            .into_iter()
            .map(|(step,)| step)
            .collect(),
    }
}

async fn check(settings: DatabaseSettings, bad: &'static [&'static str], sort: &'static str) {
    let db = Db::connect(&settings).await.unwrap();
    db.migrate().await.unwrap();
    db.seed_synthetic(3000, "hash".into()).await.unwrap();
    for query in queries() {
        let asked = query.clone();
        let plan = db
            .read(move |connection| Ok(plan(connection, &asked)))
            .await
            .unwrap();
        let text = plan.join("\n");
        for wrong in bad {
            assert!(!text.contains(wrong), "{query:?}\n{text}");
        }
        // At most the page itself is sorted, after the walk.
        let sorts = plan.iter().filter(|step| step.contains(sort)).count();
        assert!(sorts <= 1, "{query:?}\n{text}");
    }
}

#[tokio::test]
async fn sqlite_walks_indexes() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().join("photos.sqlite"));
    let settings = DatabaseSettings {
        url,
        password: None,
        pool: 2,
    };
    check(
        settings,
        &["SCAN p", "SCAN u", "SCAN t", "SCAN m", "AUTOMATIC"],
        "USE TEMP B-TREE",
    )
    .await;
}

#[tokio::test]
async fn postgres_walks_indexes() {
    let Ok(server) = std::env::var("PHOTOS_TEST_POSTGRES_URL") else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "PHOTOS_TEST_POSTGRES_URL is not set"
        );
        eprintln!("skipped: no PostgreSQL, because PHOTOS_TEST_POSTGRES_URL is not set");
        return;
    };
    let name = format!("photos_plans_{}", uuid::Uuid::now_v7().simple());
    let execute = |sql: String| {
        diesel::connection::SimpleConnection::batch_execute(
            &mut PgConnection::establish(&server).unwrap(),
            &sql,
        )
        .unwrap();
    };
    execute(format!("CREATE DATABASE {name}"));
    let mut url = Url::parse(&server).unwrap();
    url.set_path(&name);
    let settings = DatabaseSettings {
        url: DatabaseUrl::Postgres(url),
        password: None,
        pool: 2,
    };
    let checked = tokio::spawn(check(
        settings,
        &["Seq Scan", "Bitmap", "Hash", "Merge Join", "Materialize"],
        "Sort Key",
    ));
    let outcome = checked.await;
    execute(format!("DROP DATABASE {name} WITH (FORCE)"));
    outcome.unwrap();
}
