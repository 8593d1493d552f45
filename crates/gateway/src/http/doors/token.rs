//! The local token: in its header, and nowhere else.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::{Request, State},
    http::{
        HeaderValue, Uri,
        header::{AUTHORIZATION, WWW_AUTHENTICATE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::time::{Instant, sleep};

use super::super::{App, body::refuse, limits::announce};
use crate::openai::error::ApiError;

const HINT: &str = "`codex-gateway token` prints it.";

/// Lets in whoever has the local token, and tells them what is left of the account's allowance.
pub(in crate::http) async fn authenticate(State(app): State<App>, request: Request, next: Next) -> Response {
    match check(&app, request.headers().get(AUTHORIZATION)) {
        Ok(()) => {
            let mut response = next.run(request).await;
            // After the answer's beginning, which may have brought news.
            announce(response.headers_mut(), &app.codex.quota());
            response
        }
        Err(Refusal { error, guessed }) => {
            if guessed {
                sleep(app.wrong_tokens.another()).await;
            }
            let mut response = refuse(&app, request.into_body(), error).await.into_response();
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            response
        }
    }
}

struct Refusal {
    error: ApiError,
    /// Whether a token was sent, though a wrong one.
    guessed: bool,
}

fn check(app: &App, authorization: Option<&HeaderValue>) -> Result<(), Refusal> {
    let refused = |guessed, what: &str| {
        Err(Refusal { error: ApiError::unauthorized(format!("{what}; {HINT}")), guessed })
    };
    let Some(authorization) = authorization else {
        return refused(false, "No local token was sent. Give the gateway's token as the API key");
    };
    let authorization = authorization.as_bytes();
    let (scheme, token) = authorization.split_at_checked("Bearer ".len()).unwrap_or((authorization, b""));
    if !scheme.eq_ignore_ascii_case(b"Bearer ") {
        return refused(false, "The `Authorization` header must be `Bearer` and the gateway's token");
    }
    if app.token.matches(token) {
        return Ok(());
    }
    if token.starts_with(b"sk-") {
        return refused(
            true,
            "An OpenAI API key was sent. The gateway takes only its own token, and passes no key on",
        );
    }
    refused(true, "The local token is wrong")
}

/// Refuses URLs with a field for a secret. URLs are kept in histories and logs; a token in one is ours to refuse even
/// where it would be right.
pub(super) fn check_url(uri: &Uri) -> Result<(), ApiError> {
    const FIELDS: &[&str] = &[
        "access_token",
        "api-key",
        "api_key",
        "apikey",
        "authorization",
        "bearer",
        "key",
        "token",
        "x-api-key",
    ];
    let fields = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let named = |name: &str| FIELDS.iter().find(|field| field.eq_ignore_ascii_case(name));
    let Some(field) = fields.into_iter().find_map(|(name, _)| named(&name)) else { return Ok(()) };
    Err(ApiError::new(
        401,
        "authentication_error",
        "token_in_url",
        format!(
            "The URL has the field `{field}`. A token does not belong into a URL, where histories and logs keep it. Send \
             it as the SDKs send their API key: in the header `Authorization`, after `Bearer`."
        ),
    ))
}

/// Wrong tokens that were sent lately. Each makes the answer to the next wrong one slower; right ones never wait.
#[derive(Debug, Default)]
pub(crate) struct WrongTokens(Mutex<Option<Recent>>);

#[derive(Debug, Clone, Copy)]
struct Recent {
    count: u32,
    last: Instant,
}

impl WrongTokens {
    /// As many are forgiven: somebody is about to find out which token is right.
    const FREE: u32 = 4;
    const FIRST_PAUSE: Duration = Duration::from_millis(10);
    const LONGEST_PAUSE: Duration = Duration::from_millis(500);
    const FORGOTTEN_AFTER: Duration = Duration::from_secs(30);

    /// Counts another wrong token. Returns how long its sender has to wait for the answer.
    fn another(&self) -> Duration {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = recent.filter(|recent| recent.last.elapsed() < Self::FORGOTTEN_AFTER);
        let before = before.map_or(0, |recent| recent.count);
        *recent = Some(Recent { count: before.saturating_add(1), last: Instant::now() });
        match before.checked_sub(Self::FREE) {
            None => Duration::ZERO,
            Some(steps) => (Self::FIRST_PAUSE * (1 << steps.min(10))).min(Self::LONGEST_PAUSE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_wrong_token_makes_the_next_one_slower_for_a_while() {
        let wrong = WrongTokens::default();
        let pauses: Vec<_> = (0..12).map(|_| wrong.another().as_millis()).collect();
        assert_eq!(pauses, [0, 0, 0, 0, 10, 20, 40, 80, 160, 320, 500, 500]);
        tokio::time::advance(WrongTokens::FORGOTTEN_AFTER).await;
        assert_eq!(wrong.another(), Duration::ZERO);
    }

    #[test]
    fn no_url_holds_a_secret() {
        for query in ["api_key=a", "x=1&API_KEY=a", "token", "access_token=", "%6bey=a", "key=a&key=b"] {
            let error = check_url(&format!("/v1/models?{query}").parse().unwrap()).unwrap_err();
            assert_eq!((error.status, error.body.code.as_deref()), (401, Some("token_in_url")), "{query}");
            assert!(error.body.message.contains("`Authorization`, after `Bearer`"), "{query}");
        }
        for url in ["/v1/models", "/v1/models?api-version=1", "/v1/models?limit=1&after=key", "/?"] {
            assert!(check_url(&url.parse().unwrap()).is_ok(), "{url}");
        }
    }
}
