//! One thread of Codex's, for as long as the gateway holds it.

use std::{collections::HashMap, sync::Arc};

use app_server::{
    Error, Lost, RawItem, RawItemKind, ThreadEvent, ToolCallRequest,
    protocol::{ThreadInjectItems, ToolCallAnswer, TurnInterrupt, TurnStart},
};
use tokio::time::{Instant, timeout_at};

use super::{Session, home::Look, starter::Loaded, tools::Tools};
use crate::{
    quota::Quota,
    turn::{Item, Turn},
};

/// A thread and the events of its turns. Dropping it interrupts a turn that runs, so that an answer that nobody waits
/// for costs no quota, and gives the thread up: Codex unloads it.
#[derive(Debug)]
pub(super) struct Thread {
    session: Arc<Session>,
    loaded: Loaded,
    /// Empty until Codex has said it, which Codex takes for whichever turn is running.
    turn_id: String,
    /// Whether a turn runs, or waits for the outputs of its calls.
    running: bool,
    /// Whether Codex has begun with the turn: what came before was its prompt.
    started: bool,
    /// The calls that Codex waits for, by their ids.
    asked: HashMap<String, ToolCallRequest>,
    /// Whether calls are answered at once, with the word that there is no output.
    refuses: bool,
    /// How many outputs of calls Codex has taken.
    taken: usize,
    /// The bytes of text and images in all that the model has been given and has said.
    bytes: usize,
}

impl Thread {
    /// Takes a thread that fits the turn and knows nothing yet.
    pub(super) async fn open(
        session: &Arc<Session>,
        turn: &Turn,
        tools: &Tools,
        home: &Look,
    ) -> Result<Self, Error> {
        Ok(Self {
            session: Arc::clone(session),
            loaded: session.threads.for_turn(turn, tools, home).await?,
            turn_id: String::new(),
            running: false,
            started: false,
            asked: HashMap::new(),
            refuses: false,
            taken: 0,
            bytes: 0,
        })
    }

    /// Adds items to the thread's conversation and starts a turn, without waiting between the two: the order is kept.
    pub(super) async fn run(&mut self, turn: &Turn, tools: &Tools, items: &[Item]) -> Result<(), Error> {
        let client = &self.session.client;
        let renamed = tools.rename(items);
        let items = renamed.as_deref().unwrap_or(items);
        self.turn_id.clear();
        self.running = true;
        self.started = false;
        let injected = client.send(&ThreadInjectItems { thread_id: &self.loaded.id, items })?;
        let started = client.send(&TurnStart {
            thread_id: &self.loaded.id,
            input: &[],
            model: &turn.model,
            effort: &turn.effort,
            summary: turn.summary.name(),
            service_tier: &turn.service_tier,
            output_schema: turn.output_schema.as_ref(),
        })?;
        injected.wait().await?;
        self.turn_id = started.wait().await?.turn.id;
        Ok(())
    }

    /// Gives the turn that waits for them the outputs of its calls, by their ids, and waits until Codex has taken them.
    /// `false` where the turn no longer waits.
    pub(super) async fn answer(&mut self, outputs: &[(&str, &str)], until: Instant) -> Result<bool, Error> {
        self.taken = 0;
        loop {
            // Codex asks for each call right after the model has made it; by now it nearly always has. Before 0.166 it asks
            // for one after the other.
            for (call_id, output) in outputs {
                if let Some(call) = self.asked.remove(*call_id) {
                    self.session.client.answer_tool_call(&call, &ToolCallAnswer::text(output))?;
                }
            }
            if self.taken == outputs.len() {
                return Ok(true);
            }
            if !self.hear(until).await? {
                return Ok(false);
            }
        }
    }

