//! Many synthetic photos, fast, to measure lists on: rows and terms without objects in the store.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::connection::AnyConnection;
use super::photos::restore_photos;
use super::records::{PhotoRecord, UserRecord};
use super::run::Step;
use super::schema::users;
use super::sql::Sql;
use super::{Db, DbError, Transaction};
use crate::domain::{PhotoId, UserId, search_words, tags};

const USERS: usize = 1000;
const TAGS: usize = 500;
const WORDS: usize = 5000;
/// Photos of one transaction.
const PART: u64 = 2000;
/// 2020, in microseconds.
const FIRST: i64 = 1_577_836_800_000_000;

impl Db {
    /// Fills a migrated database without photos: users `user0` to `user999` with one password, and `photos` photos, the same for the same
    /// number. A few users, tags and words are in most of them, most are in few; one of twenty is a draft. There are no objects.
    #[doc(hidden)]
    pub async fn seed_synthetic(&self, photos: u64, password_hash: String) -> Result<(), DbError> {
        let owners = self
            .write(move |connection| seed_users(connection, &password_hash))
            .await?;
        // Indexes are sorted once at the end, instead of being written to in any order.
        let indexes = self.write(drop_indexes).await?;
        let mut random = StdRng::seed_from_u64(photos);
        for start in (0..photos).step_by(usize::try_from(PART).unwrap_or(usize::MAX)) {
            let part: Vec<_> = (start..photos.min(start + PART))
                .map(|n| photo(&mut random, &owners, n))
                .collect();
            self.write(move |connection| restore_photos(connection, &part))
                .await?;
        }
        self.write(move |connection| {
            for index in &indexes {
                connection.batch_execute(index)?;
            }
            Ok(())
        })
        .await?;
        let Ok(()) = self.writers.run(Transaction::None, vacuum).await?;
        Ok(())
    }
}

/// What PostgreSQL does by itself a while after so many rows were written.
fn vacuum(connection: &mut AnyConnection) -> Step<()> {
    if let AnyConnection::Postgres(inner) = connection {
        // One by one, for several statements at once are a transaction, in which none of them may be.
        for statement in [
            "SET statement_timeout = 0",
            "VACUUM (ANALYZE) photos",
            "VACUUM (ANALYZE) photo_terms",
        ] {
            inner.batch_execute(statement)?;
        }
    }
    Ok(())
}

fn seed_users(connection: &mut AnyConnection, password_hash: &str) -> Step<Vec<String>> {
    let mut ids = Vec::with_capacity(USERS);
    for n in 0..USERS {
        let user = UserRecord {
            id: UserId::now().to_string(),
            username: format!("user{n}"),
            password_hash: password_hash.to_owned(),
            is_staff: false,
            is_superuser: false,
            active: true,
            created_at: FIRST,
        };
        diesel::insert_into(users::table)
            .values(&user)
            .execute(connection)?;
        ids.push(user.id);
    }
    Ok(ids)
}

/// Drops the indexes of photos and terms, and gives the statements that make them again.
fn drop_indexes(connection: &mut AnyConnection) -> Step<Vec<String>> {
    let (list, first) = match connection {
        AnyConnection::Postgres(_) => (
            "SELECT indexname::text, indexdef FROM pg_indexes WHERE schemaname = current_schema() \
             AND tablename IN ('photos', 'photo_terms') AND indexname NOT LIKE '%_pkey'",
            Some("SET LOCAL statement_timeout = 0"),
        ),
        AnyConnection::Sqlite(_) => (
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL \
             AND tbl_name IN ('photos', 'photo_terms')",
            None,
        ),
    };
    let indexes = Sql::<(Text, Text)>::new(list).load::<(String, String)>(connection)?;
    for (name, _) in &indexes {
        connection.batch_execute(&format!("DROP INDEX {name}"))?;
    }
    Ok(first
        .map(str::to_owned)
        .into_iter()
        .chain(indexes.into_iter().map(|(_, sql)| sql))
        .collect())
}

fn photo(random: &mut StdRng, owners: &[String], n: u64) -> PhotoRecord {
    let mut some = |of: usize, skew: i32| {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a guess"
        )]
        let index = (random.random::<f64>().powi(skew) * of as f64) as usize;
        index.min(of - 1)
    };
    let owner = some(owners.len(), 2);
    let name = format!("word{} photo", some(WORDS, 3));
    let mut caption: Vec<String> = (0..1 + some(4, 1))
        .map(|_| format!("word{}", some(WORDS, 3)))
        .collect();
    caption.extend((0..some(3, 1)).map(|_| format!("#tag{}", some(TAGS, 3))));
    let caption = caption.join(" ");
    let draft = n % 20 == 7;
    let created_at = FIRST + i64::try_from(n).unwrap_or_default() * 1_000_000;
    let found_tags = tags(&caption);
    let mut words = search_words(&format!("{name} {caption}"));
    words.extend(
        found_tags
            .iter()
            .filter(|tag| !caption.contains(tag.as_str()))
            .cloned(),
    );
    PhotoRecord {
        id: PhotoId::now().to_string(),
        version: 1,
        owner_id: owners.get(owner).cloned().unwrap_or_default(),
        tags: found_tags.join(" "),
        words: words.join(" "),
        name,
        caption,
        draft,
        format: "jpeg".to_owned(),
        bytes: 2_190_194,
        width: 4000,
        height: 3000,
        placeholder: vec![0x5a; 25],
        sha256: format!("{n:064x}"),
        created_at,
        updated_at: created_at,
        published_at: (!draft).then_some(created_at),
        sort_at: created_at,
        deleted_at: None,
    }
}
