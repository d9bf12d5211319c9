//! Uploading files and folders, a few at once.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use photos_client::{Client, ClientError, NewPhoto, Photo, ProblemCode, Progress};
use walkdir::WalkDir;

use crate::output::Usage;
use crate::{Outcome, json, print, tell};

/// Upload files, and the pictures in folders
#[derive(clap::Args)]
#[command(after_help = "\
Of a folder and the folders in it, files named .jpg, .jpeg, .png, .webp and .gif are taken, hidden ones left out.
A photo is called like its file. What fails is told, and the others are uploaded all the same.

Examples:
  photosctl upload pier.jpg
  photosctl upload --draft --caption 'our #summer' ~/Pictures/2026")]
pub(crate) struct Upload {
    /// Files and folders
    #[arg(required = true, value_name = "FILE|FOLDER")]
    paths: Vec<PathBuf>,
    /// Do not publish them yet
    #[arg(long)]
    draft: bool,
    /// Caption for each of them; its #tags are found
    #[arg(long, default_value = "")]
    caption: String,
    /// Uploads at once
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=16))]
    jobs: u8,
    /// Print the new photos as JSON, one a line
    #[arg(long)]
    json: bool,
}

impl Upload {
    pub(crate) async fn run(self, client: &Client) -> anyhow::Result<Outcome> {
        let (files, mut failed) = collect(&self.paths);
        if files.is_empty() && failed == 0 {
            return Err(Usage("there are no pictures in these folders".to_owned()).into());
        }
        let bar = bar(&files);
        let uploads = files.iter().map(|file| self.upload(client, &bar, file));
        let mut uploads = std::pin::pin!(stream::iter(uploads).buffer_unordered(usize::from(self.jobs)));
        let (mut uploaded, mut stopped) = (0, None);
        while let Some((path, result)) = uploads.next().await {
            match result {
                Ok(photo) => {
                    uploaded += 1;
                    bar.suspend(|| self.print(path, &photo))?;
                }
                // The others would fail alike.
                Err(error) if is_final(&error) => {
                    stopped = Some(error);
                    break;
                }
                Err(error) => {
                    failed += 1;
                    bar.suspend(|| tell(format_args!("failed {}: {error}", path.display())));
                }
            }
            bar.set_message(format!("{uploaded}/{}", files.len()));
        }
        bar.finish_and_clear();
        if let Some(error) = stopped {
            tell(format_args!(
                "{uploaded} of {} uploaded, then stopped",
                files.len()
            ));
            return Err(error.into());
        }
        tell(format_args!("{uploaded} uploaded, {failed} failed"));
        Ok(if failed == 0 {
            Outcome::Done
        } else {
            Outcome::PartlyFailed
        })
    }

    async fn upload<'a>(
        &self,
        client: &Client,
        bar: &ProgressBar,
        file: &'a File,
    ) -> (&'a Path, Result<Photo, ClientError>) {
        let (bar, length, last) = (bar.clone(), file.length, AtomicU64::new(0));
        let progress = Progress::new(move |sent, _| {
            let sent = sent.min(length);
            let before = last.swap(sent, Ordering::Relaxed);
            // A repeated attempt begins at the start.
            bar.dec(before.saturating_sub(sent));
            bar.inc(sent.saturating_sub(before));
        });
        let photo = NewPhoto::from_path(&file.path)
            .draft(self.draft)
            .caption(&*self.caption)
            .progress(progress);
        (&file.path, client.photos().create(photo).await)
    }

    fn print(&self, path: &Path, photo: &Photo) -> anyhow::Result<()> {
        if self.json {
            print(json(photo)?)
        } else {
            print(format_args!("{}  {}", photo.id, path.display()))
        }
    }
}

/// Whether the next upload would fail alike.
fn is_final(error: &ClientError) -> bool {
    match error {
        ClientError::SessionEnded | ClientError::Unreachable { .. } | ClientError::TokenStore(_) => true,
        _ => matches!(
            error.code(),
            Some(ProblemCode::Unauthenticated | ProblemCode::StorageFull)
        ),
    }
}

struct File {
    path: PathBuf,
    length: u64,
}

/// The files to upload, each once, and how many paths could not be read, which are told at once.
fn collect(paths: &[PathBuf]) -> (Vec<File>, usize) {
    let (mut files, mut failed, mut seen) = (Vec::new(), 0, BTreeSet::new());
    for root in paths {
        // What is named is taken, whatever it is called; what a folder has is chosen.
        let walk = WalkDir::new(root).sort_by_file_name().into_iter();
        let walk = walk.filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.file_name()));
        for entry in walk {
            let found = entry.and_then(|entry| Ok((entry.metadata()?, entry)));
            let (metadata, entry) = match found {
                Ok(found) => found,
                Err(error) => {
                    failed += 1;
                    tell(format_args!("failed {}", unread(root, &error)));
                    continue;
                }
            };
            let is_wanted = entry.depth() == 0 || is_picture(entry.path());
            if !metadata.is_dir() && is_wanted && seen.insert(entry.path().to_owned()) {
                files.push(File {
                    path: entry.into_path(),
                    length: metadata.len(),
                });
            }
        }
    }
    (files, failed)
}

/// What could not be read, and why, in the form of all failures.
fn unread(root: &Path, error: &walkdir::Error) -> String {
    let path = error.path().unwrap_or(root).display();
    match error.io_error() {
        Some(cause) => format!("{path}: {cause}"),
        None => format!("{path}: {error}"),
    }
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn is_picture(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_ascii_lowercase());
    let extension = extension.as_deref().and_then(OsStr::to_str);
    matches!(extension, Some("jpg" | "jpeg" | "png" | "webp" | "gif"))
}

/// A bar of bytes in a terminal; nothing otherwise, where each photo is a line anyway.
fn bar(files: &[File]) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(
        Some(files.iter().map(|file| file.length).sum()),
        if io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        },
    );
    let template = "{msg} {wide_bar} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}";
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(format!("0/{}", files.len()));
    bar
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn folders_give_their_pictures_and_files_are_taken_as_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("a/.hidden")).unwrap();
        for name in [
            "a/2.JPG",
            "a/1.png",
            "a/notes.txt",
            "a/.hidden/x.jpg",
            "a/.x.jpg",
            "plain",
        ] {
            std::fs::write(at(name), "four").unwrap();
        }
        let (files, failed) = collect(&[at("plain"), at("a"), at("a/2.JPG"), at("none")]);
        let paths: Vec<_> = files.iter().map(|file| file.path.clone()).collect();
        assert_eq!(paths, [at("plain"), at("a/1.png"), at("a/2.JPG")]);
        assert_eq!((files[0].length, failed), (4, 1));
    }
}
