//! Passwords that everybody knows, from manuals and examples. Staging and production refuse them.

/// Whole values, in lower case.
const WORDS: &[&str] = &[
    "1234567890",
    "123456789",
    "12345678",
    "admin",
    "administrator",
    "akiaiosfodnn7example",
    "default",
    "hunter2",
    "letmein",
    "minio",
    "minio123",
    "passw0rd",
    "password",
    "password1",
    "photos",
    "postgres",
    "postgresql",
    "qwertyuiop",
    "redis",
    "root",
    "secret",
    "test",
    "wjalrxutnfemi/k7mdeng/bpxrficyexamplekey",
];

/// Parts that give a value away as a placeholder, in lower case without `-`, `_` and spaces.
const PARTS: &[&str] = &[
    "changeme",
    "changethis",
    "replaceme",
    "insecure",
    "minioadmin",
    "notsecret",
    "yoursecret",
];

/// Whether a secret is a known default: a word of manuals, a placeholder, or one that repeats a few characters.
pub(crate) fn is_known_default(secret: &str) -> bool {
    let lower = secret.trim().to_lowercase();
    let squeezed: String = lower.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).collect();
    let mut distinct: Vec<char> = squeezed.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    WORDS.contains(&lower.as_str())
        || WORDS.iter().any(|word| squeezed.replace(word, "").is_empty())
        || PARTS.iter().any(|part| squeezed.contains(part))
        || distinct.len() < 4
        || squeezed.contains("0123456789abcdef0123456789abcdef")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_manuals_print_is_known() {
        for secret in [
            "minioadmin",
            "Postgres",
            "change-me-change-me-change-me-change-me",
            "django-insecure-x8(1!d93kfj29dkfj20dkf",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "0123456789abcdef0123456789abcdef",
            "AKIAIOSFODNN7EXAMPLE",
            "secret-secret-secret-secret-secret",
        ] {
            assert!(is_known_default(secret), "{secret}");
        }
    }

    #[test]
    fn what_nobody_knows_is_left_alone() {
        for secret in [
            "correct horse battery staple",
            "Wq7nTzL0rKpYbS3dVxHc",
            "AKIAQ7XH3NZP5RLM2TWV",
        ] {
            assert!(!is_known_default(secret), "{secret}");
        }
    }
}
