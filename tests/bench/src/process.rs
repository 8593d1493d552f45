//! Processes from outside: what they use, and which started which. Read by `ps`, which Linux and macOS have alike.

use std::{fs, process::Command};

use anyhow::{Context, ensure};

/// The memory that a process holds, in MB of a million bytes.
pub fn resident_mb(pid: u32) -> anyhow::Result<f64> {
    let kilobytes: f64 = ps(&["-o", "rss=", "-p", &pid.to_string()])?.trim().parse()?;
    Ok(kilobytes * 1024.0 / 1e6)
}

/// The arguments of a process, which must hold no blank.
pub fn arguments(pid: u32) -> anyhow::Result<Vec<String>> {
    let line = ps(&["-ww", "-o", "args=", "-p", &pid.to_string()])?;
    Ok(line.split_whitespace().skip(1).map(str::to_owned).collect())
}

/// A variable of a process's environment. Only Linux tells it.
pub fn variable(pid: u32, name: &str) -> Option<String> {
    let environment = fs::read_to_string(format!("/proc/{pid}/environ")).ok()?;
    let of_name = |variable: &str| Some(variable.strip_prefix(name)?.strip_prefix('=')?.to_owned());
    environment.split('\0').find_map(of_name)
}

/// The one child of a process.
pub fn child(pid: u32) -> anyhow::Result<u32> {
    let all = ps(&["-A", "-o", "pid=,ppid="])?;
    let mut children = all.lines().filter_map(|line| {
        let (child, parent) = line.trim().split_once(' ')?;
        (parent.trim().parse() == Ok(pid)).then(|| child.parse().ok())?
    });
    children.next().with_context(|| format!("process {pid} has no child"))
}

/// The processor time that a process has used, in seconds, to a hundredth. Only Linux tells it that closely.
pub fn processor_seconds(pid: u32) -> Option<f64> {
    /// What one tick of the kernel's count is, on every Linux of today.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold blanks; user and system time are the 12th and 13th field after it.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / TICKS_PER_SECOND)
}

fn ps(args: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("ps").args(args).output().context("`ps` can't be run")?;
    ensure!(output.status.success(), "`ps {}` found nothing", args.join(" "));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory_and_time() {
        let pid = std::process::id();
        assert!(resident_mb(pid).unwrap() > 0.1);
        assert!(cfg!(not(target_os = "linux")) || processor_seconds(pid).is_some());
        assert!(arguments(u32::MAX).is_err());
        assert!(cfg!(not(target_os = "linux")) || variable(std::process::id(), "PATH").is_some());
    }
}
