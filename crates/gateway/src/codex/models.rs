//! The models that Codex offers.

use app_server::{
    Client, Error,
    protocol::{self, ModelList, ModelListResponse},
};

use super::catalog::ContextWindows;

/// Codex's models, hidden ones included, in its own order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Models(Vec<Model>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Model {
    /// The name that turns are started with.
    pub(crate) name: String,
    /// Whether Codex keeps it from people's lists.
    hidden: bool,
    /// The reasoning efforts that it knows, from least to most.
    pub(crate) efforts: Vec<String>,
    pub(crate) default_effort: String,
    pub(crate) service_tiers: Vec<String>,
    pub(crate) takes_images: bool,
    /// In tokens, where it is known.
    pub(crate) context_window: Option<u64>,
}

impl Models {
    /// Asks Codex, page by page.
    pub(super) async fn read(client: &Client, windows: &ContextWindows) -> Result<Self, Error> {
        let mut models = Vec::new();
        let mut cursor = None;
        loop {
            let ModelListResponse { data, next_cursor } =
                client.request(&ModelList { cursor, include_hidden: true }).await?;
            let end = data.is_empty() || next_cursor.is_none();
            models.extend(data.into_iter().map(|model| Model::new(model, windows)));
            if end {
                return Ok(Self(models));
            }
            cursor = next_cursor;
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Model> {
        self.0.iter().find(|model| model.name == name)
    }

    /// The names that Codex shows to people.
    pub(crate) fn listed(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|model| !model.hidden).map(|model| model.name.as_str())
    }

    /// The reasoning efforts that some model knows, each once, in the models' own order.
    pub(crate) fn efforts(&self) -> Vec<String> {
        let mut efforts: Vec<String> = Vec::new();
        for effort in self.0.iter().filter(|model| !model.hidden).flat_map(|model| &model.efforts) {
            if !efforts.contains(effort) {
                efforts.push(effort.clone());
            }
        }
        efforts
    }
}

impl Model {
    fn new(model: protocol::Model, windows: &ContextWindows) -> Self {
        let efforts = model.supported_reasoning_efforts.into_iter().map(|option| option.reasoning_effort);
        Self {
            hidden: model.hidden,
            efforts: efforts.collect(),
            default_effort: model.default_reasoning_effort,
            service_tiers: model.service_tiers.into_iter().map(|tier| tier.id).collect(),
            takes_images: model.input_modalities.iter().any(|modality| modality == "image"),
            context_window: windows.get(&model.model).copied(),
            name: model.model,
        }
    }
}
