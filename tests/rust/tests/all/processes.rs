//! The processes of this machine, as `ps` shows them.

use std::{path::Path, process::Command};

#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) group: u32,
    /// Memory in use, in KiB.
    pub(crate) resident_kib: u64,
    command: String,
}

impl Process {
    /// Whether this is a run of `program`.
    pub(crate) fn runs(&self, program: &Path) -> bool {
        self.command.split(' ').next() == program.to_str()
    }

    /// Whether this is an app-server of that `program`, and not another of its commands.
    pub(crate) fn serves(&self, program: &Path) -> bool {
        self.runs(program) && self.command.split(' ').any(|argument| argument == "app-server")
    }
}

/// Every process but zombies: who reaps those of a dead parent is not our affair.
pub(crate) fn processes() -> Vec<Process> {
    let output = Command::new("ps").args(["-A", "-ww", "-o", "pgid=,stat=,rss=,args="]).output();
    let output = output.expect("these tests need `ps`").stdout;
    let output = String::from_utf8_lossy(&output);
    let processes = output.lines().filter_map(|line| {
        let (group, rest) = line.trim_start().split_once(' ')?;
        let (state, rest) = rest.trim_start().split_once(' ')?;
        let (resident, command) = rest.trim_start().split_once(' ')?;
        (!state.starts_with('Z')).then(|| Process {
            group: group.parse().unwrap(),
            resident_kib: resident.parse().unwrap(),
            command: command.to_owned(),
        })
    });
    processes.collect()
}
