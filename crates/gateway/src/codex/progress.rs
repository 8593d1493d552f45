//! How far a turn is: what Codex says, made into what the caller is told.

use std::{collections::VecDeque, sync::Arc};

use app_server::{MessagePhase, RawItem, RawItemKind, ThreadEvent, TokenUsage, TurnStatus};
use tokio::{
    task::spawn_blocking,
    time::{Instant, timeout_at},
};

use super::{
    answer::Answer,
    failure,
    patience::{Clock, Expected, Overdue, Patience},
    response::{Calls, Response},
    thread::Thread,
    told::Told,
    tools::Tools,
};
use crate::{
    quota::Quota,
    tokens,
    turn::{
        Completion, Cost, Finish, Item, Milestone, Phase, ToolCall, Turn, TurnError, TurnErrorKind,
        TurnEvent, TurnReport, Usage,
    },
};

#[derive(Debug)]
pub(super) struct Progress {
    answer: Answer,
    tools: Arc<Tools>,
    response: Response,
    /// What was told of the answer, as items.
    told: Told,
    /// Calls that are still to be told.
    untold: VecDeque<ToolCall>,
    /// The bytes of the prompt's texts.
    prompt_bytes: usize,
    /// The gateway's own count of the prompt's tokens, where it may be needed.
    prompt_tokens: u64,
    /// What the provider has told of the responses that are complete.
    usage: Option<Usage>,
    /// How much of the answer's text that counts.
    counted: usize,
    /// Why the turn is about to end, where Codex has said so.
    failure: Option<app_server::TurnError>,
    /// How the turn ended, if it has.
    completion: Option<Completion>,
    report: TurnReport,
    /// When the turn asked for its place.
    asked: Instant,
    clock: Clock,
    /// Why the thread can't be used again, if it can't.
    unfit: Option<&'static str>,
}

/// What a turn that ended well adds to its conversation.
#[derive(Debug)]
pub(super) struct Ending {
    /// As a caller sends it back who keeps items.
    pub(super) as_items: Vec<Item>,
    /// As a caller sends it back who keeps one message, which has no place for reasoning. `None` where the model said more
    /// than one message.
    pub(super) as_message: Option<Vec<Item>>,
    /// The ids of the calls whose outputs the turn waits for.
    pub(super) waiting_for: Vec<String>,
}

impl Progress {
    pub(super) fn new(
        turn: &Turn,
        tools: Arc<Tools>,
        report: TurnReport,
        asked: Instant,
        patience: Patience,
    ) -> Self {
        Self {
            answer: Answer::new(&turn.limits, turn.summary),
            tools,
            response: Response::default(),
            told: Told::default(),
            untold: VecDeque::new(),
            prompt_bytes: turn.texts().map(str::len).sum(),
            prompt_tokens: 0,
            usage: None,
            counted: 0,
            failure: None,
            completion: None,
            report,
            asked,
            clock: Clock::start(patience),
            unfit: None,
        }
    }

    pub(super) fn report(&self) -> &TurnReport {
        &self.report
    }

    /// What the caller is to be told next. An error, or a completion, is the last. May be cancelled.
    pub(super) async fn step(&mut self, thread: &mut Thread) -> Result<TurnEvent, TurnError> {
        let event = self.next(thread).await?;
        self.told.add(&event);
        Ok(event)
    }

    async fn next(&mut self, thread: &mut Thread) -> Result<TurnEvent, TurnError> {
        loop {
            if let Some(event) = self.answer.take() {
                return Ok(event);
            }
            if let (Some(finish), None) = (self.answer.cut(), &self.completion) {
                // The turn is interrupted with its thread.
                self.completion = Some(Completion { finish, usage: Some(self.own_usage()) });
            }
            if let Some(completion) = self.completion {
                return Ok(match self.untold.pop_front() {
                    Some(call) => TurnEvent::ToolCall(call),
                    None => TurnEvent::Completed(completion),
                });
            }
            let (deadline, overdue) = self.clock.next();
            let event = match timeout_at(deadline, thread.next()).await {
                Ok(event) => event,
                Err(_) => {
                    self.take_silence(overdue, thread)?;
                    continue;
                }
            };
            self.clock.heard();
            let event = event.map_err(|lost| {
                thread.turn_ended();
                failure::lost(lost)
            })?;
            self.take(event, thread)?;
        }
    }

