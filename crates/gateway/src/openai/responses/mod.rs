//! The Responses API.

mod answer;
mod calls;
mod history;
mod input;
mod item;
mod labels;
mod object;
mod output;
mod page;
mod request;
mod tools;

pub(crate) use answer::Answer;
pub use history::HistoryKey;
pub(crate) use history::{DiskPlace, History, Missing, StoredResponse};
pub(crate) use item::{Encrypted, StoredItem};
pub(crate) use object::ResponseObject;
pub(crate) use output::{Event, replay};
pub(crate) use page::{ItemList, Order, Page};
pub(crate) use request::ResponsesRequest;
