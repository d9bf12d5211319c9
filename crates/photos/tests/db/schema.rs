//! The schema: up, down and up again; one replica migrates; both databases have the same tables.

use photos::db::{DatabaseSettings, Db};
use rstest::rstest;

use crate::database::{Backend, TestDatabase};

const SQLITE: &str = "SELECT name || ': ' || sql AS text FROM sqlite_master \
    WHERE sql IS NOT NULL AND name NOT LIKE '\\_\\_%' ESCAPE '\\' ORDER BY name";
const POSTGRES: &str = "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || \
    COALESCE(collation_name, '') AS text FROM information_schema.columns \
    WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%' UNION ALL \
    SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE '\\_\\_%' UNION ALL \
    SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint \
    WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT LIKE '\\_\\_%' ORDER BY 1";

fn schema(test: &TestDatabase, backend: Backend) -> Vec<String> {
    test.texts(if backend == Backend::Sqlite {
        SQLITE
    } else {
        POSTGRES
    })
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test]
async fn up_down_up(#[case] backend: Backend) {
    let Some(test) = TestDatabase::empty(backend).await else {
        return;
    };
    assert!(!test.db.schema_is_current().await.unwrap());
    assert_eq!(test.db.migrate().await.unwrap().len(), 3);
    assert!(test.db.schema_is_current().await.unwrap());
    let first = schema(&test, backend);
    assert!(first.len() > 20, "{first:?}");
    assert_eq!(test.db.migrate().await.unwrap().len(), 0, "nothing to do");
    test.db.revert_all().await.unwrap();
    assert!(!test.db.schema_is_current().await.unwrap());
    assert_eq!(schema(&test, backend), [""; 0], "nothing is left");
    test.db.migrate().await.unwrap();
    assert_eq!(schema(&test, backend), first);
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_four_replicas_one_migrates(#[case] backend: Backend) {
    let Some(test) = TestDatabase::empty(backend).await else {
        return;
    };
    let start = |settings: DatabaseSettings| {
        tokio::spawn(async move {
            Db::connect(&settings)
                .await
                .unwrap()
                .migrate()
                .await
                .unwrap()
                .len()
        })
    };
    let mut replicas = Vec::new();
    for _ in 0..4 {
        replicas.push(start(test.settings.clone()));
    }
    let mut applied = 0;
    for replica in replicas {
        applied += replica.await.unwrap();
    }
    assert_eq!(applied, 3);
    assert!(test.db.schema_is_current().await.unwrap());
}

#[tokio::test]
async fn both_have_the_same_columns() {
    let Some(sqlite) = TestDatabase::new(Backend::Sqlite).await else {
        return;
    };
    let Some(postgres) = TestDatabase::new(Backend::Postgres).await else {
        return;
    };
    let one = sqlite.texts(
        "SELECT t.name || '.' || c.name || CASE WHEN c.\"notnull\" OR c.pk THEN '' ELSE '?' END AS text \
         FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' \
         AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\' AND t.name NOT LIKE 'sqlite%' ORDER BY 1",
    );
    let other = postgres.texts(
        "SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'NO' THEN '' ELSE '?' END AS text \
         FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%' \
         ORDER BY (table_name || '.' || column_name) COLLATE \"C\"",
    );
    let sorted = |mut texts: Vec<String>| {
        texts.sort();
        texts
    };
    assert_eq!(sorted(one), sorted(other));
}
