//! One turn on Codex, from its thread to its last event.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use app_server::{
    FunctionCall, RawItemKind, Subscription, ThreadEvent, TokenUsage, TurnStatus,
    protocol::{ThreadInjectItems, ThreadUnsubscribe, TurnInterrupt, TurnStart},
};
use tokio::{
    task::spawn_blocking,
    time::{Instant, timeout_at},
};

use super::{Session, admission::Place, answer::Answer, failure, tools::Tools};
use crate::{
    quota::Quota,
    tokens,
    turn::{
        Completion, Finish, Limits, Milestone, Turn, TurnError, TurnErrorKind, TurnEvent, TurnReport, Usage,
    },
};

/// A turn that has been started. Dropping it before its end interrupts it, so that an answer that nobody waits for
/// costs no quota; in any case its thread is given up and Codex unloads it.
#[derive(Debug)]
pub(crate) struct RunningTurn {
    session: Arc<Session>,
    thread_id: String,
    /// Empty until Codex has said it, which Codex takes for whichever turn is running.
    turn_id: String,
    events: Subscription,
    answer: Answer,
    tools: Tools,
    /// The calls that the model makes; told once they are all known.
    calls: VecDeque<FunctionCall>,
    /// The gateway's own count of the prompt's tokens, where it may be needed.
    prompt_tokens: u64,
    usage: Option<Usage>,
    completion: Option<Completion>,
    report: TurnReport,
    /// When the turn asked for its place.
    asked: Instant,
    deadline: Instant,
    limit: Duration,
    /// Whether Codex is done with the turn.
    ended: bool,
    /// Whether the caller has been told the end.
    told: bool,
    _place: Arc<Place>,
}

impl RunningTurn {
    /// Takes a thread, gives it the whole conversation and starts the turn, without waiting between the two: the order
    /// is kept.
    pub(super) async fn start(
        session: Arc<Session>,
        place: Arc<Place>,
        turn: &Turn,
        asked: Instant,
        limit: Duration,
    ) -> Result<Self, TurnError> {
        let admitted = asked.elapsed();
        let failed = |error| failure::request_failed(&error);
        if session.account().is_signed_out().await.map_err(failed)? {
            return Err(TurnError::new(
                TurnErrorKind::SignedOut,
                "Codex isn't signed in: run `codex login`, then send the request again.",
            ));
        }
        let tools = Tools::new(&turn.tools);
        let thread_id = session.threads.for_turn(turn, &tools).await.map_err(failed)?;
        let timeline = vec![(Milestone::Admitted, admitted), (Milestone::Thread, asked.elapsed())];
        let running = Self {
            events: session.client.subscribe(&thread_id),
            session,
            thread_id,
            turn_id: String::new(),
            answer: Answer::new(&turn.limits, turn.summary),
            tools,
            calls: VecDeque::new(),
            prompt_tokens: 0,
            usage: None,
            completion: None,
            report: TurnReport { prompt_bytes: 0, timeline },
            asked,
            deadline: Instant::now() + limit,
            limit,
            ended: false,
            told: false,
            _place: place,
        };
        running.launch(turn).await.map_err(failed)
    }

    async fn launch(mut self, turn: &Turn) -> Result<Self, app_server::Error> {
        let client = &self.session.client;
        let renamed = self.tools.rename(&turn.items);
        let items = renamed.as_deref().unwrap_or(&turn.items);
        let injected = client.send(&ThreadInjectItems { thread_id: &self.thread_id, items })?;
        let started = client.send(&TurnStart {
            thread_id: &self.thread_id,
            input: &[],
            model: &turn.model,
            effort: &turn.effort,
            summary: turn.summary.name(),
            service_tier: &turn.service_tier,
            output_schema: turn.output_schema.as_ref(),
        })?;
        injected.wait().await?;
        self.turn_id = started.wait().await?.turn.id;
        if turn.limits != Limits::default() {
            // The provider tells no usage of a turn that is interrupted. Codex is at work meanwhile.
            let texts: Vec<String> = turn.texts().map(str::to_owned).collect();
            let counted = spawn_blocking(move || texts.iter().map(|text| tokens::count(text) as u64).sum());
            self.prompt_tokens = counted.await.unwrap_or_default();
        }
        Ok(self)
    }

    /// What is known of the turn by now.
    pub(crate) fn report(&self) -> &TurnReport {
        &self.report
    }

    /// The next event; `None` after the end. May be cancelled.
    pub(crate) async fn next(&mut self) -> Option<Result<TurnEvent, TurnError>> {
        if self.told {
            return None;
        }
        let event = self.step().await;
        self.told = matches!(event, Err(_) | Ok(TurnEvent::Completed(_)));
        if matches!(event, Err(TurnError { kind: TurnErrorKind::SignedOut, .. })) {
            self.session.account().doubt();
        }
        Some(event)
    }

