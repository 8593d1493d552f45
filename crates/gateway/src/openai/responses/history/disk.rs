//! The responses on the disk, encrypted.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
};

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, backends::FileBackend};
use tokio::sync::oneshot;

use super::{HistoryKey, StoredResponse};
use crate::{openai::now, private_file};

/// Sealed responses by their ids.
const RESPONSES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("responses");

/// When each was last used, in seconds since 1970.
const USED: TableDefinition<'_, &str, u64> = TableDefinition::new("used");

/// A sealed word, which tells whether the key is the one that the file was made with.
const CHECK: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("check");
const CHECK_WORD: &str = "codex-gateway";

/// Where responses are, and the key to them.
#[derive(Debug, Clone)]
pub(crate) struct DiskPlace {
    pub(crate) path: PathBuf,
    pub(crate) key: HistoryKey,
}

/// The file, written by a thread of its own, so that no request waits for a disk.
#[derive(Debug)]
pub(super) struct Disk {
    key: HistoryKey,
    writes: mpsc::Sender<Write>,
}

enum Write {
    Put {
        id: String,
        sealed: Vec<u8>,
        used: u64,
    },
    Touch {
        ids: Vec<String>,
        used: u64,
    },
    Remove(Vec<String>),
    /// Everything before it is written, and the file is free for another.
    Close(oneshot::Sender<()>),
}

/// A response and when it was last used.
type Used = (u64, StoredResponse);

#[derive(Debug, thiserror::Error)]
pub(super) enum DiskError {
    #[error("{path} can't be opened: {source}")]
    Open { path: PathBuf, source: io::Error },
    #[error("{path} is used by another process")]
    Taken { path: PathBuf },
    #[error("{path} is damaged: {reason}")]
    Damaged { path: PathBuf, reason: String },
    #[error("{path} was made with another key")]
    OtherKey { path: PathBuf },
    #[error("there is no randomness for encryption")]
    Randomness,
}

impl Disk {
    /// Opens the file, or makes one, and reads what it holds, the longest unused first. A file that can't be read is
    /// moved aside: it costs the history, never the start.
    pub(super) fn open(place: &DiskPlace) -> Result<(Self, Vec<Used>), DiskError> {
        let (database, stored) = match read_apart(place) {
            Err(error @ (DiskError::Damaged { .. } | DiskError::OtherKey { .. })) => {
                let aside = place.path.with_extension(format!("unreadable-{}", now()));
                tracing::warn!(%error, moved_to = %aside.display(), "the stored responses can't be read");
                let failed = |source| DiskError::Open { path: place.path.clone(), source };
                fs::rename(&place.path, &aside).map_err(failed)?;
                read_apart(place)?
            }
            read => read?,
        };
        let (writes, queue) = mpsc::channel();
        let path = place.path.clone();
        thread::Builder::new()
            .name("response-history".to_owned())
            .spawn(move || write_all(&path, database, &queue))
            .map_err(|source| DiskError::Open { path: place.path.clone(), source })?;
        Ok((Self { key: place.key.clone(), writes }, stored))
    }

    pub(super) fn put(&self, response: &StoredResponse, used: u64) {
        let id = response.object.id().to_owned();
        let sealed = serde_json::to_vec(response).ok().and_then(|json| self.key.seal(&id, &json));
        match sealed {
            Some(sealed) => self.write(Write::Put { id, sealed, used }),
            None => tracing::warn!(id, "a response could not be encrypted, and is kept in memory only"),
        }
    }

    pub(super) fn touch(&self, ids: Vec<String>, used: u64) {
        if !ids.is_empty() {
            self.write(Write::Touch { ids, used });
        }
    }

    pub(super) fn remove(&self, ids: Vec<String>) {
        if !ids.is_empty() {
            self.write(Write::Remove(ids));
        }
    }

    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        self.write(Write::Close(done));
        // An error means that the thread has ended, so that there is nothing to wait for.
        let _ = closed.await;
    }

    fn write(&self, write: Write) {
        if self.writes.send(write).is_err() {
            tracing::warn!("the stored responses are not written any more");
        }
    }
}

/// Reads the file in a thread of its own: a damaged one may make the database panic.
fn read_apart(place: &DiskPlace) -> Result<(Database, Vec<Used>), DiskError> {
    let damaged =
        || DiskError::Damaged { path: place.path.clone(), reason: "reading it broke off".to_owned() };
    thread::scope(|scope| scope.spawn(|| read(place)).join().unwrap_or_else(|_| Err(damaged())))
}

