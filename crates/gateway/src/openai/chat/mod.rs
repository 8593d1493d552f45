//! Chat completions.

mod calls;
mod limits;
mod message;
mod reasoning;
mod request;
mod response;
mod tools;

pub(crate) use reasoning::ReasoningText;
pub(crate) use request::{CallForm, ChatRequest};
pub(crate) use response::{AnswerParts, ChatCompletion, Chunks};
