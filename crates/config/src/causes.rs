//! Errors in one line, for a process that ends because of one.

use std::error::Error;

/// An error and its causes, from the outermost in, without those that the text before them already tells: some errors
/// repeat their cause, for they are also shown alone.
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot listen: {0}; choose another address")]
    struct Repeats(#[source] io::Error);

    #[derive(Debug, thiserror::Error)]
    #[error("cannot start")]
    struct Leaves(#[source] Repeats);

    #[test]
    fn no_cause_is_left_out_and_none_is_told_twice() {
        let error = Leaves(Repeats(io::Error::other("the address is taken")));
        assert_eq!(
            with_causes(&error),
            "cannot start: cannot listen: the address is taken; choose another address"
        );
    }
}
