//! Reads YAML as marked events into a tree that remembers lines and columns, and refuses what people do not expect:
//! duplicate keys, anchors, tags, several documents.

use std::path::{Path, PathBuf};

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};

use crate::fault::{Faults, Place};

/// Deeper than any file of plasma, and shallow enough for any stack.
const MAX_DEPTH: usize = 16;

/// A position in a file; both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    line: usize,
    column: usize,
}

/// One value and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) mark: Mark,
    pub(crate) body: Body,
}

/// What a value is.
#[derive(Debug)]
pub(crate) enum Body {
    /// A text; `plain` if it stands without quotes.
    Scalar { text: String, plain: bool },
    /// `[a, b]` or a list of dashes.
    Sequence(Vec<Node>),
    /// Keys and values, each key once.
    Mapping(Vec<Entry>),
}

/// One key of a mapping with its value.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_mark: Mark,
    pub(crate) value: Node,
}

impl Body {
    /// What this is, for a message.
    pub(crate) const fn describe(&self) -> &'static str {
        match self {
            Self::Scalar { .. } => "one value",
            Self::Sequence(_) => "a list",
            Self::Mapping(_) => "a mapping",
        }
    }
}

/// A file that was read.
pub(crate) struct File {
    /// As faults name it.
    pub(crate) path: PathBuf,
    /// Its content; nothing if the file is empty.
    pub(crate) root: Option<Node>,
    /// Whether it was read to its end. What a broken file lacks says nothing.
    pub(crate) whole: bool,
}

impl File {
    /// Parses a text. What is readable before bad YAML is kept, so that its faults are told as well.
    pub(crate) fn parse(path: &Path, text: &str, faults: &mut Faults) -> Self {
        // Some editors begin a file with a byte order mark, which YAML allows and the parser takes for a part of the first key.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut builder = Builder {
            parser: Parser::new_from_str(text),
            path,
            faults,
            broken: false,
        };
        let root = builder.document();
        let whole = !builder.broken;
        Self {
            path: path.to_owned(),
            root,
            whole,
        }
    }

    pub(crate) fn place(&self, mark: Mark) -> Place {
        place(&self.path, mark)
    }

    /// The keys at the root.
    pub(crate) fn entries(&self, faults: &mut Faults) -> &[Entry] {
        self.root
            .as_ref()
            .map_or(&[], |node| self.mapping(node, None, faults))
    }

    /// The keys of a node that must be a mapping.
    pub(crate) fn mapping<'n>(
        &self,
        node: &'n Node,
        subject: Option<&str>,
        faults: &mut Faults,
    ) -> &'n [Entry] {
        match &node.body {
            Body::Mapping(entries) => entries,
            Body::Scalar { text, plain: true } if crate::trap::is_null(text) => &[],
            other => {
                let message = format!(
                    "is {}, must be a mapping: write `key: value` lines",
                    other.describe()
                );
                let subject = subject.unwrap_or("the file").to_owned();
                faults.push(self.place(node.mark), subject, message);
                &[]
            }
        }
    }
}

fn place(path: &Path, mark: Mark) -> Place {
    Place::File {
        path: path.to_owned(),
        line: mark.line,
        column: mark.column,
    }
}

struct Builder<'t, 'f> {
    parser: Parser<'t, StrInput<'t>>,
    path: &'f Path,
    faults: &'f mut Faults,
    broken: bool,
}

impl<'t> Builder<'t, '_> {
    fn document(&mut self) -> Option<Node> {
        let mut root = None;
        while let Some((event, mark)) = self.next() {
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
                Event::StreamEnd => break,
                _ if root.is_some() => {
                    self.fault(mark, "a second document begins: keep one document a file");
                    self.broken = true;
                    break;
                }
                event => root = self.node(event, mark, 0),
            }
        }
        root
    }

    fn next(&mut self) -> Option<(Event<'t>, Mark)> {
        if self.broken {
            return None;
        }
        match self.parser.next_event()? {
            Ok((event, span)) => Some((event, mark(span))),
            Err(error) => {
                self.broken = true;
                let mark = Mark {
                    line: error.marker().line(),
                    column: error.marker().col() + 1,
                };
                self.fault(mark, format!("is no YAML from here on: {}", error.info()));
                None
            }
        }
    }

    fn node(&mut self, event: Event<'t>, mark: Mark, depth: usize) -> Option<Node> {
        if depth > MAX_DEPTH {
            self.fault(mark, "is nested too deep");
            self.broken = true;
            return None;
        }
        let body = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_extras(mark, anchor, tag.is_some());
                Body::Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                }
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_extras(mark, anchor, tag.is_some());
                Body::Sequence(self.sequence(depth))
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_extras(mark, anchor, tag.is_some());
                Body::Mapping(self.entries(depth))
            }
            Event::Alias(_) => {
                self.fault(mark, "is an alias (`*`): write the value out");
                return None;
            }
            _ => return None,
        };
        Some(Node { mark, body })
    }

    fn sequence(&mut self, depth: usize) -> Vec<Node> {
        let mut items = Vec::new();
        while let Some((event, mark)) = self.next() {
            if event == Event::SequenceEnd {
                break;
            }
            items.extend(self.node(event, mark, depth + 1));
        }
        items
    }

    fn entries(&mut self, depth: usize) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        while let Some((event, key_mark)) = self.next() {
            if event == Event::MappingEnd {
                break;
            }
            let key = self.node(event, key_mark, depth + 1);
            let Some((event, mark)) = self.next() else { break };
            let value = self.node(event, mark, depth + 1);
            let (Some(key), Some(value)) = (key, value) else {
                continue;
            };
            let Body::Scalar { text: key, .. } = key.body else {
                self.fault(
                    key_mark,
                    format!("{} cannot be a key: write a name", key.body.describe()),
                );
                continue;
            };
            match entries.iter().find(|entry| entry.key == key) {
                Some(first) => {
                    let message = format!(
                        "`{key}` is written twice: line {} has it already",
                        first.key_mark.line
                    );
                    self.fault(key_mark, message);
                }
                None => entries.push(Entry { key, key_mark, value }),
            }
        }
        entries
    }

    fn refuse_extras(&mut self, mark: Mark, anchor: usize, tag: bool) {
        if anchor != 0 {
            self.fault(
                mark,
                "has an anchor (`&`): write the value out where it is needed",
            );
        }
        if tag {
            self.fault(mark, "has a tag (`!`): write the value without it");
        }
    }

    fn fault(&mut self, mark: Mark, message: impl Into<String>) {
        self.faults.push(place(self.path, mark), None, message);
    }
}

fn mark(span: Span) -> Mark {
    Mark {
        line: span.start.line(),
        column: span.start.col() + 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-c:?\\-{}\\[\\],&*!|>'\"%@#~ \n\t]{0,60}|\\PC{0,40}") {
            let mut faults = Faults::default();
            let file = File::parse(Path::new("any.yaml"), &text, &mut faults);
            prop_assert!(file.whole || !faults.is_empty());
        }
    }

    #[test]
    fn depth_and_documents_are_limited() {
        for text in ["[".repeat(10_000), "a: 1\n---\nb: 2\n".to_owned()] {
            let mut faults = Faults::default();
            let file = File::parse(Path::new("any.yaml"), &text, &mut faults);
            assert!(!file.whole && !faults.is_empty());
        }
    }
}
