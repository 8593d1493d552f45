//! What becomes of a token and its file, with a keyring in memory.

#![expect(clippy::unwrap_used, reason = "clippy knows tests by #[test], not the functions that they share")]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use gateway::settings::{Overrides, Token, TokenPlace, edit};
use keyring_core::{
    Credential, Entry, Error,
    api::{CredentialApi, CredentialStoreApi},
    mock,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use token_store::{Keyring, KeyringError, Place, StoreError, Stored, TokenStore};

const OLD: &str = "codex-gateway-local-old";

/// A folder for config files, and a keyring that they share.
struct Person {
    folder: TempDir,
    keyring: Arc<mock::Store>,
}

impl Person {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), keyring: mock::Store::new().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, config: Value) -> PathBuf {
        fs::write(self.path(name), config.to_string()).unwrap();
        self.path(name)
    }

    fn read(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap()
    }

    fn keyring(&self) -> Keyring {
        let store = Arc::clone(&self.keyring);
        Keyring::new(move |user| store.build("codex-gateway", user, None))
    }

    fn store(&self, name: &str) -> TokenStore {
        let store = TokenStore::new(self.path(name), &Overrides::default()).unwrap();
        store.with_keyring(self.keyring())
    }

    /// The entry of a config file, to look into and to spoil.
    fn entry(&self, name: &str) -> Entry {
        let user = self.folder.path().canonicalize().unwrap().join(name);
        self.keyring.build("codex-gateway", user.to_str().unwrap(), None).unwrap()
    }

    fn next_call_fails(&self, name: &str, error: Error) {
        self.entry(name).as_any().downcast_ref::<mock::Cred>().unwrap().set_error(error);
    }
}

fn stored(token: &str, place: Place) -> Stored {
    Stored { token: token_of(token), place }
}

fn token_of(text: &str) -> Token {
    Token::parse(text).unwrap()
}

fn locked() -> Error {
    Error::NoStorageAccess("locked".into())
}

/// A store whose keyring must not be reached.
fn without_keyring(path: PathBuf, overrides: &Overrides) -> TokenStore {
    let unreachable = |_: &str| Err(Error::NotSupportedByStore("it was asked".to_owned()));
    TokenStore::new(path, overrides).unwrap().with_keyring(Keyring::new(unreachable))
}

#[tokio::test]
async fn a_token_in_the_file_needs_no_keyring() {
    let person = Person::new();
    for config in [json!({"token": OLD}), json!({"token": OLD, "token_place": "keyring"})] {
        let store = without_keyring(person.write("a.json", config), &Overrides::default());
        assert_eq!(store.load().await.unwrap(), Some(stored(OLD, Place::File)));
    }
    for config in [json!({}), json!({"token_place": "file"})] {
        let store = without_keyring(person.write("a.json", config), &Overrides::default());
        assert_eq!(store.load().await.unwrap(), None);
    }
    let store = without_keyring(person.path("none.json"), &Overrides::default());
    assert_eq!(store.load().await.unwrap(), None);
    assert!(!person.path("none.json").exists());
}

#[tokio::test]
async fn a_token_that_is_made_while_the_keyring_is_asked_is_not_lost() {
    let person = Person::new();
    let path = person.write("c.json", json!({"token": OLD, "port": 1}));
    let (keyring, new) = (Arc::clone(&person.keyring), token_of("codex-gateway-local-new"));
    // What another program does just then.
    let change = {
        let new = new.clone();
        move |user: &str| {
            edit(&path, |config| drop(config.insert("token".into(), new.expose().into()))).unwrap();
            keyring.build("codex-gateway", user, None)
        }
    };
    let store = person.store("c.json").with_keyring(Keyring::new(change));
    assert!(matches!(store.move_to_keyring().await, Err(StoreError::Changed { .. })));
    assert_eq!(person.read("c.json"), json!({"token": new.expose(), "port": 1}));
    assert_eq!(person.store("c.json").load().await.unwrap(), Some(Stored { token: new, place: Place::File }));
}

