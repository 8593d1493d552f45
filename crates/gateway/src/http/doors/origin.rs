//! Web pages, which a browser lets send requests to this machine.
//!
//! A browser says where a request comes from, and programs don't. So whatever has an `Origin` is a page's, or an
//! extension's, and is let in only where the person listed it. Requests to which no browser adds an `Origin`, such as
//! those of an image, are known by `Sec-Fetch-Site`.

use std::sync::Arc;

use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{ORIGIN, RETRY_AFTER},
};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::{
    super::{Shared, quote::quote},
    forbidden,
};
use crate::{openai::error::ApiError, settings::Origin};

static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses the requests of pages that are not allowed.
pub(super) fn check(headers: &HeaderMap, allowed: &[Origin]) -> Result<(), ApiError> {
    let mut origins = headers.get_all(ORIGIN).iter();
    if let Some(origin) = origins.next() {
        if is_allowed(origin, allowed) && origins.next().is_none() {
            return Ok(());
        }
        let message = format!(
            "Web pages may not use the gateway, and this request comes from `{}`. If you trust that page with your \
             Codex, add exactly this origin to `allowed_origins` in the gateway's config file.",
            quote(origin.as_bytes())
        );
        return Err(forbidden("origin_not_allowed", message));
    }
    // `none` is the person at the address bar.
    let site = headers.get(&SEC_FETCH_SITE).map_or(b"none".as_slice(), HeaderValue::as_bytes);
    match site {
        b"none" | b"same-origin" => Ok(()),
        _ => Err(forbidden(
            "origin_not_allowed",
            "Web pages may not use the gateway, and a browser says that this request comes from one.",
        )),
    }
}

/// Tells browsers what the allowed pages may do: everything that the API has.
pub(in crate::http) fn cors(shared: Arc<Shared>) -> CorsLayer {
    const EXPOSED: [HeaderName; 4] = [
        HeaderName::from_static("x-request-id"),
        HeaderName::from_static("x-should-retry"),
        HeaderName::from_static("x-codex-gateway-ignored"),
        RETRY_AFTER,
    ];
    let is_allowed =
        move |origin: &HeaderValue, _: &_| is_allowed(origin, &shared.live.settings().allowed_origins);
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_allowed))
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        // The SDKs send `x-stainless-…` headers, which no list holds for long.
        .allow_headers(AllowHeaders::mirror_request())
        .allow_private_network(true)
        .expose_headers(EXPOSED)
}

fn is_allowed(origin: &HeaderValue, allowed: &[Origin]) -> bool {
    allowed.iter().any(|allowed| allowed.as_str().as_bytes() == origin.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(headers: &[(&HeaderName, &str)]) -> Option<ApiError> {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).clone(), HeaderValue::from_str(value).unwrap()))
            .fold(HeaderMap::new(), |mut headers, (name, value)| {
                headers.append(name, value);
                headers
            });
        check(&headers, &["https://a.example".parse().unwrap()]).err()
    }

    #[test]
    fn only_listed_pages_come_in_and_programs_do() {
        assert_eq!(refusal(&[]), None);
        assert_eq!(refusal(&[(&ORIGIN, "https://a.example")]), None);
        // Which browsers send beside the origin.
        assert_eq!(refusal(&[(&ORIGIN, "https://a.example"), (&SEC_FETCH_SITE, "cross-site")]), None);
        for origin in [
            "null",
            "https://b.example",
            "http://a.example",
            "https://a.example:8443",
            "https://a.example.evil.example",
            "https://a.example/",
            "HTTPS://A.EXAMPLE",
            "http://127.0.0.1:8000",
            "",
        ] {
            let error = refusal(&[(&ORIGIN, origin)]).unwrap();
            assert_eq!((error.status, error.body.code.as_deref()), (403, Some("origin_not_allowed")));
            assert!(error.body.message.contains(&format!("`{origin}`")), "{error:?}");
            assert!(error.body.message.contains("`allowed_origins`"), "{error:?}");
        }
        assert!(refusal(&[(&ORIGIN, "https://a.example"), (&ORIGIN, "https://b.example")]).is_some());
    }

    #[test]
    fn a_page_that_sends_no_origin_is_known_by_what_the_browser_says() {
        for site in ["cross-site", "same-site", "something-new"] {
            assert!(refusal(&[(&SEC_FETCH_SITE, site)]).is_some(), "{site}");
        }
        // A person at the address bar; Node's `fetch` sends `Sec-Fetch-Mode` only.
        assert_eq!(refusal(&[(&SEC_FETCH_SITE, "none")]), None);
    }
}
