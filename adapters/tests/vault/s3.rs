//! As much of S3 as a store of recordings uses, over real HTTP: objects and uploads in parts, in memory, one bucket.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html> (read 2026-11).
//! It looks at who signs, not at the signature.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// The access key that is good.
pub(crate) const KEY: &str = "AKIAGOOD";

/// The bucket there is.
const BUCKET: &str = "calls/";

#[derive(Default)]
struct Shelf {
    objects: BTreeMap<String, Bytes>,
    parts: BTreeMap<u32, Bytes>,
    failing: u32,
    asked: u32,
}

type Shared = Arc<Mutex<Shelf>>;

/// A running server. It ends with the test.
pub(crate) struct S3 {
    pub(crate) url: String,
    shelf: Shared,
}

impl S3 {
    pub(crate) async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let shelf = Shared::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(answer).layer(DefaultBodyLimit::disable()).with_state(shelf.clone());
        #[allow(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, shelf }
    }

    /// So many requests are answered with 503.
    pub(crate) fn fail_next(&self, requests: u32) {
        self.shelf.lock().unwrap().failing = requests;
    }

    /// How many requests came.
    pub(crate) fn asked(&self) -> u32 {
        self.shelf.lock().unwrap().asked
    }

    /// Names of all objects, with their bucket.
    pub(crate) fn names(&self) -> Vec<String> {
        self.shelf.lock().unwrap().objects.keys().cloned().collect()
    }
}

async fn answer(
    State(shelf): State<Shared>,
    method: Method,
    uri: Uri,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut shelf = shelf.lock().unwrap();
    shelf.asked += 1;
    if shelf.failing > 0 {
        shelf.failing -= 1;
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "SlowDown");
    }
    let signed = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !signed.starts_with(&format!("AWS4-HMAC-SHA256 Credential={KEY}/")) {
        return refuse(StatusCode::FORBIDDEN, signed);
    }
    let name = uri.path().trim_start_matches('/').to_owned();
    if !name.starts_with(BUCKET) {
        return refuse(StatusCode::NOT_FOUND, "NoSuchBucket");
    }
    match (method, query.get("partNumber")) {
        (Method::POST, _) if query.contains_key("uploads") => {
            shelf.parts.clear();
            "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>".into_response()
        }
        (Method::PUT, Some(part)) => {
            shelf.parts.insert(part.parse().unwrap(), body);
            [(header::ETAG, "\"part\"")].into_response()
        }
        (Method::POST, _) => {
            let whole: Vec<u8> = std::mem::take(&mut shelf.parts).into_values().flatten().collect();
            shelf.objects.insert(name, whole.into());
            "<CompleteMultipartUploadResult><ETag>\"whole\"</ETag></CompleteMultipartUploadResult>".into_response()
        }
        (Method::PUT, None) => {
            shelf.objects.insert(name, body);
            [(header::ETAG, "\"whole\"")].into_response()
        }
        (Method::GET, _) => match shelf.objects.get(&name) {
            Some(object) => {
                let about = [(header::ETAG, "\"whole\""), (header::LAST_MODIFIED, "Sat, 21 Nov 2026 10:00:00 GMT")];
                (about, object.clone()).into_response()
            }
            None => refuse(StatusCode::NOT_FOUND, "NoSuchKey"),
        },
        (Method::DELETE, _) => {
            shelf.objects.remove(&name);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

fn refuse(status: StatusCode, code: &str) -> Response {
    (status, format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>")).into_response()
}
