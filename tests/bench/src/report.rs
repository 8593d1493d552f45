//! The results as Markdown, and their place in a document.

use std::{
    fmt::{self, Write as _},
    fs,
    path::Path,
    time::Duration,
};

use anyhow::Context;

use crate::{
    alone, contest,
    contest::{CALLERS, CONTENDERS, Contender, PAUSES},
    programs::ACTIVE_TURNS,
    start::Starts,
    stats::{Number, Samples},
};

/// All that was measured, and where.
#[derive(Debug)]
pub struct Report {
    pub command: String,
    pub date: String,
    pub machine: String,
    /// Processes that wanted a core, before and after.
    pub load: [Option<f64>; 2],
    pub versions: Vec<String>,
    pub binary_bytes: u64,
    pub gateway_starts: Starts,
    pub peer_starts: Starts,
    pub contest: contest::Results,
    pub alone: alone::Results,
}

/// Puts the text between the marks that a document has for what this command makes.
pub fn write_between_marks(document: &Path, command: &str, text: &str) -> anyhow::Result<()> {
    let old = fs::read_to_string(document).with_context(|| document.display().to_string())?;
    let new = replace(&old, command, text)
        .with_context(|| format!("{} has no marks for `{command}`", document.display()))?;
    Ok(fs::write(document, new)?)
}

fn replace(document: &str, command: &str, text: &str) -> Option<String> {
    let [begin, end] = ["begin", "end"].map(|mark| format!("<!-- Made by `{command}`: {mark} -->"));
    let (before, rest) = document.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n\n{}\n\n{end}{after}", text.trim()))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, date, machine, versions, .. } = self;
        writeln!(f, "`{command}` on {date}: {machine}.")?;
        writeln!(f, "{}.", versions.join(", "))?;
        if let [Some(before), Some(after)] = self.load {
            writeln!(
                f,
                "Load average {} before and {} after: what is above the number of cores is not the bench's alone.",
                Number(before),
                Number(after)
            )?;
        }
        writeln!(f, "\n### At a glance\n")?;
        self.glance(f)?;
        for pause in PAUSES {
            if pause.is_zero() {
                writeln!(f, "\n### Instant turns\n")?;
            } else {
                writeln!(f, "\n### Turns of one second\n")?;
            }
            self.turns(f, pause)?;
        }
        writeln!(f, "\n### The gateway alone\n")?;
        write!(f, "{}", self.alone)
    }
}

impl Report {
    fn glance(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { contest, gateway_starts: gateway, peer_starts: peer, .. } = self;
        let [floor_prompt, our_prompt, peer_prompt] = contest.prompts;
        let [floor_codex, our_codex, peer_codex] = contest.codex_mb.map(Number);
        let [_, ours, peers] = contest.gateway_mb.map(|mb| Number(mb.unwrap_or(f64::NAN)));
        let prompt = |prompt: contest::Prompt| format!("{} bytes, {} tools", prompt.bytes, prompt.tools);
        writeln!(f, "| | this gateway | Python gateway | Codex without a gateway |")?;
        writeln!(f, "|---|--:|--:|--:|")?;
        let mut row = |name: &str, cells: [String; 3]| writeln!(f, "| {name} | {} |", cells.join(" | "));
        let none = || "–".to_owned();
        row(
            "\"Say pong\" as it reaches the model",
            [prompt(our_prompt), prompt(peer_prompt), prompt(floor_prompt)],
        )?;
        row("start to listening, ms", [gateway.listening.to_string(), peer.listening.to_string(), none()])?;
        row(
            "start to first answer, ms",
            [gateway.first_answer.to_string(), peer.first_answer.to_string(), none()],
        )?;
        row(
            "resident before the first request, MB",
            [gateway.idle_mb.to_string(), peer.idle_mb.to_string(), none()],
        )?;
        row(
            "resident after the first answer, MB",
            [gateway.gateway_mb.to_string(), peer.gateway_mb.to_string(), none()],
        )?;
        row("… its Codex", [gateway.codex_mb.to_string(), peer.codex_mb.to_string(), none()])?;
        row("resident after all of the load, MB", [ours.to_string(), peers.to_string(), none()])?;
        row("… its Codex", [our_codex, peer_codex, floor_codex].map(|mb| mb.to_string()))?;
        let megabytes = Number(self.binary_bytes as f64 / 1e6);
        row("size of the program, MB", [megabytes.to_string(), none(), none()])?;
        let first = [Contender::Gateway, Contender::Peer].map(|contender| {
            contest.cell(contender, 1, Duration::ZERO).map_or(f64::NAN, |cell| cell.first_token.median())
        });
        let rate = [Contender::Gateway, Contender::Peer].map(|contender| {
            contest.cell(contender, 32, PAUSES[1]).map_or(f64::NAN, |cell| cell.per_second.sum())
        });
        writeln!(
            f,
            "\nWith one caller and instant turns the first token takes {} of the Python gateway's time; with 32 callers \
             and turns of one second there are {} times its requests per second.",
            Number(first[0] / first[1]),
            Number(rate[0] / rate[1])
        )
    }

