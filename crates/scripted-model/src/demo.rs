//! The demo: a model that repeats what it was asked, and a Codex home that leads to it.

use std::{
    io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use crate::{CodexConfig, Echo, EventStream, ScriptedModel};

/// Says that answers are the demo's, to people who see them.
pub const DEMO_NOTICE: &str =
    "This is the demo: the real Codex runs, on a scripted model. Its answers are not a model's.";

/// A running demo. Dropping it stops the model.
#[derive(Debug)]
pub struct Demo {
    model: ScriptedModel,
    home: PathBuf,
}

impl Demo {
    /// Makes a Codex home of the folder `home`, which must outlive the demo, and be private: Codex writes there what is said.
    pub async fn start(home: &Path) -> io::Result<Self> {
        let model = ScriptedModel::start((Ipv4Addr::LOCALHOST, 0).into()).await?;
        model.set_default(script());
        model.codex_home(home, &CodexConfig::default())?;
        Ok(Self { model, home: home.to_owned() })
    }

    /// The environment variables with which Codex talks to the demo's model.
    pub fn codex_env(&self) -> Vec<(String, String)> {
        let home = self.home.to_string_lossy();
        // A proxy is for the internet, and the model is on this machine.
        let variables = [("CODEX_HOME", home.as_ref()), ("NO_PROXY", "127.0.0.1"), ("no_proxy", "127.0.0.1")];
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
