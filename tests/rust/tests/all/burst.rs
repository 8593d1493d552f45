//! More requests at once than Codex has room for: it refuses, with -32001, whatever comes while 128 wait to be looked at.

use std::time::Duration;

use app_server::{
    AppServer, Command,
    protocol::{ClientInfo, ConfigRead},
};
use futures_util::future::try_join_all;

use crate::stack::real_codex;

#[tokio::test(flavor = "multi_thread")]
async fn codex_refuses_none_of_a_thousand_requests_that_are_sent_at_once() {
    let home = tempfile::tempdir().unwrap();
    let command = Command {
        program: real_codex(),
        args: vec!["app-server".into()],
        cwd: home.path().to_owned(),
        env: vec![("CODEX_HOME".into(), home.path().into())],
        withheld_prefixes: vec!["CODEX_".into(), "OPENAI_".into()],
        secrets: Vec::new(),
    };
    let client_info =
        ClientInfo { name: "codex-gateway".into(), title: "Codex Gateway".into(), version: "0.0.0".into() };
    let server = AppServer::start(&command, client_info, Duration::from_secs(60)).await.unwrap();
    let client = server.client();
    let responses = (0..1000).map(|_| client.send(&ConfigRead::default()).unwrap().wait());
    let answers = try_join_all(responses).await;
    server.shutdown().await;
    assert_eq!(answers.unwrap().len(), 1000);
}