    fn turns(&self, f: &mut fmt::Formatter<'_>, pause: Duration) -> fmt::Result {
        writeln!(f, "| callers | | requests/s | first token, ms | p99 | total, ms | p99 | given up |")?;
        writeln!(f, "|--:|---|--:|--:|--:|--:|--:|--:|")?;
        for callers in CALLERS {
            for contender in CONTENDERS {
                let Some(cell) = self.contest.cell(contender, callers, pause) else { continue };
                // Where many were given up, the true figure is greater.
                let least = if cell.cut * 100 > cell.all_totals.len() { "≥ " } else { "" };
                let failed = match cell.failed {
                    0 => String::new(),
                    failed => format!(", {failed} failed"),
                };
                writeln!(
                    f,
                    "| {callers} | {} | {} | {least}{} | {least}{} | {least}{} | {least}{} | {}{failed} |",
                    contender.name(),
                    cell.per_second,
                    cell.first_token,
                    Number(cell.all_first_tokens.percentile(99.0)),
                    cell.total,
                    Number(cell.all_totals.percentile(99.0)),
                    cell.cut,
                )?;
            }
        }
        let pair = [Contender::Floor, Contender::Gateway].map(|who| self.contest.cell(who, 1, pause));
        let [Some(floor), Some(gateway)] = pair else { return Ok(()) };
        let added = |of: fn(&contest::Cell) -> &Samples, percent: f64| {
            Number(of(gateway).percentile(percent) - of(floor).percentile(percent))
        };
        writeln!(
            f,
            "\nAdded by this gateway for one caller, over Codex without one, in {} turns of each: to the first token {} ms \
             in the median and {} ms at p99, in total {} ms and {} ms.",
            gateway.answered,
            added(|cell| &cell.all_first_tokens, 50.0),
            added(|cell| &cell.all_first_tokens, 99.0),
            added(|cell| &cell.all_totals, 50.0),
            added(|cell| &cell.all_totals, 99.0),
        )
    }
}

impl fmt::Display for alone::Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { short, long, streams } = self;
        writeln!(
            f,
            "| connections | | requests/s | first token, ms | p99 | total, ms | p99 | its processor time, µs a request |"
        )?;
        writeln!(f, "|--:|---|--:|--:|--:|--:|--:|--:|")?;
        let row = |f: &mut fmt::Formatter<'_>, name: &str, server: usize, cell: &alone::Cell| {
            writeln!(
                f,
                "| {name} | {} | {} | {} | {} | {} | {} | {} |",
                alone::SERVERS[server],
                cell.per_second,
                Number(cell.first_token.median()),
                Number(cell.first_token.percentile(99.0)),
                Number(cell.total.median()),
                Number(cell.total.percentile(99.0)),
                cell.processor_us,
            )
        };
        for (cells, connections) in short.iter().zip(alone::CONNECTIONS) {
            for (server, cell) in cells.iter().enumerate() {
                row(f, &connections.to_string(), server, cell)?;
            }
        }
        for (server, cell) in long.iter().enumerate() {
            row(f, &format!("1, {} deltas", alone::DELTAS), server, cell)?;
        }
        let [bare, gateway, client] = &short[0];
        let [_, long_gateway, long_client] = long;
        let mut text = String::new();
        write!(
            text,
            "Over a client without HTTP, the gateway adds {} ms to a whole answer in the median and {} ms at p99; a bare \
             HTTP server takes {} ms and {} ms.",
            Number(gateway.total.median() - client.total.median()),
            Number(gateway.total.percentile(99.0) - client.total.percentile(99.0)),
            Number(bare.total.median()),
            Number(bare.total.percentile(99.0)),
        )?;
        let deltas = (alone::DELTAS - 1) as f64;
        write!(
            text,
            " A delta costs the gateway {} µs of processor time and {} µs until it is at the caller, of which {} µs would \
             pass without the gateway.",
            Number((long_gateway.processor_us.median() - gateway.processor_us.median()) / deltas),
            Number((long_gateway.total.median() - gateway.total.median()) * 1e3 / deltas),
            Number((long_client.total.median() - client.total.median()) * 1e3 / deltas),
        )?;
        write!(
            text,
            " {} open streams take it from {} MB to {} MB; two seconds after all callers hung up it holds {} MB.",
            streams.open,
            Number(streams.idle_mb),
            Number(streams.open_mb),
            Number(streams.closed_mb),
        )?;
        writeln!(f, "\n{text}")?;
        writeln!(
            f,
            "\nHere and above `max_active_turns` is {ACTIVE_TURNS}, for the open streams {}; the gateway's default is 16.",
            streams.open
        )
    }
}

impl Contender {
    fn name(self) -> &'static str {
        match self {
            Self::Floor => "Codex without a gateway",
            Self::Gateway => "this gateway",
            Self::Peer => "Python gateway",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let marked = |text: &str| {
            format!("# Title\n<!-- Made by `it`: begin -->{text}<!-- Made by `it`: end -->\nrest\n")
        };
        let once = replace(&marked("\nold\n"), "it", "new\n").unwrap();
        assert_eq!(once, marked("\n\nnew\n\n"));
        assert_eq!(replace(&once, "it", "new").unwrap(), once);
        assert_eq!(replace(&once, "another", "new"), None);
    }
}
