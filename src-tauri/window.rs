//! The window. It is made when it is opened and gone when it is closed, with the process that draws its page.

use tauri::{
    AppHandle, Manager, WebviewUrl, WebviewWindow, WebviewWindowBuilder, webview::NewWindowResponse,
};

const LABEL: &str = "main";
const SIZE: (f64, f64) = (920.0, 640.0);
const LEAST: (f64, f64) = (720.0, 520.0);

/// Opens the window, or brings it to the front. From any thread.
pub(crate) fn open(app: &AppHandle) {
    let handle = app.clone();
    let asked = app.run_on_main_thread(move || {
        let opened = match handle.get_webview_window(LABEL) {
            Some(window) => bring_to_front(&window),
            None => make(&handle),
        };
        if let Err(error) = opened {
            tracing::error!(%error, "the window can't be opened");
        }
    });
    if let Err(error) = asked {
        tracing::error!(%error, "the window can't be opened");
    }
}

fn bring_to_front(window: &WebviewWindow) -> tauri::Result<()> {
    window.unminimize()?;
    window.show()?;
    window.set_focus()
}

fn make(app: &AppHandle) -> tauri::Result<()> {
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title("Codex Gateway")
        .inner_size(SIZE.0, SIZE.1)
        .min_inner_size(LEAST.0, LEAST.1)
        // The page leads nowhere: links go to the browser, by a command.
        .on_navigation(|url| url.scheme() == "tauri")
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    close_if_page_dies(&window)
}

/// A page whose process is gone would leave an empty window. The gateway does not notice: it is in another process.
#[cfg(target_os = "linux")]
fn close_if_page_dies(window: &WebviewWindow) -> tauri::Result<()> {
    use webkit2gtk::WebViewExt;

    let dead = window.clone();
    window.with_webview(move |webview| {
        webview.inner().connect_web_process_terminated(move |_, reason| {
            tracing::error!(?reason, "the window's page ended unexpectedly; the window is closed");
            let dead = dead.clone();
            // Later: the view still needs itself when this returns.
            tauri::async_runtime::spawn(async move {
                if let Err(error) = dead.destroy() {
                    tracing::error!(%error, "the window can't be closed");
                }
            });
        });
    })
}

/// On macOS, WebKit's view loads its page again by itself.
#[cfg(target_os = "macos")]
fn close_if_page_dies(_: &WebviewWindow) -> tauri::Result<()> {
    Ok(())
}
