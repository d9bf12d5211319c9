//! Dump and load, from either kind of database into either.

use std::io::{BufReader, Cursor, Write};
use std::sync::{Arc, Mutex};

use photos::db::audit::AuditOf;
use photos::db::photos::{Action, Change, ListQuery, Mode, Visibility};
use photos::db::sessions::NewSession;
use photos::db::{Db, DbError};
use rstest::rstest;

use crate::database::{Backend, TestDatabase};
use crate::tools::{TTL, at, everything, photo, somebody};

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn dump(db: &Db) -> String {
    let to = Shared::default();
    db.dump(Box::new(to.clone())).await.unwrap();
    String::from_utf8(to.0.lock().unwrap().clone()).unwrap()
}

async fn load(db: &Db, text: &str) -> Result<(), DbError> {
    db.load(Box::new(BufReader::new(Cursor::new(text.to_owned()))))
        .await
        .map(drop)
}

#[rstest]
#[case::sqlite_to_postgres(Backend::Sqlite, Backend::Postgres)]
#[case::postgres_to_sqlite(Backend::Postgres, Backend::Sqlite)]
#[case::sqlite_to_sqlite(Backend::Sqlite, Backend::Sqlite)]
#[tokio::test]
async fn what_one_wrote_the_other_reads(#[case] from: Backend, #[case] to: Backend) {
    let Some(from) = TestDatabase::new(from).await else {
        return;
    };
    let Some(to) = TestDatabase::new(to).await else {
        return;
    };
    let ann = somebody(&from.db, "ann").await;
    let new = NewSession {
        user_id: ann.user_id,
        address: "::1".into(),
        user_agent: "\"quoted\"\n".into(),
        refresh_hash: "hash".into(),
        expires_at: at(99),
    };
    let session = from.db.open_session(new, at(0)).await.unwrap().unwrap();
    let mut rows = Vec::new();
    for n in 0..7 {
        rows.push(
            photo(
                &from.db,
                &ann,
                &format!("#tag{} #тег \u{1f423}", n % 2),
                n == 3,
                at(n),
            )
            .await,
        );
    }
    let delete = Change {
        id: rows[0].id,
        if_match: None,
        action: Action::Delete,
    };
    from.db
        .change_photos(&ann, vec![delete], Mode::Atomic, TTL, at(8))
        .await
        .unwrap();

    let text = dump(&from.db).await;
    load(&to.db, &text).await.unwrap();
    assert_eq!(dump(&to.db).await, text, "the same rows");
    for query in [
        ListQuery {
            visibility: Visibility::All,
            ..everything()
        },
        ListQuery {
            tags: vec!["tag0".into()],
            words: vec!["pier".into()],
            ..everything()
        },
    ] {
        let page = to.db.list_photos(&query).await.unwrap();
        assert_eq!(page, from.db.list_photos(&query).await.unwrap());
        assert!(!page.rows.is_empty());
    }
    assert_eq!(
        to.db.list_tags("", 9).await.unwrap(),
        from.db.list_tags("", 9).await.unwrap()
    );
    let audit = to.db.list_audit(AuditOf::All, None, 99).await.unwrap();
    assert_eq!(audit, from.db.list_audit(AuditOf::All, None, 99).await.unwrap());
    assert!(to.db.authenticate(session.id).await.unwrap().is_some());
    let trashed = to.db.get_photo_even_deleted(rows[0].id).await.unwrap().unwrap();
    assert_eq!(trashed.deleted_at, Some(at(8)));

    let again = load(&to.db, &text).await;
    assert!(
        matches!(&again, Err(DbError::Refused(why)) if why.contains("not empty")),
        "{again:?}"
    );
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test]
async fn a_damaged_dump_leaves_nothing(#[case] backend: Backend) {
    let Some(from) = TestDatabase::new(Backend::Sqlite).await else {
        return;
    };
    let Some(to) = TestDatabase::new(backend).await else {
        return;
    };
    let ann = somebody(&from.db, "ann").await;
    photo(&from.db, &ann, "#tag", false, at(1)).await;
    let text = dump(&from.db).await;
    let lines: Vec<&str> = text.lines().collect();
    let cut = lines[..lines.len() - 1].join("\n");
    let missing = [&lines[..2], &lines[3..]].concat().join("\n");
    let other = text.replace("\"table\":\"photos\"", "\"table\":\"pictures\"");
    let half = text.replace("\"version\":1,", "");
    for (damaged, why) in [
        (cut.as_str(), "ends early"),
        (&missing, ""),
        (&other, "pictures"),
        (&half, "line "),
        ("", "ends early"),
        ("{\"dump\":2}\n", "version 2"),
    ] {
        let refused = load(&to.db, damaged).await;
        let Err(error) = refused else {
            panic!("{why} was loaded")
        };
        assert!(error.to_string().contains(why), "{error}");
        assert!(to.db.list_users(None, 9).await.unwrap().is_empty(), "{why}");
    }
    load(&to.db, &text).await.unwrap();
}
