//! Ways to use the gateway, as the window shows them.

use gateway::access::{Access, Program};

use crate::{core::Core, problem::Problem, view::Snippet};

/// All of them, with the token masked.
pub(crate) fn masked(core: &Core) -> Vec<Snippet> {
    let state = core.shown.state();
    let access = Access { base_url: state.base_url.clone(), token: core.tokens.masked() };
    let model = model(core);
    let snippet = |program: Program| Snippet {
        id: program.id().to_owned(),
        label: program.label().to_owned(),
        language: program.language().to_owned(),
        text: program.text(&access, &model),
        note: program.note().map(str::to_owned),
    };
    Program::ALL.iter().copied().map(snippet).collect()
}

/// One of them as it works, with the token.
pub(crate) fn with_token(core: &Core, id: &str) -> Result<String, Problem> {
    let program = Program::ALL.iter().find(|program| program.id() == id).ok_or(Problem::NoSnippet)?;
    let token = core.tokens.token()?.expose().to_owned();
    let access = Access { base_url: core.shown.state().base_url.clone(), token };
    Ok(program.text(&access, &model(core)))
}

/// Codex's first model, or one that it had when this was built.
fn model(core: &Core) -> String {
    core.shown.models().into_iter().next().unwrap_or_else(|| "gpt-5.5".to_owned())
}
