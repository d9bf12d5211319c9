//! Runs a program in a pod, with a real terminal where there is one: raw mode, the size and its changes, every key to the
//! program, and the program's own exit code.

use std::io::{self, IsTerminal, Read, Write};

use anyhow::Context as _;
use futures_util::SinkExt;
use k8s_openapi::{api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::Status};
use kube::{
    Api,
    api::{AttachParams, TerminalSize},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

use super::{Connection, apps};
use crate::outcome::{Exit, Failure};

/// Bytes that are handed on at once.
const CHUNK: usize = 16 * 1024;

/// Runs a program in the pod's main container and gives its exit code. Standard input goes to it; with a terminal on both
/// sides, so do Ctrl-C and all other keys.
///
/// # Errors
/// Exit code 1 when it cannot be started or the connection is lost.
pub(crate) async fn run(connection: &Connection, pod: &Pod, program: &[String]) -> anyhow::Result<Exit> {
    let tty = io::stdin().is_terminal() && io::stdout().is_terminal();
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let api: Api<Pod> = Api::namespaced(connection.client.clone(), &connection.namespace);
    let params = AttachParams {
        container: apps::main_container(pod),
        stdin: true,
        stdout: true,
        // A terminal has one output.
        stderr: !tty,
        tty,
        max_stdin_buf_size: Some(CHUNK),
        max_stdout_buf_size: Some(CHUNK),
        max_stderr_buf_size: Some(CHUNK),
    };
    let mut process = api
        .exec(name, program, &params)
        .await
        .map_err(|error| connection.failed(&format!("starting `{}` in {name}", program.join(" ")), &error))?;
    let status = process.take_status().context("the connection has no status")?;
    let (stdin, stdout, stderr) = (process.stdin(), process.stdout(), process.stderr());
    let sizes = process.terminal_size();
    let _raw = tty.then(Raw::begin).transpose()?;

    let input = async {
        let Some(mut stdin) = stdin else { return };
        let mut keys = keys();
        while let Some(bytes) = keys.recv().await {
            if stdin.write_all(&bytes).await.is_err() {
                return;
            }
        }
        // The end of our input is the end of the program's.
        let _ = stdin.shutdown().await;
    };
    let resize = async {
        let Some(mut sizes) = sizes else { return };
        let Ok(mut changes) = signal(SignalKind::window_change()) else {
            return;
        };
        loop {
            if let Ok((width, height)) = crossterm::terminal::size()
                && sizes.send(TerminalSize { width, height }).await.is_err()
            {
                return;
            }
            changes.recv().await;
        }
    };
    let output = async {
        let (out, err) = tokio::join!(copy(stdout, io::stdout()), copy(stderr, io::stderr()));
        out.and(err)
    };
    // Input and size go on until the program has ended and all that it printed is shown.
    let beside = async {
        tokio::join!(input, resize);
        std::future::pending::<()>().await;
    };
    let ended = async { tokio::join!(status, output) };
    let (mut terminated, mut hung_up) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    let (status, output) = tokio::select! {
        ended = ended => ended,
        () = beside => unreachable_end(),
        // From outside: the terminal is given back first.
        _ = terminated.recv() => return Err(interrupted(name)),
        _ = hung_up.recv() => return Err(interrupted(name)),
    };
    drop(_raw);
    match output {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            return Err(error).context("cannot print what the program says");
        }
        _ => {}
    }
    exit(name, status)
}

fn interrupted(pod: &str) -> anyhow::Error {
    Failure::interrupted(format!("the terminal in {pod} was ended by a signal")).into()
}

/// `beside` never ends by itself.
fn unreachable_end() -> (Option<Status>, io::Result<()>) {
    (None, Ok(()))
}

/// The terminal hands over every key as it is, until this is dropped.
struct Raw;

impl Raw {
    fn begin() -> anyhow::Result<Self> {
        crossterm::terminal::enable_raw_mode().context("cannot take the terminal over")?;
        Ok(Self)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // A terminal that is gone needs no repair.
        let _ = crossterm::terminal::disable_raw_mode();
    }
}

/// Standard input, read by a thread of its own: a read that waits for a key cannot be given up, so the thread ends with the
/// process.
fn keys() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(16);
    std::thread::spawn(move || {
        let mut buffer = vec![0; CHUNK];
        loop {
            match io::stdin().read(&mut buffer) {
                Ok(0) => return,
                Ok(read) => {
                    if sender.blocking_send(buffer[..read].to_vec()).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    });
    receiver
}

async fn copy(from: Option<impl AsyncRead + Unpin>, mut to: impl Write) -> io::Result<()> {
    let Some(mut from) = from else { return Ok(()) };
    let mut buffer = vec![0; CHUNK];
    loop {
        match from.read(&mut buffer).await {
            Ok(0) | Err(_) => return Ok(()),
            Ok(read) => {
                to.write_all(&buffer[..read])?;
                to.flush()?;
            }
        }
    }
}

/// The exit code in the status that the cluster sends at the end.
fn exit(pod: &str, status: Option<Status>) -> anyhow::Result<Exit> {
    let lost = || {
        Failure::failed(format!("the connection to {pod} was lost"))
            .because("it ended before the program did: the pod was stopped, or the cluster")
            .advise("run it again: another pod is picked")
    };
    let status = status.ok_or_else(lost)?;
    if status.status.as_deref() == Some("Success") {
        return Ok(Exit::Done);
    }
    let causes = status
        .details
        .into_iter()
        .flat_map(|details| details.causes.unwrap_or_default());
    let mut codes = causes
        .filter(|cause| cause.reason.as_deref() == Some("ExitCode"))
        .filter_map(|cause| cause.message?.parse::<u8>().ok());
    match codes.next() {
        Some(code) => Ok(Exit::Of(code)),
        None => Err(Failure::failed(format!("the program cannot run in {pod}"))
            .because(status.message.unwrap_or_default())
            .into()),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use serde_json::json;

    use super::*;

    fn status(value: serde_json::Value) -> Option<Status> {
        Some(serde_json::from_value(value).unwrap())
    }

    #[test]
    fn the_exit_code_is_the_programs_own() {
        assert_eq!(
            exit("p", status(json!({"status": "Success"}))).unwrap(),
            Exit::Done
        );
        let failed = json!({"status": "Failure", "reason": "NonZeroExitCode",
            "details": {"causes": [{"reason": "ExitCode", "message": "42"}]}});
        assert_eq!(exit("p", status(failed)).unwrap(), Exit::Of(42));
    }

    #[test]
    fn what_never_ran_and_a_lost_connection_are_errors() {
        let never = json!({"status": "Failure", "message": "exec: \"bash\": executable file not found"});
        assert!(exit("p", status(never)).is_err());
        assert_eq!(
            exit("p", None).unwrap_err().to_string(),
            "the connection to p was lost"
        );
    }
}
