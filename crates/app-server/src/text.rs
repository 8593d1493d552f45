//! Strings of a line of Codex.

use std::borrow::Cow;

use serde::Deserialize;

/// A string that is borrowed where it stands in the line as it is.
#[derive(Debug, Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);
