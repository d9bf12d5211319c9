//! `plasma hosts` on copies of a hosts file.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, symlink},
        process::CommandExt,
    },
    path::PathBuf,
    process::{Command, Output},
};

const BEFORE: &str =
    "127.0.0.1\tlocalhost\r\n::1 localhost ip6-localhost\r\n127.0.0.1 twice\r\n127.0.0.1 twice\r\n# the end";

struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn with(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("hosts"), text).unwrap();
        Self { folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("hosts")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }

    /// A workspace whose only cluster is hmlet.
    fn workspace(&self) -> PathBuf {
        let workspace = self.folder.path().join("root");
        for (path, text) in [
            ("Cargo.toml", ""),
            ("xtask/Cargo.toml", ""),
            (
                "clusters/hmlet/cluster.yaml",
                include_str!("../../clusters/hmlet/cluster.yaml"),
            ),
        ] {
            fs::create_dir_all(workspace.join(path).parent().unwrap()).unwrap();
            fs::write(workspace.join(path), text).unwrap();
        }
        workspace
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plasma"));
        command
            .arg("hosts")
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_clear()
            .env("PATH", self.folder.path().join("bin"))
            .env("PLASMA_STATE_DIR", self.folder.path().join("state"))
            .env("PLASMA_HOSTS_FILE", self.file());
        command
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments:?}: {}",
            stderr(&output)
        );
        String::from_utf8(output.stdout).unwrap()
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn names_come_and_go_and_the_rest_stays_to_the_byte() {
    let machine = Machine::with(BEFORE);
    machine.run(&["add"]);
    let text = machine.text();
    assert!(text.starts_with(BEFORE), "{text}");
    assert!(
        !text.contains("citygroves.minio"),
        "it has no object store: {text}"
    );
    for name in [
        "hmlet.photos.local",
        "hmlet.photos.test.localhost",
        "hmlet.minio.local.localhost",
    ] {
        assert!(
            text.contains(&format!("\r\n127.0.0.1 {name}\r\n")),
            "{name}: {text}"
        );
    }
    assert!(
        !text.contains("production"),
        "what is not on this machine has no name here"
    );
    machine.run(&["add"]);
    assert_eq!(machine.text(), text, "twice is once");
    machine.run(&["remove"]);
    assert_eq!(machine.text(), BEFORE);
    machine.run(&["remove"]);
    assert_eq!(machine.text(), BEFORE);
}

#[test]
fn stale_names_go() {
    let stale =
        "127.0.0.1 localhost\n# BEGIN plasma\n127.0.0.1 hmlet.blog.local\n# END plasma\n127.0.0.1 mine\n";
    let machine = Machine::with(stale);
    assert!(
        machine
            .run(&["list"])
            .contains("stale    127.0.0.1 hmlet.blog.local")
    );
    machine.run(&["add"]);
    assert!(!machine.text().contains("hmlet.blog.local"));
    assert!(machine.text().ends_with("# END plasma\n127.0.0.1 mine\n"));
    let list: serde_json::Value = serde_json::from_str(&machine.run(&["list", "--json"])).unwrap();
    assert_eq!(list["stale"].as_array().unwrap().len(), 0);
    assert!(
        list["names"]
            .as_array()
            .unwrap()
            .iter()
            .all(|name| name["present"] == true)
    );
}

#[test]
fn the_plan_is_a_diff_and_touches_nothing() {
    let machine = Machine::with(BEFORE);
    // With one cluster alone: another one changes no plan.
    let workspace = machine.workspace();
    let told = |arguments: &[&str]| {
        let output = machine
            .command(arguments)
            .current_dir(&workspace)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        text.replace(&machine.folder.path().display().to_string(), "TMP")
    };
    insta::assert_snapshot!("the_plan_of_add", told(&["add", "--plan"]));
    assert_eq!(machine.text(), BEFORE);
    told(&["add"]);
    let added = machine.text();
    insta::assert_snapshot!("the_plan_of_remove", told(&["remove", "--plan"]));
    assert_eq!(machine.text(), added);
}

