//! How a verb runs: off the async threads, in a transaction of its own, again if the database asks for it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::r2d2::{ManageConnection as _, Pool};
use tokio::sync::Semaphore;

use super::connection::{AnyConnection, Manager, Pooled, each_backend};
use super::error::{DbError, Fault, classify};

/// How long a verb waits for its turn, and at most tries.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a turn may take to get a connection. It is there unless the server is not.
const CONNECT: Duration = Duration::from_secs(4);

/// After how long a verb is looked after. Longer than a server lets a statement run.
const SILENCE: Duration = Duration::from_secs(35);

/// Why the body of a transaction stops and undoes it.
#[derive(Debug)]
pub(super) enum Abort<E = Infallible> {
    /// A query failed.
    Query(diesel::result::Error),
    /// The verb fails.
    Db(DbError),
    /// The verb answers this, and nothing was done.
    Undo(E),
}

impl<E> From<diesel::result::Error> for Abort<E> {
    fn from(error: diesel::result::Error) -> Self {
        Self::Query(error)
    }
}

impl<E> From<DbError> for Abort<E> {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

/// What the body of a transaction gives.
pub(super) type Step<T, E = Infallible> = Result<T, Abort<E>>;

/// Connections of one kind. Callers queue in order before they take a thread.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    pool: Pool<Manager>,
    manager: Manager,
    turns: Arc<Semaphore>,
    size: u32,
    kind: Transaction,
}

/// How a transaction of a lane begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transaction {
    /// One statement, or some that need no common snapshot.
    None,
    /// One snapshot, read only.
    Snapshot,
    /// A change.
    Write,
}

impl Lane {
    pub(super) fn new(manager: Manager, size: u32, kind: Transaction) -> Self {
        let size = size.max(1);
        let own = manager.clone();
        let pool = Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            .test_on_check_out(false)
            .connection_timeout(CONNECT)
            .error_handler(Box::new(diesel::r2d2::NopErrorHandler))
            .build_unchecked(manager);
        let turns = Arc::new(Semaphore::new(usize::try_from(size).unwrap_or(1)));
        Self {
            pool,
            manager: own,
            turns,
            size,
            kind,
        }
    }

    /// Runs a body until it was committed, or a fault that trying again does not mend.
    pub(super) async fn run<T, E>(
        &self,
        transaction: Transaction,
        body: impl FnMut(&mut AnyConnection) -> Step<T, E> + Send + 'static,
    ) -> Result<Result<T, E>, DbError>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        self.run_then(transaction, body, |value| value).await
    }

    /// The same; what comes of it is made into something else on the same thread, when the connection is free again.
    pub(super) async fn run_then<T, U, E>(
        &self,
        transaction: Transaction,
        mut body: impl FnMut(&mut AnyConnection) -> Step<T, E> + Send + 'static,
        then: impl FnOnce(T) -> U + Send + 'static,
    ) -> Result<Result<U, E>, DbError>
    where
        U: Send + 'static,
        E: Send + 'static,
    {
        debug_assert!(transaction != Transaction::Write || self.kind == Transaction::Write);
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned());
        let turn = match turn.await {
            Ok(Ok(turn)) => turn,
            Ok(Err(_)) | Err(_) => {
                let reason = format!("no connection became free in {} s", PATIENCE.as_secs());
                return Err(DbError::Unavailable { reason });
            }
        };
        let lane = self.clone();
        let mut work = tokio::task::spawn_blocking(move || {
            let done = lane.retry(transaction, &mut body);
            drop(turn);
            done.map(|value| value.map(then))
        });
        loop {
            tokio::select! {
                done = &mut work => {
                    return done.map_err(|error| DbError::Fault(format!("a verb did not end: {error}")))?;
                }
                () = tokio::time::sleep(SILENCE) => self.check_answers().await?,
            }
        }
    }

    /// Whether a verb that takes long is still worth waiting for: a server that stopped in the middle of a statement does not
    /// end it either, and takes no new connection.
    async fn check_answers(&self) -> Result<(), DbError> {
        if !matches!(self.manager, Manager::Postgres(_)) {
            return Ok(());
        }
        let manager = self.manager.clone();
        let fresh = tokio::task::spawn_blocking(move || manager.connect().map(drop));
        match tokio::time::timeout(CONNECT, fresh).await {
            Ok(Ok(Ok(()))) => Ok(()),
            _ => Err(DbError::Unavailable {
                reason: format!("no answer for {} s, and no new connection", SILENCE.as_secs()),
            }),
        }
    }

    fn retry<T, E>(
        &self,
        transaction: Transaction,
        body: &mut impl FnMut(&mut AnyConnection) -> Step<T, E>,
    ) -> Result<Result<T, E>, DbError> {
        let deadline = Instant::now() + PATIENCE;
        let mut dead = 0;
        let mut pause = Duration::from_millis(2);
        loop {
            let mut connection = self.pool.get().map_err(|error| DbError::Unavailable {
                reason: error.to_string(),
            })?;
            let fault = match attempt(&mut connection, transaction, body) {
                Ok(value) => return Ok(Ok(value)),
                Err(Abort::Undo(answer)) => return Ok(Err(answer)),
                Err(Abort::Db(error)) => return Err(error),
                Err(Abort::Query(error)) => classify(error, &mut connection.inner),
            };
            match fault {
                // After a restart of the server every pooled connection is dead; each is met once.
                Fault::Lost(reason) => {
                    connection.lost = true;
                    dead += 1;
                    if dead > self.size {
                        return Err(DbError::Unavailable { reason });
                    }
                }
                Fault::Again(reason) => {
                    if Instant::now() + pause > deadline {
                        return Err(DbError::Unavailable { reason });
                    }
                    drop(connection);
                    std::thread::sleep(pause.mul_f64(0.5 + rand::random::<f64>()));
                    pause = (pause * 2).min(Duration::from_millis(200));
                }
                Fault::Final(error) => return Err(error),
            }
        }
    }
}

