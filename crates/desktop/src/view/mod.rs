//! What crosses between the desktop and the page in its window, as JSON.
//!
//! The page's TypeScript types are generated from these. Times are milliseconds since 1970.

use std::collections::BTreeMap;

use ts_rs::{TS, TypeVisitor};

mod action;
mod settings;
mod state;

pub use action::{CopyTarget, Cure, ExportedFile, RequestView, SignIn, Snippet, TryAnswer};
pub use settings::{NotificationKinds, SettingChange, SettingsView};
pub use state::{
    AccountView, AppState, ClientCount, CodexView, FirstRun, PortHolder, QuotaWindow, SignInState, Switch,
    TokenPlace, TokenView, Trouble,
};

/// How many requests are kept, here and in the page: what it lists can be copied and exported. Some hold what was said,
/// which can be long.
pub(crate) const REQUESTS_KEPT: usize = 1000;

/// The TypeScript declarations of all that crosses.
pub fn typescript() -> String {
    let config = ts_rs::Config::new().with_large_int("number");
    let mut types = Declarations { config: &config, seen: BTreeMap::new() };
    types.visit::<AppState>();
    types.visit::<CopyTarget>();
    types.visit::<Snippet>();
    types.visit::<RequestView>();
    types.visit::<ExportedFile>();
    types.visit::<TryAnswer>();
    types.visit::<SettingsView>();
    types.visit::<SettingChange>();
    let head = "// Made by `make generate` from the types in crates/desktop/src/view. Not to be edited.\n";
    let kept =
        format!("\n/** How many requests are kept. */\nexport const REQUESTS_KEPT = {REQUESTS_KEPT};\n");
    let declarations = types.seen.values().map(|declaration| format!("\nexport {declaration}\n"));
    [head.to_owned(), kept].into_iter().chain(declarations).collect()
}

/// Collects types, and those that they are made of, by their names.
struct Declarations<'a> {
    config: &'a ts_rs::Config,
    seen: BTreeMap<String, String>,
}

impl TypeVisitor for Declarations<'_> {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Only types of ours are written to files, and so declared.
        if T::output_path().is_none() || self.seen.contains_key(&T::ident(self.config)) {
            return;
        }
        self.seen.insert(T::ident(self.config), T::decl(self.config));
        T::visit_dependencies(self);
    }
}