    /// Takes note of an event of a turn that waits. `false` where it does not wait any more.
    async fn hear(&mut self, until: Instant) -> Result<bool, Error> {
        let Ok(event) = timeout_at(until, self.loaded.events.next()).await else { return Ok(false) };
        match event {
            Ok(ThreadEvent::ToolCall(call)) => self.ask(call),
            Ok(ThreadEvent::RawItem(RawItem { content_bytes, kind: RawItemKind::FunctionCallOutput })) => {
                self.grow(content_bytes);
                self.taken += 1;
            }
            Ok(ThreadEvent::TurnCompleted { .. } | ThreadEvent::Closed) => {
                self.running = false;
                return Ok(false);
            }
            Ok(ThreadEvent::McpServer { .. }) => return Ok(false),
            Ok(_) => {}
            Err(Lost::Closed) => return Err(Error::Closed { method: "item/tool/call" }),
            Err(Lost::Overflow) => return Ok(false),
        }
        Ok(true)
    }

    /// The next event. May be cancelled.
    pub(super) async fn next(&mut self) -> Result<ThreadEvent, Lost> {
        self.loaded.events.next().await
    }

    /// Passes over what came between two turns. `false` where the thread has ended meanwhile, or is not bare any more.
    pub(super) fn settle(&mut self) -> bool {
        self.loaded.unfit().is_none()
    }

    /// Whether it can go on in the home as it is now without being given other instructions.
    pub(super) fn goes_on_in(&self, home: &Look) -> bool {
        self.loaded.goes_on_in(home)
    }

    /// Codex wants the output of a call.
    pub(super) fn ask(&mut self, call: ToolCallRequest) {
        if self.refuses {
            self.refuse(&call);
        } else {
            self.asked.insert(call.call_id.clone(), call);
        }
    }

    /// Whether Codex waits for the output of a call.
    pub(super) fn is_asked(&self) -> bool {
        !self.asked.is_empty()
    }

    /// Answers the calls that Codex waits for, and those that follow, with the word that there is no output. The response
    /// that makes them may go on by that, and Codex tells if it has broken off.
    pub(super) fn refuse_calls(&mut self) {
        self.refuses = true;
        for call in std::mem::take(&mut self.asked).values() {
            self.refuse(call);
        }
    }

    pub(super) fn refuses_calls(&self) -> bool {
        self.refuses
    }

    fn refuse(&self, call: &ToolCallRequest) {
        // Where it can't be sent, the connection has ended, and so has the turn.
        drop(self.session.client.answer_tool_call(call, &ToolCallAnswer::failure("There is no output.")));
    }

    /// Codex begins with the turn.
    pub(super) fn turn_started(&mut self) {
        self.started = true;
    }

    pub(super) fn has_started(&self) -> bool {
        self.started
    }

    pub(super) fn is_running(&self, turn_id: &str) -> bool {
        self.running && self.turn_id == turn_id
    }

    /// Codex is done with the turn.
    pub(super) fn turn_ended(&mut self) {
        self.running = false;
    }

    /// The bytes of text and images in all that the model has been given and has said.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds to the size of the thread's conversation, and returns it.
    pub(super) fn grow(&mut self, bytes: usize) -> usize {
        self.bytes += bytes;
        self.bytes
    }

    /// Whether the thread is one of this life of Codex.
    pub(super) fn belongs_to(&self, session: &Arc<Session>) -> bool {
        Arc::ptr_eq(&self.session, session)
    }

    /// Whether its Codex is gone.
    pub(super) fn is_lost(&self) -> bool {
        self.session.client.is_closed()
    }

    /// What is known of the account's limits.
    pub(super) fn quota(&self) -> Quota {
        self.session.account().quota()
    }

    /// The provider did not accept the sign-in.
    pub(super) fn doubt_sign_in(&self) {
        self.session.account().doubt();
    }

    /// Starts the threads of the next requests, now that Codex has time for it.
    pub(super) fn make_ready(&self) {
        self.session.threads.refill();
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        let client = &self.session.client;
        if self.running {
            drop(client.send(&TurnInterrupt { thread_id: &self.loaded.id, turn_id: &self.turn_id }));
        }
        self.session.threads.refill();
    }
}
