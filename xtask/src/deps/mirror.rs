//! `PLASMA_DEPS_MIRROR`: another place for all downloads.

use url::Url;

use crate::{context::Context, outcome::Failure};

/// Where to fetch an address from: `https://get.helm.sh/helm.tar.gz` with the mirror `https://mirror.example/base` is
/// `https://mirror.example/base/get.helm.sh/helm.tar.gz`. The sums stay those of the lock: a mirror need not be trusted.
///
/// # Errors
/// Exit code 2 when the mirror or the address is none.
pub(super) fn rewrite(context: &Context, address: &str) -> anyhow::Result<Url> {
    let address = Url::parse(address).ok().filter(is_web).ok_or_else(|| {
        Failure::usage(format!("deps/tools.yaml has a wrong url: {address}"))
            .advise("write one that begins with https://")
    })?;
    let Some(mirror) = context
        .vars
        .get("PLASMA_DEPS_MIRROR")
        .filter(|mirror| !mirror.is_empty())
    else {
        return Ok(address);
    };
    let mut mirror = Url::parse(mirror).ok().filter(is_web).ok_or_else(|| {
        // Not repeated: it may hold a password.
        Failure::usage("PLASMA_DEPS_MIRROR is wrong")
            .because("it is not an address that begins with https:// or http://")
            .advise("set it to the mirror's base, like https://mirror.example/base")
    })?;
    let host = match address.port() {
        Some(port) => format!("{}:{port}", address.host_str().unwrap_or_default()),
        None => address.host_str().unwrap_or_default().to_owned(),
    };
    let path = format!("{}/{host}{}", mirror.path().trim_end_matches('/'), address.path());
    mirror.set_path(&path);
    mirror.set_query(address.query());
    Ok(mirror)
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "https" | "http") && url.has_host()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn with(mirror: &str) -> Context {
        Context {
            root: "/".into(),
            state: "/".into(),
            cache: "/".into(),
            vars: BTreeMap::from([("PLASMA_DEPS_MIRROR".to_owned(), mirror.to_owned())]),
        }
    }

    #[test]
    fn the_host_becomes_the_first_folder_of_the_mirror() {
        let helm = "https://get.helm.sh/helm-v4.tar.gz";
        for (mirror, url) in [
            ("", helm),
            (
                "https://mirror.example/base",
                "https://mirror.example/base/get.helm.sh/helm-v4.tar.gz",
            ),
            (
                "http://127.0.0.1:81/",
                "http://127.0.0.1:81/get.helm.sh/helm-v4.tar.gz",
            ),
        ] {
            assert_eq!(rewrite(&with(mirror), helm).unwrap().as_str(), url);
        }
        assert_eq!(
            rewrite(&with("http://m"), "https://host:8443/a%20b?c=d")
                .unwrap()
                .as_str(),
            "http://m/host:8443/a%20b?c=d"
        );
    }

    #[test]
    fn a_wrong_mirror_is_refused_and_not_repeated() {
        let error = rewrite(&with("ftp://me:secret@mirror"), "https://a/b").unwrap_err();
        assert_eq!(error.to_string(), "PLASMA_DEPS_MIRROR is wrong");
        assert!(!format!("{error:?}").contains("secret"));
        assert!(rewrite(&with(""), "kind").is_err());
    }
}
