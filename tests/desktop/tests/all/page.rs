//! The page in the real window, driven as a person would: from a click to the gateway and back.

use std::{env, fs, net::TcpListener, path::Path, time::Duration};

use fantoccini::{Client, ClientBuilder, Locator, wd::Capabilities};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::{Daemon, Model, Session, TOKEN, config, configure, eventually, health, program};

/// The window of an application that the driver has started.
struct Page {
    client: Client,
    port: u16,
    _driver: Daemon,
    _model: Model,
}

impl Page {
    /// `None`, with a word about it, where the page has not been built.
    async fn open(session: &Session) -> Option<Self> {
        if !Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/dist/index.html").exists() {
            let required = env::var("DESKTOP_TESTS").is_ok_and(|wanted| wanted == "required");
            assert!(!required, "build the page: sh scripts/page");
            eprintln!("SKIPPED, NOT TESTED: build the page (sh scripts/page), then the application");
            return None;
        }
        // The first run, which opens the window.
        let port = configure(session, json!({}));
        let model = Model::start().await;
        let drive = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut driver = session.command("WebKitWebDriver");
        driver.arg(format!("--port={drive}")).env("TAURI_WEBVIEW_AUTOMATION", "true").envs(model.codex_env());
        let driver = Daemon::quiet(&mut driver);
        let options = json!({ "binary": program(), "args": ["--config", config(session)] });
        let capabilities = Capabilities::from_iter([("webkitgtk:browserOptions".to_owned(), options)]);
        let mut connect = ClientBuilder::new(HttpConnector::new());
        connect.capabilities(capabilities);
        let url = format!("http://127.0.0.1:{drive}");
        let mut client = None;
        eventually("the window is driven", async || {
            client = connect.connect(&url).await.ok();
            client.is_some()
        })
        .await;
        let page = Self { client: client.unwrap(), port, _driver: driver, _model: model };
        eventually("the gateway is ready", async || health(port).await == Some(200)).await;
        Some(page)
    }

    async fn click(&self, css: &str) {
        self.client.wait().for_element(Locator::Css(css)).await.unwrap().click().await.unwrap();
    }

    async fn text(&self, css: &str) -> String {
        self.client.wait().for_element(Locator::Css(css)).await.unwrap().text().await.unwrap()
    }
}

#[tokio::test]
async fn the_switch_and_the_token_work() {
    let Some(session) = Session::start() else { return };
    let Some(page) = Page::open(&session).await else { return };
    let port = page.port;

    page.click("input[role=switch]").await;
    eventually("nothing listens", async || health(port).await.is_none()).await;
    eventually("the page says so", async || page.text("header [role=status]").await.starts_with("Off")).await;
    page.click("input[role=switch]").await;
    eventually("it listens again", async || health(port).await == Some(200)).await;
    eventually("the page says so", async || page.text("header [role=status]").await.starts_with("On")).await;

    assert!(!page.text("section.token").await.contains(TOKEN), "the token is masked");
    page.click("section.token [aria-label='Copy the token']").await;
    eventually("the token is on the clipboard", async || session.clipboard() == TOKEN).await;

    page.click("section.token [aria-label='Replace the token']").await;
    page.client
        .wait()
        .for_element(Locator::XPath("//button[normalize-space()='Replace']"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    eventually("another token is kept", async || {
        let written: Value = serde_json::from_slice(&fs::read(config(&session)).unwrap()).unwrap();
        written["token"] != json!(TOKEN)
    })
    .await;
    page.client.close().await.unwrap();
}

#[tokio::test]
async fn the_page_reaches_nothing_but_its_commands() {
    let Some(session) = Session::start() else { return };
    let Some(page) = Page::open(&session).await else { return };
    let run = async |script: &str| page.client.execute(script, Vec::new()).await.unwrap();
    assert_eq!(run("return typeof window.__TAURI__").await, json!("undefined"));
    let fetch = "window.reached = 'waiting';
        fetch('http://127.0.0.1:1/').then(() => window.reached = 'yes', (error) => window.reached = `${error}`)";
    run(&format!("document.addEventListener('securitypolicyviolation', (event) => window.refused = event.violatedDirective); {fetch}")).await;
    sleep(Duration::from_millis(500)).await;
    assert_eq!(run("return window.refused").await, json!("connect-src"));
    let invoke = "window.said = null;
        window.__TAURI_INTERNALS__.invoke('plugin:clipboard-manager|read_text').then(
            () => window.said = 'allowed', (error) => window.said = `${error}`)";
    run(invoke).await;
    eventually("it is refused", async || {
        run("return window.said").await.as_str().is_some_and(|said| said.contains("not allowed"))
    })
    .await;
    page.client.close().await.unwrap();
}
