//! What a verb can fail with, whichever database it speaks to.

use thiserror::Error;

/// A verb failed for a reason that is no answer to its caller. Nothing of it was done, unless the connection was lost in
/// the very moment of the commit.
#[derive(Debug, Error)]
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
