//! `photosctl` as a program: what it prints, keeps and exits with.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use wiremock::matchers::{body_json, body_string_contains, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{photo, problem, tokens, user};

struct Ctl {
    url: String,
    home: tempfile::TempDir,
}

struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Ctl {
    fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            home: tempfile::tempdir().unwrap(),
        }
    }

    async fn run(&self, args: &[&str], envs: &[(&str, &str)]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_photosctl"));
        command
            .args(args)
            .env_clear()
            .env("PHOTOSCTL_URL", &self.url)
            .env("PHOTOSCTL_CONFIG_DIR", self.home.path());
        command.envs(envs.iter().copied()).stdin(Stdio::null());
        let Output {
            status,
            stdout,
            stderr,
        } = tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap();
        Ran {
            code: status.code().unwrap(),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    fn token_files(&self) -> Vec<std::path::PathBuf> {
        let entries = self
            .home
            .path()
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().path());
        entries
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .collect()
    }
}

async fn with_login() -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path("/api/v1/auth/token"))
        .and(body_json(json!({"username":"ann","password":"correct horse"})))
        .respond_with(ResponseTemplate::new(200).set_body_json(tokens(1)))
        .mount(&server)
        .await;
    Mock::given(path("/api/v1/users/me"))
        .and(header("authorization", "Bearer access-1"))
        .respond_with(ResponseTemplate::new(200).set_body_json(user()))
        .mount(&server)
        .await;
    server
}

#[tokio::test]
async fn a_login_lasts_until_the_logout() {
    let server = with_login().await;
    Mock::given(path("/api/v1/auth/logout"))
        .respond_with(ResponseTemplate::new(204))
        .expect(1)
        .mount(&server)
        .await;
    let ctl = Ctl::new(&server.uri());
    let login = ctl
        .run(&["login", "ann"], &[("PHOTOSCTL_PASSWORD", "correct horse")])
        .await;
    assert_eq!((login.code, login.stderr.as_str()), (0, ""), "{}", login.stdout);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let files = ctl.token_files();
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let who = ctl.run(&["whoami", "--json"], &[]).await;
    assert_eq!(
        serde_json::from_str::<Value>(&who.stdout).unwrap()["username"],
        "ann"
    );
    assert_eq!(ctl.run(&["logout"], &[]).await.code, 0);
    assert_eq!(ctl.token_files().len(), 0);
}

#[tokio::test]
async fn a_password_is_no_argument() {
    let ctl = Ctl::new("http://127.0.0.1:1");
    let ran = ctl.run(&["login", "ann", "correct horse"], &[]).await;
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    let ran = ctl.run(&["login", "ann"], &[]).await;
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("PHOTOSCTL_PASSWORD"), "{}", ran.stderr);
}

#[tokio::test]
async fn errors_say_what_to_do() {
    let ctl = Ctl::new("http://127.0.0.1:1");
    let ran = ctl.run(&["list"], &[]).await;
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("http://127.0.0.1:1/") && ran.stderr.contains("--url"),
        "{}",
        ran.stderr
    );

    let server = MockServer::start().await;
    Mock::given(path("/api/v1/users/me"))
        .respond_with(problem(401, "unauthenticated"))
        .mount(&server)
        .await;
    let ran = Ctl::new(&server.uri()).run(&["whoami"], &[]).await;
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("photosctl login"), "{}", ran.stderr);

    let ran = Ctl::new("nonsense").run(&["whoami"], &[]).await;
    assert_eq!(ran.code, 2, "{}", ran.stderr);
}

#[tokio::test]
async fn lists_are_tables_or_json_lines() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v1/photos"))
        .and(query_param("tag", "sea,dawn"))
        .and(query_param("ordering", "-created_at"))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!({"next":null,"previous":null,"results":[photo("Pier"), photo("Boat")]})),
        )
        .mount(&server)
        .await;
    let ctl = Ctl::new(&server.uri());
    let args = ["list", "--tag", "sea,dawn", "--order", "-created_at"];
    let table = ctl.run(&args, &[]).await;
    assert_eq!(table.code, 0, "{}", table.stderr);
    insta::assert_snapshot!(table.stdout);
    let lines = ctl.run(&[&args[..], &["--json"]].concat(), &[]).await.stdout;
    let names: Vec<_> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["name"].clone())
        .collect();
    assert_eq!(names, ["Pier", "Boat"]);
}

#[tokio::test]
async fn an_upload_goes_on_over_failures() {
    let server = MockServer::start().await;
    let create = || Mock::given(method("POST")).and(path("/api/v1/photos"));
    create()
        .and(body_string_contains("not a picture"))
        .respond_with(problem(415, "unsupported-image"))
        .with_priority(1)
        .expect(1)
        .mount(&server)
        .await;
    create()
        .and(body_string_contains("name=\"draft\"\r\n\r\ntrue"))
        .and(body_string_contains("at #sea"))
        .respond_with(ResponseTemplate::new(201).set_body_json(photo("Pier")))
        .expect(2)
        .mount(&server)
        .await;
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [("1.jpg", "one"), ("2.jpg", "not a picture"), ("3.png", "three")] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let at = |path: &Path| path.to_str().unwrap().to_owned();
    let args = ["upload", "--draft", "--caption", "at #sea", &at(folder.path())];
    let ran = Ctl::new(&server.uri()).run(&args, &[]).await;
    assert_eq!(ran.code, 1);
    assert_eq!(ran.stdout.lines().count(), 2, "{}", ran.stdout);
    assert!(
        ran.stderr.contains("2.jpg: no (415 unsupported-image)"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.ends_with("2 uploaded, 1 failed\n"), "{}", ran.stderr);
}

#[tokio::test]
async fn changes_tell_of_each_photo() {
    let server = MockServer::start().await;
    let ids = [
        "0199a3c4-5b6d-7e8f-9012-3456789abcde",
        "0199a3c4-5b6d-7e8f-9012-3456789abcdf",
    ];
    Mock::given(path("/api/v1/photos/batch/delete"))
        .and(query_param("mode", "each"))
        .and(body_json(json!({"ids":ids})))
        .respond_with(
            ResponseTemplate::new(207).set_body_json(json!({"succeeded":1,"failed":1,"results":[
            {"index":0,"id":ids[0],"status":204},
            {"index":1,"id":ids[1],"status":403,"problem":crate::problem_json(403, "forbidden")}]})),
        )
        .mount(&server)
        .await;
    let ran = Ctl::new(&server.uri())
        .run(&["delete", ids[0], ids[1], ids[0]], &[])
        .await;
    assert_eq!(ran.code, 1);
    assert_eq!(ran.stdout, format!("deleted {}\n", ids[0]));
    assert_eq!(ran.stderr, format!("failed {}: no (403 forbidden)\n", ids[1]));
}
