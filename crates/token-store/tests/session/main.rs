//! A real keyring, GNOME's, in a session bus of its own: unlocked, locked, stopped and absent.

#![cfg(target_os = "linux")]
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy knows tests by #[test], not the functions that they share"
)]

mod desktop;

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use gateway::settings::{Overrides, Token};
use token_store::{Keyring, KeyringError, Place, StoreError, Stored, TokenStore};

use desktop::{Daemon, home, in_session, without_session};

const TOKEN: &str = "codex-gateway-local-a-token-of-the-tests";

/// Longer than any answer takes here, and short enough to wait for.
const PATIENCE: Duration = Duration::from_secs(2);

fn token() -> Token {
    Token::parse(TOKEN).unwrap()
}

fn config(name: &str) -> PathBuf {
    home().join(name)
}

fn store(name: &str) -> TokenStore {
    TokenStore::new(config(name), &Overrides::default()).unwrap()
}

/// A config file with the token in it.
fn written(name: &str) -> TokenStore {
    fs::write(config(name), format!(r#"{{"token": "{TOKEN}"}}"#)).unwrap();
    store(name)
}

/// What the keyring is at fault for.
fn fault<T: std::fmt::Debug>(result: Result<T, StoreError>) -> KeyringError {
    match result.unwrap_err() {
        StoreError::Keyring(error) => error,
        error => panic!("{error:?}"),
    }
}

#[test]
fn an_unlocked_keyring_keeps_tokens() {
    in_session("inside::an_unlocked_keyring_keeps_tokens");
}

#[test]
fn a_locked_keyring_is_said_to_be_locked_until_it_is_unlocked() {
    in_session("inside::a_locked_keyring_is_said_to_be_locked_until_it_is_unlocked");
}

#[test]
fn a_stopped_keyring_is_given_up_and_used_again_once_it_goes_on() {
    in_session("inside::a_stopped_keyring_is_given_up_and_used_again_once_it_goes_on");
}

#[test]
fn a_keyring_that_comes_later_is_found() {
    in_session("inside::a_keyring_that_comes_later_is_found");
}

#[test]
fn without_a_bus_there_is_no_keyring() {
    without_session("inside::without_a_bus_there_is_no_keyring");
}

/// What happens within the session that the test of the same name makes.
mod inside {
    use super::*;

    #[tokio::test]
    #[ignore = "runs in the session of the test of the same name"]
    async fn an_unlocked_keyring_keeps_tokens() {
        let daemon = Daemon::unlocked();
        let store = written("a.json");
        let moved = store.move_to_keyring().await.unwrap();
        assert_eq!(moved, Stored { token: token(), place: Place::Keyring });
        let file = fs::read_to_string(config("a.json")).unwrap();
        assert!(!file.contains(TOKEN) && file.contains("keyring"), "{file}");
        assert_eq!(store.load().await.unwrap(), Some(moved));

        // Another file has another token, and a rotation touches only one.
        let other = super::store("b.json").prefer_keyring().await.unwrap().stored;
        assert_eq!(other.place, Place::Keyring);
        let new = store.rotate().await.unwrap();
        assert!(new.token != token() && new.token != other.token);
        assert_eq!(store.load().await.unwrap(), Some(new.clone()));
        assert_eq!(super::store("b.json").load().await.unwrap(), Some(other));

        // It is still there when the keyring was started anew.
        drop(daemon);
        let _daemon = Daemon::unlocked();
        assert_eq!(store.load().await.unwrap(), Some(new.clone()));

        let kept = store.keep_in_file().await.unwrap();
        assert_eq!(kept, Stored { token: new.token, place: Place::File });
        fs::write(config("a.json"), r#"{"token_place": "keyring"}"#).unwrap();
        assert!(matches!(store.load().await, Err(StoreError::NoEntry { .. })), "the entry was not removed");
    }

    #[tokio::test]
    #[ignore = "runs in the session of the test of the same name"]
    async fn a_locked_keyring_is_said_to_be_locked_until_it_is_unlocked() {
        let daemon = Daemon::unlocked();
        written("a.json").move_to_keyring().await.unwrap();
        drop(daemon);

        let daemon = Daemon::locked();
        let (inside, file) = (store("a.json"), written("b.json"));
        assert_eq!(fault(inside.load().await), KeyringError::Locked);
        assert_eq!(fault(inside.rotate().await), KeyringError::Locked);
        assert_eq!(fault(file.move_to_keyring().await), KeyringError::Locked);
        let preferred = file.prefer_keyring().await.unwrap();
        assert_eq!(preferred.stored, Stored { token: token(), place: Place::File });
        assert_eq!(preferred.obstacle, Some(KeyringError::Locked));
        drop(daemon);

        let _daemon = Daemon::unlocked();
        assert_eq!(inside.load().await.unwrap(), Some(Stored { token: token(), place: Place::Keyring }));
    }

    #[tokio::test]
    #[ignore = "runs in the session of the test of the same name"]
    async fn a_stopped_keyring_is_given_up_and_used_again_once_it_goes_on() {
        let daemon = Daemon::unlocked();
        let store = written("a.json").with_keyring(Keyring::native().with_patience(PATIENCE));
        store.move_to_keyring().await.unwrap();

        daemon.stop();
        let started = Instant::now();
        assert_eq!(fault(store.load().await), KeyringError::Silent { after: PATIENCE });
        assert_eq!(fault(store.rotate().await), KeyringError::Silent { after: PATIENCE });
        assert!(started.elapsed() < Duration::from_secs(20));

        daemon.go_on();
        let stored = store.load().await.unwrap();
        assert_eq!(stored, Some(Stored { token: token(), place: Place::Keyring }), "a late write was made");
    }

    #[tokio::test]
    #[ignore = "runs in the session of the test of the same name"]
    async fn a_keyring_that_comes_later_is_found() {
        let store = written("a.json");
        assert_eq!(fault(store.move_to_keyring().await), KeyringError::Missing);
        let preferred = store.prefer_keyring().await.unwrap();
        assert_eq!((preferred.stored.place, preferred.obstacle), (Place::File, Some(KeyringError::Missing)));
        let _daemon = Daemon::unlocked();
        assert_eq!(store.prefer_keyring().await.unwrap().stored.place, Place::Keyring);
    }

    #[tokio::test]
    #[ignore = "runs in the session of the test of the same name"]
    async fn without_a_bus_there_is_no_keyring() {
        let store = written("a.json");
        assert_eq!(fault(store.move_to_keyring().await), KeyringError::Missing);
        assert_eq!(store.prefer_keyring().await.unwrap().obstacle, Some(KeyringError::Missing));
        fs::write(config("a.json"), r#"{"token_place": "keyring"}"#).unwrap();
        assert_eq!(fault(store.load().await), KeyringError::Missing);
    }
}
