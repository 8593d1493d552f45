//! Records what the real Codex and this gateway's client say to each other, for the tests of `app-server`.
//!
//! It is no test: `make generate` runs it, by name. Codex talks to a scripted model, and two `tee` around it write down
//! both directions. What differs from one run to the next, and from one machine to another, is replaced.

#![expect(clippy::unwrap_used, reason = "clippy knows tests by #[test], not the functions that they share")]

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
    time::Duration,
};

use app_server::{
    AppServer, Client, Command, Subscription, ThreadEvent,
    protocol::{
        AccountRead, ClientInfo, ConfigRead, DynamicTool, ModelList, ServerDiagnostics, ThreadInjectItems,
        ThreadStart, ThreadUnsubscribe, TurnInterrupt, TurnStart,
    },
};
use regex::{Captures, Regex};
use scripted_model::{CodexConfig, EventStream, Message, Phase, Reasoning, Script, ScriptedModel, Usage};
use serde_json::{Value, json};

const MODEL: &str = "gpt-5.5";

#[tokio::test]
#[ignore = "writes the recordings; `make generate` runs it"]
async fn record() {
    let codex =
        std::env::var_os("CODEX_GATEWAY_CODEX").expect("CODEX_GATEWAY_CODEX names the Codex to record");
    let folder = tempfile::tempdir().unwrap();
    let model = ScriptedModel::start(([127, 0, 0, 1], 0).into()).await.unwrap();
    model
        .codex_home(folder.path(), &CodexConfig { stream_max_retries: 1, ..CodexConfig::default() })
        .unwrap();
    // An MCP server that can't be reached is told of, too.
    let config = fs::read_to_string(folder.path().join("config.toml")).unwrap();
    let server = "[mcp_servers.files]\nurl = \"http://127.0.0.1:9/mcp\"\n";
    fs::write(folder.path().join("config.toml"), format!("{config}\n{server}")).unwrap();
    let server = AppServer::start(
        &taped(Path::new(&codex), folder.path()),
        ClientInfo { name: "codex-gateway".into(), title: "Codex Gateway".into(), version: "0.0.0".into() },
        Duration::from_secs(30),
    )
    .await
    .unwrap();
    talk(server.client(), &model, folder.path()).await;
    server.shutdown().await;
    model.shutdown().await;

    let mut neutral = Neutral::new(folder.path());
    for side in ["client", "codex"] {
        let said = fs::read_to_string(folder.path().join(side)).unwrap();
        let mut messages: Vec<Value> = said.lines().map(|line| neutral.message(line)).collect();
        // Messages of different kinds overtake each other from one run to the next.
        messages.sort_by_key(|message| (message["method"].to_string(), message["id"].as_u64()));
        let lines: String = messages.iter().map(|message| format!("{message}\n")).collect();
        fs::write(fixtures().join(format!("{side}.jsonl")), lines).unwrap();
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../app-server/tests/fixtures")
}

/// A Codex between two `tee`.
fn taped(codex: &Path, folder: &Path) -> Command {
    let script = r#"tee "$1/client" | "$0" -c unheard_of=1 app-server --listen stdio:// | tee "$1/codex""#;
    Command {
        program: "/bin/sh".into(),
        args: vec!["-c".into(), script.into(), codex.into(), folder.into()],
        cwd: folder.to_owned(),
        env: vec![("CODEX_HOME".into(), folder.into())],
        withheld_prefixes: vec!["CODEX_".into(), "OPENAI_".into()],
        secrets: Vec::new(),
    }
}

/// Everything that is asked of Codex, and all that can come of a turn.
async fn talk(client: &Client, model: &ScriptedModel, cwd: &Path) {
    client.request(&ConfigRead::default()).await.unwrap();
    client.request(&AccountRead::default()).await.unwrap();
    client.request(&ModelList { cursor: None, include_hidden: true }).await.unwrap();
    client.request(&ServerDiagnostics {}).await.unwrap();

    let mut thread = Thread::start(client, cwd).await;
    let usage = Usage { input_tokens: 11, cached_tokens: 3, output_tokens: 7, reasoning_tokens: 2 };
    let thinking = Reasoning {
        summary: vec![vec!["Think".into(), "ing".into()]],
        encrypted_content: Some("opaque".into()),
        ..Reasoning::default()
    };
    let answer = Message {
        deltas: vec!["po".into(), "ng".into()],
        phase: Some(Phase::FinalAnswer),
        ..Message::default()
    };
    model.push(EventStream::default().reasoning(thinking).message(answer).usage(usage));
    thread.turn(MODEL).await;
    // A tool is called, and the turn ended: the result is brought by another.
    model.push(Script::text("Let me look.").function_call("weather", r#"{"city":"Oslo"}"#, "call_1"));
    thread.turn_with_a_call().await;
    // A stream is cut and tried again, then one is cut for good.
    model.push(Script::text("On the w").cut());
    model.push(Script::text("On the way."));
    thread.turn(MODEL).await;
    model.push(Script::text("On the w").cut());
    model.push(Script::text("On the w").cut());
    thread.turn(MODEL).await;
    for refusal in [
        Script::usage_limit_reached(4_000_000_000),
        Script::rate_limited(7),
        Script::error(500, json!({"error": {"message": "It broke."}})),
        Script::error(401, json!({"error": {"message": "Who are you?"}})),
        Script::error(400, json!({"error": {"message": "What do you mean?"}})),
    ] {
        // Codex may try again, and is refused again.
        model.set_default(refusal);
        thread.turn(MODEL).await;
    }
    model.push(Script::text("Too").failed("context_length_exceeded", "The conversation is too long."));
    thread.turn(MODEL).await;
    // Codex warns that it does not know a model.
    model.push(Script::text("pong"));
    thread.turn("unheard-of").await;
    model.push(Script::text("One, two").hang());
    thread.interrupted_turn().await;
    client.request(&ThreadUnsubscribe { thread_id: &thread.id }).await.unwrap();
    client.request(&ThreadUnsubscribe { thread_id: "no-such-thread" }).await.unwrap_err();
}

struct Thread<'a> {
    client: &'a Client,
    id: String,
    events: Subscription,
}

impl<'a> Thread<'a> {
    async fn start(client: &'a Client, cwd: &Path) -> Self {
        let config = json!({
            "web_search": "disabled", "include_environment_context": false, "include_apps_instructions": false,
            "include_collaboration_mode_instructions": false, "include_permissions_instructions": false,
            "skills.include_instructions": false, "skills.bundled.enabled": false,
        });
        let weather = DynamicTool::Function {
            name: "weather".to_owned(),
            description: "The weather now".to_owned(),
            input_schema: json!({"type": "object", "properties": {"city": {"type": "string"}}}),
        };
        let start = ThreadStart {
            cwd: cwd.to_str().unwrap().to_owned(),
            ephemeral: true,
            approval_policy: "never",
            approvals_reviewer: "user",
            sandbox: "read-only",
            dynamic_tools: vec![weather],
            experimental_raw_events: true,
            config: config.as_object().unwrap().clone(),
            ..ThreadStart::default()
        };
        let id = client.request(&start).await.unwrap().thread.id;
        let events = client.subscribe(&id);
        Self { client, id, events }
    }

    async fn ask(&self, model: &str) -> String {
        let message = json!({
            "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say pong"}],
        });
        let (thread_id, items) = (self.id.as_str(), &[message]);
        self.client.request(&ThreadInjectItems { thread_id, items }).await.unwrap();
        let turn = TurnStart {
            thread_id,
            input: &[],
            model,
            effort: "low",
            summary: "none",
            service_tier: "default",
            output_schema: None,
        };
        self.client.request(&turn).await.unwrap().turn.id
    }

    async fn turn(&mut self, model: &str) {
        self.ask(model).await;
        while !matches!(self.events.next().await.unwrap(), ThreadEvent::TurnCompleted { .. }) {}
    }

    async fn interrupted_turn(&mut self) {
        let turn_id = self.ask(MODEL).await;
        while !matches!(self.events.next().await.unwrap(), ThreadEvent::MessageDelta { .. }) {}
        self.interrupt(turn_id).await;
    }

    async fn turn_with_a_call(&mut self) {
        let turn_id = self.ask(MODEL).await;
        while !matches!(self.events.next().await.unwrap(), ThreadEvent::ResponseCompleted { .. }) {}
        self.interrupt(turn_id).await;
    }

    async fn interrupt(&mut self, turn_id: String) {
        let interrupt = TurnInterrupt { thread_id: &self.id, turn_id: &turn_id };
        self.client.request(&interrupt).await.unwrap();
        while !matches!(self.events.next().await.unwrap(), ThreadEvent::TurnCompleted { .. }) {}
    }
}