    fn take_silence(&mut self, overdue: Overdue, thread: &mut Thread) -> Result<(), TurnError> {
        match overdue {
            Overdue::End => return Err(self.clock.turn_timed_out()),
            Overdue::Event => return Err(self.clock.idle_timed_out()),
            Overdue::Rest => {
                tracing::info!(
                    "a response is silent after a call, whose output is refused to learn whether it goes on"
                );
                self.unfit = Some("outputs of its calls were refused");
                thread.refuse_calls();
                self.clock.expect(Expected::Anything);
            }
            Overdue::Completion => {
                tracing::warn!("Codex did not say that a turn is complete whose answer is");
                self.unfit = Some("Codex did not say that its turn is complete");
                let failure = self.failure.take();
                let failed = failure.map(|error| failure::turn_failed(&error, &thread.quota()));
                self.complete(failed.unwrap_or(Ok(Finish::Stop))?);
            }
        }
        Ok(())
    }

    fn take(&mut self, event: ThreadEvent, thread: &mut Thread) -> Result<(), TurnError> {
        match event {
            ThreadEvent::RawItem(item) => self.take_item(item, thread),
            ThreadEvent::TurnStarted { .. } => {
                thread.turn_started();
                self.mark(Milestone::TurnStarted);
            }
            ThreadEvent::ReasoningDelta { part, delta } => {
                self.go_on(thread);
                self.answer.push_reasoning(part, delta);
            }
            ThreadEvent::MessageStarted { phase } => {
                thread.make_ready();
                self.go_on(thread);
                self.response.begin_message(phase);
                self.answer.begin_message(phase.and_then(known_phase));
            }
            ThreadEvent::MessageDelta { delta } => {
                if !self.reached(Milestone::FirstDelta) {
                    self.mark(Milestone::FirstDelta);
                }
                self.answer.push(&delta);
            }
            ThreadEvent::MessageCompleted { text } => self.answer.complete_message(&text),
            ThreadEvent::ResponseCompleted { usage } => {
                if let Some(usage) = usage {
                    *self.usage.get_or_insert_default() += usage.into();
                    self.counted = self.answer.text().len();
                }
                self.complete_response()?;
            }
            ThreadEvent::Error { will_retry: true, error } => {
                tracing::info!(message = app_server::redact(&error.message), "Codex tries again");
                self.mark(Milestone::Retry);
                if failure::is_offline(&error) && self.clock.is_offline_for_long() {
                    return Err(failure::unreachable());
                }
                if thread.refuses_calls() {
                    return Err(failure::broke_off());
                }
                self.clock.expect(Expected::Anything);
                self.answer.begin_attempt();
                if self.response.begin_attempt() {
                    self.unfit = Some("it holds what an attempt said that failed");
                }
            }
            ThreadEvent::Error { will_retry: false, error } => self.failure = Some(error),
            ThreadEvent::Idle if thread.has_started() => self.clock.expect(Expected::Completion),
            ThreadEvent::TurnCompleted { turn_id, status, error } if thread.is_running(&turn_id) => {
                thread.turn_ended();
                self.mark(Milestone::TurnCompleted);
                self.complete(finish(status, error.as_ref(), &thread.quota())?);
            }
            ThreadEvent::Closed => {
                thread.turn_ended();
                return Err(interrupted());
            }
            // No turn goes on that could run something of the person's.
            ThreadEvent::McpServer { name } => {
                tracing::warn!(name, "a server of the person's was started for a thread, which is given up");
                return Err(failure::server_started(&name));
            }
            ThreadEvent::ToolCall(call) => {
                thread.ask(call);
                self.go_on(thread);
            }
            ThreadEvent::TurnCompleted { .. }
            | ThreadEvent::Idle
            | ThreadEvent::Warning { .. }
            | ThreadEvent::Other { .. } => {}
        }
        Ok(())
    }

    /// A response is under way.
    fn go_on(&mut self, thread: &Thread) {
        self.clock.online();
        self.clock.expect(if thread.is_asked() { Expected::Rest } else { Expected::Anything });
    }