#[test]
fn mode_and_symbolic_link_stay() {
    let machine = Machine::with(BEFORE);
    let real = machine.folder.path().join("real");
    fs::rename(machine.file(), &real).unwrap();
    symlink("real", machine.file()).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o664)).unwrap();
    machine.run(&["add"]);
    assert!(fs::symlink_metadata(machine.file()).unwrap().is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().mode() & 0o7777, 0o664);
    assert!(fs::read_to_string(&real).unwrap().contains("hmlet.photos.local"));
}

#[test]
fn a_damaged_block_is_not_touched() {
    let damaged = "127.0.0.1 localhost\n# BEGIN plasma\n127.0.0.1 mine\n";
    let machine = Machine::with(damaged);
    for action in ["add", "remove", "list"] {
        let output = machine.command(&[action]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(
            stderr(&output).contains("begins in line 2"),
            "{}",
            stderr(&output)
        );
    }
    assert_eq!(machine.text(), damaged);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let output = Machine::with("")
        .command(&["add", "--file", "/nowhere/hosts"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("cannot read /nowhere/hosts"),
        "{}",
        stderr(&output)
    );
}

/// Root may write everything, so this plays somebody else; a tester who is not root has no need to.
#[test]
fn who_may_not_write_is_helped_by_sudo_with_one_step() {
    let machine = Machine::with("127.0.0.1 localhost\n");
    let folder = machine.folder.path();
    // The program must be where everybody may run it.
    let plasma = folder.join("plasma");
    let built = PathBuf::from(env!("CARGO_BIN_EXE_plasma"));
    fs::hard_link(&built, &plasma)
        .or_else(|_| fs::copy(&built, &plasma).map(drop))
        .unwrap();
    let workspace = machine.workspace();
    let system = folder.join("system");
    fs::create_dir(&system).unwrap();
    let hosts = system.join("hosts");
    fs::rename(machine.file(), &hosts).unwrap();
    let told = folder.join("told");
    fs::create_dir_all(folder.join("bin")).unwrap();
    let sudo = folder.join("bin/sudo");
    let script = format!(
        "#!/bin/sh\necho \"$*\" >'{0}/arguments'\ncat >'{0}/content'\n",
        told.display()
    );
    fs::write(&sudo, script).unwrap();
    fs::create_dir(&told).unwrap();
    for (path, mode) in [
        (folder, 0o755),
        (&sudo, 0o755),
        (&told, 0o777),
        (&hosts, 0o444),
        (&system, 0o555),
    ] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let mut command = Command::new(&plasma);
    command
        .args(["hosts", "add"])
        .current_dir(&workspace)
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", folder.join("bin").display()))
        .env("PLASMA_HOSTS_FILE", &hosts);
    if nix::unistd::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("sudo writes it, and may ask for your password"),
        "{}",
        stderr(&output)
    );
    let arguments = fs::read_to_string(told.join("arguments")).unwrap();
    let content = fs::read_to_string(told.join("content")).unwrap();
    assert!(content.contains("127.0.0.1 hmlet.photos.local"), "{content}");

    // What sudo would have run as root: it writes that content, unless the file is another by then.
    fs::set_permissions(&system, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&hosts, fs::Permissions::from_mode(0o644)).unwrap();
    let as_root = || {
        let mut words = arguments.trim().split(' ').skip(1);
        let mut step = assert_cmd::Command::new(words.next().unwrap());
        step.args(words)
            .current_dir(&workspace)
            .write_stdin(content.clone());
        step.output().unwrap()
    };
    let step = as_root();
    assert_eq!(step.status.code(), Some(0), "{}", stderr(&step));
    assert_eq!(fs::read_to_string(&hosts).unwrap(), content);
    let again = as_root();
    assert_eq!(again.status.code(), Some(1));
    assert!(
        stderr(&again).contains("somebody else wrote it"),
        "{}",
        stderr(&again)
    );
}
