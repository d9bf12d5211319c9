//! `bench http`: what a request costs the service, by database and number of photos, and what uploads take.
//!
//! The service runs alone with a release build; its CPU time is read from the kernel, so that the load's own cost on the
//! same machine does not count. All traffic stays on 127.0.0.1, and every loop is bounded.

mod load;
mod server;
mod uploads;

use std::{collections::BTreeMap, path::Path};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use comfy_table::{Table, presets};

use self::{
    load::{Case, Figures},
    server::{Running, Server},
};
use crate::{
    context::{Context, block_on},
    native::build,
    outcome::{Exit, Failure, Outcome},
    servers::{self, Servers},
};

/// Measure lists at several sizes, and uploads.
///
/// PostgreSQL is a throwaway instance, as in `cargo xtask test`, here with its usual durability off. Filling a database with
/// a million photos takes some minutes.
#[derive(Args)]
pub(crate) struct Http {
    /// Numbers of photos.
    #[arg(long, value_delimiter = ',', default_value = "100000,1000000")]
    rows: Vec<u64>,
    /// Databases.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "sqlite,postgres")]
    databases: Vec<Database>,
    /// Requests of each kind in a round, after a tenth of that to warm up.
    #[arg(long, default_value_t = 2000)]
    requests: u32,
    /// Rounds; told is the median of them.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Leave the uploads out.
    #[arg(long)]
    no_uploads: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Database {
    Sqlite,
    Postgres,
}

/// A service with its photos, and what is asked of it.
struct Subject {
    rows: u64,
    cases: Vec<Case>,
    running: Running,
    throwaway: Servers,
}

impl Http {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        block_on(async {
            let mut built = build::build(context, &["photos".to_owned()], &[], true).await?;
            let program = built.remove("photos").context("cargo built no photos")?.program;
            let header = [
                "database",
                "photos",
                "list",
                "CPU ms/request",
                "p50 ms",
                "p99 ms",
                "p99 to that of the first",
            ];
            let mut table = table(header);
            for &database in &self.databases {
                let mut subjects = Vec::new();
                for &rows in &self.rows {
                    subjects.push(self.subject(context, &program, database, rows).await?);
                }
                let measured = self.measure(&subjects).await;
                for subject in subjects {
                    subject.stop().await;
                }
                for row in measured? {
                    let name = database.to_possible_value();
                    let name = name.map(|value| value.get_name().to_owned()).unwrap_or_default();
                    table.add_row([name].into_iter().chain(row));
                }
            }
            println!("{table}");
            if !self.no_uploads {
                println!("{}", uploads::measure(&program).await?);
            }
            Ok(Exit::Done)
        })
    }

    /// Asks all services in turns, so that whatever else the machine does meets each of them alike. A row each: photos,
    /// list, and figures, of each the median of all rounds.
    async fn measure(&self, subjects: &[Subject]) -> anyhow::Result<Vec<[String; 6]>> {
        let mut found: BTreeMap<(usize, usize), Vec<Figures>> = BTreeMap::new();
        for round in 0..self.rounds {
            eprintln!("round {} of {}", round + 1, self.rounds);
            let names = subjects
                .first()
                .map(|subject| subject.cases.len())
                .unwrap_or_default();
            for case in 0..names {
                for (index, subject) in subjects.iter().enumerate() {
                    let Some(asked) = subject.cases.get(case) else {
                        continue;
                    };
                    let figures = load::measure(&subject.running, asked, self.requests, round).await?;
                    found.entry((index, case)).or_default().push(figures);
                }
            }
        }
        let medians: BTreeMap<_, _> = found
            .iter()
            .map(|(place, rounds)| (place, load::medians(rounds)))
            .collect();
        let mut rows = Vec::new();
        for (&&(index, case), figures) in &medians {
            let Some(subject) = subjects.get(index) else {
                continue;
            };
            let Some(asked) = subject.cases.get(case) else {
                continue;
            };
            let first = medians.get(&(0, case)).map_or(figures.p99, |first| first.p99);
            rows.push([
                subject.rows.to_string(),
                asked.name.to_owned(),
                format!("{:.3}", figures.cpu),
                format!("{:.3}", figures.p50),
                format!("{:.3}", figures.p99),
                format!("{:.2}", figures.p99 / first),
            ]);
        }
        Ok(rows)
    }

    async fn subject(
        &self,
        context: &Context,
        program: &Path,
        database: Database,
        rows: u64,
    ) -> anyhow::Result<Subject> {
        let (mut throwaway, mut url) = (Servers::default(), None);
        if database == Database::Postgres {
            throwaway = servers::start(&context.vars).await?;
            let found = throwaway
                .vars
                .get("PHOTOS_TEST_POSTGRES_URL")
                .or(context.vars.get("PHOTOS_TEST_POSTGRES_URL"));
            url = Some(found.cloned().ok_or_else(|| {
                Failure::failed("PostgreSQL cannot be measured")
                    .because("there is no `initdb` and `postgres`")
                    .advise("install it, or add --databases sqlite")
            })?);
        }
        eprintln!("{database:?}: filling with {rows} photos");
        let server = Server::prepare(program, url.as_deref())?;
        server.photos(&["migrate"]).await?;
        server.photos(&["seed", "--photos", &rows.to_string()]).await?;
        let running = server.start().await?;
        let cases = Case::all(running.url(), self.requests, self.rounds).await?;
        Ok(Subject {
            rows,
            cases,
            running,
            throwaway,
        })
    }
}

impl Subject {
    async fn stop(mut self) {
        self.running.stop().await;
        self.throwaway.stop().await;
    }
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN).set_header(header);
    table
}
