//! Settings that can change while the gateway runs.

use std::{
    net::SocketAddr,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use app_server::{Secret, remember};

use super::{Settings, Token};

/// What a running gateway goes by. All clones share it, and each request looks at it once.
#[derive(Debug, Clone)]
pub(crate) struct Live(Arc<RwLock<Current>>);

#[derive(Debug)]
struct Current {
    settings: Arc<Settings>,
    token: Arc<Token>,
    /// Tokens that were replaced. They open nothing any more, and are still nobody else's business.
    former_tokens: Vec<Secret>,
}

/// A setting that takes effect only when the gateway is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeedsRestart {
    Host,
    Port,
    Codex,
    CodexHome,
    ResponseHistory,
}

impl Live {
    pub(crate) fn new(settings: Settings, token: Token) -> Self {
        remember(&token.secret());
        let current =
            Current { settings: Arc::new(settings), token: Arc::new(token), former_tokens: Vec::new() };
        Self(Arc::new(RwLock::new(current)))
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.read().settings)
    }

    pub(crate) fn token(&self) -> Arc<Token> {
        Arc::clone(&self.read().token)
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        self.read().settings.request_timeout
    }

    /// Every token that there has been, for what must not let one through.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        let current = self.read();
        current.former_tokens.iter().cloned().chain([current.token.secret()]).collect()
    }

    pub(crate) fn set_settings(&self, settings: Settings) {
        self.write().settings = Arc::new(settings);
    }

    pub(crate) fn set_token(&self, token: Token) {
        remember(&token.secret());
        let mut current = self.write();
        let former = std::mem::replace(&mut current.token, Arc::new(token)).secret();
        if former != current.token.secret() && !current.former_tokens.contains(&former) {
            current.former_tokens.push(former);
        }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Current> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Current> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What of `wanted` a gateway that was started with `started`, and listens on `address`, can't take up while it runs.
pub(crate) fn needs_restart(started: &Settings, address: SocketAddr, wanted: &Settings) -> Vec<NeedsRestart> {
    // Port 0 asks for any, and was given one.
    let port_differs = wanted.port != started.port && wanted.port != address.port();
    let history = |settings: &Settings| {
        (settings.response_history, settings.response_history_time, settings.response_history_file.clone())
    };
    [
        (wanted.host != address.ip(), NeedsRestart::Host),
        (port_differs, NeedsRestart::Port),
        (wanted.codex != started.codex, NeedsRestart::Codex),
        (wanted.codex_home != started.codex_home, NeedsRestart::CodexHome),
        (history(wanted) != history(started), NeedsRestart::ResponseHistory),
    ]
    .into_iter()
    .filter_map(|(differs, setting)| differs.then_some(setting))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{CodexHome, Overrides, ResponseHistory};

    fn settings() -> Settings {
        Settings::load(&Overrides { port: Some(0), ..Overrides::default() }, None).unwrap()
    }

    #[test]
    fn what_the_socket_and_the_child_are_made_of_needs_a_restart() {
        let started = settings();
        let address = SocketAddr::new(started.host, 4711);
        let check = |change: fn(&mut Settings)| {
            let mut wanted = started.clone();
            change(&mut wanted);
            needs_restart(&started, address, &wanted)
        };
        assert_eq!(check(|settings| settings.log_text = true), []);
        assert_eq!(check(|settings| settings.port = 4711), []);
        assert_eq!(check(|settings| settings.port = 4712), [NeedsRestart::Port]);
        assert_eq!(check(|settings| settings.host = [127, 0, 0, 2].into()), [NeedsRestart::Host]);
        let both = check(|settings| {
            settings.codex = Some("/other/codex".into());
            settings.codex_home = CodexHome::Own;
        });
        assert_eq!(both, [NeedsRestart::Codex, NeedsRestart::CodexHome]);
        let history = check(|settings| settings.response_history = ResponseHistory::Off);
        assert_eq!(history, [NeedsRestart::ResponseHistory]);
    }

    #[test]
    fn a_token_that_was_replaced_stays_a_secret() {
        let token = |text: &str| Token::parse(text).unwrap();
        let live = Live::new(settings(), token("hunter1"));
        live.set_token(token("hunter1"));
        live.set_token(token("hunter2"));
        assert_eq!(*live.token(), token("hunter2"));
        assert_eq!(live.secrets(), [Secret::new("hunter1"), Secret::new("hunter2")]);
        assert!(!format!("{live:?}").contains("hunter"));
    }
}
