//! The models endpoint's objects.

use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct ModelList<'a> {
    object: &'static str,
    data: Vec<ModelObject<'a>>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ModelObject<'a> {
    id: &'a str,
    object: &'static str,
    /// Codex does not say when a model was made.
    created: u64,
    owned_by: &'static str,
}

impl<'a> ModelList<'a> {
    pub(crate) fn new(names: impl Iterator<Item = &'a str>) -> Self {
        Self { object: "list", data: names.map(ModelObject::new).collect() }
    }
}

impl<'a> ModelObject<'a> {
    pub(crate) fn new(name: &'a str) -> Self {
        Self { id: name, object: "model", created: 0, owned_by: "codex" }
    }
}
