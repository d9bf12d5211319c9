//! The stage shell in a real terminal: bash, zsh and fish as people use and abuse them.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

mod house;
#[path = "../../examples/terminal/pty.rs"]
mod pty;
mod reload;
mod run;
mod workspace;

use std::fs;

use house::{House, SHELLS, error, has, is_of_a_stage, user};
use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};
use rstest::rstest;

/// How every prompt of a local shell begins.
const LOCAL: &str = "🐣(ht)";

#[rstest]
fn a_shell_has_what_env_export_gives_and_leaves_nothing_behind(#[values("bash", "zsh", "fish")] shell: &str) {
    if !has(shell) {
        return;
    }
    let house = House::new();
    house.write(".plasma/hmlet/local/secrets.yaml", &awkward_secrets());
    let mut terminal = house.open(shell, &[], LOCAL);
    terminal.sees(&format!("{LOCAL}{}@", user()));
    let env = terminal.env();
    let kubeconfig = house.state().join("hmlet/local/kubeconfig").display().to_string();
    assert_eq!(env["KUBECONFIG"], kubeconfig);
    assert!(
        !env.contains_key("PLASMA_STAGE") && !env.contains_key("ZDOTDIR"),
        "{env:?}"
    );
    let of_the_stage = terminal.stage();
    assert_eq!(of_the_stage, house.exported(&[]));
    assert!(of_the_stage["PS_JWT_SECRET"].contains("$HOME `id`\n"));
    assert_eq!(house.sessions().len(), 1);

    let (code, _) = terminal.leave("exit 7");
    assert_eq!(code, 7);
    assert!(house.sessions().is_empty());
}

fn awkward_secrets() -> String {
    let value = "it's \"quoted\" \\ $HOME `id`\nand 🐣 on a second line, with a tab\tand a !";
    format!("photos:\n  jwt_secret: {}\n", serde_json::Value::from(value))
}

#[rstest]
fn short_commands_and_plasma_itself_are_on_the_path(#[values("bash", "zsh", "fish")] shell: &str) {
    if !has(shell) {
        return;
    }
    let house = House::new();
    let mut terminal = house.open(shell, &[], LOCAL);
    assert!(terminal.told("ps.env show --json").contains("\"PS_LISTEN\""));
    // Outside of the workspace it is still this workspace's plasma.
    terminal.run("cd /");
    let status: serde_json::Value = serde_json::from_str(&terminal.told("ht.status --json")).unwrap();
    assert_eq!(
        (&status["cluster"], &status["stage"]),
        (&"hmlet".into(), &"local".into())
    );
    assert_eq!(
        terminal.told("plasma env export --format json"),
        terminal.told("ht.env export --format json")
    );
    terminal.leave("exit");
}

#[rstest]
fn the_persons_own_files_hold_and_the_stage_holds_too(#[values("bash", "zsh", "fish")] shell: &str) {
    if !has(shell) {
        return;
    }
    let house = House::new();
    house.start_file(
        shell,
        match shell {
            "fish" => "alias greet 'echo hello from ann'\nset -gx MINE kept\nset -gx KUBECONFIG $HOME/.kube/config\n\
                       set -gx PATH /usr/bin /bin\nfunction fish_prompt; echo 'my own > '; end\n",
            _ => "alias greet='echo hello from ann'\nexport MINE=kept\nexport KUBECONFIG=~/.kube/config\n\
                  export PATH=/usr/bin:/bin\nPS1='my own > '\n",
        },
    );
    let mut terminal = house.open(shell, &[], LOCAL);
    terminal.sees("my own > ");
    assert_eq!(terminal.told("greet"), "hello from ann\n");
    let env = terminal.env();
    assert_eq!(env["MINE"], "kept");
    assert!(
        env["KUBECONFIG"].ends_with("/hmlet/local/kubeconfig"),
        "{}",
        env["KUBECONFIG"]
    );
    assert!(env["PATH"].ends_with(":/usr/bin:/bin"), "{}", env["PATH"]);
    assert!(terminal.told("plasma --version").starts_with("plasma "));
    terminal.leave("exit");
}

