//! What a verb can fail with, whichever database it speaks to.

use diesel::result::{DatabaseErrorKind, Error};

use super::connection::AnyConnection;
use super::run::probe;

/// A verb failed for a reason that is no answer to its caller. Nothing of it was done, unless the connection was lost in
/// the very moment of the commit.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The database cannot be reached, went away or has no free connection. The same call may work soon.
    #[error("the database is not available: {reason}")]
    Unavailable {
        /// What happened.
        reason: String,
    },
    /// The disk of the database is full.
    #[error("the disk of the database is full: {reason}")]
    Full {
        /// What happened.
        reason: String,
    },
    /// Somebody else changed what the verb relied on: a lease was lost, an object was collected.
    #[error("another replica was faster: {0}")]
    Conflict(String),
    /// What was given to the verb does not fit the database: an import into one that is not empty, a damaged dump.
    #[error("{0}")]
    Refused(String),
    /// A fault of the program or of the schema.
    #[error("the database refused a query: {0}")]
    Fault(String),
}

/// What a failed query means for its transaction, which is undone.
pub(super) enum Fault {
    /// The connection is dead; another one may work.
    Lost(String),
    /// The database asks to try again: two transactions were in each other's way.
    Again(String),
    /// Trying again does not help.
    Final(DbError),
}

/// Sorts a fault of a query. What neither database says clearly is found out by asking the connection for a sign of life.
pub(super) fn classify(error: Error, connection: &mut AnyConnection) -> Fault {
    let (kind, text) = match error {
        Error::DatabaseError(kind, info) => (kind, info.message().to_owned()),
        Error::BrokenTransactionManager => return Fault::Lost("a transaction could not be ended".into()),
        Error::RollbackErrorOnCommit { commit_error, .. } => return classify(*commit_error, connection),
        other => return Fault::Final(DbError::Fault(other.to_string())),
    };
    match kind {
        DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection => Fault::Lost(text),
        DatabaseErrorKind::SerializationFailure => Fault::Again(text),
        DatabaseErrorKind::ReadOnlyTransaction => Fault::Final(DbError::Unavailable { reason: text }),
        _ if says(
            &text,
            &[
                "database is locked",
                "database table is locked",
                "deadlock detected",
            ],
        ) =>
        {
            Fault::Again(text)
        }
        _ if says(&text, &["disk is full", "No space left on device"]) => {
            Fault::Final(DbError::Full { reason: text })
        }
        _ if says(&text, &["statement timeout", "lock timeout"]) => {
            Fault::Final(DbError::Unavailable { reason: text })
        }
        DatabaseErrorKind::Unknown if probe(connection).is_err() => Fault::Lost(text),
        _ => Fault::Final(DbError::Fault(text)),
    }
}

fn says(text: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| text.contains(phrase))
}

/// Whether a query failed because a row with the same unique value is there.
pub(super) fn is_unique_violation(error: &Error) -> bool {
    matches!(error, Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
}