/// Takes out of a recording what is another in each run: ids, clocks, sizes and this machine.
struct Neutral {
    folder: String,
    ids: HashMap<String, usize>,
}

impl Neutral {
    fn new(folder: &Path) -> Self {
        Self { folder: folder.to_str().unwrap().to_owned(), ids: HashMap::new() }
    }

    fn message(&mut self, line: &str) -> Value {
        static ID: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").unwrap()
        });
        static HASH: LazyLock<Regex> = LazyLock::new(|| Regex::new("sha256:[0-9a-f]{64}").unwrap());
        static ADDRESS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"127\.0\.0\.1:\d+").unwrap());
        static PLATFORM: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r" \([^()]*; [^()]*\) [^ ]+ ").unwrap());
        let line = line.replace(&self.folder, "/home/me/.codex");
        let line = ID.replace_all(&line, |found: &Captures<'_>| {
            let next = self.ids.len() + 1;
            let number = self.ids.entry(found[0].to_owned()).or_insert(next);
            format!("00000000-0000-0000-0000-{number:012}")
        });
        let line = HASH.replace_all(&line, "sha256:0");
        let line = ADDRESS.replace_all(&line, "127.0.0.1:80");
        let line = PLATFORM.replace_all(&line, " (Linux; x86_64) terminal ");
        let mut message: Value = serde_json::from_str(&line).unwrap();
        neutral_numbers(&mut message);
        message.sort_all_objects();
        if let Some(pid) = message.pointer_mut("/result/process/id") {
            *pid = 1.into();
        }
        message
    }
}

/// Numbers of seven and more digits are clocks and memory, and durations go by their names.
fn neutral_numbers(value: &mut Value) {
    match value {
        Value::Number(number) if number.as_f64().is_some_and(|number| number > 1e6) => {
            *value = 1_000_000.into();
        }
        Value::Array(values) => values.iter_mut().for_each(neutral_numbers),
        Value::Object(fields) => {
            for (name, value) in fields {
                match name.as_str() {
                    "durationMs" if value.is_number() => *value = 1.into(),
                    _ => neutral_numbers(value),
                }
            }
        }
        _ => {}
    }
}
