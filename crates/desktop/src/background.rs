//! What goes on beside the calls, until the application is dropped.

use std::{
    sync::{Arc, Weak},
    time::{Duration, SystemTime},
};

use tokio::{
    sync::watch,
    time::{sleep, sleep_until, timeout},
};

use crate::{core::Core, news::News, notifications::Notification, view::AppState};

/// How often the configuration file and the port are looked at.
const LOOK_PAUSE: Duration = Duration::from_secs(1);
/// How often a keyring is looked for where there is none.
const KEYRING_PAUSE: Duration = Duration::from_secs(5);

/// Must be called within a Tokio runtime.
pub(crate) fn begin(core: &Arc<Core>) {
    let weak = || Arc::downgrade(core);
    tokio::spawn(start(Arc::clone(core)));
    tokio::spawn(tell_news(weak(), core.shown.follow()));
    tokio::spawn(look_around(weak()));
    tokio::spawn(follow_keyring(weak(), core.options.keyring.late_answers()));
}

/// Does what is to be done at the start. What goes wrong is shown.
async fn start(core: Arc<Core>) {
    let mut life = core.life.lock().await;
    if core.desktop_settings().start_at_launch && !life.is_on() {
        let _ = life.start(&core).await;
    } else if core.config.usable().is_ok() {
        core.tokens.ensure().await;
        core.show_token();
    }
}

/// Tells the person of what is news in the state. What comes too soon after something else is told later, if it still
/// holds.
async fn tell_news(core: Weak<Core>, mut states: watch::Receiver<Arc<AppState>>) {
    let mut news = News::default();
    loop {
        let state = Arc::clone(&states.borrow_and_update());
        let Some(core) = core.upgrade() else { return };
        let mut then = news.clone();
        match (then.next(&state, now_ms()), core.notifier.pause()) {
            (None, _) => {
                news = then;
                drop(core);
                if states.changed().await.is_err() {
                    return;
                }
            }
            (Some(_), Some(end)) => {
                drop(core);
                sleep_until(end).await;
            }
            (Some(notification), None) => {
                news = then;
                core.tell(notification);
            }
        }
    }
}

/// Tells of what has happened once, as soon as it can be told.
pub(crate) async fn tell_in_turn(core: Weak<Core>, notification: Notification) {
    while let Some(core) = core.upgrade() {
        let Some(end) = core.notifier.pause() else { return core.tell(notification) };
        drop(core);
        sleep_until(end).await;
    }
}

/// Milliseconds since 1970.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

async fn look_around(core: Weak<Core>) {
    loop {
        sleep(LOOK_PAUSE).await;
        match core.upgrade() {
            Some(core) => core.look_around().await,
            None => return,
        }
    }
}

/// Takes the token from a keyring that was unlocked too late, or came up after the application, as happens at a login.
/// Nothing is asked of one that is locked: the person would be asked for its password again and again.
async fn follow_keyring(core: Weak<Core>, mut late: watch::Receiver<()>) {
    loop {
        let has_answered = timeout(KEYRING_PAUSE, late.changed()).await.is_ok();
        let Some(core) = core.upgrade() else { return };
        let is_awaited = core.tokens.is_without_keyring() && core.life.lock().await.is_wanted();
        if is_awaited || (has_answered && core.tokens.is_missing()) {
            core.ask_keyring_again().await;
        }
    }
}
