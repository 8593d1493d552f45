//! Starts threads that hold nothing but what a caller gives them, whatever the person's configuration says just then.
//!
//! Codex reads the configuration anew for every thread, and some of it can only be switched off by name. So its files are
//! looked at before and after each thread is started, and Codex is asked again where they have changed, and every now and
//! then for what comes from elsewhere. Where it has become another one meanwhile, the thread is given up, and the next
//! one started by that.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use app_server::{
    Client, Error, Subscription, ThreadEvent,
    protocol::{ConfigRead, DynamicTool, Request, ThreadStart, ThreadStartResponse, ThreadUnsubscribe},
};
use serde_json::{Map, Value};
use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{Instant, sleep, timeout},
};

use super::{
    bare,
    files::Files,
    home::{Home, Look},
    stamp::Stamp,
};

/// How long Codex's word about its configuration holds while its files stay as they are. If it was asked with each thread,
/// 64 callers would be more than it takes in.
const HOLDS: Duration = Duration::from_secs(1);

/// How long a look at the files holds. Nobody can change them and send a request in less.
const FRESH: Duration = Duration::from_millis(2);

/// How long to let the configuration come to rest.
const PAUSE: Duration = Duration::from_millis(50);

/// How many threads for which Codex starts a server it takes to know that it can't be switched off.
const SERVERS: usize = 3;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Starter {
    client: Client,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    template: ThreadStart,
    home: Home,
    files: Arc<Files>,
    known: Mutex<Arc<Known>>,
    /// When somebody last asked for it.
    asked: Mutex<Instant>,
    /// The latest look at the files, and since when it is on its way.
    looked: Mutex<Option<(Instant, Arc<Look>)>>,
    /// The files whose text Codex adds to every prompt, by the latest thread.
    instruction_sources: watch::Sender<Vec<String>>,
}

/// The configuration as it was last read.
#[derive(Debug)]
struct Known {
    /// What a thread is told because of it.
    overrides: Map<String, Value>,
    /// Its files, as they were before that.
    files: Vec<Option<Stamp>>,
}

/// What only a thread can be told.
#[derive(Debug, Default)]
pub(super) struct Wishes<'a> {
    /// The model that the thread will be used with, where that must be known.
    pub(super) model: Option<&'a str>,
    pub(super) tools: &'a [DynamicTool],
    pub(super) verbosity: Option<&'a str>,
}

/// A thread that Codex has loaded. Dropping it gives it up: Codex unloads it.
#[derive(Debug)]
pub(super) struct Loaded {
    client: Client,
    pub(super) id: String,
    pub(super) events: Subscription,
    /// How the home was before the thread was started.
    home: Arc<Look>,
}

/// Why a thread can't be used.
#[derive(Debug)]
pub(super) enum Unfit {
    /// This server of the person's has been started for it.
    Server(String),
    /// Codex has unloaded it, or is gone itself.
    Gone,
}

impl Starter {
    /// Reads the configuration of the Codex that has this home, and for which these files were made.
    pub(super) async fn open(client: Client, home: Home, files: Arc<Files>) -> Result<Self, Error> {
        let known = Known::read(&client, files.cwd(), home.look().configuration).await?;
        let shared = Shared {
            template: bare::thread(files.cwd()),
            home,
            files,
            known: Mutex::new(Arc::new(known)),
            asked: Mutex::new(Instant::now()),
            looked: Mutex::default(),
            instruction_sources: watch::Sender::default(),
        };
        Ok(Self { client, shared: Arc::new(shared) })
    }

    /// How the home is now. What Codex needs besides is there then.
    pub(super) async fn look(&self) -> Result<Arc<Look>, Error> {
        let latest = lock(&self.shared.looked).clone();
        if let Some((_, look)) = latest.filter(|(since, _)| since.elapsed() < FRESH) {
            return Ok(look);
        }
        let (since, shared) = (Instant::now(), Arc::clone(&self.shared));
        let look = spawn_blocking(move || {
            shared.files.restore();
            Arc::new(shared.home.look())
        });
        let after = self.client.request_timeout();
        let timed_out = |_| Error::TimedOut { method: ThreadStart::METHOD, after };
        // Without a result, the runtime is ending.
        let look = timeout(after, look).await.map_err(timed_out)?.unwrap_or_default();
        *lock(&self.shared.looked) = Some((since, Arc::clone(&look)));
        Ok(look)
    }

    /// The files whose text reaches the model with every prompt, and their changes.
    pub(super) fn instruction_sources(&self) -> watch::Receiver<Vec<String>> {
        self.shared.instruction_sources.subscribe()
    }

    /// Starts a thread. May be cancelled: a thread that nobody waits for any more is given up as soon as it is there,
    /// as is one that comes after the time for one request is over.
    pub(super) async fn start(&self, wishes: &Wishes<'_>) -> Result<Loaded, Error> {
        let after = self.client.request_timeout();
        let timed_out = Err(Error::TimedOut { method: ThreadStart::METHOD, after });
        timeout(after, self.start_bare(wishes)).await.unwrap_or(timed_out)
    }

