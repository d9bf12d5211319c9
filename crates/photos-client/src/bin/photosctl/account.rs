//! Who is logged in, and where else.

use photos_client::{Client, SessionId};

use crate::output::{self, table};
use crate::{Outcome, json, print};

/// Show who is logged in
#[derive(clap::Args)]
pub(crate) struct Whoami {
    /// As JSON
    #[arg(long)]
    json: bool,
}

impl Whoami {
    pub(crate) async fn run(self, client: &Client) -> anyhow::Result<Outcome> {
        let user = client.users().me().await?;
        if self.json {
            print(json(&user)?)?;
        } else {
            let staff = if user.is_staff { " (staff)" } else { "" };
            print(format_args!("{}{staff} at {}", user.username, client.base_url()))?;
        }
        Ok(Outcome::Done)
    }
}

/// List your sessions, or end one
#[derive(clap::Args)]
pub(crate) struct Sessions {
    /// End this session
    #[arg(long, value_name = "ID")]
    end: Option<SessionId>,
    /// As JSON, one session a line
    #[arg(long, conflicts_with = "end")]
    json: bool,
}

impl Sessions {
    pub(crate) async fn run(self, client: &Client) -> anyhow::Result<Outcome> {
        if let Some(id) = self.end {
            client.users().end_session(id).await?;
            print(format_args!("ended {id}"))?;
            return Ok(Outcome::Done);
        }
        let sessions = client.users().sessions().await?;
        if self.json {
            for session in &sessions {
                print(json(session)?)?;
            }
            return Ok(Outcome::Done);
        }
        let mut table = table(&["ID", "SINCE", "LAST USED", "ADDRESS", "BY"]);
        for session in sessions {
            let here = if session.current { " (this one)" } else { "" };
            table.add_row([
                format!("{}{here}", session.id),
                output::time(session.created_at),
                output::time(session.last_used_at),
                session.address.unwrap_or_default(),
                session.user_agent.unwrap_or_default(),
            ]);
        }
        print(table)?;
        Ok(Outcome::Done)
    }
}
