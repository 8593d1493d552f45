//! From what a caller asks for to a turn that can be run.

use axum::{http::HeaderValue, response::Response};

use super::{App, images, models::find_model};
use crate::{
    codex::Model,
    log::{Entry, Parameters},
    openai::{EffortAsked, Expectation, TurnRequest, chat::Delivery, error::ApiError, policy::Trace},
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
    pub(super) fn of(trace: &Trace) -> Self {
        let names = trace.ignored.join(", ").escape_default().to_string();
        Self(HeaderValue::from_str(&names).ok().filter(|names| !names.is_empty()))
    }

    /// Tells the caller.
    pub(super) fn tell(self, response: &mut Response) {
        if let Some(names) = self.0 {
            response.headers_mut().insert("x-codex-gateway-ignored", names);
        }
    }
}

impl From<Trace> for Parameters {
    fn from(trace: Trace) -> Self {
        let Trace { honoured, neutral, ignored, refused, .. } = trace;
        Self { honoured, neutral, ignored, refused }
    }
}