fn read(DiskPlace { path, key }: &DiskPlace) -> Result<(Database, Vec<Used>), DiskError> {
    let open = |source| DiskError::Open { path: path.clone(), source };
    let damaged = |error: redb::Error| match error {
        redb::Error::DatabaseAlreadyOpen => DiskError::Taken { path: path.clone() },
        redb::Error::Io(source) if source.kind() != io::ErrorKind::InvalidData => open(source),
        error => DiskError::Damaged { path: path.clone(), reason: error.to_string() },
    };
    if let Some(folder) = path.parent() {
        private_file::create_folder(folder).map_err(open)?;
    }
    let file = private_file::open(path).map_err(open)?;
    let database = database(file).map_err(damaged)?;
    let word = key.seal(CHECK_WORD, CHECK_WORD.as_bytes()).ok_or(DiskError::Randomness)?;
    let checked = checked(&database, &word).map_err(damaged)?;
    if key.open(CHECK_WORD, &checked).is_none() {
        return Err(DiskError::OtherKey { path: path.clone() });
    }
    let stored = load(&database, key).map_err(damaged)?;
    Ok((database, stored))
}

fn database(file: fs::File) -> Result<Database, redb::Error> {
    Ok(Database::builder().create_with_backend(FileBackend::new(file)?)?)
}

/// The sealed word that the file holds, which is the one given where the file is new. Makes the tables, too.
fn checked(database: &Database, word: &[u8]) -> Result<Vec<u8>, redb::Error> {
    let transaction = database.begin_write()?;
    let checked = {
        transaction.open_table(RESPONSES)?;
        transaction.open_table(USED)?;
        let mut check = transaction.open_table(CHECK)?;
        let known = check.get(CHECK_WORD)?.map(|word| word.value().to_vec());
        if known.is_none() {
            check.insert(CHECK_WORD, word)?;
        }
        known.unwrap_or_else(|| word.to_vec())
    };
    transaction.commit()?;
    Ok(checked)
}

/// All responses, the longest unused first. One that can't be understood is left out.
fn load(database: &Database, key: &HistoryKey) -> Result<Vec<Used>, redb::Error> {
    let transaction = database.begin_read()?;
    let used = transaction.open_table(USED)?;
    let mut stored = Vec::new();
    for entry in transaction.open_table(RESPONSES)?.iter()? {
        let (id, sealed) = entry?;
        let id = id.value();
        let response = key.open(id, sealed.value()).and_then(|json| serde_json::from_slice(&json).ok());
        match response {
            Some(response) => stored.push((used.get(id)?.map_or(0, |used| used.value()), response)),
            None => tracing::warn!(id, "a stored response can't be read"),
        }
    }
    stored.sort_by_key(|(used, _)| *used);
    Ok(stored)
}

fn write_all(path: &Path, database: Database, queue: &mpsc::Receiver<Write>) {
    let mut database = Some(database);
    while let Ok(write) = queue.recv() {
        if let Write::Close(done) = write {
            drop(database);
            let _ = done.send(());
            return;
        }
        // One that failed, as on a full disk, takes nothing any more: it is opened anew for what comes next.
        let opened = database.take().map_or_else(|| self::database(private_file::open(path)?), Ok);
        let written = opened.and_then(|database| apply(&database, write).map(|()| database));
        database = written
            .inspect_err(|error| tracing::warn!(%error, "a stored response could not be written"))
            .ok();
    }
}

fn apply(database: &Database, write: Write) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    {
        let mut responses = transaction.open_table(RESPONSES)?;
        let mut times = transaction.open_table(USED)?;
        match write {
            Write::Put { id, sealed, used } => {
                responses.insert(id.as_str(), sealed.as_slice())?;
                times.insert(id.as_str(), used)?;
            }
            Write::Touch { ids, used } => {
                for id in ids {
                    times.insert(id.as_str(), used)?;
                }
            }
            Write::Remove(ids) => {
                for id in ids {
                    responses.remove(id.as_str())?;
                    times.remove(id.as_str())?;
                }
            }
            Write::Close(_) => {}
        }
    }
    transaction.commit()?;
    Ok(())
}
