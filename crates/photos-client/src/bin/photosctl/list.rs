//! Lists of photos and tags.

use futures_util::TryStreamExt;
use photos_client::{Client, Ordering, Photo, PhotosQuery};

use crate::output::{self, table};
use crate::{Outcome, json, print, tell};

/// List photos, newest first
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  photosctl list --mine                      what you uploaded, drafts included
  photosctl list --owner ann --tag sea,dawn  ann's published photos with both tags
  photosctl list --search 'old pier' --json  one JSON object a line")]
pub(crate) struct List {
    /// Only photos of this user
    #[arg(long, conflicts_with = "mine")]
    owner: Option<String>,
    /// Only your own photos, drafts included
    #[arg(long)]
    mine: bool,
    /// Only your drafts
    #[arg(long)]
    drafts: bool,
    /// Only published photos
    #[arg(long, conflicts_with = "drafts")]
    published: bool,
    /// Only photos with all of these tags
    #[arg(long, value_delimiter = ',', value_name = "TAG")]
    tag: Vec<String>,
    /// Only photos with all of these words
    #[arg(long, value_name = "WORDS")]
    search: Option<String>,
    /// published_at, created_at, or with a - in front for the newest first
    #[arg(long, default_value_t = Ordering::default(), allow_hyphen_values = true)]
    order: Ordering,
    /// At most so many photos
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "all")]
    limit: u64,
    /// All photos, however many
    #[arg(long)]
    all: bool,
    /// As JSON, one photo a line
    #[arg(long)]
    json: bool,
}

impl List {
    pub(crate) async fn run(self, client: &Client) -> anyhow::Result<Outcome> {
        let limit = if self.all { u64::MAX } else { self.limit };
        let query = self.query(limit);
        let mut photos = std::pin::pin!(client.photos().list_photos(query));
        let mut table = table(&["ID", "NAME", "OWNER", "PUBLISHED", "PIXELS", "TAGS"]);
        let mut count = 0;
        while count < limit
            && let Some(photo) = photos.try_next().await?
        {
            count += 1;
            if self.json {
                print(json(&photo)?)?;
            } else {
                table.add_row(row(photo));
            }
        }
        if !self.json && count > 0 {
            print(table)?;
        }
        if count == limit {
            tell(format_args!("The first {limit}; more with --limit or --all."));
        } else if count == 0 {
            tell("No photos.");
        }
        Ok(Outcome::Done)
    }

    fn query(&self, limit: u64) -> PhotosQuery {
        let draft = if self.drafts {
            Some(true)
        } else {
            self.published.then_some(false)
        };
        PhotosQuery {
            owner: if self.mine {
                Some("me".to_owned())
            } else {
                self.owner.clone()
            },
            draft,
            tag: (!self.tag.is_empty()).then(|| self.tag.join(",")),
            search: self.search.clone(),
            ordering: Some(self.order),
            page_size: Some(u32::try_from(limit).unwrap_or(u32::MAX).clamp(1, 100)),
            ..PhotosQuery::default()
        }
    }
}

fn row(photo: Photo) -> [String; 6] {
    [
        photo.id.to_string(),
        photo.name,
        photo.owner.username,
        photo
            .published_at
            .map_or_else(|| "draft".to_owned(), output::time),
        format!("{}×{}", photo.width, photo.height),
        photo.tags.join(" "),
    ]
}

/// List tags of published photos
#[derive(clap::Args)]
pub(crate) struct Tags {
    /// Only tags that begin so
    #[arg(default_value = "")]
    prefix: String,
    /// As JSON, one tag a line
    #[arg(long)]
    json: bool,
}

impl Tags {
    pub(crate) async fn run(self, client: &Client) -> anyhow::Result<Outcome> {
        let tags = client.tags(&self.prefix).await?;
        if self.json {
            for tag in &tags {
                print(json(tag)?)?;
            }
            return Ok(Outcome::Done);
        }
        let mut table = table(&["TAG", "PHOTOS"]);
        for tag in tags {
            table.add_row([tag.name, tag.count.to_string()]);
        }
        print(table)?;
        Ok(Outcome::Done)
    }
}
