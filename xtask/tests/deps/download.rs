//! `plasma deps fetch` against a server that misbehaves: the right bytes come into the cache, or none.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{sys::signal::Signal, unistd::Pid};
use sha2::{Digest, Sha256};

use super::faulty::{Answer, Faulty};
use super::locked::{Place, SIZE, archive, program, stderr};

/// What comes of a script, and the first bytes that were asked for.
fn after(script: impl IntoIterator<Item = Answer>) -> (Output, Vec<Option<usize>>) {
    let server = Faulty::serve(program(), script);
    let place = Place::with_kind(&program());
    let output = place.fetch("kind", &server);
    if output.status.success() {
        assert!(place.fetched(&output) == program());
    } else {
        assert!(!place.has("kind"), "{}", stderr(&output));
    }
    (output, server.ranges())
}

#[test]
fn a_download_goes_through_the_mirror_and_is_made_once() {
    let server = Faulty::serve(program(), []);
    let place = Place::with_kind(&program());
    let output = place.fetch("kind", &server);
    assert!(place.fetched(&output) == program());
    assert!(place.fetched(&place.fetch("kind", &server)) == program());
    let paths: Vec<String> = server
        .requests()
        .into_iter()
        .map(|request| request.path)
        .collect();
    assert_eq!(paths, ["/mirror/kind.example/v0.31.0/kind?raw=1"]);
    let text = stderr(&output);
    assert!(text.contains("kind 0.31.0: downloading from 127.0.0.1"), "{text}");
    assert!(!text.contains('\u{1b}'), "a pipe gets plain lines: {text}");
}

