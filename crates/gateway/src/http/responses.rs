//! `POST /v1/responses`.

pub(super) mod count;
mod query;
pub(super) mod stored;
mod stream;

use axum::{
    Extension, Json,
    extract::State,
    response::{IntoResponse, Response},
};

use super::{
    App,
    body::JsonObject,
    logged::LoggedTurn,
    prepare::{Ignored, Prepared, prepare},
};
use crate::{
    log::Entry,
    openai::{
        Delivery,
        error::ApiError,
        policy::Trace,
        responses::{Answer, History, ResponsesRequest, StoredResponse},
    },
};

pub(super) async fn create(
    State(app): State<App>,
    Extension(entry): Extension<Entry>,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let mut trace = Trace::new(app.settings.unsupported_parameters);
    let request = ResponsesRequest::parse(body, &mut trace, &app.history);
    let ignored = Ignored::of(&trace);
    entry.parameters(trace.into());
    let ResponsesRequest { turn, mut response, continuation, encrypted, delivery, .. } = request?;
    let Prepared { turn, expectation, .. } = prepare(&app, &entry, turn, delivery).await?;
    response.choose(&turn);
    let keeping = Keeping { stored: continuation.stored(&turn.items), history: app.history.clone() };

    let running = app.codex.run(turn, 1).await.map_err(|error| of_input(error.into()))?.into_iter().next();
    let turn = LoggedTurn::new(running.ok_or_else(no_turn)?, entry.clone());
    let answer = Answer::new(response, expectation, encrypted, delivery);
    let mut response = match delivery {
        Delivery::Whole => whole(turn, answer, keeping).await?,
        Delivery::Stream => stream::response(turn, answer, keeping, entry).await?,
    };
    ignored.tell(&mut response);
    Ok(response)
}

async fn whole(mut turn: LoggedTurn, mut answer: Answer, keeping: Keeping) -> Result<Response, ApiError> {
    while !answer.add(turn.next().await.map_err(of_input)?)? {}
    keeping.keep(&answer);
    Ok(Json(answer.whole()).into_response())
}

/// Where a response is to be stored, and what it is to be stored with, if it is.
struct Keeping {
    stored: Option<StoredResponse>,
    history: History,
}

impl Keeping {
    /// Stores a response that is over.
    fn keep(self, answer: &Answer) {
        if let Some(stored) = self.stored {
            let (object, output) = answer.to_parts();
            self.history.put(StoredResponse { object, output, ..stored });
        }
    }
}

/// What the turn calls messages is the input here.
fn of_input(mut error: ApiError) -> ApiError {
    if error.body.param.as_deref() == Some("messages") {
        error.body.param = Some("input".to_owned());
    }
    error
}

fn no_turn() -> ApiError {
    ApiError::new(500, "server_error", "no_turn", "The turn was not started.")
}
