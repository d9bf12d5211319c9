//! The program itself: its commands, its log, its exit codes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The program, with an environment of its own in a folder.
fn photos(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_photos"));
    let path = folder.path().display();
    command
        .args(arguments)
        .env_clear()
        .env("PS_LISTEN", "127.0.0.1:0")
        .env("PS_INTERNAL_LISTEN", "127.0.0.1:0")
        .env("PS_DATABASE_URL", format!("sqlite://{path}/photos.sqlite"))
        .env("PS_STORE_URL", format!("file://{path}/objects"))
        .env("PS_SPOOL_DIR", format!("{path}/spool"))
        .env("PS_JWT_SECRET", "a secret of the tests, not of anybody")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(mut command: Command, stdin: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_migration_says_what_it_did_and_waits_for_a_database_only_if_told() {
    let folder = TempDir::new().unwrap();
    let first = run(photos(&folder, &["migrate"]), "");
    assert!(first.status.success() && !first.stdout.is_empty());
    let second = run(photos(&folder, &["migrate", "--wait", "1m"]), "");
    assert!(second.status.success() && second.stdout.is_empty());

    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let absent = |arguments: &[&str]| {
        let mut command = photos(&folder, arguments);
        command
            .env("PS_DATABASE_URL", format!("postgres://photos@{address}/photos"))
            .env("PS_DATABASE_PASSWORD", "of nobody");
        command
    };
    let refused = run(absent(&["migrate"]), "");
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("the database is not available"));

    let mut waiting = absent(&["migrate", "--wait", "1h"]).spawn().unwrap();
    let lines = BufReader::new(waiting.stderr.take().unwrap()).lines();
    let told = lines
        .map_while(Result::ok)
        .find(|line| line.contains("waiting for the database"));
    assert!(told.is_some());
    assert!(waiting.try_wait().unwrap().is_none());
    waiting.kill().unwrap();
    waiting.wait().unwrap();
}

#[test]
fn a_migration_does_not_wait_for_a_wrong_password_to_become_right() {
    let folder = TempDir::new().unwrap();
    let address = refusing_postgres("password authentication failed for user \"photos\"");
    let mut command = photos(&folder, &["migrate", "--wait", "1h"]);
    command
        .env("PS_DATABASE_URL", format!("postgres://photos@{address}/photos"))
        .env("PS_DATABASE_PASSWORD", "of somebody else");
    let refused = run(command, "");
    assert_eq!(refused.status.code(), Some(2), "a fault of the configuration");
    let told = text(&refused.stderr);
    assert!(told.contains("password authentication failed"), "{told}");
    assert!(
        told.contains("correct PS_DATABASE_URL or PS_DATABASE_PASSWORD"),
        "{told}"
    );
}

/// Where something listens that answers every login as PostgreSQL does, with this error.
fn refusing_postgres(message: &'static str) -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut length = [0; 4];
            stream.read_exact(&mut length).unwrap();
            let rest = u64::from(u32::from_be_bytes(length)) - 4;
            std::io::copy(&mut (&stream).take(rest), &mut std::io::sink()).unwrap();
            let fields = format!("SFATAL\0VFATAL\0C28P01\0M{message}\0\0");
            let mut answer = vec![b'E'];
            answer.extend(u32::try_from(fields.len() + 4).unwrap().to_be_bytes());
            answer.extend(fields.as_bytes());
            stream.write_all(&answer).unwrap();
        }
    });
    address
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let folder = TempDir::new().unwrap();
    let mut command = photos(&folder, &["openapi"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
}

#[test]
fn users_are_made_listed_and_given_passwords() {
    let folder = TempDir::new().unwrap();
    let made = run(
        photos(&folder, &["users", "create", "ann", "--staff"]),
        "correct horse\n",
    );
    assert!(made.status.success(), "{}", text(&made.stderr));
    let again = run(photos(&folder, &["users", "create", "ann"]), "correct horse\n");
    assert_eq!(again.status.code(), Some(1));
    assert!(
        text(&again.stderr).contains("photos users passwd ann"),
        "{}",
        text(&again.stderr)
    );
    let short = run(photos(&folder, &["users", "create", "bob"]), "short\n");
    assert!(
        text(&short.stderr).contains("10–128 characters"),
        "{}",
        text(&short.stderr)
    );

    let list = run(photos(&folder, &["users", "list", "--json"]), "");
    let users: Vec<Value> = text(&list.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(users.len(), 1);
    assert_eq!(users[0]["id"], text(&made.stdout).trim());
    assert_eq!(
        (&users[0]["username"], &users[0]["is_staff"]),
        (&"ann".into(), &true.into())
    );

    let changed = run(photos(&folder, &["users", "passwd", "ann"]), "battery staple\n");
    assert!(changed.status.success(), "{}", text(&changed.stderr));
    let nobody = run(
        photos(&folder, &["users", "passwd", "nobody"]),
        "battery staple\n",
    );
    assert_eq!(nobody.status.code(), Some(1));
}

#[test]
fn the_document_needs_no_environment() {
    let printed = Command::new(env!("CARGO_BIN_EXE_photos"))
        .arg("openapi")
        .env_clear()
        .output()
        .unwrap();
    let document: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert!(document["paths"]["/api/v1/auth/token"]["post"].is_object());
}

#[test]
fn every_wrong_variable_is_named_before_anything_starts() {
    let folder = TempDir::new().unwrap();
    let mut command = photos(&folder, &[]);
    command
        .env("PS_MAX_SIDE", "many")
        .env("PS_JWT_SECRT", "x")
        .env_remove("PS_STORE_URL");
    let refused = command.output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    for name in ["PS_MAX_SIDE", "PS_JWT_SECRT", "PS_STORE_URL"] {
        assert!(
            text(&refused.stderr).contains(name),
            "{name}: {}",
            text(&refused.stderr)
        );
    }
    assert!(!folder.path().join("photos.sqlite").exists());
}

type Lines = std::io::Lines<BufReader<std::process::ChildStderr>>;

/// A service that logs JSON, the address that it listens on, and its further lines.
fn serve(folder: &TempDir) -> (Child, String, Lines) {
    let mut child = photos(folder, &["serve"])
        .env("PS_LOG_FORMAT", "json")
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let listening = said(&mut lines, "listening");
    let address = listening["public"].as_str().unwrap().to_owned();
    (child, address, lines)
}

/// The next line with this message.
fn said(lines: &mut Lines, message: &str) -> Value {
    loop {
        let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        if line["message"] == message {
            return line;
        }
    }
}

/// Its exit code after SIGTERM.
fn terminate(child: &mut Child) -> Option<i32> {
    let told = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(told.success());
    child.wait().unwrap().code()
}

#[test]
fn it_serves_until_sigterm_and_logs_json() {
    let folder = TempDir::new().unwrap();
    let (mut child, address, mut lines) = serve(&folder);
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    let request =
        "GET /api/v1/users/me HTTP/1.1\r\nHost: photos\r\nX-Request-Id: mine\r\nConnection: close\r\n\r\n";
    socket.write_all(request.as_bytes()).unwrap();
    let answer = std::io::read_to_string(socket).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    let line = said(&mut lines, "answered");
    assert_eq!(
        (&line["route"], &line["status"]),
        (&"/api/v1/users/me".into(), &401.into())
    );
    assert_eq!(
        (&line["method"], &line["client"]),
        (&"GET".into(), &"127.0.0.1".into())
    );
    assert_eq!(line["span"]["request_id"], "mine");
    assert!(line["ms"].is_number());

    assert_eq!(terminate(&mut child), Some(0));
}

#[test]
fn a_log_that_nobody_reads_is_no_reason_to_drop_a_call_or_to_live_on() {
    let folder = TempDir::new().unwrap();
    let (mut child, address, lines) = serve(&folder);
    drop(lines);
    for _ in 0..2 {
        let mut socket = std::net::TcpStream::connect(&address).unwrap();
        let request = "GET /api/v1/photos HTTP/1.1\r\nHost: photos\r\nConnection: close\r\n\r\n";
        socket.write_all(request.as_bytes()).unwrap();
        let answer = std::io::read_to_string(socket).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    assert_eq!(terminate(&mut child), Some(0));
}

#[tokio::test]
async fn the_log_tells_the_whole_cause_of_a_failed_call() {
    let folder = TempDir::new().unwrap();
    let made = run(photos(&folder, &["users", "create", "ann"]), "correct horse\n");
    assert!(made.status.success(), "{}", text(&made.stderr));
    let (mut child, address, mut lines) = serve(&folder);
    let client = photos_client::Client::new(&format!("http://{address}")).unwrap();
    client.auth().login("ann", "correct horse").await.unwrap();
    let spool = folder.path().join("spool");
    std::fs::remove_dir_all(&spool).unwrap();
    std::fs::write(&spool, "no folder").unwrap();

    let mut picture = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(64, 48)
        .write_to(&mut picture, image::ImageFormat::Png)
        .unwrap();
    let photo = photos_client::NewPhoto::from_bytes("Pier", picture.into_inner());
    let refused = client.photos().create(photo).await.unwrap_err();
    assert_eq!(refused.problem().unwrap().status, 500);
    let line = said(&mut lines, "a call failed");
    let cause = line["cause"].as_str().unwrap();
    assert!(
        cause.contains("the spool failed: ") && cause.contains("os error"),
        "{cause}"
    );
    assert_eq!(terminate(&mut child), Some(0));
}
