//! Codex with no gateway before it: the least that any gateway can take.
//!
//! It does what this gateway does and no more: the same arguments and certificates, threads that are started ahead in the
//! same number, two requests sent back to back, and the events read as they come.

use std::{
    collections::VecDeque,
    ffi::OsString,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use app_server::{
    AppServer, Client, Command, Error, Response, ThreadEvent, TurnStatus,
    protocol::{
        ClientInfo, ThreadInjectItems, ThreadStart, ThreadStartResponse, ThreadUnsubscribe, TurnInterrupt,
        TurnStart,
    },
};
use serde_json::{Map, json};

use crate::load::{Answer, MODEL};

/// As many threads wait ready as in the gateway.
const READY: usize = 4;

/// A running Codex, and threads that wait for their turns.
#[derive(Debug)]
pub struct Floor {
    server: AppServer,
    template: ThreadStart,
    /// Threads that Codex was asked for, oldest first.
    ready: Mutex<VecDeque<Response<ThreadStartResponse>>>,
}

impl Floor {
    /// Starts Codex with these arguments, as the gateway does.
    pub async fn start(
        codex: &Path,
        args: Vec<OsString>,
        folder: &Path,
        env: Vec<(OsString, OsString)>,
    ) -> anyhow::Result<Arc<Self>> {
        let cwd = folder.join("cwd");
        std::fs::create_dir_all(&cwd)?;
        let command = Command {
            program: codex.to_owned(),
            args,
            cwd: cwd.clone(),
            env,
            withheld_prefixes: vec!["CODEX_GATEWAY_".to_owned()],
            secrets: Vec::new(),
        };
        let client_info = ClientInfo {
            name: "codex-gateway".to_owned(),
            title: "Codex Gateway".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let server = AppServer::start(&command, client_info, Duration::from_secs(30)).await?;
        let template = ThreadStart {
            cwd: cwd.to_string_lossy().into_owned(),
            ephemeral: true,
            approval_policy: "never",
            approvals_reviewer: "user",
            sandbox: "read-only",
            experimental_raw_events: true,
            config: Map::new(),
            ..ThreadStart::default()
        };
        let floor = Self { server, template, ready: Mutex::default() };
        floor.refill()?;
        Ok(Arc::new(floor))
    }

    /// The process id of Codex.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// One turn.
    pub async fn ask(self: &Arc<Self>, prompt: &str) -> anyhow::Result<Answer> {
        let start = Instant::now();
        let client = self.server.client();
        let ready = self.ready().pop_front();
        let ready = ready.map_or_else(|| client.send(&self.template), Ok)?;
        let id = ready.wait().await?.thread.id;
        let mut events = client.subscribe(&id);
        let mut thread = Thread { floor: self, id, running: true };
        let item =
            json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": prompt}]});
        let injected = client.send(&ThreadInjectItems { thread_id: &thread.id, items: &[item] })?;
        let started = client.send(&TurnStart {
            thread_id: &thread.id,
            input: &[],
            model: MODEL,
            effort: "medium",
            summary: "none",
            service_tier: "default",
            output_schema: None,
        })?;
        injected.wait().await?;
        started.wait().await?;
        let mut first_token = None;
        loop {
            match events.next().await? {
                ThreadEvent::MessageStarted { .. } => self.refill()?,
                ThreadEvent::MessageDelta { .. } if first_token.is_none() => {
                    first_token = Some(start.elapsed());
                }
                ThreadEvent::TurnCompleted { status, error, .. } => {
                    thread.running = false;
                    if status != TurnStatus::Completed {
                        bail!("the turn failed: {error:?}");
                    }
                    let first_token = first_token.context("the answer has no text")?;
                    return Ok(Answer { first_token, total: start.elapsed() });
                }
                _ => {}
            }
        }
    }

    fn client(&self) -> &Client {
        self.server.client()
    }

    fn refill(&self) -> Result<(), Error> {
        let mut ready = self.ready();
        while ready.len() < READY {
            ready.push_back(self.client().send(&self.template)?);
        }
        Ok(())
    }

    fn ready(&self) -> MutexGuard<'_, VecDeque<Response<ThreadStartResponse>>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread in use. Dropping it gives it up, and interrupts its turn where one runs.
struct Thread<'a> {
    floor: &'a Arc<Floor>,
    id: String,
    running: bool,
}

impl Drop for Thread<'_> {
    fn drop(&mut self) {
        let client = self.floor.client();
        if self.running {
            drop(client.send(&TurnInterrupt { thread_id: &self.id, turn_id: "" }));
        }
        drop(client.send(&ThreadUnsubscribe { thread_id: &self.id }));
        drop(self.floor.refill());
    }
}
