//! What the page asks for, and gets.

use gateway::log::Record;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What is to be put on the clipboard. The copying is done in Rust, so that the page never holds the token for it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(tag = "what", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CopyTarget {
    BaseUrl,
    Token,
    /// A snippet by its id, with the token in it.
    Snippet {
        id: String,
    },
    /// A recorded request as a `curl` command, without the token.
    Curl {
        request_id: String,
    },
    /// A recorded request as JSON.
    Record {
        request_id: String,
    },
    /// The address of the page where a sign-in goes on.
    SignInUrl,
    /// The code to enter there.
    SignInCode,
}

/// Lines to paste somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Snippet {
    /// Such as `python`, `notebook`, `node`, `curl`, `environment`, `langchain`, `ai-sdk`.
    pub id: String,
    pub label: String,
    /// `python`, `javascript`, `shell`, `yaml` or `text`.
    pub language: String,
    /// With the token masked.
    pub text: String,
    /// What one must know of this client, such as that it can't reach this machine.
    pub note: Option<String>,
}

/// A request that went through, and what could be done about its failure.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RequestView {
    pub record: Record,
    pub cure: Option<Cure>,
}

/// A file that requests were exported to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ExportedFile {
    pub path: String,
    /// How many are in it.
    pub requests: usize,
}

/// A setting that would have let a request pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Cure {
    /// Leave out what can't be honoured and does no harm, such as `temperature`.
    IgnoreUnsupportedParameters,
    /// Take one model's name for another's.
    AddModelAlias {
        name: String,
        model: String,
    },
    RaiseBodyLimit {
        bytes: u64,
    },
    RaiseTurnTimeout {
        seconds: u64,
    },
    SignIn,
}

/// The answer to a request that the person sent from the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TryAnswer {
    pub model: String,
    pub text: String,
    pub first_token_ms: Option<u64>,
    pub duration_ms: u64,
    pub input_tokens: u64,
    pub cached_tokens: u64,
    pub output_tokens: u64,
}

/// A sign-in that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    /// The page to open, which the desktop has already opened in the browser where `user_code` is `None`.
    pub url: String,
    /// The code to enter there, in a sign-in by device code.
    pub user_code: Option<String>,
}