    async fn step(&mut self) -> Result<TurnEvent, TurnError> {
        loop {
            if let Some(event) = self.answer.take() {
                return Ok(event);
            }
            if let (Some(finish), None) = (self.answer.cut(), &self.completion) {
                // Dropping the turn interrupts it.
                self.completion = Some(Completion { finish, usage: Some(self.own_usage()) });
            }
            if let Some(completion) = self.completion.take() {
                if let (Finish::ToolCalls, Some(call)) = (completion.finish, self.calls.pop_front()) {
                    self.completion = Some(completion);
                    return Ok(TurnEvent::ToolCall(self.tools.call(call)));
                }
                return Ok(TurnEvent::Completed(completion));
            }
            let event = match timeout_at(self.deadline, self.events.next()).await {
                Ok(event) => event.map_err(|lost| {
                    self.ended = true;
                    failure::lost(lost)
                })?,
                Err(_) => return Err(self.timed_out()),
            };
            match event {
                ThreadEvent::RawItem(item) if !self.reached(Milestone::TurnStarted) => {
                    self.report.prompt_bytes += item.content_bytes;
                }
                ThreadEvent::RawItem(item) => match item.kind {
                    RawItemKind::FunctionCall(call) => self.calls.push_back(call),
                    RawItemKind::Reasoning(reasoning) => self.answer.complete_reasoning(reasoning),
                    RawItemKind::Content => {}
                },
                ThreadEvent::ReasoningDelta { part, delta, .. } => self.answer.push_reasoning(part, delta),
                ThreadEvent::ResponseCompleted { usage }
                    if !self.tools.is_empty() && !self.calls.is_empty() =>
                {
                    // The calls are the caller's to answer, in another request. Dropping the turn interrupts it.
                    self.mark(Milestone::ToolCalls);
                    self.answer.complete();
                    let finish = self.answer.cut().unwrap_or(Finish::ToolCalls);
                    self.completion = Some(Completion { finish, usage: usage.map(Usage::from) });
                }
                ThreadEvent::TurnStarted { .. } => self.mark(Milestone::TurnStarted),
                ThreadEvent::MessageStarted { .. } => {
                    // The model is at work, so Codex has time for the threads of the next requests.
                    self.session.threads.refill();
                    self.answer.begin_message();
                }
                ThreadEvent::MessageDelta { delta, .. } => {
                    if !self.reached(Milestone::FirstDelta) {
                        self.mark(Milestone::FirstDelta);
                    }
                    self.answer.push(&delta);
                }
                ThreadEvent::MessageCompleted { text, .. } => self.answer.complete_message(&text),
                ThreadEvent::TokenUsage(usage) => self.usage = Some(usage.into()),
                ThreadEvent::Error { will_retry: true, error } => {
                    tracing::info!(message = app_server::redact(&error.message), "Codex tries again");
                    self.mark(Milestone::Retry);
                    self.answer.begin_attempt();
                    self.calls.clear();
                }
                ThreadEvent::TurnCompleted { turn_id, status, error } if turn_id == self.turn_id => {
                    self.ended = true;
                    self.mark(Milestone::TurnCompleted);
                    let finish = finish(status, error.as_ref(), &self.session.account().quota())?;
                    self.answer.complete();
                    let finish = self.answer.cut().unwrap_or(finish);
                    self.completion = Some(Completion { finish, usage: self.usage });
                }
                ThreadEvent::Closed => {
                    self.ended = true;
                    return Err(interrupted());
                }
                ThreadEvent::ResponseCompleted { .. }
                | ThreadEvent::TurnCompleted { .. }
                | ThreadEvent::Error { .. }
                | ThreadEvent::Warning { .. }
                | ThreadEvent::Other { .. } => {}
            }
        }
    }

    fn own_usage(&self) -> Usage {
        Usage {
            input: self.prompt_tokens,
            output: tokens::count(self.answer.text()) as u64,
            ..Usage::default()
        }
    }

    fn mark(&mut self, milestone: Milestone) {
        self.report.timeline.push((milestone, self.asked.elapsed()));
    }

    fn reached(&self, milestone: Milestone) -> bool {
        self.report.timeline.iter().any(|(reached, _)| *reached == milestone)
    }

    fn timed_out(&self) -> TurnError {
        TurnError::new(
            TurnErrorKind::TimedOut,
            format!(
                "The model did not finish within {} s. Ask for less, or raise `turn_timeout_seconds` in the gateway's \
                 config file.",
                self.limit.as_secs(),
            ),
        )
    }
}

fn finish(
    status: TurnStatus,
    error: Option<&app_server::TurnError>,
    quota: &Quota,
) -> Result<Finish, TurnError> {
    match (status, error) {
        (TurnStatus::Completed, _) => Ok(Finish::Stop),
        (_, Some(error)) => failure::turn_failed(error, quota),
        (_, None) => Err(interrupted()),
    }
}

fn interrupted() -> TurnError {
    TurnError::new(TurnErrorKind::Disconnected, "Codex interrupted the turn. Send the request again.")
}

impl Drop for RunningTurn {
    fn drop(&mut self) {
        let client = &self.session.client;
        if !self.ended {
            drop(client.send(&TurnInterrupt { thread_id: &self.thread_id, turn_id: &self.turn_id }));
        }
        drop(client.send(&ThreadUnsubscribe { thread_id: &self.thread_id }));
        self.session.threads.refill();
    }
}

impl From<TokenUsage> for Usage {
    fn from(usage: TokenUsage) -> Self {
        Self {
            input: usage.input_tokens,
            cached_input: usage.cached_input_tokens,
            output: usage.output_tokens,
            reasoning_output: usage.reasoning_output_tokens,
        }
    }
}
