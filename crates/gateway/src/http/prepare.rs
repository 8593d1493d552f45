//! From what a caller asks for to a turn that can be run.

use axum::{http::HeaderValue, response::Response};

use super::{App, images, models::find_model};
use crate::{
    codex::Model,
    log::{Entry, Parameters},
    openai::{Delivery, EffortAsked, Expectation, TurnRequest, error::ApiError, policy::Trace},
    turn::{Item, Turn},
};

/// A turn that can be run, and what its answer must be.
pub(super) struct Prepared {
    /// The model's name as the caller gave it.
    pub(super) asked: String,
    pub(super) turn: Turn,
    pub(super) expectation: Expectation,
}

/// Finds the model, checks that it has what is asked of it, and fetches the images. `entry` is told of all that.
pub(super) async fn prepare(
    app: &App,
    entry: &Entry,
    request: TurnRequest,
    delivery: Delivery,
) -> Result<Prepared, ApiError> {
    let TurnRequest {
        model: asked,
        mut items,
        images,
        effort,
        summary,
        verbosity,
        service_tier,
        limits,
        tools,
        expectation,
    } = request;
    entry.asked(&asked);
    let model = find_model(app, &asked).await?;
    if !model.takes_images && items.iter().any(Item::has_image) {
        // One that this request does not bring was said before.
        let param = images.first().map_or("previous_response_id", |image| image.param.as_str());
        return Err(ApiError::unsupported(param, format!("The model `{asked}` does not take images.")));
    }
    let effort = choose_effort(effort, app.settings.reasoning_effort.as_deref(), &model)?;
    let service_tier = choose_service_tier(service_tier, &model)?;
    images::resolve(app, &mut items, images).await?;
    let turn = Turn {
        model: model.name,
        items,
        effort,
        summary,
        verbosity: verbosity.map(str::to_owned),
        service_tier,
        context_window: model.context_window,
        limits,
        tools,
        output_schema: expectation.upstream_schema().cloned(),
    };
    entry.turn(&turn, delivery != Delivery::Whole);
    Ok(Prepared { asked, turn, expectation })
}

/// The effort that the caller asks for, if the model has it, else the one in the settings, if the model has that.
fn choose_effort(
    asked: Option<EffortAsked>,
    default: Option<&str>,
    model: &Model,
) -> Result<String, ApiError> {
    let knows = |effort: &str| model.efforts.iter().any(|known| known == effort);
    match asked {
        Some(EffortAsked { param, effort }) if !knows(&effort) => {
            let known = model.efforts.iter().map(String::as_str);
            Err(not_of_model(&param, &effort, model, known))
        }
        Some(EffortAsked { effort, .. }) => Ok(effort),
        None => Ok(default.filter(|effort| knows(effort)).unwrap_or(&model.default_effort).to_owned()),
    }
}

/// The tier that the caller asks for, if the model is served by it. `auto` leaves the choice to us, which never is the one
/// that costs more.
fn choose_service_tier(asked: Option<String>, model: &Model) -> Result<String, ApiError> {
    match asked.as_deref() {
        None | Some("auto" | "default") => Ok("default".to_owned()),
        Some(tier) if model.service_tiers.iter().any(|known| known == tier) => Ok(tier.to_owned()),
        Some(tier) => {
            let known = ["auto", "default"].into_iter().chain(model.service_tiers.iter().map(String::as_str));
            Err(not_of_model("service_tier", tier, model, known))
        }
    }
}

/// The error for a value that the model does not have.
fn not_of_model<'a>(
    param: &str,
    asked: &str,
    model: &Model,
    known: impl Iterator<Item = &'a str>,
) -> ApiError {
    let known = known.map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ");
    let message =
        format!("`{param}` is `{asked}`, which the model `{}` does not have; it has {known}.", model.name);
    ApiError::invalid(param, "unsupported_value", message)
}

/// The names of the fields that were left out, for a header.
pub(super) struct Ignored(Option<HeaderValue>);

impl Ignored {
    /// How long the header may be: clients take some kilobytes of headers.
    const MAX_BYTES: usize = 1024;

    pub(super) fn of(trace: &Trace) -> Self {
        let told: String = trace.ignored.join(", ").escape_default().collect();
        let told = if told.len() > Self::MAX_BYTES { in_short(&trace.ignored) } else { told };
        Self(HeaderValue::from_str(&told).ok().filter(|told| !told.is_empty()))
    }

    /// Tells the caller.
    pub(super) fn tell(self, response: &mut Response) {
        if let Some(names) = self.0 {
            response.headers_mut().insert("x-codex-gateway-ignored", names);
        }
    }
}

/// Each name once, those of a list's elements as one, and no more of them than fit.
fn in_short(names: &[String]) -> String {
    let mut shortened: Vec<String> = Vec::new();
    let mut length = 0;
    for name in names {
        let name = without_indices(name).escape_default().to_string();
        if shortened.contains(&name) {
            continue;
        }
        length += name.len() + 2;
        if length > Ignored::MAX_BYTES {
            shortened.push("...".to_owned());
            break;
        }
        shortened.push(name);
    }
    shortened.join(", ")
}

/// `messages[].name`, of `messages[7].name`.
fn without_indices(field: &str) -> String {
    let mut parts = field.split('[');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        name.push('[');
        name.push_str(part.trim_start_matches(|character: char| character.is_ascii_digit()));
    }
    name
}

impl From<Trace> for Parameters {
    fn from(trace: Trace) -> Self {
        let Trace { honoured, neutral, ignored, refused, .. } = trace;
        Self { honoured, neutral, ignored, refused }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Unsupported;

    fn told(ignored: impl IntoIterator<Item = String>) -> String {
        let mut trace = Trace::new(Unsupported::Ignore);
        trace.ignored.extend(ignored);
        Ignored::of(&trace).0.map(|names| names.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    #[test]
    fn the_header_of_ignored_fields_does_not_grow_with_the_request() {
        assert_eq!(told([]), "");
        assert_eq!(told(["messages[1].name".into(), "é".into()]), "messages[1].name, \\u{e9}");
        let names = (0..2000).map(|index| format!("messages[{index}].name"));
        assert_eq!(told(names.chain(["seed".into()])), "messages[].name, seed");
        let many = told((0..2000).map(|index| format!("field_{index}")));
        assert!(
            many.len() < 1100 && many.starts_with("field_0, field_1") && many.ends_with(", ..."),
            "{many}"
        );
        assert_eq!(told(["x".repeat(5000)]), "...");
    }
}
