//! `bench http`: what a request costs the service, by database and number of photos, and what uploads take.
//!
//! The service runs alone with a release build; its CPU time is read from the kernel, so that the load's own cost on the
//! same machine does not count. All traffic stays on 127.0.0.1, and every loop is bounded.

mod load;
mod server;
mod uploads;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use comfy_table::{Table, presets};

use self::{load::Case, server::Server};
use crate::{
    context::{Context, block_on},
    native::build,
    outcome::{Exit, Failure, Outcome},
    servers,
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
    /// Requests of each kind, after a tenth of that to warm up.
    #[arg(long, default_value_t = 2000)]
    requests: u32,
    /// Leave the uploads out.
    #[arg(long)]
    no_uploads: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Database {
    Sqlite,
    Postgres,
}

impl Http {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        block_on(async {
            let mut built = build::build(context, &["photos".to_owned()], &[], true).await?;
            let program = built.remove("photos").context("cargo built no photos")?.program;
            let mut table = table(["database", "photos", "list", "CPU ms/request", "p50 ms", "p99 ms"]);
            for &database in &self.databases {
                for &rows in &self.rows {
                    for (case, figures) in self.lists(context, &program, database, rows).await? {
                        let name = database
                            .to_possible_value()
                            .map(|value| value.get_name().to_owned());
                        let [cpu, p50, p99] =
                            [figures.cpu, figures.p50, figures.p99].map(|ms| format!("{ms:.3}"));
                        table.add_row([
                            name.unwrap_or_default(),
                            rows.to_string(),
                            case.to_owned(),
                            cpu,
                            p50,
                            p99,
                        ]);
                    }
                }
            }
            println!("{table}");
            if !self.no_uploads {
                println!("{}", uploads::measure(&program).await?);
            }
            Ok(Exit::Done)
        })
    }

    async fn lists(
        &self,
        context: &Context,
        program: &std::path::Path,
        database: Database,
        rows: u64,
    ) -> anyhow::Result<Vec<(&'static str, load::Figures)>> {
        let (mut throwaway, mut url) = (servers::Servers::default(), None);
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
        let mut running = server.start().await?;
        let mut figures = Vec::new();
        for case in Case::all(running.url(), self.requests).await? {
            let measured = load::measure(&running, &case, self.requests).await?;
            eprintln!(
                "{database:?}, {rows} photos, {}: {:.3} ms of CPU",
                case.name, measured.cpu
            );
            figures.push((case.name, measured));
        }
        running.stop().await;
        throwaway.stop().await;
        Ok(figures)
    }
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN).set_header(header);
    table
}
