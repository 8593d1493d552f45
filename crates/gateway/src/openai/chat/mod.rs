//! Chat completions.

mod calls;
mod expectation;
mod limits;
mod message;
mod request;
mod response;
mod tools;

pub(crate) use expectation::{Assembly, Expectation, Piece};
pub(crate) use request::{ChatRequest, Delivery, ImagePart};
pub(crate) use response::{AnswerParts, ChatCompletion, Chunks};
