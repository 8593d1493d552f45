//! The JSON body of a request.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    extract::{FromRef, FromRequest, Request},
    http::{
        HeaderMap,
        header::{CONTENT_LENGTH, CONTENT_TYPE},
    },
};
use futures_util::StreamExt;
use serde_json::{Map, Value};
use tokio::time::timeout;

use super::{App, quote::quote};
use crate::openai::error::ApiError;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a body that nobody wants is read on.
const DISCARD_PATIENCE: Duration = Duration::from_secs(2);

/// Refuses a request whose body was not read. The body is read to its end, since the connection could not be used again
/// otherwise and its caller may see a reset instead of the answer; one that does not come is not waited for, and the
/// answer says that the connection closes.
pub(super) async fn refuse(app: &App, body: Body, mut error: ApiError) -> ApiError {
    let mut left = app.settings.max_body_bytes;
    let mut body = body.into_data_stream();
    let read_to_end = async {
        while let Some(bytes) = body.next().await {
            match bytes.ok().and_then(|bytes| left.checked_sub(bytes.len())) {
                Some(less) => left = less,
                None => return false,
            }
        }
        true
    };
    error.closes = !timeout(DISCARD_PATIENCE, read_to_end).await.unwrap_or(false);
    error
}

/// A body that is a JSON object.
pub(super) struct JsonObject(pub(super) Map<String, Value>);

impl<S> FromRequest<S> for JsonObject
where
    S: Send + Sync,
    App: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let app = App::from_ref(state);
        let (parts, body) = request.into_parts();
        let limit = app.settings.max_body_bytes;
        if let Some(refusal) = refusal(&parts.headers, limit) {
            return Err(refuse(&app, body, refusal).await);
        }
        read(body, limit).await.map(Self)
    }
}

/// Why a body is not even read.
fn refusal(headers: &HeaderMap, limit: usize) -> Option<ApiError> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if !header(CONTENT_TYPE).is_some_and(is_json) {
        return Some(unsupported_media_type(header(CONTENT_TYPE)));
    }
    let announced: Option<usize> = header(CONTENT_LENGTH).and_then(|length| length.parse().ok());
    announced.filter(|announced| *announced > limit).map(|_| too_large(limit))
}

async fn read(body: Body, limit: usize) -> Result<Map<String, Value>, ApiError> {
    let read = timeout(PATIENCE, to_bytes(body, limit)).await;
    let read =
        read.map_err(|_| error(408, "request_timeout", "The request's body did not arrive within 60 s."));
    let bytes = read.and_then(|read| {
        read.map_err(|source| match is_length_limit(&source) {
            true => too_large(limit),
            false => error(400, "invalid_body", "The request's body could not be read to its end."),
        })
    });
    // What was not read is still on its way.
    let bytes = bytes.map_err(|error| ApiError { closes: true, ..error })?;
    // Serde stops at 128 levels of nesting, which no request needs and which no stack minds.
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(error(400, "invalid_json", "The request's body must be a JSON object.")),
        Err(source) => {
            Err(error(400, "invalid_json", format!("The request's body is not valid JSON: {source}.")))
        }
    }
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

/// A browser lets any page send forms and plain text, but asks before it lets one send JSON.
fn unsupported_media_type(content_type: Option<&str>) -> ApiError {
    let given = match content_type {
        Some(given) => format!(" It is `{}`.", quote(given.as_bytes())),
        None => " It is missing.".to_owned(),
    };
    let message = format!(
        "The request's `Content-Type` must be `application/json`.{given} With curl, add \
         `-H 'Content-Type: application/json'`."
    );
    error(415, "unsupported_media_type", message)
}

fn is_length_limit(error: &axum::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        source = error.source();
    }
    false
}

fn too_large(limit: usize) -> ApiError {
    error(
        413,
        "request_too_large",
        format!(
            "The request's body is larger than {limit} bytes. Send less, or raise `max_body_bytes` in the gateway's \
             config file."
        ),
    )
}

fn error(status: u16, code: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(status, "invalid_request_error", code, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Bytes, http::HeaderValue};
    use futures_util::stream;

    async fn failure(body: impl Into<Body>) -> (u16, String) {
        let error = read(body.into(), 1_000_000).await.unwrap_err();
        (error.status, error.body.code.unwrap())
    }

    fn refused(content_type: Option<&str>) -> Option<ApiError> {
        let mut headers = HeaderMap::new();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap());
        }
        refusal(&headers, 1)
    }

    #[test]
    fn only_json_is_taken() {
        for json in
            ["application/json", "application/json; charset=utf-8", "Application/JSON", " application/json ;"]
        {
            assert_eq!(refused(Some(json)), None, "{json}");
        }
        // The first three are all that a page may send unasked; the second is what `curl -d` sends.
        for other in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/json",
            "json",
            "",
        ] {
            let error = refused(Some(other)).unwrap();
            assert_eq!((error.status, error.body.code.as_deref()), (415, Some("unsupported_media_type")));
            assert!(
                error.body.message.contains(other) && error.body.message.contains("-H 'Content-Type"),
                "{error:?}"
            );
        }
        assert_eq!(refused(None).unwrap().status, 415);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_in_for_ever_is_given_up() {
        let trickle = stream::unfold((), async |()| {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b" ")), ()))
        });
        let error = read(Body::from_stream(trickle), 1_000_000).await.unwrap_err();
        assert_eq!((error.status, error.closes), (408, true));
    }

    #[tokio::test]
    async fn deep_nesting_is_an_error_and_no_overflow() {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let bomb = format!(r#"{{"a":{}0{}}}"#, open.repeat(150_000), close.repeat(150_000));
            assert_eq!(failure(bomb).await, (400, "invalid_json".to_owned()));
            assert_eq!(failure(open.repeat(150_000)).await, (400, "invalid_json".to_owned()));
            let deep = format!(r#"{{"a":{}0{}}}"#, open.repeat(100), close.repeat(100));
            assert!(read(deep.into(), 1_000_000).await.is_ok());
        }
    }

    #[tokio::test]
    async fn what_is_not_a_json_object_is_refused() {
        for body in ["", "[]", "null", "1", "{", "{} {}", "\u{feff}{}", r#"{"a": NaN}"#] {
            assert_eq!(failure(body).await, (400, "invalid_json".to_owned()), "{body}");
        }
        assert_eq!(failure(vec![b' '; 1_000_001]).await, (413, "request_too_large".to_owned()));
        assert_eq!(failure(b"{\"a\": \"\xff\"}".to_vec()).await, (400, "invalid_json".to_owned()));
    }
}