    fn take_item(&mut self, item: RawItem, thread: &mut Thread) {
        let bytes = thread.grow(item.content_bytes);
        if !thread.has_started() {
            // The prompt comes before the turn starts.
            self.report.prompt_bytes = bytes;
            return;
        }
        self.go_on(thread);
        self.response.add(&item.kind);
        if let RawItemKind::Reasoning(reasoning) = item.kind {
            self.answer.complete_reasoning(reasoning);
        }
    }

    /// The provider's response is complete. Its calls are the caller's to answer, in another request.
    fn complete_response(&mut self) -> Result<(), TurnError> {
        self.answer.complete_response();
        match self.response.judge(&self.tools)? {
            Calls::None => {
                let is_answer = std::mem::take(&mut self.response).is_answer();
                self.clock.expect(if is_answer { Expected::End } else { Expected::Anything });
                return Ok(());
            }
            Calls::Waiting => {}
            Calls::Answered => self.unfit = Some("Codex answers some of its calls by itself"),
        }
        self.mark(Milestone::ToolCalls);
        self.complete(Finish::ToolCalls);
        self.untold = self.response.calls().iter().map(|call| self.tools.call(call)).collect();
        Ok(())
    }

    fn complete(&mut self, finish: Finish) {
        self.answer.complete();
        let finish = self.answer.cut().unwrap_or(finish);
        self.completion = Some(Completion { finish, usage: self.usage });
    }

    /// Counts the prompt's tokens, for a turn that may have to be interrupted: the provider tells no usage of it.
    pub(super) async fn count_prompt(&mut self, turn: &Turn) {
        let texts: Vec<String> = turn.texts().map(str::to_owned).collect();
        let count = move || texts.iter().map(|text| tokens::count(text) as u64).sum();
        self.prompt_tokens = spawn_blocking(count).await.unwrap_or_default();
    }

    /// What the turn has cost so far. A response that is not complete is estimated.
    pub(super) fn cost(&self) -> Cost {
        let rest = self.uncounted();
        let mut usage = self.usage.unwrap_or_default();
        let is_estimated = self.usage.is_none() || !rest.is_empty();
        if is_estimated {
            usage += Usage {
                input: tokens::estimate(self.prompt_bytes),
                output: tokens::estimate(rest.len()),
                ..Usage::default()
            };
        }
        Cost { usage, is_estimated }
    }

    /// The text of the answer that the provider has told no usage of.
    fn uncounted(&self) -> &str {
        self.answer.text().get(self.counted..).unwrap_or_default()
    }

    /// What the turn has added to its conversation, where a caller can come back with exactly that.
    pub(super) fn ending(&self) -> Option<Ending> {
        let Completion { finish, .. } = self.completion?;
        let unfit = match finish {
            _ if self.answer.cut().is_some() => Some("its answer was cut"),
            Finish::Length | Finish::ContentFilter => Some("the provider cut its answer"),
            Finish::Stop | Finish::ToolCalls => self.unfit,
        };
        if let Some(reason) = unfit {
            tracing::debug!(reason, "a thread is given up");
            return None;
        }
        Some(Ending {
            as_items: self.told.items().to_vec(),
            as_message: self.told.as_message(),
            waiting_for: self.response.calls().iter().map(|call| call.call_id.clone()).collect(),
        })
    }

    /// What the turn has cost where its last response is interrupted.
    fn own_usage(&self) -> Usage {
        let mut usage = self.usage.unwrap_or_default();
        usage += Usage {
            input: self.prompt_tokens,
            output: tokens::count(self.uncounted()) as u64,
            ..Usage::default()
        };
        usage
    }

    fn mark(&mut self, milestone: Milestone) {
        self.report.timeline.push((milestone, self.asked.elapsed()));
    }

    fn reached(&self, milestone: Milestone) -> bool {
        self.report.timeline.iter().any(|(reached, _)| *reached == milestone)
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

fn known_phase(phase: MessagePhase) -> Option<Phase> {
    match phase {
        MessagePhase::Commentary => Some(Phase::Commentary),
        MessagePhase::FinalAnswer => Some(Phase::FinalAnswer),
        MessagePhase::PartialAnswer | MessagePhase::Unknown => None,
    }
}

fn interrupted() -> TurnError {
    TurnError::new(TurnErrorKind::Disconnected, "Codex interrupted the turn. Send the request again.")
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
