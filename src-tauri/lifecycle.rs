//! The application's life: it comes up without a window, outlives every window, and stops the gateway in order.

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use desktop::{Desktop, Options};
use tauri::{App, AppHandle, Manager, RunEvent, async_runtime};
use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};

use crate::{
    args::{Args, NO_WINDOW},
    commands, desk, events, login, notify, say, tray, window,
};

/// Runs until the person quits, or a signal ends it. A second one of a session hands over to the first, and ends.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let runtime = Runtime::new().context("no threads could be started")?;
    async_runtime::set(runtime.handle().clone());
    let app = tauri::Builder::default()
        // The first plugin, so that a second application ends before it has done anything.
        .plugin(tauri_plugin_single_instance::init(|app, arguments, _| launched_again(app, &arguments)))
        .plugin(tauri_plugin_autostart::Builder::new().arg(NO_WINDOW).build())
        .plugin(tauri_plugin_clipboard_manager::init())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_opener::init())
        .invoke_handler(commands::handler())
        .setup(move |app| Ok(set_up(app, &args)?))
        .build(tauri::generate_context!())
        .context("the application can't come up")?;
    let code = app.run_return(on_event);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

/// Another launch of the session, which had understood its arguments before it handed them over.
fn launched_again(app: &AppHandle, arguments: &[String]) {
    if Args::try_parse_from(arguments).is_ok_and(|args| args.may_open_window()) {
        window::open(app);
    }
}

fn set_up(app: &mut App, args: &Args) -> anyhow::Result<()> {
    // The icon in the menu bar is the application: there is nothing for the Dock.
    #[cfg(target_os = "macos")]
    app.set_activation_policy(tauri::ActivationPolicy::Accessory);
    let app = app.handle();
    let threads = async_runtime::handle();
    let _in_runtime = threads.inner().enter();
    async_runtime::spawn(quit_on_signals(app.clone())?);
    let version = app.package_info().version.to_string();
    let desktop = Desktop::open(Options { version, ..args.options() });
    app.manage(desktop.clone());
    desk::outlive_fatal_errors(app);
    tray::open(app, &desktop).context("the icon can't be made")?;
    events::forward(app, &desktop);
    notify::follow(&desktop);
    login::follow(app, &desktop);
    let is_first_run = desktop.state().borrow().first_run.is_some();
    if is_first_run && args.may_open_window() {
        window::open(app);
    }
    if args.window_failed {
        desktop.window_failed();
    }
    async_runtime::spawn(check_host(app.clone(), args.may_open_window()));
    Ok(())
}

/// Without a host the icon is nowhere: the window is then the only way in.
async fn check_host(app: AppHandle, may_open_window: bool) {
    if let Err(why) = desk::tray_host().await {
        say(&format!(
            "{why}. The gateway runs all the same; start the application again to open its window, or run \
             `codex-gateway serve` instead."
        ));
        if may_open_window {
            window::open(&app);
        }
    }
}

/// Stops the gateway, and then the application.
pub(crate) fn quit(app: &AppHandle) {
    let app = app.clone();
    async_runtime::spawn(async move {
        // The icon stays true meanwhile.
        app.state::<Desktop>().shutdown().await;
        app.exit(0);
    });
}

fn on_event(app: &AppHandle, event: RunEvent) {
    match event {
        // Without a code it is only the last window that was closed.
        RunEvent::ExitRequested { code: None, api, .. } => api.prevent_exit(),
        // Not everything that ends an application of macOS comes by way of `quit`.
        RunEvent::Exit => {
            if let Some(desktop) = app.try_state::<Desktop>() {
                async_runtime::block_on(desktop.shutdown());
            }
        }
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { .. } => window::open(app),
        _ => {}
    }
}

/// Listens from when it is called: an early signal must end it in order, too.
fn quit_on_signals(app: AppHandle) -> anyhow::Result<impl Future<Output = ()>> {
    let listen = |kind| signal(kind).context("no signals can be received");
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let mut hang_up = listen(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
        quit(&app);
    })
}