#[rstest]
#[case::bash_makes_its_prompt_anew("bash", "PROMPT_COMMAND='PS1=\"[$((6 * 7))] \"'", "[42] ")]
#[case::bash_is_strict("bash", "set -u\nset -e\nPS1='strict '", "strict ")]
#[case::bash_stumbles(
    "bash",
    "echo ${nothing:?is not set}\nset -u\necho $nowhere\nPS1='later '\nif then",
    "later "
)]
#[case::bash_returns_early("bash", "PS1='early '\nreturn 3", "early ")]
#[case::bash_shows_the_folder("bash", "PS1='\\u@\\h:\\W> '", ":")]
#[case::zsh_makes_its_prompt_anew(
    "zsh",
    "precmd_functions=(mine)\nmine() { PROMPT=\"[$((6 * 7))] \" }",
    "[42] "
)]
#[case::zsh_has_a_precmd("zsh", "precmd() { PROMPT='%1~ from precmd ' }", " from precmd ")]
#[case::zsh_is_strict(
    "zsh",
    "setopt err_exit no_unset ksh_arrays sh_word_split\nPROMPT='strict '",
    "strict "
)]
#[case::zsh_stumbles("zsh", "PROMPT='later '\nsetopt no_unset\necho $nowhere\n", "later ")]
#[case::zsh_lives_elsewhere("zsh", "ZDOTDIR=$HOME/elsewhere\nPROMPT='elsewhere '", "elsewhere ")]
#[case::fish_makes_its_prompt_anew("fish", "function fish_prompt; echo -n '['(math 6 x 7)'] '; end", "[42] ")]
#[case::fish_shows_the_status("fish", "function fish_prompt; echo -n \"<$status> \"; end", "<0> ")]
#[case::fish_stumbles(
    "fish",
    "function fish_prompt; echo -n 'later '; end\nnosuchcommand\nset nothing[0] 1",
    "later "
)]
fn whatever_the_start_file_does_the_prompt_shows_the_stage_and_is_the_persons(
    #[case] shell: &str,
    #[case] start_file: &str,
    #[case] prompt: &str,
) {
    if !has(shell) {
        return;
    }
    let house = House::new();
    house.start_file(shell, start_file);
    let mut terminal = house.open(shell, &[], LOCAL);
    terminal.sees(prompt);
    house.change(
        "envs/hmlet/local.yaml",
        &[("sweep_every: 60s", "sweep_every: 61s")],
    );
    terminal.next_prompt();
    assert_eq!(terminal.stage(), house.exported(&[]));
    let prompts = terminal.text().matches(LOCAL).count();
    terminal.next_prompt();
    terminal.sees_that("a prompt with the stage", |shown| {
        shown.matches(LOCAL).count() > prompts
    });
    terminal.leave("exit 0");
}

#[rstest]
fn a_stage_in_a_stage_is_that_stage_and_no_other(#[values("bash", "zsh", "fish")] shell: &str) {
    if !has(shell) {
        return;
    }
    let house = House::new();
    let mut terminal = house.open(shell, &[], LOCAL);
    let outer = terminal.env();
    // Not waited for: it ends with the inner shell.
    terminal.type_line("plasma shell prod --app photos");
    terminal.sees("🔥(ps)");
    let inner = terminal.env();
    let mut of_the_stage = inner.clone();
    of_the_stage.retain(|name, _| is_of_a_stage(name));
    assert_eq!(
        of_the_stage,
        house.export(&["--stage", "production", "--app", "photos"])
    );
    assert!(inner["KUBECONFIG"].ends_with("/hmlet/production/kubeconfig"));
    assert_eq!(inner["PATH"], outer["PATH"]);
    assert_eq!(house.sessions().len(), 2);
    terminal.type_line("exit");
    let mut again = terminal.env();
    let mut before = outer;
    for env in [&mut again, &mut before] {
        env.retain(|name, _| !matches!(name.as_str(), "_" | "OLDPWD"));
    }
    assert_eq!(again, before);
    assert_eq!(house.sessions().len(), 1);
    terminal.leave("exit");
}

#[test]
fn the_workspaces_own_shell_has_no_apps_variables_and_every_clusters_commands() {
    let house = House::new();
    let mut terminal = house.open("bash", &["test", "--root"], "🛠️(pl)");
    assert_eq!(
        terminal.stage().into_iter().collect::<Vec<_>>(),
        [("PLASMA_SHELL_VARS".to_owned(), "hmlet/test/native".to_owned())]
    );
    let status: serde_json::Value = serde_json::from_str(&terminal.told("ht.status --json")).unwrap();
    assert_eq!(status["stage"], "test");
    terminal.leave("exit");
}