fn attempt<T, E>(
    connection: &mut Pooled,
    transaction: Transaction,
    body: &mut impl FnMut(&mut AnyConnection) -> Step<T, E>,
) -> Step<T, E> {
    if transaction == Transaction::None {
        return body(&mut connection.inner);
    }
    begin(&mut connection.inner, transaction)?;
    match body(&mut connection.inner) {
        Ok(value) => commit(connection).map(|()| value),
        Err(abort) => {
            if roll_back(&mut connection.inner).is_err() {
                connection.lost = true;
            }
            Err(abort)
        }
    }
}

fn begin(connection: &mut AnyConnection, transaction: Transaction) -> diesel::QueryResult<()> {
    match connection {
        AnyConnection::Postgres(inner) => {
            let sql = match transaction {
                Transaction::Snapshot => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                Transaction::Write | Transaction::None => "BEGIN ISOLATION LEVEL READ COMMITTED",
            };
            AnsiTransactionManager::begin_transaction_sql(inner, sql)
        }
        AnyConnection::Sqlite(inner) => {
            // A transaction that reads first and writes later cannot wait for its turn.
            let sql = if transaction == Transaction::Write {
                "BEGIN IMMEDIATE"
            } else {
                "BEGIN"
            };
            AnsiTransactionManager::begin_transaction_sql(inner, sql)
        }
    }
}

fn commit<E>(connection: &mut Pooled) -> Step<(), E> {
    let Err(error) =
        each_backend!(&mut connection.inner, inner => AnsiTransactionManager::commit_transaction(inner))
    else {
        return Ok(());
    };
    // It may or may not have happened if the connection died: then it must not be tried again.
    match classify(error, &mut connection.inner) {
        Fault::Lost(reason) => {
            connection.lost = true;
            let reason = format!("the connection was lost while committing: {reason}");
            Err(Abort::Db(DbError::Unavailable { reason }))
        }
        Fault::Final(error) => {
            connection.lost = true;
            Err(Abort::Db(error))
        }
        Fault::Again(reason) => {
            let _ = roll_back(&mut connection.inner);
            connection.lost = true;
            Err(Abort::Query(diesel::result::Error::DatabaseError(
                diesel::result::DatabaseErrorKind::SerializationFailure,
                Box::new(reason),
            )))
        }
    }
}

fn roll_back(connection: &mut AnyConnection) -> diesel::QueryResult<()> {
    each_backend!(connection, inner => AnsiTransactionManager::rollback_transaction(inner))
}

/// One trip.
pub(super) fn probe(connection: &mut AnyConnection) -> diesel::QueryResult<()> {
    connection.batch_execute("SELECT 1")
}
