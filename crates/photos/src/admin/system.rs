//! The state of the service: what answers, which versions, what waits for the sweeper, and a check of the store.

use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use super::csrf::Checked;
use super::error::PageError;
use super::flash::Flash;
use super::layout::{Layout, ok, see};
use super::shown::{Moment, ago, duration, thousands};
use super::visit::Visit;
use crate::app::App;
use crate::db::checks::Check;
use crate::db::queue::{COUNTED, Queue, Waiting};
use crate::domain::{Timestamp, now_micros};
use crate::http::internal::answers;
use crate::jobs::check;
use crate::jobs::fsck::Report;
use crate::jobs::sweeper::{Role, SweepStatus};

const PATH: &str = "/admin/system";

#[derive(Template)]
#[template(path = "admin/system.html")]
struct SystemPage {
    layout: Layout,
    health: Vec<Health>,
    facts: Vec<Fact>,
    queue: Vec<Queued>,
    sweeper: Vec<Fact>,
    sweeper_faults: Vec<String>,
    leases: Vec<Lease>,
    check: Option<Shown>,
}

/// A server behind this one.
struct Health {
    name: &'static str,
    state: &'static str,
    class: &'static str,
    what: String,
}

struct Fact {
    name: &'static str,
    value: String,
}

/// Rows that wait for the sweeper.
struct Queued {
    name: &'static str,
    number: String,
    oldest: String,
    means: &'static str,
}

struct Lease {
    name: String,
    holder: String,
    until: Moment,
    is_over: bool,
}

/// The newest check of the store.
struct Shown {
    began: Moment,
    by: String,
    kind: &'static str,
    seen: String,
    took: String,
    state: CheckState,
}

/// How far a check is.
enum CheckState {
    GoesOn,
    /// Its replica died.
    Silent,
    Failed(String),
    Clean,
    Faults(Vec<Finding>),
}

