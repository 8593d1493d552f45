//! Downloads from servers on loopback, which the policy of a test allows by exception.

mod server;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;

use reqwest::dns::{Addrs, Name, Resolving};
use tokio::net::TcpListener;

use self::server::{Reply, Server, ok, redirect, status};
use super::*;
use crate::images::{ImageFetcher, samples};

const ALLOWED: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// Loopback as well, but no exception.
const REFUSED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A name server of one's own.
struct Names(HashMap<&'static str, Vec<SocketAddr>>);

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let answers = self.0.get(name.as_str()).cloned();
        Box::pin(async move {
            let answers = answers.ok_or_else(|| format!("no such name: {}", name.as_str()))?;
            Ok(Box::new(answers.into_iter()) as Addrs)
        })
    }
}

fn config(names: &[(&'static str, &[SocketAddr])]) -> DownloaderConfig {
    let names = names.iter().map(|(name, answers)| (*name, answers.to_vec())).collect();
    DownloaderConfig {
        policy: AddressPolicy::PublicAnd(vec![ALLOWED.into()]),
        names: Arc::new(Names(names)),
        timeout: TIMEOUT,
    }
}

fn downloader() -> Downloader {
    Downloader::new(config(&[]))
}

fn failure(server: &Server, failure: DownloadFailure) -> Result<Vec<u8>, ImageError> {
    Err(ImageError::Download { host: server.address.to_string(), failure })
}

#[tokio::test]
async fn a_remote_image_comes_back_inline_by_its_bytes_and_not_its_header() {
    let server = Server::start(|path| match path {
        "/wrong-type" => ok("text/html", &samples::png(3, 2)),
        "/text" => ok("image/png", b"hello"),
        "/empty" => ok("image/png", b""),
        _ => ok("image/png", &samples::jpeg(3, 2)),
    })
    .await;
    let fetcher = ImageFetcher::with_config(config(&[]));

    let image = fetcher.resolve(server.url("/a.png")).await.expect("an image");
    assert_eq!(image, crate::images::data_url::write(&samples::jpeg(3, 2)).expect("an image"));
    let image = fetcher.resolve(server.url("/wrong-type")).await.expect("an image");
    assert_eq!(image.media_type, "image/png");

    assert_eq!(fetcher.resolve(server.url("/text")).await, Err(ImageError::UnknownType));
    assert_eq!(fetcher.resolve(server.url("/empty")).await, Err(ImageError::Empty));
}

#[tokio::test]
async fn a_request_carries_nothing_of_the_caller() {
    let server =
        Server::start(|path| if path == "/a?b=c" { redirect("/d") } else { ok("image/png", b"x") }).await;
    downloader().download(&server.url("/a?b=c#fragment")).await.expect("a file");
    let expected = |path: &str| {
        format!(
            "GET {path} HTTP/1.1\r\naccept: {ACCEPTED}\r\nuser-agent: {USER_AGENT}\r\nhost: {}\r\n\r\n",
            server.address
        )
    };
    assert_eq!(server.requests(), [expected("/a?b=c"), expected("/d")]);
}

/// A process cannot safely change its own environment, so this runs the test above in another.
#[test]
fn a_proxy_in_the_environment_is_not_used() {
    let (_, module) = module_path!().split_once("::").expect("a module of a crate");
    let test = format!("{module}::a_request_carries_nothing_of_the_caller");
    let mut child = Command::new(std::env::current_exe().expect("this program"));
    for variable in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        child.env(variable, "http://127.0.0.1:9");
    }
    let output = child.args(["--exact", &test]).output().expect("a child process");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && shown.contains("1 passed"), "{shown}");
}

#[tokio::test]
async fn any_status_but_200_fails() {
    let server = Server::start(|path| match path {
        "/201" => status("201 Created"),
        "/206" => status("206 Partial Content"),
        "/302" => status("302 Found"),
        "/304" => status("304 Not Modified\r\nlocation: /200"),
        "/401" => status("401 Unauthorized\r\nwww-authenticate: Basic"),
        "/404" => status("404 Not Found"),
        "/503" => status("503 Service Unavailable\r\nretry-after: 1"),
        _ => ok("image/png", b"x"),
    })
    .await;
    let downloader = downloader();
    for code in [201, 206, 302, 304, 401, 404, 503] {
        let result = downloader.download(&server.url(&format!("/{code}"))).await;
        assert_eq!(result, failure(&server, DownloadFailure::Status(code)));
    }
    assert_eq!(server.requests().len(), 7, "nothing is tried twice");
}

