//! The same Codex and the same scripted model, behind this gateway, behind the Python one, and behind nothing.

use std::{ffi::OsString, fs, net::Ipv4Addr, path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use scripted_model::{CodexConfig, EventStream, ScriptedModel};
use tokio::time::sleep;

use crate::{
    floor::Floor,
    load::{self, Callee, Caller, Load},
    machine::say,
    process,
    programs::{ACTIVE_TURNS, CERTIFICATES, Paths, Running, codex_env},
    start::ask_once,
    stats::{Samples, ms},
};

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub rounds: usize,
    /// Instant turns, and turns of a second, that one caller asks for in a round.
    pub instant_turns: usize,
    pub slow_turns: usize,
    /// How long several callers ask.
    pub instant_window: Duration,
    pub slow_window: Duration,
}

/// How long the model thinks before it answers.
pub const PAUSES: [Duration; 2] = [Duration::ZERO, Duration::from_secs(1)];

/// What passes between two requests of one caller: a Codex that has just answered makes its next threads ready, which
/// would be at the cost of whoever comes after it.
const BETWEEN: Duration = Duration::from_millis(50);

/// Callers at a time.
pub const CALLERS: [usize; 4] = [1, 8, 32, 64];

/// Who answers, in the order of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contender {
    Floor,
    Gateway,
    Peer,
}

pub const CONTENDERS: [Contender; 3] = [Contender::Floor, Contender::Gateway, Contender::Peer];

/// What was measured of one contender with so many callers and such turns.
#[derive(Debug, Clone)]
pub struct Cell {
    pub contender: Contender,
    pub callers: usize,
    pub pause: Duration,
    /// One sample a round.
    pub per_second: Samples,
    /// The median of each round, in milliseconds.
    pub first_token: Samples,
    pub total: Samples,
    /// All answers of all rounds.
    pub all_first_tokens: Samples,
    pub all_totals: Samples,
    pub answered: usize,
    pub cut: usize,
    pub failed: usize,
}

/// What reached the model for "Say pong".
#[derive(Debug, Clone, Copy)]
pub struct Prompt {
    pub bytes: usize,
    pub tools: usize,
}

/// Everything that was measured.
#[derive(Debug)]
pub struct Results {
    pub cells: Vec<Cell>,
    pub prompts: [Prompt; 3],
    /// MB after all of it: the gateway, and its Codex.
    pub gateway_mb: [Option<f64>; 3],
    pub codex_mb: [f64; 3],
}

impl Results {
    pub fn cell(&self, contender: Contender, callers: usize, pause: Duration) -> Option<&Cell> {
        self.cells.iter().find(|cell| {
            (cell.contender, cell.callers, cell.pause) == (contender, callers, pause) && cell.answered > 0
        })
    }
}

struct Contest {
    model: ScriptedModel,
    floor: Arc<Floor>,
    gateway: Running,
    peer: Running,
}

/// Runs the rounds.
pub async fn run(paths: &Paths, plan: Plan, folder: &Path) -> anyhow::Result<Results> {
    let contest = Contest::start(paths, folder).await?;
    let mut results = Results {
        cells: Vec::new(),
        prompts: contest.prompts().await?,
        gateway_mb: [None; 3],
        codex_mb: [0.0; 3],
    };
    for pause in PAUSES {
        for callers in CALLERS {
            results.cells.extend(CONTENDERS.map(|contender| Cell::new(contender, callers, pause)));
        }
    }
    for round in 0..plan.rounds {
        for pause in PAUSES {
            contest.model.set_default(answer_after(pause));
            say(&format!("round {} of {}, turns of {pause:?}", round + 1, plan.rounds));
            let turns = if pause.is_zero() { plan.instant_turns } else { plan.slow_turns };
            contest.take_turns(&mut results, pause, turns).await?;
            for callers in CALLERS.into_iter().filter(|callers| *callers > 1) {
                contest.load(&mut results, plan, round, (callers, pause)).await?;
            }
        }
    }
    for (index, contender) in CONTENDERS.into_iter().enumerate() {
        let gateway = contest.pid(contender)?;
        results.gateway_mb[index] = gateway.map(process::resident_mb).transpose()?;
        let codex = gateway.map_or(Ok(contest.floor.pid()), process::child)?;
        results.codex_mb[index] = process::resident_mb(codex)?;
    }
    contest.gateway.stop().await?;
    contest.peer.stop().await?;
    Ok(results)
}

impl Contest {
    async fn start(paths: &Paths, folder: &Path) -> anyhow::Result<Self> {
        let model = ScriptedModel::start((Ipv4Addr::LOCALHOST, 0).into()).await?;
        let home = |name: &str| {
            let home = folder.join(name);
            model.codex_home(&home.join(".codex"), &CodexConfig::default())?;
            anyhow::Ok(home)
        };
        model.set_default(answer_after(Duration::ZERO));
        let gateway = Running::gateway(&paths.gateway, &paths.codex, &home("gateway")?, ACTIVE_TURNS).await?;
        ask_once(&gateway.callee()).await.context("the gateway does not answer")?;
        let peer = Running::peer(&paths.python, &paths.codex, &home("peer")?).await?;
        ask_once(&peer.callee()).await.context("the Python gateway does not answer")?;
        let home = home("floor")?;
        let codex = process::child(gateway.pid()?)?;
        let arguments = arguments_of_gateways_codex(codex, folder)?;
        let mut env = codex_env(&home);
        env.extend(certificates_of_gateways_codex(codex));
        let floor = Floor::start(&paths.codex, arguments, &home, env).await?;
        ask_once(&Callee::Codex(Arc::clone(&floor))).await.context("Codex does not answer")?;
        Ok(Self { model, floor, gateway, peer })
    }

