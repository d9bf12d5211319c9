//! A workspace with awkward names, a home, and a terminal to open shells in.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::{Command, Output},
    thread,
    time::{Duration, Instant},
};

use nix::unistd::User;
use portable_pty::CommandBuilder;

use crate::{pty::Pty, workspace::FILES};

pub(crate) type Variables = BTreeMap<String, String>;

/// The shells that plasma knows.
pub(crate) const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// Everything in it is gone when it is dropped.
pub(crate) struct House {
    folder: tempfile::TempDir,
}

impl House {
    /// A workspace in a folder whose name breaks careless quoting.
    pub(crate) fn new() -> Self {
        let house = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for (path, text) in FILES {
            house.write(path, text);
        }
        // With this folder fish does not begin to read all manual pages of the machine.
        fs::create_dir_all(house.home().join(".local/share/fish/generated_completions")).unwrap();
        fs::create_dir_all(house.out()).unwrap();
        house
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("it's a 🐣 \"house\" $HOME")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.root().join(".plasma")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home of ann")
    }

    /// Where commands in a shell leave what the test looks at.
    pub(crate) fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// Writes a file of the workspace.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // In one step, as a careful editor does: a prompt may be looking just now.
        let beside = self.folder.path().join("beside");
        fs::write(&beside, text).unwrap();
        fs::rename(&beside, &path).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    /// Puts texts in the places of others in a file of the workspace, and saves it once.
    pub(crate) fn change(&self, path: &str, changes: &[(&str, &str)]) {
        let mut text = self.read(path);
        for (old, new) in changes {
            assert!(text.contains(old), "{old} is not in {path}:\n{text}");
            text = text.replace(old, new);
        }
        self.write(path, &text);
    }

    /// Makes this the start file of the shell.
    pub(crate) fn start_file(&self, shell: &str, text: &str) {
        let path = self.home().join(match shell {
            "bash" => ".bashrc",
            "zsh" => ".zshrc",
            _ => ".config/fish/config.fish",
        });
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn variables(&self, shell: &str) -> Vec<(&'static str, String)> {
        let path = std::env::var("PATH").unwrap();
        vec![
            ("PATH", path.clone()),
            ("HOME", self.home().display().to_string()),
            ("SHELL", program(shell, &path)),
            ("USER", user()),
            ("TERM", "xterm-256color".to_owned()),
            ("LC_ALL", "C.UTF-8".to_owned()),
            ("OUT", self.out().display().to_string()),
        ]
    }

    /// plasma, outside of any shell.
    pub(crate) fn plasma(&self, shell: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plasma"));
        command
            .args(arguments)
            .current_dir(self.root())
            .env_clear()
            .envs(self.variables(shell));
        command
    }

    /// What `env export` gives outside of any shell, with the secrets that plasma makes.
    pub(crate) fn exported(&self, arguments: &[&str]) -> Variables {
        self.export(&[&["--reveal"], arguments].concat())
    }

    /// What `env export` gives with these arguments.
    pub(crate) fn export(&self, arguments: &[&str]) -> Variables {
        let arguments = [&["env", "export", "--format", "json"], arguments].concat();
        let output = self.plasma("bash", &arguments).output().unwrap();
        assert!(output.status.success(), "{}", error(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Opens `plasma shell` in a terminal and waits for its first prompt.
    pub(crate) fn open<'h>(&'h self, shell: &str, arguments: &[&str], sign: &str) -> Terminal<'h> {
        self.open_with(shell, arguments, sign, &[])
    }

    pub(crate) fn open_with<'h>(
        &'h self,
        shell: &str,
        arguments: &[&str],
        sign: &str,
        vars: &[(&str, &str)],
    ) -> Terminal<'h> {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_plasma"));
        command.arg("shell");
        command.args(arguments);
        command.cwd(self.root());
        command.env_clear();
        for (name, value) in self.variables(shell) {
            command.env(name, value);
        }
        for (name, value) in vars {
            command.env(name, value);
        }
        let terminal = Terminal::start(self, command);
        terminal.sees(sign);
        terminal
    }

    /// The folders of running shells.
    pub(crate) fn sessions(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.state().join("shells")).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

/// A shell in a terminal of its own.
pub(crate) struct Terminal<'h> {
    house: &'h House,
    pty: Pty,
}