#[tokio::test]
async fn a_token_that_is_given_is_read_and_never_written() {
    let person = Person::new();
    let path = person.write("a.json", json!({"token": OLD}));
    let before = fs::read(&path).unwrap();
    let given = Overrides { token: Some("mine".to_owned()), ..Overrides::default() };
    let store = without_keyring(path.clone(), &given);
    assert_eq!(store.load().await.unwrap(), Some(stored("mine", Place::Override)));
    assert_eq!(store.prefer_keyring().await.unwrap().stored, stored("mine", Place::Override));
    for changed in [
        store.rotate().await,
        store.move_to_keyring().await,
        store.keep_in_file().await,
        store.save(token_of("other"), TokenPlace::File).await,
    ] {
        assert!(matches!(changed, Err(StoreError::Overridden)), "{changed:?}");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_token_moves_there_and_back_and_the_rest_of_the_file_stays() {
    let person = Person::new();
    person.write("a.json", json!({"port": 9000, "token": OLD, "colour": {"deep": [1]}}));
    let store = person.store("a.json");

    assert_eq!(store.move_to_keyring().await.unwrap(), stored(OLD, Place::Keyring));
    let config = person.read("a.json");
    assert_eq!(config, json!({"port": 9000, "colour": {"deep": [1]}, "token_place": "keyring"}));
    assert_eq!(person.entry("a.json").get_password().unwrap(), OLD);
    assert_eq!(store.load().await.unwrap(), Some(stored(OLD, Place::Keyring)));
    assert_eq!(store.move_to_keyring().await.unwrap(), stored(OLD, Place::Keyring));

    assert_eq!(store.keep_in_file().await.unwrap(), stored(OLD, Place::File));
    let config = person.read("a.json");
    assert_eq!(config, json!({"port": 9000, "colour": {"deep": [1]}, "token_place": "file", "token": OLD}));
    assert_eq!(fs::metadata(person.path("a.json")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(person.entry("a.json").get_password(), Err(Error::NoEntry)));
}

#[tokio::test]
async fn a_move_that_fails_leaves_the_file_as_it_is() {
    let person = Person::new();
    let path = person.write("a.json", json!({"token": OLD}));
    let before = fs::read(&path).unwrap();
    let store = person.store("a.json");
    person.next_call_fails("a.json", locked());
    let moved = store.move_to_keyring().await;
    assert!(matches!(moved, Err(StoreError::Keyring(KeyringError::Locked))), "{moved:?}");
    assert_eq!(fs::read(&path).unwrap(), before);

    let forgetful = Keyring::new(|_| Ok(Entry::new_with_credential(Arc::new(Forgetful))));
    let moved = store.with_keyring(forgetful).move_to_keyring().await;
    assert!(matches!(moved, Err(StoreError::Keyring(KeyringError::Refused { .. }))), "{moved:?}");
    assert_eq!(fs::read(&path).unwrap(), before);

    let nothing = person.store("none.json").move_to_keyring().await;
    assert!(matches!(nothing, Err(StoreError::NoToken)), "{nothing:?}");
    assert!(!person.path("none.json").exists());
}

/// Takes every secret, and gives another.
#[derive(Debug)]
struct Forgetful;

impl CredentialApi for Forgetful {
    fn set_secret(&self, _: &[u8]) -> keyring_core::Result<()> {
        Ok(())
    }

    fn get_secret(&self) -> keyring_core::Result<Vec<u8>> {
        Ok(b"something-else".to_vec())
    }

    fn delete_credential(&self) -> keyring_core::Result<()> {
        Ok(())
    }

    fn get_credential(&self) -> keyring_core::Result<Option<Arc<Credential>>> {
        Ok(None)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        None
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

#[tokio::test]
async fn a_token_that_the_keyring_keeps_to_itself_can_be_replaced_in_the_file() {
    let person = Person::new();
    person.write("a.json", json!({"token_place": "keyring"}));
    person.entry("a.json").set_password(OLD).unwrap();
    let store = person.store("a.json");
    person.next_call_fails("a.json", locked());
    assert!(matches!(store.keep_in_file().await, Err(StoreError::Keyring(KeyringError::Locked))));

    person.next_call_fails("a.json", locked());
    store.save(token_of("new"), TokenPlace::File).await.unwrap();
    assert_eq!(store.load().await.unwrap(), Some(stored("new", Place::File)));
}

#[tokio::test]
async fn two_files_have_two_tokens_and_a_file_one_whatever_way_leads_to_it() {
    let person = Person::new();
    for name in ["a.json", "b.json"] {
        person.store(name).save(token_of(name), TokenPlace::Keyring).await.unwrap();
    }
    for name in ["a.json", "b.json"] {
        assert_eq!(person.store(name).load().await.unwrap(), Some(stored(name, Place::Keyring)));
    }
    let elsewhere = person.path("elsewhere");
    std::os::unix::fs::symlink(person.folder.path(), &elsewhere).unwrap();
    fs::create_dir(person.path("folder")).unwrap();
    for way in [elsewhere.join("a.json"), person.path("folder/../a.json")] {
        let store = TokenStore::new(way, &Overrides::default()).unwrap().with_keyring(person.keyring());
        assert_eq!(store.load().await.unwrap(), Some(stored("a.json", Place::Keyring)));
    }
}

#[tokio::test]
async fn a_folder_that_has_to_be_made_does_not_change_where_the_token_is() {
    let person = Person::new();
    let link = person.path("link");
    fs::create_dir(person.path("real")).unwrap();
    std::os::unix::fs::symlink(person.path("real"), &link).unwrap();
    let path = link.join("new/config.json");
    let store = TokenStore::new(&path, &Overrides::default()).unwrap().with_keyring(person.keyring());
    let saved = store.save(token_of(OLD), TokenPlace::Keyring).await.unwrap();
    assert_eq!(store.load().await.unwrap(), Some(saved));
    assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn a_new_token_takes_the_place_of_the_old_one() {
    let person = Person::new();
    person.write("file.json", json!({"token": OLD, "port": 1}));
    person.write("keyring.json", json!({"token_place": "keyring", "port": 1}));
    person.entry("keyring.json").set_password(OLD).unwrap();
    for (name, place) in
        [("file.json", Place::File), ("keyring.json", Place::Keyring), ("none.json", Place::File)]
    {
        let store = person.store(name);
        let new = store.rotate().await.unwrap();
        assert_eq!(new.place, place);
        assert_ne!(new.token, token_of(OLD));
        assert_eq!(store.load().await.unwrap().as_ref(), Some(&new));
        assert_ne!(store.rotate().await.unwrap().token, new.token);
    }
    assert_eq!(person.read("keyring.json"), json!({"token_place": "keyring", "port": 1}));
    assert!(person.read("file.json").get("token_place").is_none(), "nobody chose the place");
}

#[tokio::test]
async fn a_token_that_the_keyring_lost_is_missed_and_can_be_made_anew() {
    let person = Person::new();
    person.write("a.json", json!({"token_place": "keyring"}));
    let store = person.store("a.json");
    let missed = store.load().await.unwrap_err();
    assert!(matches!(missed, StoreError::NoEntry { .. }), "{missed:?}");
    assert!(missed.to_string().contains("a.json") && missed.cure().unwrap().contains("--rotate"));
    let new = store.rotate().await.unwrap();
    assert_eq!((new.place, store.load().await.unwrap()), (Place::Keyring, Some(new.clone())));
}

#[tokio::test]
async fn the_key_of_stored_responses_is_made_once_and_is_nowhere_but_in_the_keyring() {
    let person = Person::new();
    let (one, other) = (person.store("a.json"), person.store("b.json"));
    let key = one.history_key().await.unwrap();
    assert!(one.history_key().await.unwrap() == key && other.history_key().await.unwrap() == key);
    // It is apart from the token, which comes and goes.
    one.save(token_of(OLD), TokenPlace::Keyring).await.unwrap();
    one.keep_in_file().await.unwrap();
    assert!(one.history_key().await.unwrap() == key);
    let without = without_keyring(person.path("a.json"), &Overrides::default());
    assert!(without.history_key().await.is_err());
}

#[tokio::test]
async fn an_application_prefers_the_keyring_unless_the_person_chose_the_file() {
    let person = Person::new();
    person.write("old.json", json!({"token": OLD}));
    let preferred = person.store("old.json").prefer_keyring().await.unwrap();
    assert_eq!((preferred.stored, preferred.obstacle), (stored(OLD, Place::Keyring), None));

    person.write("chosen.json", json!({"token": OLD, "token_place": "file"}));
    let preferred = person.store("chosen.json").prefer_keyring().await.unwrap();
    assert_eq!((preferred.stored, preferred.obstacle), (stored(OLD, Place::File), None));

    person.write("empty.json", json!({"token_place": "file"}));
    let preferred = person.store("empty.json").prefer_keyring().await.unwrap();
    assert_eq!((preferred.stored.place, preferred.obstacle), (Place::File, None));

    let store = person.store("new.json");
    let made = store.prefer_keyring().await.unwrap().stored;
    assert_eq!((made.place, store.load().await.unwrap()), (Place::Keyring, Some(made.clone())));
    assert_eq!(store.prefer_keyring().await.unwrap().stored, made);
}

#[tokio::test]
async fn a_token_that_is_null_is_one_that_was_not_made_yet() {
    let person = Person::new();
    person.write("c.json", json!({"token": null}));
    let preferred = person.store("c.json").prefer_keyring().await.unwrap();
    assert_eq!((preferred.stored.place, preferred.obstacle), (Place::Keyring, None));
    assert_eq!(person.read("c.json"), json!({"token_place": "keyring"}));
}

#[tokio::test]
async fn an_application_without_a_keyring_has_its_token_in_the_file_until_there_is_one() {
    let person = Person::new();
    person.write("old.json", json!({"token": OLD}));
    for name in ["old.json", "new.json"] {
        person.next_call_fails(name, locked());
        let store = person.store(name);
        let preferred = store.prefer_keyring().await.unwrap();
        assert_eq!((preferred.stored.place, preferred.obstacle), (Place::File, Some(KeyringError::Locked)));
        assert_eq!(store.load().await.unwrap().as_ref(), Some(&preferred.stored));
        let token = preferred.stored.token;
        let preferred = store.prefer_keyring().await.unwrap();
        assert_eq!(preferred.stored, Stored { token, place: Place::Keyring });
    }
}

#[tokio::test]
async fn a_silent_keyring_is_given_up_and_a_token_that_nobody_waits_for_is_not_kept() {
    let person = Person::new();
    let (answer, asked) = mpsc::channel::<()>();
    let (asked, store) = (Mutex::new(asked), Arc::clone(&person.keyring));
    let silent = Keyring::new(move |user| {
        let _ = asked.lock().unwrap().recv();
        store.build("codex-gateway", user, None)
    });
    let patience = Duration::from_millis(50);
    let started = Instant::now();
    let store = person.store("a.json").with_keyring(silent.clone().with_patience(patience));
    // More calls than may hang at the same time.
    for _ in 0..6 {
        let saved = store.save(token_of(OLD), TokenPlace::Keyring).await;
        let silence = KeyringError::Silent { after: patience };
        assert!(matches!(saved, Err(StoreError::Keyring(error)) if error == silence));
    }
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(!person.path("a.json").exists());

    // It answers after all, which is told.
    let mut late = silent.late_answers();
    drop(answer);
    tokio::time::timeout(Duration::from_secs(20), late.changed()).await.unwrap().unwrap();
    let store = person.store("a.json").with_keyring(silent);
    person.write("a.json", json!({"token_place": "keyring"}));
    assert!(matches!(store.load().await, Err(StoreError::NoEntry { .. })));
    let new = store.rotate().await.unwrap();
    assert_eq!(store.load().await.unwrap(), Some(new));
}

#[tokio::test]
async fn nothing_that_is_printed_holds_the_token() {
    const SECRET: &str = "hunter2";
    let person = Person::new();
    person.write("a.json", json!({"token": SECRET}));
    let store = person.store("a.json");
    let mut printed = format!("{:?} {store:?}", store.load().await);
    printed += &format!("{:?} {store:?}", store.prefer_keyring().await);
    for error in [
        Error::BadEncoding(SECRET.into()),
        Error::BadDataFormat(SECRET.into(), "odd".into()),
        Error::Ambiguous(vec![person.entry("a.json")]),
    ] {
        person.next_call_fails("a.json", error);
        let error = store.load().await.unwrap_err();
        printed += &format!("{error} {error:?}");
    }
    // What can't be a token.
    person.entry("a.json").set_password("sk-hunter2").unwrap();
    let error = store.load().await.unwrap_err();
    printed += &format!("{error} {error:?}");
    assert!(!printed.contains(SECRET), "{printed}");
}
