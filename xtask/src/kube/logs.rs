//! The logs of many pods as one: in the order of their times, or as they come, each line behind the name of its pod.

use std::{
    collections::{HashMap, HashSet},
    io::{self, Write},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::{AsyncBufReadExt, StreamExt, future::try_join_all, stream::FuturesUnordered};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, api::LogParams};
use owo_colors::{AnsiColors, OwoColorize};
use tokio::time::sleep;

use super::{Connection, apps};
use crate::outcome::Exit;

/// How often new pods are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);

const COLOURS: [AnsiColors; 6] = [
    AnsiColors::Cyan,
    AnsiColors::Magenta,
    AnsiColors::Yellow,
    AnsiColors::Blue,
    AnsiColors::Green,
    AnsiColors::Red,
];

/// Which lines.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// The apps; empty for all.
    pub(crate) apps: Vec<String>,
    /// Only what is younger.
    pub(crate) since: Option<Duration>,
    /// Only so many of each container's last lines.
    pub(crate) tail: Option<u32>,
}

/// A container of a pod, in one of its lives: a restart begins a new log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Source {
    pod: String,
    container: String,
    /// Whether the pod has several, so that the line must say which.
    several: bool,
    life: i32,
}

/// Where lines go. It knows the colour of each pod.
struct Printer {
    colour: bool,
    pods: Vec<String>,
}

/// Prints what there is, oldest line first.
///
/// # Errors
/// When the cluster does not answer.
pub(crate) async fn show(connection: &Connection, wanted: &Wanted, colour: bool) -> anyhow::Result<Exit> {
    let pods = apps::pods(connection, &wanted.apps).await?;
    let api: Api<Pod> = Api::namespaced(connection.client.clone(), &connection.namespace);
    let reads = sources(&pods).into_iter().map(|(source, _)| {
        let api = api.clone();
        let params = params(&source, wanted, false);
        async move {
            let text = api.logs(&source.pod, &params).await;
            let text = text
                .map_err(|error| connection.failed(&format!("reading the log of {}", source.pod), &error))?;
            anyhow::Ok((source, text))
        }
    });
    let logs = try_join_all(reads).await?;
    let mut lines: Vec<(Timestamp, &Source, &str)> = Vec::new();
    for (source, text) in &logs {
        // A line without a time of its own belongs to the one before.
        let mut last = Timestamp::MIN;
        for line in text.lines() {
            let (time, words) = split(line);
            last = time.unwrap_or(last);
            lines.push((last, source, words));
        }
    }
    lines.sort_by_key(|(time, _, _)| *time);
    let mut printer = Printer::new(colour);
    for (_, source, words) in lines {
        if printer.print(source, words).is_err() {
            break;
        }
    }
    Ok(Exit::Done)
}

/// Prints what there is and what comes, of the pods that there are and of those that come. It ends when nobody reads any
/// more.
///
/// # Errors
/// When the cluster does not answer at the start, or has no such pods.
pub(crate) async fn follow(connection: &Connection, wanted: &Wanted, colour: bool) -> anyhow::Result<Exit> {
    let printer = Mutex::new(Printer::new(colour));
    let mut pods = apps::pods(connection, &wanted.apps).await?;
    let mut wanted = wanted.clone();
    let mut running: HashSet<Source> = HashSet::new();
    // The time of the last line of what has ended, to go on from there if only the connection was cut.
    let mut ended: HashMap<Source, Option<Timestamp>> = HashMap::new();
    let mut streams = FuturesUnordered::new();
    let mut silent = false;
    loop {
        for (source, alive) in sources(&pods) {
            let after = ended.get(&source).copied();
            if running.contains(&source) || (after.is_some() && !alive) {
                continue;
            }
            running.insert(source.clone());
            let params = params(&source, &wanted, true);
            streams.push(stream(connection, source, params, after.flatten(), &printer));
        }
        // Of what comes later, every line is new.
        (wanted.tail, wanted.since) = (None, None);
        let look = sleep(LOOK_EVERY);
        tokio::pin!(look);
        loop {
            tokio::select! {
                () = &mut look => break,
                Some((source, last)) = streams.next() => match last {
                    Err(_nobody_reads) => return Ok(Exit::Done),
                    Ok(last) => {
                        running.remove(&source);
                        ended.insert(source, last);
                    }
                },
            }
        }
        match apps::pods(connection, &wanted.apps).await {
            Ok(found) => {
                if std::mem::take(&mut silent) {
                    eprintln!("the cluster answers again");
                }
                pods = found;
            }
            // Between two versions an app may have no pod for a moment; a cluster may be restarted.
            Err(error) => {
                pods.clear();
                if !std::mem::replace(&mut silent, true) {
                    eprintln!("{error}; waiting");
                }
            }
        }
    }
}