#[tokio::test]
async fn five_redirects_are_followed_and_six_are_not() {
    let server = Server::start(|path| match path {
        "/0" => ok("image/png", b"found"),
        "/loop" => redirect("/loop"),
        path => {
            let left: u32 = path[1..].parse().expect("a number");
            let code = [301, 302, 303, 307, 308][left as usize % 5];
            status(&format!("{code} Moved\r\nlocation: {}", left - 1))
        }
    })
    .await;
    let downloader = downloader();
    assert_eq!(downloader.download(&server.url("/5")).await, Ok(b"found".to_vec()));
    let too_many = failure(&server, DownloadFailure::TooManyRedirects);
    assert_eq!(downloader.download(&server.url("/6")).await, too_many);
    assert_eq!(downloader.download(&server.url("/loop")).await, too_many);
    assert_eq!(server.requests().len(), 18);
}

#[tokio::test]
async fn a_redirect_is_checked_like_the_first_url() {
    let server = Server::start(move |path| match path {
        "/literal" => redirect(&format!("http://{REFUSED}:1/")),
        "/metadata" => redirect("//169.254.169.254/latest/meta-data/"),
        "/name" => redirect("http://inside.test:1/"),
        "/file" => redirect("file:///etc/passwd"),
        "/data" => redirect("data:image/png;base64,AAAA"),
        "/user" => redirect("http://user@127.0.0.1/"),
        "/garbage" => redirect("http://[/"),
        "/bytes" => {
            Reply::Bytes(b"HTTP/1.1 302 Found\r\nlocation: /\xff\r\ncontent-length: 0\r\n\r\n".to_vec())
        }
        _ => ok("image/png", b"x"),
    })
    .await;
    let inside = [SocketAddr::from((REFUSED, 0))];
    let downloader = Downloader::new(config(&[("inside.test", &inside)]));
    for (path, host) in
        [("/literal", "127.0.0.2:1"), ("/metadata", "169.254.169.254"), ("/name", "inside.test:1")]
    {
        let result = downloader.download(&server.url(path)).await;
        assert_eq!(result, Err(ImageError::AddressRefused { host: host.to_owned() }));
    }
    for (path, reason) in [
        ("/file", "its scheme is not http or https"),
        ("/data", "its scheme is not http or https"),
        ("/user", "it holds a user name or password"),
        ("/garbage", "it is not a URL"),
        ("/bytes", "it is not a URL"),
    ] {
        let result = downloader.download(&server.url(path)).await;
        assert_eq!(result, failure(&server, DownloadFailure::BadRedirect(reason)), "{path}");
    }
}

#[test]
fn a_redirect_never_leaves_https() {
    let target = |from: &str, location: &str| {
        let from = Url::parse(from).expect("a URL");
        redirect_target(&from, location).map(String::from)
    };
    let downgrade = Err("it is not https, unlike the URL before it");
    assert_eq!(target("https://a.test/b/c?d", "e"), Ok("https://a.test/b/e".to_owned()));
    assert_eq!(target("https://a.test/b", "//c.test/d"), Ok("https://c.test/d".to_owned()));
    assert_eq!(target("http://a.test/b", "https://a.test/b"), Ok("https://a.test/b".to_owned()));
    assert_eq!(target("http://a.test/b", "http://c.test:81/"), Ok("http://c.test:81/".to_owned()));
    assert_eq!(target("https://a.test/b", "http://a.test/b"), downgrade);
    assert_eq!(target("https://a.test/b", "HTTP://c.test/"), downgrade);
}

#[tokio::test]
async fn only_the_allowed_addresses_of_a_name_are_connected_to() {
    let server = Server::start(|_| ok("image/png", b"x")).await;
    let allowed = server.address;
    let refused = SocketAddr::from((REFUSED, allowed.port()));
    let metadata: SocketAddr = "[::ffff:169.254.169.254]:0".parse().expect("an address");
    let config = config(&[
        ("mixed.test", &[refused, allowed]),
        ("inside.test", &[refused, metadata]),
        ("none.test", &[]),
    ]);
    let downloader = Downloader::new(config);

    assert_eq!(downloader.download("http://mixed.test/").await, Ok(b"x".to_vec()));
    for host in ["inside.test", "none.test"] {
        let result = downloader.download(&format!("http://{host}/")).await;
        assert_eq!(result, Err(ImageError::AddressRefused { host: host.to_owned() }));
    }
    let result = downloader.download("http://unknown.test/?SECRET").await;
    let cause = DownloadFailure::Connection("no such name: unknown.test".to_owned());
    assert_eq!(result, Err(ImageError::Download { host: "unknown.test".to_owned(), failure: cause }));
}

