//! One turn on Codex, from its thread to its last event.

use std::{sync::Arc, time::Duration};

use app_server::{
    Subscription, ThreadEvent, TokenUsage, TurnStatus,
    protocol::{ThreadInjectItems, ThreadUnsubscribe, TurnInterrupt, TurnStart},
};
use tokio::time::{Instant, timeout_at};

use super::{Session, admission::Place, failure};
use crate::turn::{
    Completion, Finish, Milestone, Turn, TurnError, TurnErrorKind, TurnEvent, TurnReport, Usage,
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
    _place: Place,
}

impl RunningTurn {
    /// Takes a thread, gives it the whole conversation and starts the turn, without waiting between the two: the order
    /// is kept.
    pub(super) async fn start(
        session: Arc<Session>,
        place: Place,
        turn: &Turn,
        asked: Instant,
        limit: Duration,
    ) -> Result<Self, TurnError> {
        let admitted = asked.elapsed();
        let failed = |error| failure::request_failed(&error);
        if session.is_signed_out().await.map_err(failed)? {
            return Err(TurnError::new(
                TurnErrorKind::SignedOut,
                "Codex isn't signed in: run `codex login`, then send the request again.",
            ));
        }
        let thread_id = session.threads.take().await.map_err(failed)?;
        let timeline = vec![(Milestone::Admitted, admitted), (Milestone::Thread, asked.elapsed())];
        let running = Self {
            events: session.client.subscribe(&thread_id),
            session,
            thread_id,
            turn_id: String::new(),
            answer: Answer::default(),
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
        let injected = client.send(&ThreadInjectItems { thread_id: &self.thread_id, items: &turn.items })?;
        let started = client.send(&TurnStart {
            thread_id: &self.thread_id,
            input: &[],
            model: &turn.model,
            effort: &turn.effort,
            summary: "none",
            service_tier: "default",
        })?;
        injected.wait().await?;
        self.turn_id = started.wait().await?.turn.id;
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
        Some(event)
    }

    async fn step(&mut self) -> Result<TurnEvent, TurnError> {
        loop {
            if let Some(event) = self.answer.take() {
                return Ok(event);
            }
            if let Some(completion) = self.completion.take() {
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
                ThreadEvent::RawItem { content_bytes } if !self.reached(Milestone::TurnStarted) => {
                    self.report.prompt_bytes += content_bytes;
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
                }
                ThreadEvent::TurnCompleted { turn_id, status, error } if turn_id == self.turn_id => {
                    self.ended = true;
                    self.mark(Milestone::TurnCompleted);
                    let finish = finish(status, error.as_ref())?;
                    self.answer.complete();
                    self.completion = Some(Completion { finish, usage: self.usage });
                }
                ThreadEvent::Closed => {
                    self.ended = true;
                    return Err(interrupted());
                }
                ThreadEvent::RawItem { .. }
                | ThreadEvent::TurnCompleted { .. }
                | ThreadEvent::Error { .. }
                | ThreadEvent::Warning { .. }
                | ThreadEvent::Other { .. } => {}
            }
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

fn finish(status: TurnStatus, error: Option<&app_server::TurnError>) -> Result<Finish, TurnError> {
    match (status, error) {
        (TurnStatus::Completed, _) => Ok(Finish::Stop),
        (_, Some(error)) => failure::turn_failed(error),
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

/// The answer's text so far.
///
/// When an attempt fails in mid-stream, Codex may try again by itself, and then its text comes from the beginning. What
/// the caller already has is not told twice: as long as the new attempt says the same, it is passed over; where it
/// says something else, the caller is told that the answer starts over.
#[derive(Debug, Default)]
struct Answer {
    /// What the caller has been told, and what `ready` is about to tell.
    told: String,
    /// How much of `told` the present attempt has said again; all of it in a first attempt.
    said: usize,
    /// How much of the present message was said in deltas.
    message: usize,
    messages: usize,
    ready: Option<Ready>,
}

#[derive(Debug)]
struct Ready {
    restarted: bool,
    delta: String,
}

impl Answer {
    fn begin_attempt(&mut self) {
        self.said = 0;
        self.message = 0;
        self.messages = 0;
    }

    /// Messages of one answer are set apart by an empty line.
    fn begin_message(&mut self) {
        if self.messages > 0 {
            self.say("\n\n");
        }
        self.messages += 1;
        self.message = 0;
    }

    fn push(&mut self, delta: &str) {
        self.message += delta.len();
        self.say(delta);
    }

    /// Adds what the deltas left out: some providers send none.
    fn complete_message(&mut self, text: &str) {
        if let Some(rest) = text.get(self.message..) {
            self.push(rest);
        }
    }

    fn say(&mut self, text: &str) {
        let again = &self.told[self.said..];
        let common = again.len().min(text.len());
        if again.as_bytes()[..common] == text.as_bytes()[..common] {
            self.said += common;
            self.tell(&text[common..]);
        } else {
            self.start_over(text);
        }
    }

    /// The answer ends here. An attempt that said less than the one before takes the rest back.
    fn complete(&mut self) {
        if self.said < self.told.len() {
            self.start_over("");
        }
    }

    fn start_over(&mut self, text: &str) {
        let answer = format!("{}{text}", &self.told[..self.said]);
        self.told.clear();
        self.ready = Some(Ready { restarted: true, delta: String::new() });
        self.tell(&answer);
    }

    fn tell(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.told.push_str(text);
        self.said = self.told.len();
        self.ready
            .get_or_insert_with(|| Ready { restarted: false, delta: String::new() })
            .delta
            .push_str(text);
    }

    fn take(&mut self) -> Option<TurnEvent> {
        let ready = self.ready.as_mut()?;
        if std::mem::take(&mut ready.restarted) {
            return Some(TurnEvent::Restarted);
        }
        let delta = self.ready.take()?.delta;
        (!delta.is_empty()).then_some(TurnEvent::Delta(delta))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(answer: &mut Answer) -> Vec<TurnEvent> {
        std::iter::from_fn(|| answer.take()).collect()
    }

    fn delta(text: &str) -> TurnEvent {
        TurnEvent::Delta(text.to_owned())
    }

    #[test]
    fn deltas_pass_and_the_completed_text_adds_only_what_was_left_out() {
        let mut answer = Answer::default();
        answer.begin_message();
        answer.push("po");
        assert_eq!(events(&mut answer), [delta("po")]);
        answer.push("ng");
        answer.complete_message("pong!");
        assert_eq!(events(&mut answer), [delta("ng!")]);
        answer.begin_message();
        answer.complete_message("second");
        assert_eq!(events(&mut answer), [delta("\n\nsecond")]);
    }

    #[test]
    fn an_attempt_that_says_the_same_again_is_not_told_twice() {
        let mut answer = Answer::default();
        answer.begin_message();
        answer.push("Hello wör");
        assert_eq!(events(&mut answer), [delta("Hello wör")]);
        answer.begin_attempt();
        answer.begin_message();
        for part in ["Hel", "lo wö", "rld"] {
            answer.push(part);
        }
        answer.complete_message("Hello wörld");
        assert_eq!(events(&mut answer), [delta("ld")]);
    }

    #[test]
    fn an_attempt_that_says_something_else_starts_the_answer_over() {
        let mut answer = Answer::default();
        answer.begin_message();
        answer.push("Hello é");
        events(&mut answer);
        answer.begin_attempt();
        answer.begin_message();
        answer.push("Hell");
        assert_eq!(events(&mut answer), []);
        answer.push("o ü");
        answer.push("!");
        assert_eq!(events(&mut answer), [TurnEvent::Restarted, delta("Hello ü!")]);
    }

    #[test]
    fn an_attempt_that_says_less_takes_the_rest_back() {
        let mut answer = Answer::default();
        answer.begin_message();
        answer.push("Hello world");
        events(&mut answer);
        answer.begin_attempt();
        answer.begin_message();
        answer.push("Hello");
        answer.complete();
        assert_eq!(events(&mut answer), [TurnEvent::Restarted, delta("Hello")]);
        answer.begin_attempt();
        answer.complete();
        assert_eq!(events(&mut answer), [TurnEvent::Restarted]);
    }
}