    async fn start_bare(&self, wishes: &Wishes<'_>) -> Result<Loaded, Error> {
        let mut servers = 0;
        loop {
            let home = self.look().await?;
            let mut known = Arc::clone(&lock(&self.shared.known));
            if known.files != home.configuration {
                // By what was known, a server that was added would be started.
                known = self.read(home.configuration.clone()).await?;
            }
            // Codex may read its configuration for either of them first. Between two looks that are alike, that is the same.
            let (loaded, now) =
                tokio::join!(self.load(wishes, &known, Arc::clone(&home)), self.reread(&known));
            let mut loaded = loaded?;
            let is_at_rest = now?.overrides == known.overrides && self.look().await? == home;
            let unfit = loaded.unfit();
            if unfit.is_none() && is_at_rest {
                return Ok(loaded);
            }
            tracing::info!(is_at_rest, ?unfit, "a thread is given up that has just been started");
            if let Some(Unfit::Server(name)) = unfit
                && is_at_rest
            {
                servers += 1;
                if servers == SERVERS {
                    return Err(Error::Server { name });
                }
            }
            drop(loaded);
            sleep(PAUSE).await;
        }
    }

    async fn read(&self, files: Vec<Option<Stamp>>) -> Result<Arc<Known>, Error> {
        let known = Arc::new(Known::read(&self.client, self.shared.files.cwd(), files).await?);
        lock(&self.shared.known).clone_from(&known);
        Ok(known)
    }

    /// The same again, where nobody has asked for long.
    async fn reread(&self, known: &Arc<Known>) -> Result<Arc<Known>, Error> {
        let is_due = {
            let mut asked = lock(&self.shared.asked);
            let is_due = asked.elapsed() >= HOLDS;
            if is_due {
                *asked = Instant::now();
            }
            is_due
        };
        if is_due { self.read(known.files.clone()).await } else { Ok(Arc::clone(known)) }
    }

    async fn load(&self, wishes: &Wishes<'_>, known: &Known, home: Arc<Look>) -> Result<Loaded, Error> {
        let mut thread = ThreadStart {
            model: wishes.model.map(str::to_owned),
            dynamic_tools: wishes.tools.to_vec(),
            config: known.overrides.clone(),
            ..self.shared.template.clone()
        };
        if let Some(verbosity) = wishes.verbosity {
            thread.config.insert("model_verbosity".to_owned(), verbosity.into());
        }
        let answer = self.client.send_within(&thread, Duration::MAX)?;
        let this = self.clone();
        // Goes on where nobody waits any more, to give up what comes too late.
        let loading = tokio::spawn(async move { Ok(this.loaded(answer.wait().await?, home)) });
        // Without a result, the runtime is ending.
        loading.await.unwrap_or(Err(Error::Closed { method: ThreadStart::METHOD }))
    }

    fn loaded(&self, answer: ThreadStartResponse, home: Arc<Look>) -> Loaded {
        let ThreadStartResponse { thread, instruction_sources } = answer;
        self.shared.instruction_sources.send_if_modified(|known| {
            let changed = *known != instruction_sources;
            if changed {
                for file in &instruction_sources {
                    tracing::warn!("{}", instructions_leak(file));
                }
                *known = instruction_sources;
            }
            changed
        });
        let (client, events) = (self.client.clone(), self.client.subscribe(&thread.id));
        Loaded { client, id: thread.id, events, home }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Known {
    /// Reads the configuration as a thread has it that works in `cwd`.
    async fn read(client: &Client, cwd: &Path, files: Vec<Option<Stamp>>) -> Result<Self, Error> {
        let cwd = Some(cwd.to_string_lossy().into_owned());
        let config = client.request(&ConfigRead { include_layers: false, cwd }).await?.config;
        Ok(Self { overrides: bare::overrides(&config), files })
    }
}

impl Loaded {
    /// Whether it was started by the configuration and the instructions as they are now.
    pub(super) fn is_of(&self, home: &Look) -> bool {
        *self.home == *home
    }

    /// Whether Codex would give it the same instructions again, and so none.
    pub(super) fn goes_on_in(&self, home: &Look) -> bool {
        self.home.instructions == home.instructions
    }

    /// Why no turn may use it, if so. Passes over what was said of it so far.
    pub(super) fn unfit(&mut self) -> Option<Unfit> {
        while let Some(event) = self.events.try_next() {
            match event {
                Ok(ThreadEvent::McpServer { name }) => return Some(Unfit::Server(name)),
                Ok(ThreadEvent::Closed) | Err(_) => return Some(Unfit::Gone),
                Ok(_) => {}
            }
        }
        None
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        drop(self.client.send(&ThreadUnsubscribe { thread_id: &self.id }));
    }
}

/// What a file means whose text Codex adds to every prompt.
pub(super) fn instructions_leak(file: &str) -> String {
    format!(
        "The text of {file} reaches the model with every prompt, and Codex has no switch for it. Move the file away, or \
         set `codex_home` to `own` in the gateway's config file."
    )
}
