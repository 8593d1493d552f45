//! What the person is told while they look elsewhere: little, and never the same thing again and again.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use gateway::settings::Notifications;
use tokio::{sync::broadcast, time::Instant};

/// A few words for the desktop to show. They hold no secret and nothing of what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    pub kind: NotificationKind,
    pub title: String,
    pub body: String,
}

/// What a notification is about. Each kind can be switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotificationKind {
    Trouble,
    Quota,
    RefusedClient,
    SignIn,
}

/// The same thing is told again only after this.
const SAME_PAUSE: Duration = Duration::from_secs(10 * 60);
/// Between any two.
const ANY_PAUSE: Duration = Duration::from_secs(5);

/// Lets notifications through that are wanted, and not too many.
#[derive(Debug)]
pub(crate) struct Notifier {
    feed: broadcast::Sender<Notification>,
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    last: Option<Instant>,
    /// When each was told, by its title.
    titles: HashMap<(NotificationKind, String), Instant>,
}

impl Notifier {
    pub(crate) fn new() -> Self {
        Self { feed: broadcast::Sender::new(16), told: Mutex::default() }
    }

    pub(crate) fn follow(&self) -> broadcast::Receiver<Notification> {
        self.feed.subscribe()
    }

    pub(crate) fn tell(&self, wanted: &Notifications, notification: Notification) {
        let wanted = match notification.kind {
            NotificationKind::Trouble => wanted.trouble,
            NotificationKind::Quota => wanted.quota,
            NotificationKind::RefusedClient => wanted.refused_clients,
            NotificationKind::SignIn => wanted.sign_in,
        };
        let told = || self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if wanted && told().allows(&notification, Instant::now()) {
            // Nobody may be listening.
            let _ = self.feed.send(notification);
        }
    }
}

impl Told {
    fn allows(&mut self, notification: &Notification, now: Instant) -> bool {
        self.titles.retain(|_, told| now.duration_since(*told) < SAME_PAUSE);
        let key = (notification.kind, notification.title.clone());
        let too_soon = self.last.is_some_and(|last| now.duration_since(last) < ANY_PAUSE);
        if too_soon || self.titles.contains_key(&key) {
            return false;
        }
        self.titles.insert(key, now);
        self.last = Some(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notification(title: &str) -> Notification {
        Notification { kind: NotificationKind::Trouble, title: title.to_owned(), body: String::new() }
    }

    #[test]
    fn the_same_is_told_once_in_ten_minutes_and_anything_once_in_five_seconds() {
        let mut told = Told::default();
        let start = Instant::now();
        let mut allowed = |title: &str, seconds: u64| {
            told.allows(&notification(title), start + Duration::from_secs(seconds))
        };
        assert!(allowed("a", 0));
        assert!(!allowed("b", 4));
        assert!(allowed("b", 5));
        assert!(!allowed("a", 599));
        assert!(allowed("a", 601));
    }

    #[test]
    fn what_is_switched_off_is_not_told() {
        let notifier = Notifier::new();
        let mut feed = notifier.follow();
        let wanted = Notifications { trouble: false, ..Notifications::default() };
        notifier.tell(&wanted, notification("a"));
        assert!(feed.try_recv().is_err());
        notifier.tell(&Notifications::default(), notification("a"));
        assert_eq!(feed.try_recv().unwrap(), notification("a"));
    }
}
