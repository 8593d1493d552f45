//! The demo: a model that repeats what it was asked, and a Codex home that leads to it.

use std::{
    io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use crate::{CodexConfig, Echo, EventStream, Limits, ScriptedModel, key::Key};

/// Says that answers are the demo's, to people who see them.
pub const DEMO_NOTICE: &str =
    "This is the demo: the real Codex runs, on a scripted model. Its answers are not a model's.";

/// The environment variable that Codex takes the key of the demo's model from.
const KEY_VARIABLE: &str = "CODEX_DEMO_MODEL_KEY";

/// A running demo. Dropping it stops the model.
///
/// Other programs on the machine can reach the model's port too, and web pages by a name that they point at it. It
/// answers to nobody but the demo's Codex, and remembers nothing of what that one says.
#[derive(Debug)]
pub struct Demo {
    model: ScriptedModel,
    home: PathBuf,
    key: Key,
}

impl Demo {
    /// Makes a Codex home of the folder `home`, which must outlive the demo, and be private: Codex writes there what is said.
    pub async fn start(home: &Path) -> io::Result<Self> {
        let (key, nothing) = (Key::generate()?, Limits { requests: 0, bodies: 0 });
        let model = ScriptedModel::start_for((Ipv4Addr::LOCALHOST, 0).into(), nothing, key.clone()).await?;
        model.set_default(script());
        let config = CodexConfig { env_key: Some(KEY_VARIABLE.to_owned()), ..CodexConfig::default() };
        model.codex_home(home, &config)?;
        Ok(Self { model, home: home.to_owned(), key })
    }

    /// The environment variables with which Codex talks to the demo's model. One of them is a secret.
    pub fn codex_env(&self) -> Vec<(String, String)> {
        let home = self.home.to_string_lossy();
        let variables = [
            ("CODEX_HOME", home.as_ref()),
            (KEY_VARIABLE, self.key.expose()),
            // A proxy is for the internet, and the model is on this machine.
            ("NO_PROXY", "127.0.0.1"),
            ("no_proxy", "127.0.0.1"),
        ];
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    pub async fn shutdown(self) {
        self.model.shutdown().await;
    }
}

/// Says what was asked, word by word, so that a stream can be seen.
fn script() -> EventStream {
    EventStream::default().echo(Echo {
        prefix: "This answer is scripted: the demo model repeats what it was asked. You said: ".to_owned(),
        pause_ms: 30,
    })
}
