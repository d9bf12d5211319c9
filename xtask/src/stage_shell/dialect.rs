//! The shells that plasma knows: how each is started on a start file of ours, with the person's own files kept.

use std::path::Path;

use config::Format;

/// A shell's language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Bash,
    Zsh,
    Fish,
}

impl Dialect {
    /// The language of a shell, by the name of its program.
    pub(crate) fn of(program: &Path) -> Option<Self> {
        match program.file_name()?.to_str()? {
            "bash" => Some(Self::Bash),
            "zsh" => Some(Self::Zsh),
            "fish" => Some(Self::Fish),
            _ => None,
        }
    }

    /// How it reads variables.
    pub(crate) fn format(self) -> Format {
        match self {
            Self::Bash | Self::Zsh => Format::Bash,
            Self::Fish => Format::Fish,
        }
    }

    /// Where the start file stands in the session's folder.
    pub(crate) fn start_file(self) -> &'static str {
        match self {
            Self::Bash => "start.bash",
            // zsh looks for this name in the folder that `ZDOTDIR` names.
            Self::Zsh => "zsh/.zshenv",
            Self::Fish => "start.fish",
        }
    }

    /// The arguments that make an interactive shell read the start file.
    pub(crate) fn arguments(self, start_file: &Path) -> Vec<String> {
        let file = start_file.display().to_string();
        match self {
            Self::Bash => vec!["--rcfile".to_owned(), file],
            Self::Zsh => vec![],
            Self::Fish => vec![
                "--init-command".to_owned(),
                format!("source {}", Format::Fish.quote(&file)),
            ],
        }
    }

    /// A variable of the start file that is not handed on to other programs: one value, or a list.
    pub(crate) fn assignment(self, name: &str, value: &Given) -> String {
        let quote = |text: &String| self.format().quote(text);
        match (self, value) {
            (Self::Fish, Given::One(text)) => format!("set -g {name} {}\n", quote(text)),
            (Self::Fish, Given::List(texts)) => {
                let words: String = texts.iter().map(|text| format!(" {}", quote(text))).collect();
                format!("set -g {name}{words}\n")
            }
            (_, Given::One(text)) => format!("{name}={}\n", quote(text)),
            (_, Given::List(texts)) => {
                let words: Vec<String> = texts.iter().map(quote).collect();
                format!("{name}=({})\n", words.join(" "))
            }
        }
    }

    /// A text of the prompt in a colour, told to the shell as taking no room.
    pub(crate) fn paint(self, text: &str, colour: &str) -> String {
        let (on, off) = (format!("\x1b[{colour}m"), "\x1b[0m");
        match self {
            Self::Bash => format!("\\[{on}\\]{text}\\[{off}\\]"),
            Self::Zsh => format!("%{{{on}%}}{text}%{{{off}%}}"),
            Self::Fish => format!("{on}{text}{off}"),
        }
    }

    /// What follows the variables in the start file.
    pub(crate) fn script(self) -> &'static str {
        match self {
            Self::Bash => include_str!("rc/start.bash"),
            Self::Zsh => include_str!("rc/start.zsh"),
            Self::Fish => include_str!("rc/start.fish"),
        }
    }
}

/// What a variable of the start file is given.
#[derive(Clone, Debug)]
pub(crate) enum Given {
    One(String),
    List(Vec<String>),
}