#[tokio::test]
async fn the_system_knows_names_too() {
    let server = Server::start(|_| ok("image/png", b"x")).await;
    let policy = AddressPolicy::PublicAnd(vec![ALLOWED.into()]);
    let downloader = Downloader::new(DownloaderConfig::new(policy));
    let url = format!("http://localhost:{}/", server.address.port());
    assert_eq!(downloader.download(&url).await, Ok(b"x".to_vec()));
}

#[tokio::test]
async fn a_file_that_is_too_large_is_not_read_to_its_end() {
    let server = Server::start(|path| match path {
        "/declared" => Reply::Bytes(
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", MAX_FILE_BYTES + 1).into_bytes(),
        ),
        "/huge" => Reply::Endless("HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551000\r\n\r\n"),
        "/largest" => ok("image/png", &vec![0; MAX_FILE_BYTES]),
        _ => Reply::Endless("HTTP/1.1 200 OK\r\n\r\n"),
    })
    .await;
    let downloader = downloader();
    for path in ["/declared", "/huge", "/endless"] {
        assert_eq!(downloader.download(&server.url(path)).await, Err(ImageError::FileTooLarge), "{path}");
    }
    let largest = downloader.download(&server.url("/largest")).await.expect("a file");
    assert_eq!(largest.len(), MAX_FILE_BYTES);
}

#[tokio::test]
async fn the_time_limit_covers_the_whole_download() {
    let server = Server::start(|path| match path {
        "/silent" => Reply::Silence,
        "/redirect" => redirect("/silent"),
        _ => Reply::Trickle("HTTP/1.1 200 OK\r\n\r\n"),
    })
    .await;
    let config = DownloaderConfig { timeout: Duration::from_millis(300), ..config(&[]) };
    let downloader = Downloader::new(config);
    for path in ["/silent", "/redirect", "/trickle"] {
        let result = downloader.download(&server.url(path)).await;
        assert_eq!(result, failure(&server, DownloadFailure::Timeout), "{path}");
    }
}

#[tokio::test]
async fn a_broken_connection_names_its_cause_and_no_url() {
    let server = Server::start(|path| match path {
        "/short?SECRET" => Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx".to_vec()),
        "/garbage?SECRET" => Reply::Bytes(b"SSH-2.0-OpenSSH_9.9\r\n\r\n".to_vec()),
        _ => Reply::Bytes(Vec::new()),
    })
    .await;
    let downloader = downloader();
    let closed =
        TcpListener::bind((ALLOWED, 0)).await.expect("a free port").local_addr().expect("an address");
    for url in [
        server.url("/short?SECRET"),
        server.url("/garbage?SECRET"),
        server.url("/nothing?SECRET"),
        format!("http://{closed}/?SECRET"),
        server.url(&format!("/{}", "SECRET".repeat(20_000))),
    ] {
        let error = downloader.download(&url).await.expect_err(&url);
        assert_eq!(error.code(), "failed_to_download_image");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("SECRET") && !shown.contains("http:"), "{shown}");
        println!("{error}");
    }
}

#[tokio::test]
async fn a_long_cause_is_cut() {
    let host = ["a"; 120].join(".");
    let result = downloader().download(&format!("http://{host}/")).await;
    let expected = format!("no such name: {host}")[..MAX_CAUSE].to_owned();
    assert_eq!(result, Err(ImageError::Download { host, failure: DownloadFailure::Connection(expected) }));
}

#[tokio::test]
async fn without_root_certificates_a_download_says_so() {
    let server = Server::start(|_| ok("image/png", b"x")).await;
    let downloader = Downloader { client: Err("no root certificates".to_owned()), ..downloader() };
    let expected = failure(&server, DownloadFailure::Connection("no root certificates".to_owned()));
    assert_eq!(downloader.download(&server.url("/")).await, expected);
}