    /// One caller, for whom the contenders take turns: what disturbs one disturbs the others alike.
    async fn take_turns(&self, results: &mut Results, pause: Duration, turns: usize) -> anyhow::Result<()> {
        let mut callers = Vec::new();
        for contender in CONTENDERS {
            callers.push((contender, self.callee(contender).caller().await?));
        }
        let mut first_tokens = [const { Vec::new() }; 3];
        let mut totals = [const { Vec::new() }; 3];
        for turn in 0..turns {
            for step in 0..callers.len() {
                let index = (turn + step) % callers.len();
                let (_, caller): &mut (Contender, Caller) = &mut callers[index];
                sleep(BETWEEN).await;
                let answer = caller.ask("Say pong").await?;
                first_tokens[index].push(ms(answer.first_token));
                totals[index].push(ms(answer.total));
            }
        }
        for (index, contender) in CONTENDERS.into_iter().enumerate() {
            let cell = results.cell_mut((contender, 1, pause))?;
            let totals: Samples = std::mem::take(&mut totals[index]).into_iter().collect();
            let first_tokens: Samples = std::mem::take(&mut first_tokens[index]).into_iter().collect();
            cell.per_second.push(totals.len() as f64 * 1e3 / totals.sum());
            cell.answered += totals.len();
            cell.add(first_tokens, totals);
        }
        Ok(())
    }

    /// Several callers, of each contender after the other.
    async fn load(
        &self,
        results: &mut Results,
        plan: Plan,
        round: usize,
        (callers, pause): (usize, Duration),
    ) -> anyhow::Result<()> {
        let load = if pause.is_zero() {
            Load { callers, ramp: Duration::from_millis(300), window: plan.instant_window }
        } else {
            Load { callers, ramp: pause, window: plan.slow_window }
        };
        for step in 0..CONTENDERS.len() {
            let contender = CONTENDERS[(round + step) % CONTENDERS.len()];
            let callee = self.callee(contender);
            let outcome = load::run(&callee, load, "Say pong").await?;
            let cell = results.cell_mut((contender, callers, pause))?;
            cell.per_second.push(outcome.per_second);
            cell.answered += outcome.answered;
            cell.cut += outcome.cut;
            cell.failed += outcome.failed;
            cell.add(outcome.first_token, outcome.total);
            // What was cut off may still run; the next one starts when it does not.
            ask_once(&callee).await?;
            self.model.clear();
        }
        Ok(())
    }

    async fn prompts(&self) -> anyhow::Result<[Prompt; 3]> {
        let mut prompts = [Prompt { bytes: 0, tools: 0 }; 3];
        for (index, contender) in CONTENDERS.into_iter().enumerate() {
            self.model.clear();
            ask_once(&self.callee(contender)).await?;
            let request = self.model.requests().pop().context("no request reached the model")?;
            let tools = request.json()["tools"].as_array().map_or(0, Vec::len);
            prompts[index] = Prompt { bytes: request.body_bytes, tools };
        }
        Ok(prompts)
    }

    fn callee(&self, contender: Contender) -> Callee {
        match contender {
            Contender::Floor => Callee::Codex(Arc::clone(&self.floor)),
            Contender::Gateway => self.gateway.callee(),
            Contender::Peer => self.peer.callee(),
        }
    }

    fn pid(&self, contender: Contender) -> anyhow::Result<Option<u32>> {
        match contender {
            Contender::Floor => Ok(None),
            Contender::Gateway => self.gateway.pid().map(Some),
            Contender::Peer => self.peer.pid().map(Some),
        }
    }
}

impl Results {
    fn cell_mut(&mut self, key: (Contender, usize, Duration)) -> anyhow::Result<&mut Cell> {
        let mut cells = self.cells.iter_mut();
        cells.find(|cell| (cell.contender, cell.callers, cell.pause) == key).context("no such cell")
    }
}

impl Cell {
    fn new(contender: Contender, callers: usize, pause: Duration) -> Self {
        Self {
            contender,
            callers,
            pause,
            per_second: Samples::default(),
            first_token: Samples::default(),
            total: Samples::default(),
            all_first_tokens: Samples::default(),
            all_totals: Samples::default(),
            answered: 0,
            cut: 0,
            failed: 0,
        }
    }

    fn add(&mut self, first_tokens: Samples, totals: Samples) {
        self.first_token.push(first_tokens.median());
        self.total.push(totals.median());
        self.all_first_tokens.merge(first_tokens);
        self.all_totals.merge(totals);
    }
}

/// What the gateway has started its Codex with, and a catalog that stays when the gateway ends.
fn arguments_of_gateways_codex(codex: u32, folder: &Path) -> anyhow::Result<Vec<OsString>> {
    const CATALOG: &str = "model_catalog_json=";
    let mut arguments = process::arguments(codex)?;
    for argument in &mut arguments {
        let Some(catalog) = argument.strip_prefix(CATALOG) else { continue };
        let copy = folder.join("catalog.json");
        fs::copy(serde_json::from_str::<String>(catalog)?, &copy)?;
        *argument = format!("{CATALOG}{}", serde_json::to_string(&copy)?);
    }
    Ok(arguments.into_iter().map(OsString::from).collect())
}

/// Where the gateway lets its Codex find certificates, for as long as it runs; nothing where it leaves that to Codex.
fn certificates_of_gateways_codex(codex: u32) -> impl Iterator<Item = (OsString, OsString)> {
    CERTIFICATES
        .into_iter()
        .filter_map(move |name| Some((name.into(), process::variable(codex, name)?.into())))
}

fn answer_after(pause: Duration) -> EventStream {
    let script = EventStream::default();
    let script = if pause.is_zero() { script } else { script.pause(pause) };
    script.deltas(["po", "ng"])
}
