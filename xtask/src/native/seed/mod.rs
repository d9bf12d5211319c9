//! `up --seed`: a few people and photos, so that there is something to see. What is there already stays as it is.

mod catalogue;
mod draw;

use std::collections::BTreeSet;

use anyhow::Context as _;
use futures_util::TryStreamExt;
use photos_client::{Client, NewPhoto, PhotosQuery, ProblemCode};

use self::catalogue::{PEOPLE, Person};
use crate::{native::plan::Plan, outcome::Failure};

/// Adds the people and photos that are missing, and prints the people's passwords to stderr.
///
/// # Errors
/// When the service refuses; a second call continues where the first stopped.
pub(crate) async fn seed(plan: &Plan) -> anyhow::Result<()> {
    let Some(app) = plan.apps.iter().find(|app| app.name == "photos") else {
        return Ok(());
    };
    let url = format!("http://{}", config::reachable(app.listen));
    let mut added = 0;
    for person in &PEOPLE {
        let client = Client::new(&url)?;
        log_in(&client, person).await?;
        let present = names(&client).await?;
        for photo in person.photos.iter().filter(|photo| !present.contains(photo.name)) {
            let scene = photo.scene;
            let bytes = tokio::task::spawn_blocking(move || draw::jpeg(&scene))
                .await
                .context("drawing failed")??;
            let upload = NewPhoto::from_bytes(photo.name, bytes)
                .caption(photo.caption)
                .draft(photo.draft);
            client
                .photos()
                .create(upload)
                .await
                .with_context(|| format!("cannot upload {}", photo.name))?;
            added += 1;
        }
    }
    let people: Vec<String> = PEOPLE
        .iter()
        .map(|person| format!("{} / {}", person.username, person.password))
        .collect();
    eprintln!("seeded: {added} photos added; log in as {}", people.join(", "));
    Ok(())
}

async fn log_in(client: &Client, person: &Person) -> anyhow::Result<()> {
    let Person {
        username, password, ..
    } = person;
    match client.users().register(username, password).await {
        Ok(_) => {}
        Err(error) if error.code() == Some(ProblemCode::UsernameTaken) => {}
        Err(error) if error.code() == Some(ProblemCode::RegistrationClosed) => {
            return Err(Failure::refused("cannot add people")
                .because("registration is closed")
                .advise("start with PS_REGISTRATION=open")
                .into());
        }
        Err(error) => return Err(error).with_context(|| format!("cannot register {username}")),
    }
    client
        .auth()
        .login(username, password)
        .await
        .with_context(|| format!("cannot log in as {username}"))
}

async fn names(client: &Client) -> anyhow::Result<BTreeSet<String>> {
    let query = PhotosQuery {
        owner: Some("me".to_owned()),
        ..PhotosQuery::default()
    };
    let pages: Vec<_> = client
        .photos()
        .list(query)
        .try_collect()
        .await
        .context("cannot list the photos")?;
    Ok(pages
        .into_iter()
        .flat_map(|page| page.results)
        .map(|photo| photo.name)
        .collect())
}
