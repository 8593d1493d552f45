//! Chat completions.

mod calls;
mod limits;
mod message;
mod request;
mod response;

pub(crate) use request::{ChatRequest, Delivery, ImagePart};
pub(crate) use response::{ChatCompletion, Chunks};