/// Faults of one kind.
struct Finding {
    name: &'static str,
    number: String,
    means: &'static str,
    keys: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct CheckForm {
    /// `quick` or `full`.
    kind: String,
}

pub(super) async fn show(visit: Visit) -> Result<HttpResponse, PageError> {
    visit.staff()?;
    let (app, now) = (visit.app(), now_micros());
    let queue = app.db.queue().await?;
    let status = app.sweeper.borrow().clone();
    let check = app.db.last_check().await?;
    ok(&SystemPage {
        layout: Layout::new(&visit, "System"),
        health: health(app).await,
        facts: facts(app, now).await?,
        sweeper: sweeper(app, &status, now),
        sweeper_faults: sweeper_faults(&status),
        leases: leases(&queue, now),
        queue: queued(&queue, now),
        check: check.map(|check| Shown::new(check, now)),
    })
}

/// Starts a check of the store, unless one goes on somewhere.
pub(super) async fn check(
    visit: Visit,
    Checked(form): Checked<CheckForm>,
) -> Result<HttpResponse, PageError> {
    let (app, quick) = (visit.app(), form.kind == "quick");
    match app.db.begin_check(&visit.actor()?, quick, now_micros()).await? {
        Some(id) => {
            let work = check::run(app.db.clone(), app.store.clone(), id, quick, app.stopping.clone());
            app.jobs.spawn(work);
            visit.leave(&Flash::done("The check has begun. It changes nothing."));
        }
        None => visit.leave(&Flash::problem("A check goes on already: wait for its report.")),
    }
    Ok(see(&format!("{PATH}#check")))
}

pub(super) async fn from_form() -> HttpResponse {
    see(PATH)
}

async fn health(app: &App) -> Vec<Health> {
    let one = |name, answers: bool, what| Health {
        name,
        state: if answers { "Answers" } else { "Does not answer" },
        class: if answers { "good" } else { "bad" },
        what,
    };
    let (database, store) = futures_util::future::join(
        answers("database", app.db.ping()),
        answers("store", app.store.ping()),
    )
    .await;
    let redis = match app.env.redis_url.as_ref() {
        None => Health {
            name: "Redis",
            state: "Not used",
            class: "none",
            what: "Each replica counts failed logins for itself.".to_owned(),
        },
        Some(url) => {
            let ping = async { app.throttle.ping().await.unwrap_or(Ok(())) };
            one("Redis", answers("redis", ping).await, place(url))
        }
    };
    let database_place = match &app.env.database_url {
        config::DatabaseUrl::Sqlite(path) => path.display().to_string(),
        config::DatabaseUrl::Postgres(url) => place(url),
    };
    let store_place = match (&app.env.store_url, &app.env.s3_endpoint) {
        (config::StoreUrl::File(folder), _) => folder.display().to_string(),
        (config::StoreUrl::S3 { bucket }, Some(endpoint)) => {
            format!("bucket {bucket} at {}", place(endpoint))
        }
        (config::StoreUrl::S3 { bucket }, None) => format!("bucket {bucket} at AWS"),
    };
    vec![
        one("Database", database, database_place),
        one("Object store", store, store_place),
        redis,
    ]
}

/// Where a server is, without anything secret.
fn place(url: &url::Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!(
        "{}{port}{}",
        url.host_str().unwrap_or_default(),
        url.path().trim_end_matches('/')
    )
}

async fn facts(app: &App, now: Timestamp) -> Result<Vec<Fact>, PageError> {
    let fact = |name, value: String| Fact { name, value };
    let schema = if app.db.schema_is_current().await? {
        "Up to date"
    } else {
        "Not this version's: run `photos migrate`"
    };
    let presets: Vec<&str> = app
        .media
        .presets()
        .iter()
        .map(|preset| preset.spec.name.as_str())
        .collect();
    Ok(vec![
        fact("Service", format!("photos {}", env!("CARGO_PKG_VERSION"))),
        fact("Database", app.db.database_version().await?),
        fact("Schema", schema.to_owned()),
        fact("Pipeline of pictures", imaging::PIPELINE_VERSION.to_string()),
        fact("Sizes of pictures", presets.join(", ")),
        fact("Public address", app.public_url.to_string()),
        fact("This replica", format!("started {}", ago(app.started_at, now))),
        fact(
            "Memory for decoding",
            format!(
                "{} of {} in use",
                super::shown::bytes(app.media.decode_bytes()),
                super::shown::bytes(app.env.decode_bytes)
            ),
        ),
    ])
}

fn queued(queue: &Queue, now: Timestamp) -> Vec<Queued> {
    let one = |name, waiting: Waiting, means| Queued {
        name,
        number: if waiting.count > COUNTED {
            format!("More than {}", thousands(COUNTED))
        } else {
            thousands(waiting.count)
        },
        oldest: waiting
            .oldest
            .map_or_else(|| "–".to_owned(), |oldest| ago(oldest, now)),
        means,
    };
    vec![
        one(
            "Pending objects",
            queue.pending,
            "Being written, or given up by a maker that died",
        ),
        one("Deleting objects", queue.deleting, "To be deleted from the store"),
        one(
            "Photos in the trash",
            queue.trash,
            "Deleted, and to be removed for good when their time is over",
        ),
    ]
}

fn sweeper(app: &App, status: &SweepStatus, now: Timestamp) -> Vec<Fact> {
    let fact = |name, value: String| Fact { name, value };
    let role = match status.role {
        Role::Waiting => "Has not swept yet",
        Role::Here => "Sweeps",
        Role::Elsewhere => "Another replica sweeps",
        Role::Held => "Waits: a backup or `fsck --repair` needs the objects to stay",
    };
    let mut facts = vec![
        fact("This replica", role.to_owned()),
        fact("Every", duration(app.env.sweep_every)),
        fact(
            "Unfinished objects are left alone for",
            duration(app.env.sweep_grace),
        ),
        fact("Photos stay in the trash for", duration(app.env.trash_ttl)),
    ];
    if let Some(last) = &status.last {
        facts.push(fact(
            "Last pass of this replica",
            format!("{}, in {}", ago(last.at, now), duration(last.took)),
        ));
        facts.push(fact("It swept", last.swept.to_string()));
    }
    facts
}

fn sweeper_faults(status: &SweepStatus) -> Vec<String> {
    let last = status
        .last
        .iter()
        .flat_map(|last| last.swept.faults.iter().cloned());
    status.fault.iter().cloned().chain(last).collect()
}

fn leases(queue: &Queue, now: Timestamp) -> Vec<Lease> {
    let leases = queue.leases.iter();
    leases
        .map(|(name, holder, until)| Lease {
            name: name.clone(),
            holder: holder.clone(),
            until: Moment::new(*until),
            is_over: *until <= now,
        })
        .collect()
}

impl Shown {
    fn new(check: Check, now: Timestamp) -> Self {
        let end = check.ended_at.unwrap_or(if check.goes_on(now) {
            now
        } else {
            check.heartbeat_at
        });
        let took = std::time::Duration::try_from(end.duration_since(check.started_at)).unwrap_or_default();
        Self {
            began: Moment::new(check.started_at),
            kind: if check.quick { "Quick" } else { "Full" },
            seen: thousands(check.seen),
            took: duration(took),
            state: CheckState::of(&check, now),
            by: check.started_by,
        }
    }

    fn goes_on(&self) -> bool {
        matches!(self.state, CheckState::GoesOn)
    }
}

impl CheckState {
    fn of(check: &Check, now: Timestamp) -> Self {
        if check.ended_at.is_none() {
            return if check.goes_on(now) {
                Self::GoesOn
            } else {
                Self::Silent
            };
        }
        if let Some(fault) = &check.fault {
            return Self::Failed(super::shown::sentence(fault));
        }
        let report = check.report.as_deref().map(serde_json::from_str::<Report>);
        let Some(Ok(report)) = report else {
            return Self::Failed("Its report cannot be read by this version.".to_owned());
        };
        if report.is_clean() {
            return Self::Clean;
        }
        let finding = |name, means, keys: Vec<String>| Finding {
            number: if keys.len() < check::NAMED {
                thousands(keys.len() as u64)
            } else {
                format!(
                    "{} or more, of which these are the first",
                    thousands(keys.len() as u64)
                )
            },
            name,
            means,
            keys,
        };
        let findings = vec![
            finding(
                "Rows without objects",
                "The store has lost what the ledger has: pictures are made anew when somebody asks for them, originals \
                 have to come from a backup.",
                report.rows_without_objects,
            ),
            finding(
                "Objects without rows",
                "The store has what nobody knows: the sweeper deletes it once it is old enough.",
                report.objects_without_rows,
            ),
            finding(
                "Checksum faults",
                "The bytes are not those that were stored.",
                report.checksum_faults,
            ),
        ];
        Self::Faults(
            findings
                .into_iter()
                .filter(|finding| !finding.keys.is_empty())
                .collect(),
        )
    }
}
