//! What the application costs. `make bench-desktop` measures it and writes it down; nothing is judged.

use std::{
    env, fs,
    net::{Ipv4Addr, TcpStream},
    path::Path,
    time::{Duration, Instant},
};

use bench::{
    machine::{date, description, load_average},
    process::processor_seconds,
    report::write_between_marks,
    stats::{Number, Samples, ms},
};
use rustix::process::Signal;
use tokio::time::sleep;

use crate::support::{App, Item, Session, Tray, eventually, program};

const ROUNDS: usize = 10;
/// How long it is left alone before its memory is looked at, and its processor time.
const CALM: Duration = Duration::from_secs(10);
const IDLE: Duration = Duration::from_secs(30);

/// How long it took from the launch.
#[derive(Default)]
struct Starts {
    listening: Samples,
    icon: Samples,
    ready: Samples,
}

/// What it holds and uses while nobody asks for anything.
struct Idle {
    application_mb: f64,
    web_mb: f64,
    codex_mb: f64,
    /// Of the application and what draws its page, of one core.
    percent: f64,
    codex_percent: f64,
}

#[tokio::test]
#[ignore = "it measures for three minutes: make bench-desktop"]
async fn what_the_application_costs() {
    let session = Session::start().expect("the desktop's programs are installed");
    let mut tray = Tray::open(&session).await;
    let load = load_average();
    let mut starts = Starts::default();
    for _ in 0..ROUNDS {
        let (mut app, _) = start(&session, &mut tray, &mut starts).await;
        app.signal(Signal::TERM);
        assert!(app.ended().await.success());
    }
    let (app, item) = start(&session, &mut tray, &mut Starts::default()).await;
    let never_opened = Idle::of(&app).await;
    item.click("Open window").await;
    eventually("the window is there", async || session.has_window() && !app.web_processes().is_empty()).await;
    let open = Idle::of(&app).await;
    session.close_window();
    eventually("its process is gone", async || app.web_processes().is_empty()).await;
    let closed = Idle::of(&app).await;

    let load = [load, load_average()].map(|load| Number(load.unwrap_or(f64::NAN)));
    let size = fs::metadata(program()).unwrap().len() as f64 / 1e6;
    let [least, pages, more] = [&never_opened, &open, &closed].map(Idle::columns);
    let text = format!(
        "`make bench-desktop` on {}: {}. Load average {} before and {} after.\n\n\
         | start | ms |\n|---|--:|\n\
         | to listening | {} |\n| to the icon in the panel | {} |\n| to a Codex that is ready | {} |\n\n\
         | at rest | application, MB | web processes, MB | its Codex, MB | processor, % of a core | … its Codex |\n\
         |---|--:|--:|--:|--:|--:|\n\
         | no window yet | {least} |\n| the window open | {pages} |\n| the window closed | {more} |\n\n\
         The program is {} MB.\n",
        date(),
        description(),
        load[0],
        load[1],
        starts.listening,
        starts.icon,
        starts.ready,
        Number(size),
    );
    println!("{text}");
    if let Some(document) = env::var_os("FIGURES") {
        write_between_marks(Path::new(&document), "make bench-desktop", &text).unwrap();
    }
}

/// Launches it, and waits until all of it is there.
async fn start(session: &Session, tray: &mut Tray, starts: &mut Starts) -> (App, Item) {
    let app = App::start(session).await;
    let listening = async {
        while TcpStream::connect((Ipv4Addr::LOCALHOST, app.port)).is_err() {
            sleep(Duration::from_millis(1)).await;
        }
        app.launched.elapsed()
    };
    let icon = async {
        let item = tray.item().await;
        (item, app.launched.elapsed())
    };
    let (listening, (item, icon)) = tokio::join!(listening, icon);
    app.until_codex_is_ready().await;
    starts.ready.push(ms(app.launched.elapsed()));
    starts.listening.push(ms(listening));
    starts.icon.push(ms(icon));
    (app, item)
}

impl Idle {
    async fn of(app: &App) -> Self {
        sleep(CALM).await;
        let all = app.descendants();
        let ids = |word: &str| -> Vec<u32> {
            all.iter().filter(|process| process.args.contains(word)).map(|process| process.pid).collect()
        };
        let (web, codex) = (ids("WebKit"), ids("app-server"));
        let mut own = web.clone();
        own.push(app.pid());
        let used = |ids: &[u32]| -> f64 { ids.iter().filter_map(|id| processor_seconds(*id)).sum() };
        let (since, before) = (Instant::now(), [used(&own), used(&codex)]);
        sleep(IDLE).await;
        let passed = since.elapsed().as_secs_f64();
        let percent = |used: f64, before: f64| 100.0 * (used - before) / passed;
        Self {
            application_mb: memory_mb(&[app.pid()]),
            web_mb: memory_mb(&web),
            codex_mb: memory_mb(&codex),
            percent: percent(used(&own), before[0]),
            codex_percent: percent(used(&codex), before[1]),
        }
    }

    fn columns(&self) -> String {
        let Self { application_mb, web_mb, codex_mb, percent, codex_percent } = self;
        let web = if *web_mb > 0.0 { Number(*web_mb).to_string() } else { "none".to_owned() };
        format!(
            "{} | {web} | {} | {percent:.1} | {codex_percent:.1}",
            Number(*application_mb),
            Number(*codex_mb)
        )
    }
}

/// What these processes hold, with their share of what they have in common with others, in MB of a million bytes.
fn memory_mb(ids: &[u32]) -> f64 {
    let share = |id: &u32| {
        let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.trim().trim_end_matches(" kB").parse::<f64>().ok()
    };
    ids.iter().filter_map(share).sum::<f64>() * 1024.0 / 1e6
}