#[test]
fn production_stands_out() {
    let house = House::new();
    let terminal = house.open("bash", &["production"], "🔥(ht)");
    terminal.sees("What you do here is done to production.");
    terminal.leave("exit");
}

#[test]
fn six_shells_at_once_each_keep_to_themselves() {
    let house = House::new();
    let shells = SHELLS.iter().chain(&SHELLS).filter(|shell| has(shell));
    let mut terminals: Vec<_> = shells.map(|shell| house.open(shell, &[], LOCAL)).collect();
    assert_eq!(house.sessions().len(), terminals.len());
    house.change(
        "envs/hmlet/local.yaml",
        &[("sweep_every: 60s", "sweep_every: 61s")],
    );
    for terminal in &mut terminals {
        terminal.next_prompt();
        assert_eq!(terminal.env()["PS_SWEEP_EVERY"], "61s");
    }
    for terminal in terminals {
        terminal.leave("exit");
    }
    assert!(house.sessions().is_empty());
}

#[rstest]
fn a_home_that_cannot_be_written_is_no_hindrance(#[values("bash", "zsh", "fish")] shell: &str) {
    if !has(shell) {
        return;
    }
    let house = House::new();
    // Not even root writes there.
    let mut terminal = house.open_with(shell, &[], LOCAL, &[("HOME", "/proc")]);
    assert_eq!(terminal.stage(), house.exported(&[]));
    terminal.leave("exit");
}

fn kill(process: u32, with: Signal) {
    signal::kill(Pid::from_raw(process.cast_signed()), with).unwrap();
}

#[test]
fn a_killed_shell_leaves_nothing_behind_and_a_killed_plasma_nothing_for_long() {
    let house = House::new();
    let mut terminal = house.open("bash", &[], LOCAL);
    let shell = terminal.told("echo $$").trim().parse().unwrap();
    kill(shell, Signal::SIGKILL);
    assert_eq!(terminal.ended().0, 128 + 9);
    assert!(house.sessions().is_empty());

    let terminal = house.open("bash", &[], LOCAL);
    kill(terminal.process(), Signal::SIGKILL);
    terminal.ended();
    let left = house.sessions();
    assert_eq!(left.len(), 1);
    let terminal = house.open("bash", &[], LOCAL);
    assert!(!left[0].exists());
    terminal.leave("exit");
}

#[test]
fn who_asks_plasma_to_end_ends_the_shell() {
    let house = House::new();
    let terminal = house.open("bash", &[], LOCAL);
    kill(terminal.process(), Signal::SIGTERM);
    assert_eq!(terminal.ended().0, 128 + 1);
    assert!(house.sessions().is_empty());
}

#[test]
fn another_shell_gets_a_bash_and_is_told_so() {
    let house = House::new();
    let terminal = house.open_with("bash", &[], LOCAL, &[("SHELL", "/bin/dash")]);
    assert!(
        terminal
            .text()
            .contains("SHELL is /bin/dash, and plasma knows only bash, zsh and fish")
    );
    terminal.leave("exit");
}

#[test]
fn a_wrong_environment_opens_no_shell() {
    let house = House::new();
    house.change(
        "envs/hmlet/local.yaml",
        &[("sweep_every: 60s", "sweep_every: soon")],
    );
    let output = house.plasma("bash", &["shell"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        error(&output).contains("envs/hmlet/local.yaml:9:16: photos.sweep_every"),
        "{}",
        error(&output)
    );
    assert!(house.sessions().is_empty());
}

#[test]
fn a_name_that_is_no_short_command_says_so() {
    let house = House::new();
    house.open("bash", &[], LOCAL).leave("exit");
    let link = house.state().join("hmlet/.bin/ht.status");
    let wrong = link.with_file_name("ht.stauts");
    fs::rename(&link, &wrong).unwrap();
    let output = std::process::Command::new(&wrong)
        .current_dir(house.root())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        error(&output).contains("there is no short command `ht.stauts`"),
        "{}",
        error(&output)
    );
    // The next shell puts it right.
    house.open("bash", &[], LOCAL).leave("exit");
    assert!(link.exists() && !wrong.exists());
}
