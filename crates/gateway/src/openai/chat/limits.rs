//! Where a caller wants the answer to end, and how many answers.

use crate::{
    openai::{
        error::ApiError,
        value::{At, Fields},
    },
    turn::Limits,
};

/// As many stop sequences as OpenAI takes.
const MAX_STOPS: usize = 4;

/// As many answers as run side by side for one request.
const MAX_ANSWERS: u32 = 8;

pub(super) fn parse(fields: &mut Fields) -> Result<Limits, ApiError> {
    let stop = fields.take("stop").map(stops).transpose()?.unwrap_or_default();
    let older = fields.take("max_tokens");
    let newer = fields.take("max_completion_tokens");
    if let (Some(_), Some(newer)) = (&older, &newer) {
        return Err(ApiError::invalid(
            newer.path(),
            "invalid_value",
            "`max_completion_tokens` and `max_tokens` mean the same: send only one of them.",
        ));
    }
    let max_tokens = newer.or(older).map(|limit| limit.integer(1..=u32::MAX)).transpose()?;
    Ok(Limits { stop, max_tokens: max_tokens.map(|limit| limit as usize) })
}

/// How many answers are wanted.
pub(super) fn answers(fields: &mut Fields) -> Result<u32, ApiError> {
    Ok(fields.take("n").map(|n| n.integer(1..=MAX_ANSWERS)).transpose()?.unwrap_or(1))
}

fn stops(stop: At) -> Result<Vec<String>, ApiError> {
    let path = stop.path().to_owned();
    let stops = if stop.value().is_string() {
        vec![stop.string()?]
    } else {
        stop.list()?.into_iter().map(At::string).collect::<Result<_, _>>()?
    };
    if stops.len() > MAX_STOPS {
        return Err(ApiError::invalid(
            &path,
            "invalid_value",
            format!("`{path}` has {} sequences; at most {MAX_STOPS} are allowed.", stops.len()),
        ));
    }
    if stops.iter().any(String::is_empty) {
        return Err(ApiError::invalid(&path, "invalid_value", format!("`{path}` must not be empty text.")));
    }
    Ok(stops)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn fields(value: &Value) -> Fields {
        Fields::new(value.as_object().unwrap().clone())
    }

    fn limits(value: &Value) -> Result<Limits, String> {
        parse(&mut fields(value)).map_err(|error| error.body.param.unwrap())
    }

    #[test]
    fn limits_are_taken_in_all_their_forms() {
        let stop = |stop: &[&str]| stop.iter().map(|&stop| stop.to_owned()).collect();
        for (value, expected) in [
            (json!({}), Limits::default()),
            (json!({"stop": "a"}), Limits { stop: stop(&["a"]), max_tokens: None }),
            (json!({"stop": ["a", "b"]}), Limits { stop: stop(&["a", "b"]), max_tokens: None }),
            (json!({"stop": []}), Limits::default()),
            (json!({"max_tokens": 5}), Limits { stop: vec![], max_tokens: Some(5) }),
            (
                json!({"max_completion_tokens": 5, "max_tokens": null}),
                Limits { stop: vec![], max_tokens: Some(5) },
            ),
        ] {
            assert_eq!(limits(&value), Ok(expected), "{value}");
        }
        assert_eq!(answers(&mut fields(&json!({"n": 8}))), Ok(8));
        assert_eq!(answers(&mut fields(&json!({}))), Ok(1));
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        for (value, param) in [
            (json!({"stop": ""}), "stop"),
            (json!({"stop": ["a", ""]}), "stop"),
            (json!({"stop": ["a", "b", "c", "d", "e"]}), "stop"),
            (json!({"stop": [1]}), "stop[0]"),
            (json!({"stop": 1}), "stop"),
            (json!({"max_tokens": 0}), "max_tokens"),
            (json!({"max_tokens": -1}), "max_tokens"),
            (json!({"max_tokens": 1.5}), "max_tokens"),
            (json!({"max_tokens": "5"}), "max_tokens"),
            (json!({"max_tokens": 5, "max_completion_tokens": 5}), "max_completion_tokens"),
        ] {
            assert_eq!(limits(&value), Err(param.to_owned()), "{value}");
        }
        for n in [json!(0), json!(9), json!("2"), json!(1.5)] {
            let error = answers(&mut fields(&json!({"n": n}))).unwrap_err();
            assert_eq!(error.body.param.as_deref(), Some("n"));
        }
    }
}