impl<'h> Terminal<'h> {
    fn start(house: &'h House, command: CommandBuilder) -> Self {
        Self {
            house,
            pty: Pty::start(command, 50, 200).unwrap(),
        }
    }

    /// The process of `plasma shell`.
    pub(crate) fn process(&self) -> u32 {
        self.pty.child.process_id().unwrap()
    }

    /// Everything that was shown, without colours and moves of the cursor.
    pub(crate) fn text(&self) -> String {
        plain(&self.pty.shown())
    }

    /// Waits until the text was shown.
    pub(crate) fn sees(&self, text: &str) {
        self.sees_that(&format!("shown: {text}"), |shown| shown.contains(text));
    }

    /// Waits until what was shown is as wanted.
    pub(crate) fn sees_that(&self, what: &str, look: impl Fn(&str) -> bool) {
        self.pty
            .wait(what, 0, |shown| look(&plain(shown)).then_some(()))
            .unwrap();
    }

    /// Waits for something outside of the terminal.
    pub(crate) fn eventually<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(Instant::now() < deadline, "not {what} in time:\n{}", self.text());
            thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn type_line(&mut self, line: &str) {
        self.pty.type_text(&format!("{line}\r")).unwrap();
    }

    /// Runs a command line and waits for its end.
    pub(crate) fn run(&mut self, line: &str) {
        let done = self.house.out().join("done");
        self.type_line(&format!("{line}; touch $OUT/done"));
        self.eventually(line, || done.exists().then_some(()));
        fs::remove_file(done).unwrap();
    }

    /// What a command prints.
    pub(crate) fn told(&mut self, line: &str) -> String {
        self.run(&format!("{line} >$OUT/told 2>&1"));
        fs::read_to_string(self.house.out().join("told")).unwrap()
    }

    /// The variables that programs started here see.
    pub(crate) fn env(&mut self) -> Variables {
        let told = self.told("env -0");
        told.split('\0')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Those that belong to the stage.
    pub(crate) fn stage(&mut self) -> Variables {
        let mut env = self.env();
        env.retain(|name, _| is_of_a_stage(name));
        env
    }

    /// Presses Enter: the next prompt takes over what has changed.
    pub(crate) fn next_prompt(&mut self) {
        self.run("true");
    }

    /// Leaves the shell, and returns the exit code of `plasma shell` and all that was shown.
    pub(crate) fn leave(mut self, line: &str) -> (u32, String) {
        self.type_line(line);
        self.ended()
    }

    pub(crate) fn ended(mut self) -> (u32, String) {
        self.pty.end().unwrap()
    }
}

/// The name of the person who runs the tests.
pub(crate) fn user() -> String {
    let own = User::from_uid(nix::unistd::getuid()).unwrap();
    own.map(|user| user.name).unwrap_or_default()
}

pub(crate) fn is_of_a_stage(name: &str) -> bool {
    name.starts_with("PS_") || name.starts_with("FE_") || name == "PLASMA_SHELL_VARS"
}

pub(crate) fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Whether a shell is here; where it must be, it is a failure if it is not.
pub(crate) fn has(shell: &str) -> bool {
    let found = Command::new(shell).arg("--version").output().is_ok();
    if !found && std::env::var("CI").is_ok_and(|ci| ci == "true") {
        panic!("{shell} is not installed, and CI tests everything");
    }
    if !found {
        eprintln!("skipped: {shell} is not installed");
    }
    found
}

fn program(name: &str, path: &str) -> String {
    let mut folders = std::env::split_paths(path);
    let found = folders.find_map(|folder| Some(folder.join(name)).filter(|file| file.is_file()));
    found
        .unwrap_or_else(|| PathBuf::from("/nowhere").join(name))
        .display()
        .to_string()
}

/// A text of a terminal without escape sequences.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\x1b' {
            plain.push(c);
            continue;
        }
        match rest.next() {
            // A control sequence ends with a letter.
            Some('[') => while rest.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
            // A title ends with a bell, or a string terminator.
            Some(']') => while rest.next().is_some_and(|c| c != '\x07' && c != '\x1b') {},
            Some('(') => drop(rest.next()),
            _ => {}
        }
    }
    plain
}
