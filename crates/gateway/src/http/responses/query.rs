//! What the URL of a stored response asks for.

use url::form_urlencoded;

use crate::openai::{
    error::ApiError,
    responses::{Encrypted, Order, Page},
};

#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) stream: bool,
    /// The number of the event that the stream comes after.
    pub(super) starting_after: Option<u64>,
    pub(super) encrypted: Encrypted,
    pub(super) page: Page,
}

impl Query {
    pub(super) fn parse(query: Option<&str>) -> Result<Self, ApiError> {
        let mut parsed = Self::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            let invalid = |wanted: &str| {
                let message = format!("`{name}` is `{value}`; it must be {wanted}.");
                ApiError::invalid(name.as_ref(), "invalid_value", message)
            };
            // Lists come as `include`, `include[]` or `include[0]`.
            match name.split('[').next().unwrap_or_default() {
                "stream" => parsed.stream = value.parse().map_err(|_| invalid("`true` or `false`"))?,
                "starting_after" => {
                    parsed.starting_after = Some(value.parse().map_err(|_| invalid("a whole number"))?);
                }
                "include" => parsed.encrypted.included |= value == "reasoning.encrypted_content",
                "after" => parsed.page.after = Some(value.into_owned()),
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=100).contains(limit));
                    parsed.page.limit = limit.ok_or_else(|| invalid("from 1 to 100"))?;
                }
                "order" => {
                    parsed.page.order = match value.as_ref() {
                        "asc" => Order::Asc,
                        "desc" => Order::Desc,
                        _ => return Err(invalid("`asc` or `desc`")),
                    };
                }
                // Padding, of which none is sent either way, and what is newer than this gateway.
                _ => {}
            }
        }
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_come_in_every_form() {
        for query in
            ["include=a&include=reasoning.encrypted_content", "include%5B%5D=reasoning.encrypted_content"]
        {
            assert!(Query::parse(Some(query)).unwrap().encrypted.included, "{query}");
        }
        let query =
            Query::parse(Some("stream=true&starting_after=7&limit=100&order=asc&after=msg_1")).unwrap();
        assert_eq!((query.stream, query.starting_after), (true, Some(7)));
        assert_eq!(
            (query.page.limit, query.page.order, query.page.after.as_deref()),
            (100, Order::Asc, Some("msg_1"))
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        for query in ["stream=maybe", "starting_after=x", "limit=0", "limit=101", "order=up"] {
            let error = Query::parse(Some(query)).unwrap_err();
            assert_eq!(error.body.param.as_deref(), query.split('=').next(), "{query}");
        }
    }
}

#[cfg(test)]
mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_query_is_understood_or_refused_by_the_name_of_a_field(
            names in prop::collection::vec(
                (prop::sample::select(vec!["stream", "starting_after", "include[0]", "after", "limit", "order", "x"]),
                 prop_oneof!["[0-9]{1,25}", "true|false|asc|desc", ".{0,8}"]), 0..5
            ), garbage in ".{0,8}"
        ) {
            let fields = names.iter().map(|(name, value)| format!("{name}={value}&"));
            let query = fields.chain([garbage]).collect::<String>();
            match Query::parse(Some(&query)) {
                Ok(parsed) => prop_assert!((1..=100).contains(&parsed.page.limit)),
                Err(error) => prop_assert!(error.status == 400 && error.body.param.is_some(), "{:?}", error),
            }
        }
    }
}
