//! Quotes arguments so that a shell (bash, zsh) reads them back as they were, on one line.

use std::ffi::OsStr;

/// The word as a shell would have to be given it. Bytes that are not UTF-8 are replaced.
pub(crate) fn quote(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else if word.chars().any(char::is_control) {
        let mut text = String::from("$'");
        for c in word.chars() {
            match c {
                '\n' => text.push_str("\\n"),
                '\t' => text.push_str("\\t"),
                '\'' | '\\' => text.extend(['\\', c]),
                c if c.is_control() => text.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => text.push(c),
            }
        }
        text.push('\'');
        text
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn plain_words_stay_readable() {
        assert_eq!(quote("--kubeconfig=/a/b.yaml".as_ref()), "--kubeconfig=/a/b.yaml");
        assert_eq!(quote("".as_ref()), "''");
        assert_eq!(quote("{{.Names}} 🐣".as_ref()), "'{{.Names}} 🐣'");
    }

    #[test]
    fn bash_reads_back_what_was_quoted() {
        for word in [
            "it's",
            "a b",
            "$HOME `id` \"x\" \\",
            "two\nlines\tand a 'quote' \\ and \u{1b}[31m",
            "*?[x]",
            "#no",
        ] {
            let script = format!("printf %s {}", quote(word.as_ref()));
            let output = std::process::Command::new("bash")
                .args(["-c", &script])
                .env("LC_ALL", "C.UTF-8")
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), word);
        }
    }
}
