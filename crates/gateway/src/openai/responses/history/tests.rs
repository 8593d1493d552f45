use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
};

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::turn::{Content, Reasoning, Role};

const MONTH: Duration = Duration::from_secs(30 * 86_400);

fn user(text: &str) -> Item {
    Item::message(Role::User, vec![Content::InputText { text: text.into() }])
}

fn reasoning() -> Item {
    Item::Reasoning(Reasoning { summary: vec!["Hm.".into()], encrypted_content: Some("opaque".into()) })
}

fn response(id: &str, previous: Option<&str>, input: &str) -> StoredResponse {
    StoredResponse {
        object: serde_json::from_value(json!({"id": id})).unwrap(),
        previous: previous.map(str::to_owned),
        input: vec![StoredItem::new(user(input))],
        output: vec![StoredItem::new(reasoning())],
    }
}

struct Folder {
    key: HistoryKey,
    folder: TempDir,
}

impl Folder {
    fn new() -> Self {
        Self { key: HistoryKey::new([7; 32]), folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("data/responses.redb")
    }

    fn open(&self) -> History {
        History::on_disk(&DiskPlace { path: self.path(), key: self.key.clone() }, MONTH)
    }

    /// Stores responses, as a gateway that is then stopped.
    async fn store(&self, responses: impl IntoIterator<Item = StoredResponse>) {
        let history = self.open();
        responses.into_iter().for_each(|response| history.put(response));
        history.close().await;
    }

    fn moved_aside(&self) -> usize {
        let files = fs::read_dir(self.path().parent().unwrap()).unwrap();
        files
            .filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().contains("unreadable"))
            .count()
    }
}

#[test]
fn a_conversation_is_rebuilt_item_by_item() {
    let history = History::in_memory(MONTH);
    history.put(response("resp_1", None, "one"));
    history.put(response("resp_2", Some("resp_1"), "two"));
    let items = [user("one"), reasoning(), user("two"), reasoning()];
    assert_eq!(history.conversation("resp_2").unwrap(), items);
    assert_eq!(history.conversation("resp_1").unwrap(), items[..2]);
    assert_eq!(history.conversation("resp_3").unwrap_err(), "resp_3");
    assert!(history.remove("resp_1") && !history.remove("resp_1"));
    assert_eq!(history.conversation("resp_2").unwrap_err(), "resp_1");
    assert!(history.get("resp_2").is_some());
}

#[test]
fn what_a_new_response_continues_does_not_make_room_for_it() {
    let history = History::in_memory(MONTH);
    history.put(response("first", None, "one"));
    for other in 1..shelf::MAX_RESPONSES {
        history.put(response(&format!("other_{other}"), None, ""));
    }
    history.put(response("second", Some("first"), "two"));
    assert_eq!(history.conversation("second").unwrap().len(), 4);
    assert!(history.get("other_1").is_none());
}

#[test]
fn what_was_not_used_for_the_longest_time_goes_first_and_never_what_is_built_upon() {
    let mut shelf = Shelf::bounded(3, usize::MAX);
    for (id, previous) in [("a", None), ("b", None), ("c", Some("a"))] {
        assert!(shelf.put(response(id, previous, ""), 1).is_empty());
    }
    shelf.touch_chain("a", 2);
    assert_eq!(shelf.put(response("d", None, ""), 2), ["b"]);
    assert_eq!(shelf.put(response("e", None, ""), 2), ["c"]);
    assert!(shelf.get("a").is_some());
    assert_eq!(shelf.expire(2), [""; 0]);
    assert_eq!(shelf.expire(3).len(), 3);
}

#[test]
fn their_size_is_bounded() {
    let size = serde_json::to_vec(&response("a", None, "")).unwrap().len();
    let mut shelf = Shelf::bounded(100, 2 * size + 10);
    for id in ["a", "b"] {
        assert!(shelf.put(response(id, None, ""), 1).is_empty());
    }
    assert_eq!(shelf.put(response("c", None, "1234"), 1), ["a"]);
    assert_eq!(shelf.put(response("d", None, &"x".repeat(3 * size)), 1), ["b", "c", "d"]);
}

#[tokio::test]
async fn what_is_on_the_disk_is_private_encrypted_and_found_again() {
    let folder = Folder::new();
    folder
        .store([response("resp_1", None, "a very secret word"), response("resp_2", Some("resp_1"), "two")])
        .await;
    assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = fs::read(folder.path()).unwrap();
    assert!(!bytes.windows(6).any(|bytes| bytes == b"secret"));

    let history = folder.open();
    let items = [user("a very secret word"), reasoning(), user("two"), reasoning()];
    assert_eq!(history.conversation("resp_2").unwrap(), items);
    history.remove("resp_2");
    history.close().await;
    assert!(folder.open().get("resp_2").is_none());
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_moved_aside() {
    let mut folder = Folder::new();
    folder.store([response("resp_1", None, "one")]).await;
    folder.key = HistoryKey::new([8; 32]);
    assert!(folder.open().get("resp_1").is_none());
    assert_eq!(folder.moved_aside(), 1);

    for garbage in [b"garbage".repeat(1_000), b"x".to_vec()] {
        let folder = Folder::new();
        fs::create_dir_all(folder.path().parent().unwrap()).unwrap();
        fs::write(folder.path(), garbage).unwrap();
        folder.store([response("resp_1", None, "one")]).await;
        assert_eq!(folder.moved_aside(), 1);
        assert!(folder.open().get("resp_1").is_some());
    }
}

#[tokio::test]
async fn a_file_with_a_hole_costs_the_history_and_not_the_start() {
    for hole in [100, 4_096, 8_192, 20_000] {
        let folder = Folder::new();
        folder
            .store((0..50).map(|number| response(&format!("resp_{number}"), None, &"x".repeat(1_000))))
            .await;
        let mut bytes = fs::read(folder.path()).unwrap();
        let end = bytes.len().min(hole + 4_096);
        bytes[hole..end].fill(0xAA);
        fs::write(folder.path(), bytes).unwrap();
        let history = folder.open();
        history.put(response("resp_new", None, "new"));
        assert!(history.get("resp_new").is_some(), "{hole}");
    }
}

#[tokio::test]
async fn a_link_in_the_place_of_the_file_is_not_followed() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path().parent().unwrap()).unwrap();
    let elsewhere = folder.path().with_file_name("elsewhere");
    symlink(&elsewhere, folder.path()).unwrap();
    let history = folder.open();
    history.put(response("resp_1", None, "one"));
    assert!(history.get("resp_1").is_some(), "it is in memory");
    assert!(!elsewhere.exists());
}

#[tokio::test]
async fn a_second_gateway_keeps_its_responses_in_memory() {
    let folder = Folder::new();
    let (one, two) = (folder.open(), folder.open());
    one.put(response("resp_1", None, "one"));
    two.put(response("resp_2", None, "two"));
    assert!(two.get("resp_2").is_some() && two.get("resp_1").is_none());
    assert_eq!(folder.moved_aside(), 0);
}

#[test]
fn what_is_older_than_its_time_is_gone() {
    let history = History::in_memory(Duration::ZERO);
    history.put(response("resp_1", None, "one"));
    std::thread::sleep(Duration::from_millis(1_100));
    assert!(history.get("resp_1").is_none());
}