/// Prints one container's lines until its log ends, and gives the time of the last one; an error when nobody reads.
async fn stream(
    connection: &Connection,
    source: Source,
    mut params: LogParams,
    after: Option<Timestamp>,
    printer: &Mutex<Printer>,
) -> (Source, io::Result<Option<Timestamp>>) {
    let api: Api<Pod> = Api::namespaced(connection.client.clone(), &connection.namespace);
    let mut last = after;
    if after.is_some() {
        params.since_time = after;
        params.tail_lines = None;
    }
    if let Ok(reader) = api.log_stream(&source.pod, &params).await {
        let mut lines = reader.lines();
        while let Some(Ok(line)) = lines.next().await {
            let (time, words) = split(&line);
            // What is as old as the last line was printed with it.
            if time.is_some() && after.is_some() && time <= after {
                continue;
            }
            last = time.or(last);
            let mut printer = printer.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = printer.print(&source, words) {
                return (source, Err(error));
            }
        }
    }
    (source, Ok(last))
}

/// The containers that have begun, and whether they still run.
fn sources(pods: &[Pod]) -> Vec<(Source, bool)> {
    let mut sources = Vec::new();
    for pod in pods {
        let Some(status) = &pod.status else { continue };
        let all = [&status.init_container_statuses, &status.container_statuses];
        let containers: Vec<_> = all.into_iter().flatten().flatten().collect();
        for container in &containers {
            let state = container.state.as_ref();
            let alive = state.is_some_and(|state| state.running.is_some());
            let begun =
                alive || container.restart_count > 0 || state.is_some_and(|state| state.terminated.is_some());
            if begun {
                let source = Source {
                    pod: pod.metadata.name.clone().unwrap_or_default(),
                    container: container.name.clone(),
                    several: containers.len() > 1,
                    life: container.restart_count,
                };
                sources.push((source, alive));
            }
        }
    }
    sources
}

fn params(source: &Source, wanted: &Wanted, follow: bool) -> LogParams {
    LogParams {
        container: Some(source.container.clone()),
        follow,
        since_seconds: wanted
            .since
            .map(|since| i64::try_from(since.as_secs().max(1)).unwrap_or(i64::MAX)),
        tail_lines: wanted.tail.map(i64::from),
        timestamps: true,
        ..LogParams::default()
    }
}

/// The time in front of a line, and the line.
fn split(line: &str) -> (Option<Timestamp>, &str) {
    match line.split_once(' ') {
        Some((time, words)) => match time.parse() {
            Ok(time) => (Some(time), words),
            Err(_) => (None, line),
        },
        // An empty line is its time alone.
        None => match line.parse() {
            Ok(time) => (Some(time), ""),
            Err(_) => (None, line),
        },
    }
}

impl Printer {
    fn new(colour: bool) -> Self {
        Self {
            colour,
            pods: Vec::new(),
        }
    }

    fn print(&mut self, source: &Source, words: &str) -> io::Result<()> {
        let index = self.pods.iter().position(|pod| *pod == source.pod);
        let index = index.unwrap_or_else(|| {
            self.pods.push(source.pod.clone());
            self.pods.len() - 1
        });
        let mut name = source.pod.clone();
        if source.several {
            name = format!("{name}/{}", source.container);
        }
        let mut prefix = format!("{name} │ ");
        if self.colour {
            prefix = prefix.color(COLOURS[index % COLOURS.len()]).to_string();
        }
        let mut out = io::stdout().lock();
        writeln!(out, "{prefix}{words}")?;
        out.flush()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_taken_off_and_odd_lines_stay() {
        let (time, words) = split("2026-11-25T13:00:00.123456789Z GET /photos  200");
        assert_eq!(
            (time.unwrap().to_string().as_str(), words),
            ("2026-11-25T13:00:00.123456789Z", "GET /photos  200")
        );
        assert_eq!(split("no time here"), (None, "no time here"));
        assert_eq!(split("2026-11-25T13:00:00Z").1, "");
    }

    #[test]
    fn every_life_of_every_begun_container_is_a_source() {
        let status = |name: &str, restarts: i32, state: serde_json::Value| json!({"name": name, "restartCount": restarts, "ready": false, "image": "i", "imageID": "", "state": state});
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "photos-1"},
            "status": {
                "initContainerStatuses": [status("migrate", 0, json!({"terminated": {"exitCode": 0}}))],
                "containerStatuses": [
                    status("photos", 2, json!({"running": {}})),
                    status("waits", 0, json!({"waiting": {}})),
                ],
            },
        }))
        .unwrap();
        let found: Vec<(String, i32, bool)> = sources(&[pod])
            .into_iter()
            .map(|(source, alive)| (source.container, source.life, alive))
            .collect();
        assert_eq!(
            found,
            [("migrate".to_owned(), 0, false), ("photos".to_owned(), 2, true)]
        );
    }
}
