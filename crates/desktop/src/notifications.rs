//! What the person is told while they look elsewhere: little, and never the same thing again and again.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
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
/// How many refused programs are told of in that time. A program can call itself anything, and something else each time.
const REFUSED_CLIENTS: usize = 3;

/// Lets notifications through that are wanted, and not too many.
#[derive(Debug)]
pub(crate) struct Notifier {
    feed: broadcast::Sender<Notification>,
    /// For the first who listens: what is told before is not lost.
    first: Mutex<Option<broadcast::Receiver<Notification>>>,
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
        let (feed, first) = broadcast::channel(16);
        Self { feed, first: Mutex::new(Some(first)), told: Mutex::default() }
    }

    pub(crate) fn follow(&self) -> broadcast::Receiver<Notification> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        first.unwrap_or_else(|| self.feed.subscribe())
    }

    /// Until when nothing more is to be told, if something has just been.
    pub(crate) fn pause(&self) -> Option<Instant> {
        self.told().pause(Instant::now())
    }

    /// Tells it, if it is wanted and no repetition. Who can wait for the end of the [`pause`](Self::pause) does; of refused
    /// programs there will be others.
    pub(crate) fn tell(&self, wanted: &Notifications, notification: Notification) {
        let wanted = match notification.kind {
            NotificationKind::Trouble => wanted.trouble,
            NotificationKind::Quota => wanted.quota,
            NotificationKind::RefusedClient => wanted.refused_clients,
            NotificationKind::SignIn => wanted.sign_in,
        };
        if wanted && self.told().allows(&notification, Instant::now()) {
            // Nobody may be listening.
            let _ = self.feed.send(notification);
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Told {
    fn pause(&self, now: Instant) -> Option<Instant> {
        self.last.map(|last| last + ANY_PAUSE).filter(|end| *end > now)
    }

    fn allows(&mut self, notification: &Notification, now: Instant) -> bool {
        self.titles.retain(|_, told| now.duration_since(*told) < SAME_PAUSE);
        let key = (notification.kind, notification.title.clone());
        if self.titles.contains_key(&key) || (key.0 == NotificationKind::RefusedClient && self.is_busy(now)) {
            return false;
        }
        self.titles.insert(key, now);
        self.last = Some(now);
        true
    }

    /// Whether it is no time to tell of a refused program.
    fn is_busy(&self, now: Instant) -> bool {
        let refused = self.titles.keys().filter(|(kind, _)| *kind == NotificationKind::RefusedClient);
        self.pause(now).is_some() || refused.count() >= REFUSED_CLIENTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notification(title: &str) -> Notification {
        Notification { kind: NotificationKind::Trouble, title: title.to_owned(), body: String::new() }
    }

    #[test]
    fn the_same_is_told_once_in_ten_minutes() {
        let mut told = Told::default();
        let start = Instant::now();
        let mut allowed = |title: &str, seconds: u64| {
            told.allows(&notification(title), start + Duration::from_secs(seconds))
        };
        assert!(allowed("a", 0) && allowed("b", 1));
        assert!(!allowed("a", 599) && allowed("a", 600));
        assert_eq!(told.pause(start + Duration::from_secs(601)), Some(start + Duration::from_secs(605)));
        assert_eq!(told.pause(start + Duration::from_secs(605)), None);
    }

    #[test]
    fn a_program_that_always_has_another_name_is_told_of_three_times_and_hides_nothing_else() {
        let mut told = Told::default();
        let start = Instant::now();
        let mut told_of = 0;
        for second in 0..600 {
            let now = start + Duration::from_secs(second);
            let kind = NotificationKind::RefusedClient;
            let refused = Notification { kind, ..notification(&format!("{second} was refused")) };
            told_of += usize::from(told.allows(&refused, now));
        }
        assert_eq!(told_of, REFUSED_CLIENTS);
        assert!(told.allows(&notification("a"), start + Duration::from_secs(600)));
    }

    #[test]
    fn what_is_told_before_somebody_listens_is_not_lost() {
        let notifier = Notifier::new();
        notifier.tell(&Notifications::default(), notification("a"));
        assert_eq!(notifier.follow().try_recv().unwrap(), notification("a"));
        assert!(notifier.follow().try_recv().is_err());
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
