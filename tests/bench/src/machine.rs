//! The machine that the figures are from.

use std::{fs, path::Path, process::Command, thread::available_parallelism};

use rustix::process::{Resource, getrlimit, setrlimit};

/// One line on the machine: cores, processor, memory, system.
pub fn description() -> String {
    let cores = available_parallelism().map_or(1, usize::from);
    let processor = linux_field("/proc/cpuinfo", "model name")
        .or_else(|| output("sysctl", &["-n", "machdep.cpu.brand_string"]))
        .unwrap_or_else(|| "unknown processor".to_owned());
    let memory = linux_field("/proc/meminfo", "MemTotal")
        .and_then(|memory| memory.split(' ').next()?.parse::<f64>().ok())
        .map(|kilobytes| format!(", {:.0} GB", kilobytes * 1024.0 / 1e9))
        .unwrap_or_default();
    let system = fs::read_to_string("/etc/os-release")
        .ok()
        .and_then(|text| {
            let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
            Some(name.trim_matches('"').to_owned())
        })
        .or_else(|| output("sw_vers", &["-productVersion"]).map(|version| format!("macOS {version}")))
        .unwrap_or_default();
    let kernel = output("uname", &["-sr"]).unwrap_or_default();
    format!("{cores} cores of {processor}{memory}; {system} ({kernel})")
}

/// How many processes wanted a core in the last minute: above the number of cores, others were at work too.
pub fn load_average() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// Today, as `2026-01-31`.
pub fn date() -> String {
    output("date", &["-u", "+%Y-%m-%d"]).unwrap_or_default()
}

/// What a program says to `--version`, in one line.
pub fn version(program: &Path) -> String {
    output(program, &["--version"]).unwrap_or_else(|| "unknown".to_owned())
}

/// Lets this process, and those it starts, open as many files as the system allows: each open stream is one here and
/// one there.
pub fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, ..limit };
    if setrlimit(Resource::Nofile, raised).is_err() {
        say("the limit of open files can't be raised");
    }
}

/// Progress, for the person who waits.
#[expect(clippy::print_stderr, reason = "it is what this program says to people")]
pub fn say(line: &str) {
    eprintln!("    {line}");
}

fn linux_field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn output(program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
