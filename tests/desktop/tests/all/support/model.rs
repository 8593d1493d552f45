//! A model that plays scripts, and a Codex home that leads to it.

use std::net::Ipv4Addr;

use scripted_model::{CodexConfig, Script, ScriptedModel};
use tempfile::TempDir;

pub(crate) struct Model {
    pub(crate) scripts: ScriptedModel,
    home: TempDir,
}

impl Model {
    /// It answers `pong` to everything.
    pub(crate) async fn start() -> Self {
        let scripts = ScriptedModel::start((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        scripts.set_default(Script::text("pong"));
        let home = tempfile::tempdir().unwrap();
        scripts.codex_home(home.path(), &CodexConfig::default()).unwrap();
        Self { scripts, home }
    }

    /// The environment variables with which Codex talks to it.
    pub(crate) fn codex_env(&self) -> [(&'static str, String); 3] {
        let home = self.home.path().to_str().unwrap().to_owned();
        // A proxy is for the internet, and the model is on this machine.
        [("CODEX_HOME", home), ("NO_PROXY", "127.0.0.1".to_owned()), ("no_proxy", "127.0.0.1".to_owned())]
    }
}
