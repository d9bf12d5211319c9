//! Many at once: writers on SQLite, batches that cross, replicas that share tags, a server that goes away.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use config::DatabaseUrl;
use photos::db::photos::{Action, Change, Edit, Mode};
use photos::db::{DatabaseSettings, Db, DbError};
use rstest::rstest;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::database::{Backend, TestDatabase};
use crate::tools::{TTL, at, insert, new_photo, photo, somebody};

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_writers(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let ann = somebody(&test.db, "ann").await;
    // The second replica is another process, as far as the database knows.
    let replicas = [test.db.clone(), test.replica().await];
    let writers: Vec<_> = (0..32)
        .map(|n: usize| {
            let (db, ann) = (replicas[n % 2].clone(), ann.clone());
            tokio::spawn(async move {
                for k in 0..4 {
                    let caption = format!("#all #tag{} #tag{k} #own{n}", n % 3);
                    let row = insert(&db, &ann, new_photo(&ann, "Pier", &caption, false), at(k)).await;
                    let action = if k == 3 { Action::Delete } else { Action::Unpublish };
                    let change = Change {
                        id: row.id,
                        if_match: Some(1),
                        action,
                    };
                    let answers = db
                        .change_photos(&ann, vec![change], Mode::Atomic, TTL, at(9))
                        .await
                        .unwrap();
                    assert!(answers[0].is_ok(), "{answers:?}");
                    if k == 1 {
                        let publish = Change {
                            id: row.id,
                            if_match: None,
                            action: Action::Publish,
                        };
                        db.change_photos(&ann, vec![publish], Mode::Atomic, TTL, at(10))
                            .await
                            .unwrap();
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let tags = test.db.list_tags("", 3).await.unwrap();
    assert_eq!((tags[0].name.as_str(), tags[0].count), ("all", 32));
    assert_eq!((tags[1].name.as_str(), tags[1].count), ("tag1", 32));
    let own = test.db.list_tags("own", 100).await.unwrap();
    assert_eq!((own.len(), own.iter().all(|tag| tag.count == 1)), (32, true));
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn batches_that_cross(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let ann = somebody(&test.db, "ann").await;
    let mut ids = Vec::new();
    for n in 0..6 {
        ids.push(photo(&test.db, &ann, "", false, at(n)).await.id);
    }
    let batches: Vec<_> = (0..16)
        .map(|n: usize| {
            let (db, ann, mut ids) = (test.db.clone(), ann.clone(), ids.clone());
            ids.rotate_left(n % 6);
            if n % 2 == 1 {
                ids.reverse();
            }
            tokio::spawn(async move {
                let caption = format!("#a{} #b{} #c", n % 4, n % 3);
                let edit = |id| {
                    let edit = Edit {
                        caption: Some(caption.clone()),
                        ..Edit::default()
                    };
                    Change {
                        id,
                        if_match: None,
                        action: Action::Edit(edit),
                    }
                };
                let changes = ids.into_iter().map(edit).collect();
                db.change_photos(&ann, changes, Mode::Atomic, TTL, at(9))
                    .await
                    .unwrap()
            })
        })
        .collect();
    for batch in batches {
        assert!(batch.await.unwrap().iter().all(Result::is_ok));
    }
    let tags = test.db.list_tags("", 9).await.unwrap();
    let counts: Vec<_> = tags.iter().map(|tag| tag.count).collect();
    assert_eq!(counts, [6, 6, 6], "three tags, all photos: {tags:?}");
}

/// A way to the server that can be cut.
struct Wire {
    address: SocketAddr,
    server: String,
    task: Option<JoinHandle<()>>,
}

impl Wire {
    async fn new(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut wire = Self {
            address,
            server,
            task: None,
        };
        wire.serve(listener);
        wire
    }

    fn serve(&mut self, listener: TcpListener) {
        let server = self.server.clone();
        self.task = Some(tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                let server = server.clone();
                open.spawn(async move {
                    let mut upstream = TcpStream::connect(server).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut upstream).await;
                });
            }
        }));
    }

    async fn cut(&mut self) {
        let task = self.task.take().unwrap();
        task.abort();
        let _ = task.await;
    }

    async fn mend(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.serve(listener);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_goes_away_and_comes_back() {
    let Some(test) = TestDatabase::new(Backend::Postgres).await else {
        return;
    };
    let DatabaseUrl::Postgres(url) = &test.settings.url else {
        panic!("not a server")
    };
    let Some(host) = url.host_str() else { return };
    let mut wire = Wire::new(format!("{host}:{}", url.port().unwrap_or(5432))).await;
    let mut url = url.clone();
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(wire.address.port())).unwrap();
    let settings = DatabaseSettings {
        url: DatabaseUrl::Postgres(url),
        ..test.settings.clone()
    };
    let db = Db::connect(&settings).await.unwrap();
    let ann = somebody(&db, "ann").await;
    let several: Vec<_> = (0..8).map(|_| db.ping()).collect();
    for ping in futures_util::future::join_all(several).await {
        ping.unwrap();
    }

    wire.cut().await;
    let begun = Instant::now();
    let answer = db.user_by_id(ann.user_id).await;
    assert!(matches!(answer, Err(DbError::Unavailable { .. })), "{answer:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());

    wire.mend().await;
    // The pool tries again within seconds; the first call waits for it.
    let deadline = Instant::now() + Duration::from_secs(20);
    while db.ping().await.is_err() {
        assert!(Instant::now() < deadline, "it did not come back");
    }
    assert_eq!(db.user_by_id(ann.user_id).await.unwrap().unwrap().username, "ann");

    // Cut and mended between two calls: nobody notices.
    wire.cut().await;
    wire.mend().await;
    photo(&db, &ann, "#still here", false, at(1)).await;
}
