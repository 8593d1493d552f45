//! Responses that are kept, so that a later request can refer to them.
//!
//! Everything is in memory, bounded in count and bytes. Where a disk and a key are given, what is in memory is on the disk
//! too, and is read from there at the start.

mod disk;
mod key;
mod shelf;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

pub use key::HistoryKey;

use super::{Encrypted, ResponseObject, StoredItem};
use crate::{
    openai::{error::ApiError, now},
    turn::Item,
};
use disk::Disk;
pub(crate) use disk::DiskPlace;
use shelf::Shelf;

/// A response, and what it needs to be continued. What was said before it is in `previous`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct StoredResponse {
    /// Without its output.
    pub(crate) object: ResponseObject,
    pub(crate) previous: Option<String>,
    /// What came new with the request.
    pub(crate) input: Vec<StoredItem>,
    pub(crate) output: Vec<StoredItem>,
}

impl StoredResponse {
    pub(crate) fn whole(&self, encrypted: Encrypted) -> ResponseObject {
        let output = self.output.iter().map(|item| item.to_json(encrypted)).collect();
        self.object.clone().with_output(output)
    }
}

/// The responses that are kept. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct History(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    /// `None` where nothing is kept.
    shelf: Option<Mutex<Shelf>>,
    /// For how long a response is kept.
    time_to_live: Duration,
    disk: Option<Disk>,
}

/// What a request refers to in vain.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Missing<'a> {
    Response(&'a str),
    Previous(&'a str),
    Item(&'a str),
}

impl History {
    /// Keeps nothing.
    pub(crate) fn off() -> Self {
        Self(Arc::new(Kept { shelf: None, time_to_live: Duration::ZERO, disk: None }))
    }

    /// Keeps responses as long as the process runs.
    pub(crate) fn in_memory(time_to_live: Duration) -> Self {
        let shelf = Some(Mutex::new(Shelf::default()));
        Self(Arc::new(Kept { shelf, time_to_live, disk: None }))
    }

    /// Keeps responses on a disk, too. Where that can't be, the log says why and they are kept in memory. Reads the disk,
    /// so it takes its time.
    pub(crate) fn on_disk(place: &DiskPlace, time_to_live: Duration) -> Self {
        let (disk, stored) = match Disk::open(place) {
            Ok(opened) => opened,
            Err(error) => {
                tracing::warn!(%error, "responses are kept in memory only");
                return Self::in_memory(time_to_live);
            }
        };
        let mut shelf = Shelf::default();
        for (used, response) in stored {
            let gone = shelf.put(response, used);
            disk.remove(gone);
        }
        let history = Self(Arc::new(Kept { shelf: Some(Mutex::new(shelf)), time_to_live, disk: Some(disk) }));
        history.expire();
        history
    }

    /// Whether responses are kept at all.
    pub(crate) fn keeps(&self) -> bool {
        self.0.shelf.is_some()
    }

    /// What it continues stays as long as it does, so that is touched before anything has to make room.
    pub(crate) fn put(&self, response: StoredResponse) {
        let Some(mut shelf) = self.shelf() else { return };
        let used = now();
        let touched = response.previous.as_deref().map(|previous| shelf.touch_chain(previous, used));
        if let Some(disk) = &self.0.disk {
            disk.put(&response, used);
            disk.touch(touched.unwrap_or_default(), used);
        }
        let gone = shelf.put(response, used);
        if let Some(disk) = &self.0.disk {
            disk.remove(gone);
        }
        drop(shelf);
        self.expire();
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<StoredResponse>> {
        self.expire();
        self.shelf()?.get(id)
    }

    /// Everything that was said up to a response, the oldest first; or the id of a response that is not here.
    pub(crate) fn conversation(&self, id: &str) -> Result<Vec<Item>, String> {
        self.expire();
        let chain = self.shelf().ok_or_else(|| id.to_owned())?.chain(id)?;
        let items = chain.iter().rev().flat_map(|response| response.input.iter().chain(&response.output));
        Ok(items.filter(|item| !item.item.is_silence()).map(|item| item.item.clone()).collect())
    }

    pub(crate) fn item(&self, id: &str) -> Option<Item> {
        self.expire();
        self.shelf()?.item(id)
    }

    /// Forgets a response. Returns whether there was one.
    pub(crate) fn remove(&self, id: &str) -> bool {
        self.expire();
        let removed = self.shelf().is_some_and(|mut shelf| shelf.remove(id));
        if let (true, Some(disk)) = (removed, &self.0.disk) {
            disk.remove(vec![id.to_owned()]);
        }
        removed
    }

    /// Returns once everything is on the disk, and the file is free for another gateway.
    pub(crate) async fn close(&self) {
        if let Some(disk) = &self.0.disk {
            disk.close().await;
        }
    }

    /// The error for what is not here.
    pub(crate) fn missing(&self, missing: Missing<'_>) -> ApiError {
        let hint = if self.keeps() {
            ""
        } else {
            " The gateway keeps no responses: set `response_history` in its config file to `memory` or `disk`."
        };
        let kind = "invalid_request_error";
        match missing {
            Missing::Response(id) => {
                ApiError::new(404, kind, "not_found", format!("Response with id '{id}' not found.{hint}"))
            }
            Missing::Previous(id) => ApiError::new(
                400,
                kind,
                "previous_response_not_found",
                format!("Previous response with id '{id}' not found.{hint}"),
            )
            .param("previous_response_id"),
            Missing::Item(id) => {
                ApiError::new(404, kind, "not_found", format!("Item with id '{id}' not found.{hint}"))
                    .param("input")
            }
        }
    }

    fn expire(&self) {
        let Some(mut shelf) = self.shelf() else { return };
        let gone = shelf.expire(now().saturating_sub(self.0.time_to_live.as_secs()));
        if let Some(disk) = &self.0.disk {
            disk.remove(gone);
        }
    }

    fn shelf(&self) -> Option<MutexGuard<'_, Shelf>> {
        let shelf = self.0.shelf.as_ref()?;
        Some(shelf.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests;
