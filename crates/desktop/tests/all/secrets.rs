//! The token goes to the clipboard, and nowhere else.

use serde_json::json;

use crate::app::{App, TOKEN};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_for_the_page_holds_the_token() {
    let app = App::ready().await;
    let mut told = app.desktop.notifications();
    let asked = json!({
        "model": TOKEN, "messages": [{"role": "user", "content": TOKEN}], TOKEN: TOKEN, "temperature": 0,
    });
    for token in [TOKEN, "wrong"] {
        app.post(token, &asked).await;
    }
    app.ask(TOKEN).await;
    let everything = json!([
        &*app.state(),
        app.desktop.requests().iter().map(|request| json!(&**request)).collect::<Vec<_>>(),
        &*app.desktop.settings(),
        app.desktop.snippets(),
    ]);
    assert!(!everything.to_string().contains(TOKEN), "{everything:#}");
    assert!(!format!("{:?}{:?}", app.desktop, told.try_recv()).contains(TOKEN));
    let snippet = desktop::view::CopyTarget::Snippet { id: "python".to_owned() };
    assert!(app.desktop.text_to_copy(&snippet).unwrap().contains(TOKEN));
    app.close().await;
}