#[test]
fn a_cut_connection_is_resumed_where_it_broke() {
    let (output, ranges) = after([Answer::CutAfter(100_000), Answer::CutAfter(50_000)]);
    assert_eq!(ranges, [None, Some(100_000), Some(150_000)]);
    assert!(
        stderr(&output).contains("the connection broke after 100000 bytes"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn what_has_come_is_not_asked_for_again_by_the_next_process() {
    let server = Faulty::serve(program(), [Answer::CutAfter(100_000), Answer::Status(404)]);
    let place = Place::with_kind(&program());
    assert_eq!(place.fetch("kind", &server).status.code(), Some(1));
    assert!(place.has("kind.part"));
    assert!(place.fetched(&place.fetch("kind", &server)) == program());
    assert_eq!(server.ranges(), [None, Some(100_000), Some(100_000)]);
}

#[test]
fn a_server_that_knows_no_ranges_sends_all_of_it() {
    let (output, ranges) = after([Answer::CutAfter(100_000), Answer::IgnoreRange]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(ranges, [None, Some(100_000)]);
}

#[test]
fn another_range_than_the_one_asked_for_is_not_taken() {
    let (output, ranges) = after([Answer::CutAfter(100_000), Answer::OtherRange]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(ranges, [None, Some(100_000), None]);
}

#[test]
fn a_length_that_is_a_lie_is_found_out() {
    let (output, ranges) = after([Answer::TooLong(500)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(ranges, [None, Some(SIZE)]);

    let (output, ranges) = after([Answer::TooShort(500)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(ranges, [None, None]);
}

#[test]
fn a_wrong_byte_is_never_taken() {
    let (output, ranges) = after([Answer::WrongByte]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(ranges, [None, None]);

    let (output, ranges) = after([Answer::WrongByte, Answer::WrongByte]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(ranges, [None, None]);
    let text = stderr(&output);
    assert!(text.contains("error: kind 0.31.0 cannot be downloaded"), "{text}");
    assert!(
        text.contains("is not what the lock says: its SHA-256 is"),
        "{text}"
    );
    assert!(text.contains(&hex::encode(Sha256::digest(program()))), "{text}");
}

#[test]
fn a_page_instead_of_the_file_is_named_as_one() {
    let (output, _) = after([Answer::Page, Answer::Page]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("it is an HTML page of 45 bytes"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_file_that_does_not_exist_is_asked_for_once() {
    let (output, ranges) = after([Answer::Status(404)]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(ranges.len(), 1);
    let text = stderr(&output);
    assert!(text.contains("answers 404 Not Found"), "{text}");
    assert!(
        text.contains("do: check the version and the address in deps/tools.yaml"),
        "{text}"
    );
}

#[test]
fn a_busy_server_is_asked_again() {
    let (output, ranges) = after([Answer::Status(503), Answer::Status(429), Answer::Close]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(ranges.len(), 4);
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let (output, ranges) = after(vec![Answer::Close; 9]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(ranges.len(), 5);
    assert!(
        stderr(&output).contains("failed 5 times in a row"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn redirects_are_followed() {
    let server = Faulty::serve(program(), [Answer::Redirect("/elsewhere/kind")]);
    let place = Place::with_kind(&program());
    assert!(place.fetched(&place.fetch("kind", &server)) == program());
    assert_eq!(server.requests()[1].path, "/elsewhere/kind");
}

#[test]
fn without_a_network_one_error_says_what_is_missing_and_what_helps() {
    // A port that was just free: nobody listens on it.
    let address = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let place = Place::with_kind(&program());
    let output = place
        .command(&["fetch", "kind"], &format!("http://{address}"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(text.contains("error: kind 0.31.0 cannot be downloaded"), "{text}");
    assert!(text.contains("127.0.0.1 cannot be reached"), "{text}");
    assert!(
        text.contains("PLASMA_DEPS_MIRROR") && text.contains("PLASMA_DEPS=system"),
        "{text}"
    );
}

#[test]
fn rubbish_that_was_left_behind_is_thrown_away() {
    let server = Faulty::serve(program(), [Answer::CutAfter(1000), Answer::Status(404)]);
    let place = Place::with_kind(&program());
    place.fetch("kind", &server);
    fs::write(place.slot("kind").join("kind.part"), [7; 2000]).unwrap();
    assert!(place.fetched(&place.fetch("kind", &server)) == program());
    fs::remove_file(place.slot("kind").join("kind")).unwrap();
    fs::write(place.slot("kind").join("kind.part"), vec![7; SIZE + 1]).unwrap();
    assert!(place.fetched(&place.fetch("kind", &server)) == program());
}

#[test]
fn two_processes_at_once_make_one_download() {
    let server = Faulty::serve(program(), []);
    let place = Place::with_kind(&program());
    let mirror = format!("http://{}", server.address);
    let both: Vec<_> = (0..2)
        .map(|_| {
            place
                .command(&["fetch", "kind"], &mirror)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for process in both {
        assert!(place.fetched(&process.wait_with_output().unwrap()) == program());
    }
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn ctrl_c_ends_with_130_and_keeps_what_has_come() {
    let server = Faulty::serve(program(), [Answer::HoldAfter(100_000)]);
    let place = Place::with_kind(&program());
    let mirror = format!("http://{}", server.address);
    let mut command = place.command(&["fetch", "kind"], &mirror);
    let process = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    let arrived = || {
        let part = place.folder.path().join("cache/deps/kind");
        let slots = fs::read_dir(part).into_iter().flatten().flatten();
        slots
            .filter_map(|slot| fs::metadata(slot.path().join("kind.part")).ok())
            .any(|part| part.len() == 100_000)
    };
    while !arrived() {
        assert!(begin.elapsed() < Duration::from_secs(60), "nothing comes");
        thread::sleep(Duration::from_millis(10));
    }
    let pid = Pid::from_raw(process.id().try_into().unwrap());
    nix::sys::signal::kill(pid, Signal::SIGINT).unwrap();
    let output = process.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("it goes on where this one ended"),
        "{}",
        stderr(&output)
    );
    assert!(place.fetched(&place.fetch("kind", &server)) == program());
    assert_eq!(server.ranges(), [None, Some(100_000)]);
}

#[test]
fn an_archive_is_unpacked_after_its_sum_fits() {
    let helm =
        "helm: {version: 4.1.4, url: 'https://helm.example/helm.tar.gz', archive: tar.gz, path: 'linux/helm'";
    let packed = archive("linux/helm", &program());
    let server = Faulty::serve(packed.clone(), [Answer::WrongByte]);
    let place = Place::with(helm, &packed);
    assert!(place.fetched(&place.fetch("helm", &server)) == program());
    assert_eq!(server.requests().len(), 2);

    let packed = archive("linux/other", &program());
    let server = Faulty::serve(packed.clone(), []);
    let place = Place::with(helm, &packed);
    let output = place.fetch("helm", &server);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("the archive of helm has no linux/helm"),
        "{}",
        stderr(&output)
    );
    assert!(!place.slot("helm").join("helm").exists());
}

#[test]
fn the_same_program_on_path_is_taken_without_a_download() {
    let server = Faulty::serve(program(), []);
    let place = Place::with_kind(&program());
    let own = place.folder.path().join("bin/kind");
    fs::write(&own, program()).unwrap();
    fs::set_permissions(&own, fs::Permissions::from_mode(0o700)).unwrap();
    let output = place.fetch("kind", &server);
    assert!(place.fetched(&output) == program());
    assert!(
        stderr(&output).contains("which is the locked one"),
        "{}",
        stderr(&output)
    );
    assert_eq!(server.requests(), []);
}

#[test]
fn offline_takes_what_is_there_and_asks_nobody() {
    let server = Faulty::serve(program(), []);
    let place = Place::with_kind(&program());
    let mirror = format!("http://{}", server.address);
    let offline = || {
        place
            .command(&["fetch", "kind"], &mirror)
            .env("PLASMA_DEPS", "offline")
            .output()
            .unwrap()
    };
    let output = offline();
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(text.contains("error: kind 0.31.0 is not in the cache"), "{text}");
    assert!(text.contains("cargo xtask deps fetch"), "{text}");
    assert_eq!(server.requests(), []);

    place.fetch("kind", &server);
    assert!(place.fetched(&offline()) == program());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn the_plan_says_from_where_to_where_and_touches_nothing() {
    let place = Place::with_kind(&program());
    let plan = place
        .command(
            &["fetch", "kind", "--plan"],
            "https://me:secret@mirror.example/base/",
        )
        .output()
        .unwrap();
    assert_eq!(plan.status.code(), Some(0), "{}", stderr(&plan));
    insta::assert_snapshot!("the_plan_of_a_download", place.anonymous(&plan));
    assert!(!place.folder.path().join("cache").exists());

    let server = Faulty::serve(program(), []);
    place.fetched(&place.fetch("kind", &server));
    let again = place.command(&["fetch", "kind", "--plan"], "").output().unwrap();
    insta::assert_snapshot!("the_plan_of_a_download_that_is_there", place.anonymous(&again));
}

#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let server = Faulty::serve(program(), []);
    let place = Place::with_kind(&program());
    fs::write(place.folder.path().join("cache"), "a file").unwrap();
    let output = place.fetch("kind", &server);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("cannot write"), "{}", stderr(&output));
}
