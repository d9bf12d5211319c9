//! Two programs, of which the second reads what the first writes.

use std::process::Stdio;

use anyhow::Context as _;

use super::{
    call::{Call, Captured},
    runner::{Runner, end},
};

impl Runner {
    /// Runs both, with the standard output of the first as the standard input of the second.
    ///
    /// # Errors
    /// When one cannot be started or ends with another code than 0: if both do, the error of the one that the other had to end
    /// for.
    pub(crate) async fn run_piped(&self, from: &Call, to: &Call) -> anyhow::Result<()> {
        let (source, sink) = (self.begin(from), self.begin(to));
        let mut command = from.command();
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut giver = from.spawn(&mut command)?;
        let pipe = giver.stdout.take().context("the program has no output")?;
        let pipe: Stdio = pipe.try_into().context("cannot join the two programs")?;
        let mut command = to.command();
        command.stdin(pipe).stdout(Stdio::piped()).stderr(Stdio::piped());
        let taker = to.spawn(&mut command)?;
        // The command holds this side's end of the pipe: the first must notice when the second is gone.
        drop(command);
        let (given, taken) = tokio::join!(giver.wait_with_output(), taker.wait_with_output());
        let (given, taken) = (
            given.context("cannot wait for the program")?,
            taken.context("cannot wait for the program")?,
        );
        end(source, given.status);
        end(sink, taken.status);
        let [given, taken] = [given, taken].map(|output| Captured {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        });
        // Nobody took what it gave: the signal, or a program's word of it.
        let is_left = given.status.code().is_none() || given.stderr.to_lowercase().contains("broken pipe");
        match (given.is_ok(), taken.is_ok()) {
            (true, true) => Ok(()),
            (false, true) => Err(from.failed(&given).into()),
            (false, false) if !is_left => Err(from.failed(&given).into()),
            (_, false) => Err(to.failed(&taken).into()),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn sh(script: &str) -> Call {
        Call::new("sh").args(["-c", script])
    }

    #[tokio::test]
    async fn bytes_flow_from_one_program_into_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let runner = Runner::new(folder.path());
        let target = folder.path().join("taken");
        let taker = Call::new("sh").args(["-c", "cat > \"$0\""]).arg(&target);
        runner
            .run_piped(&sh("head -c 3000000 /dev/zero"), &taker)
            .await
            .unwrap();
        assert_eq!(std::fs::metadata(&target).unwrap().len(), 3_000_000);
        // The first would never end by itself: it notices that nobody reads.
        let error = runner
            .run_piped(&sh("exec cat /dev/zero"), &sh("echo 'no space' >&2; exit 1"))
            .await
            .unwrap_err();
        assert!(format!("{error:?}").contains("no space"), "{error:?}");
        // The second misses the rest.
        let error = runner
            .run_piped(
                &sh("echo 'disk is full' >&2; exit 1"),
                &sh("cat; echo 'no end' >&2; exit 1"),
            )
            .await
            .unwrap_err();
        assert!(format!("{error:?}").contains("disk is full"), "{error:?}");
    }
}
