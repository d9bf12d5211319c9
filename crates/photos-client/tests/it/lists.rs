//! Pages: only the query of `next` counts.

use futures_util::TryStreamExt;
use photos_client::{ClientError, Ordering, PhotosQuery};
use serde_json::json;
use wiremock::matchers::{method, path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{client, photo};

#[tokio::test]
async fn pages_are_fetched_from_the_own_base_whatever_the_links_say() {
    let (server, foreign) = (MockServer::start().await, MockServer::start().await);
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200))
        .expect(0)
        .mount(&foreign)
        .await;
    let page = |next: Option<String>, name: &str| {
        ResponseTemplate::new(200).set_body_json(json!({"next":next,"previous":null,"results":[photo(name)]}))
    };
    Mock::given(path("/api/v1/photos"))
        .and(query_param("search", "a&b #c"))
        .and(query_param("ordering", "published_at"))
        .and(query_param_is_missing("cursor"))
        .respond_with(page(
            Some(format!("{}/evil?cursor=2&search=a%26b", foreign.uri())),
            "one",
        ))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(path("/api/v1/photos"))
        .and(query_param("cursor", "2"))
        .and(query_param("search", "a&b"))
        .respond_with(page(Some("/api/v1/photos?cursor=3".to_owned()), "two"))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(query_param("cursor", "3"))
        .respond_with(page(None, "three"))
        .expect(1)
        .mount(&server)
        .await;
    let query = PhotosQuery {
        search: Some("a&b #c".into()),
        ordering: Some(Ordering::OldestPublished),
        ..PhotosQuery::default()
    };
    let photos: Vec<_> = client(&server.uri())
        .photos()
        .list_photos(query)
        .try_collect()
        .await
        .unwrap();
    let names: Vec<_> = photos.into_iter().map(|photo| photo.name).collect();
    assert_eq!(names, ["one", "two", "three"]);
}

#[tokio::test]
async fn a_list_that_runs_in_a_circle_ends() {
    let server = MockServer::start().await;
    let page = json!({"next":"http://x/?cursor=1","previous":null,"results":[]});
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_json(page))
        .mount(&server)
        .await;
    let pages: Result<Vec<_>, _> = client(&server.uri())
        .photos()
        .list(PhotosQuery::default())
        .try_collect()
        .await;
    assert!(matches!(pages, Err(ClientError::Invalid(_))));
}
