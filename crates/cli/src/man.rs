//! The manual pages, made from the command line itself.

use std::path::Path;

use anyhow::Context;
use clap::CommandFactory;
use clap_mangen::Man;

use crate::{args::Cli, out};

/// Prints the page of the command, or writes it and those of its subcommands into `folder`, which is made.
pub(crate) fn man(folder: Option<&Path>) -> anyhow::Result<()> {
    let Some(folder) = folder else {
        let mut page = Vec::new();
        Man::new(Cli::command().disable_help_subcommand(true)).render(&mut page)?;
        return out::line(String::from_utf8(page)?.trim_end());
    };
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
        .with_context(|| format!("can't write to {}", folder.display()))
}
