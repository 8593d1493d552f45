//! The part of a URL that names something: a model, or a response.

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};

use crate::openai::error::ApiError;

/// The name, decoded. One that is no text names nothing that there is.
pub(super) struct UrlPart(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for UrlPart {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(name)) => Ok(Self(name)),
            Err(_) => Err(ApiError::new(
                404,
                "invalid_request_error",
                "not_found",
                "The name in the URL is not UTF-8, so there is nothing of that name.",
            )),
        }
    }
}
