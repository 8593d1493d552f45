//! The responses in memory.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::StoredResponse;
use crate::turn::Item;

/// How many responses are kept.
pub(super) const MAX_RESPONSES: usize = 2_000;

/// How large all of them may be together, as JSON.
const MAX_BYTES: usize = 128 * 1024 * 1024;

/// Responses by their ids. Where there are too many, those that were not used for the longest time go first.
#[derive(Debug)]
pub(super) struct Shelf {
    responses: HashMap<String, Placed>,
    /// The ids by their places in the line: what was used last comes last.
    line: BTreeMap<u64, String>,
    next: u64,
    /// Which response an item belongs to.
    items: HashMap<String, String>,
    bytes: usize,
    max_responses: usize,
    max_bytes: usize,
}

#[derive(Debug)]
struct Placed {
    response: Arc<StoredResponse>,
    bytes: usize,
    place: u64,
    /// When it was stored or continued, in seconds since 1970.
    used: u64,
}

impl Default for Shelf {
    fn default() -> Self {
        Self::bounded(MAX_RESPONSES, MAX_BYTES)
    }
}

impl Shelf {
    pub(super) fn bounded(max_responses: usize, max_bytes: usize) -> Self {
        Self {
            responses: HashMap::new(),
            line: BTreeMap::new(),
            next: 0,
            items: HashMap::new(),
            bytes: 0,
            max_responses,
            max_bytes,
        }
    }

    /// Keeps a response. Returns the ids of those that had to go.
    pub(super) fn put(&mut self, response: StoredResponse, used: u64) -> Vec<String> {
        let id = response.object.id().to_owned();
        self.remove(&id);
        let bytes = serde_json::to_vec(&response).map_or(0, |json| json.len());
        for item in response.input.iter().chain(&response.output) {
            self.items.insert(item.id.clone(), id.clone());
        }
        let place = self.place();
        self.line.insert(place, id.clone());
        self.bytes += bytes;
        self.responses.insert(id, Placed { response: Arc::new(response), bytes, place, used });
        let mut gone = Vec::new();
        while self.bytes > self.max_bytes || self.responses.len() > self.max_responses {
            let Some(oldest) = self.line.values().next().cloned() else { break };
            self.remove(&oldest);
            gone.push(oldest);
        }
        gone
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<StoredResponse>> {
        Some(Arc::clone(&self.responses.get(id)?.response))
    }

    pub(super) fn item(&self, id: &str) -> Option<Item> {
        let response = &self.responses.get(self.items.get(id)?)?.response;
        let found = response.input.iter().chain(&response.output).find(|item| item.id == id)?;
        Some(found.item.clone())
    }

    /// A response and those before it, the latest first; the id of one that is missing.
    pub(super) fn chain(&self, id: &str) -> Result<Vec<Arc<StoredResponse>>, String> {
        let mut chain = Vec::new();
        let mut next = Some(id.to_owned());
        while let Some(id) = next.take() {
            let response = self.get(&id).ok_or(id)?;
            next.clone_from(&response.previous);
            chain.push(response);
        }
        Ok(chain)
    }

    /// A response was continued: it, and those before it, stay as long as what continues it. Returns their ids.
    pub(super) fn touch_chain(&mut self, id: &str, used: u64) -> Vec<String> {
        let chain = self.chain(id).unwrap_or_default();
        let ids: Vec<_> = chain.iter().map(|response| response.object.id().to_owned()).collect();
        for id in &ids {
            let place = self.place();
            if let Some(placed) = self.responses.get_mut(id) {
                self.line.remove(&placed.place);
                self.line.insert(place, id.clone());
                (placed.place, placed.used) = (place, used);
            }
        }
        ids
    }

    pub(super) fn remove(&mut self, id: &str) -> bool {
        let Some(placed) = self.responses.remove(id) else { return false };
        self.line.remove(&placed.place);
        self.bytes -= placed.bytes;
        for item in placed.response.input.iter().chain(&placed.response.output) {
            self.items.remove(&item.id);
        }
        true
    }

    /// Forgets what was not used since a time. Returns the ids.
    pub(super) fn expire(&mut self, since: u64) -> Vec<String> {
        let mut gone = Vec::new();
        while let Some(oldest) = self.line.values().next() {
            if self.responses.get(oldest).is_some_and(|placed| placed.used >= since) {
                break;
            }
            let oldest = oldest.clone();
            self.remove(&oldest);
            gone.push(oldest);
        }
        gone
    }

    fn place(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}
