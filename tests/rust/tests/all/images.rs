//! Remote images: fetched by the gateway, and given to the model byte for byte.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::Request,
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_TYPE, LOCATION},
    },
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use gateway::AddressPolicy;
use image::{DynamicImage, ImageFormat, RgbImage};
use scripted_model::Script;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    bare_prompt::input,
    stack::{Answer, Options, Stack},
};

/// What an image server was asked for: path and headers of each request.
type Requests = Arc<Mutex<Vec<(String, HeaderMap)>>>;

/// A server of images, and of what only claims to be one. It ends when it is dropped.
struct ImageServer {
    address: SocketAddr,
    png: Vec<u8>,
    jpeg: Vec<u8>,
    requests: Requests,
    task: JoinHandle<()>,
}

impl ImageServer {
    async fn start() -> Self {
        let (png, jpeg) = (picture(ImageFormat::Png), picture(ImageFormat::Jpeg));
        let requests = Requests::default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (files, seen) = ((Bytes::from(png.clone()), Bytes::from(jpeg.clone())), Arc::clone(&requests));
        let router = Router::new().fallback(async move |request: Request| {
            let path = request.uri().to_string();
            let answer = answer(&path, files);
            seen.lock().unwrap_or_else(PoisonError::into_inner).push((path, request.headers().clone()));
            answer
        });
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, png, jpeg, requests, task }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn paths(&self) -> Vec<String> {
        self.requests().into_iter().map(|(path, _)| path).collect()
    }

    fn requests(&self) -> Vec<(String, HeaderMap)> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for ImageServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn answer(path: &str, (png, jpeg): (Bytes, Bytes)) -> Response {
    let file =
        |content_type: &str, bytes: Bytes| ([(CONTENT_TYPE, content_type.to_owned())], bytes).into_response();
    let redirect = |to: &str| (StatusCode::FOUND, [(LOCATION, to.to_owned())]).into_response();
    match path {
        "/photo.jpg" => file("image/jpeg", jpeg),
        "/picture.png?size=large&token=s3cr3t" | "/picture.png" => file("image/png", png),
        "/mislabelled" => file("text/plain", png),
        "/relative" => redirect("picture.png"),
        "/twice" => redirect("/relative"),
        "/to-another-host" => redirect("http://127.0.0.2:9/picture.png"),
        "/to-the-metadata-server" => redirect("http://169.254.169.254/latest/meta-data"),
        "/to-a-file" => redirect("file:///etc/passwd"),
        "/for-ever" => redirect("/for-ever"),
        "/page.html" => file("image/png", Bytes::from_static(b"<!doctype html><title>Not an image</title>")),
        "/cut.png" => file("image/png", png.slice(..png.len() / 2)),
        "/empty.png" => file("image/png", Bytes::new()),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Noise, which no format makes small: about 100 KB.
fn picture(format: ImageFormat) -> Vec<u8> {
    let mut seed = 1_u32;
    let picture = RgbImage::from_fn(240, 160, |_, _| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Rgb([seed as u8, (seed >> 8) as u8, (seed >> 16) as u8].map(|byte| byte.rotate_left(3)))
    });
    let mut file = std::io::Cursor::new(Vec::new());
    DynamicImage::from(picture).write_to(&mut file, format).unwrap();
    file.into_inner()
}

async fn start() -> (Stack, ImageServer) {
    let image_addresses = AddressPolicy::PublicAnd(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]);
    let stack = Stack::start_with(Options { image_addresses, ..Options::default() }).await;
    stack.model.set_default(Script::text("seen"));
    (stack, ImageServer::start().await)
}

async fn show(stack: &Stack, url: &str) -> Answer {
    let image = json!({"type": "image_url", "image_url": {"url": url}});
    stack.chat(json!([{"type": "text", "text": "What is this?"}, image])).await
}

/// The one image that the model got.
async fn image_at_the_model(stack: &Stack) -> String {
    let items = input(&stack.model_request().await.json());
    let parts = items[0]["content"].as_array().unwrap();
    let images: Vec<_> = parts.iter().filter(|part| part["type"] == "input_image").collect();
    assert_eq!((items.len(), parts.len(), images.len()), (1, 2, 1));
    images[0]["image_url"].as_str().unwrap().to_owned()
}

fn data_url(media_type: &str, file: &[u8]) -> String {
    format!("data:{media_type};base64,{}", STANDARD.encode(file))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_image_reaches_the_model_byte_for_byte() {
    let (stack, server) = start().await;
    for (path, expected) in [
        ("/picture.png", data_url("image/png", &server.png)),
        ("/picture.png?size=large&token=s3cr3t", data_url("image/png", &server.png)),
        ("/photo.jpg", data_url("image/jpeg", &server.jpeg)),
        // The bytes say what it is, and not the server.
        ("/mislabelled", data_url("image/png", &server.png)),
    ] {
        stack.model.clear();
        assert_eq!(show(&stack, &server.url(path)).await.text(), "seen", "{path}");
        assert!(image_at_the_model(&stack).await == expected, "{path} was changed");
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_name_is_looked_up() {
    let (stack, server) = start().await;
    let url = format!("http://localhost:{}/picture.png", server.address.port());
    assert_eq!(show(&stack, &url).await.text(), "seen");
    assert!(image_at_the_model(&stack).await == data_url("image/png", &server.png));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_followed() {
    let (stack, server) = start().await;
    assert_eq!(show(&stack, &server.url("/twice")).await.text(), "seen");
    assert!(image_at_the_model(&stack).await == data_url("image/png", &server.png));
    assert_eq!(server.paths(), ["/twice", "/relative", "/picture.png"]);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_caller_reaches_the_image_server() {
    let (stack, server) = start().await;
    assert_eq!(show(&stack, &server.url("/relative")).await.text(), "seen");
    for (path, headers) in server.requests() {
        for header in ["authorization", "cookie", "referer", "x-request-id"] {
            assert!(!headers.contains_key(header), "{path}: {headers:?}");
        }
        assert!(headers["user-agent"].to_str().unwrap().starts_with("codex-gateway/"));
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_images_arrive_in_their_order() {
    let (stack, server) = start().await;
    let inline = data_url("image/png", &server.png);
    let image = |url: &str| json!({"type": "image_url", "image_url": {"url": url}});
    let content = json!([
        image(&server.url("/photo.jpg")),
        {"type": "text", "text": "and"},
        image(&inline),
        image(&server.url("/relative")),
    ]);
    assert_eq!(stack.chat(content).await.text(), "seen");
    let items = input(&stack.model_request().await.json());
    let urls: Vec<_> =
        items[0]["content"].as_array().unwrap().iter().map(|part| part["image_url"].as_str()).collect();
    let jpeg = data_url("image/jpeg", &server.jpeg);
    assert!(
        urls == [Some(jpeg.as_str()), None, Some(&inline), Some(&inline)],
        "the images were changed or mixed up"
    );
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_image_is_refused_before_the_model_is_asked() {
    let (stack, server) = start().await;
    for (path, code, words) in [
        ("/missing.png?token=s3cr3t", "failed_to_download_image", "status 404"),
        ("/page.html", "unsupported_image_media_type", "not a PNG"),
        ("/cut.png", "image_parse_error", "damaged"),
        ("/empty.png", "empty_image_file", "empty"),
        ("/to-another-host", "image_address_refused", "127.0.0.2:9"),
        ("/to-the-metadata-server", "image_address_refused", "169.254.169.254"),
        ("/to-a-file", "failed_to_download_image", "scheme"),
        ("/for-ever", "failed_to_download_image", "more than 5 times"),
    ] {
        let answer = show(&stack, &server.url(path)).await;
        let (got, message) = answer.error(400);
        assert_eq!(got, code, "{path}: {message}");
        assert!(message.contains(words), "{path}: {message}");
        assert!(!message.contains("s3cr3t"), "{message}");
        assert_eq!(answer.body["error"]["param"], "messages[0].content[1].image_url.url", "{path}");
    }
    assert_eq!(stack.model.requests().len(), 0);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_or_speaks_no_tls_is_named() {
    let (stack, server) = start().await;
    let address = server.address;
    let tls = show(&stack, &format!("https://{address}/picture.png?token=s3cr3t")).await;
    let unused = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap();
    let nobody = show(&stack, &format!("http://{unused}/picture.png?token=s3cr3t")).await;
    for (answer, address) in [(tls, address), (nobody, unused)] {
        let (code, message) = answer.error(400);
        assert_eq!(code, "failed_to_download_image", "{message}");
        assert!(message.contains(&address.to_string()) && !message.contains("s3cr3t"), "{message}");
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_itself_the_gateway_fetches_nothing_from_this_machine() {
    let (stack, server) = (Stack::start().await, ImageServer::start().await);
    let port = server.address.port();
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f.1"] {
        let answer = show(&stack, &format!("http://{host}:{port}/picture.png")).await;
        assert_eq!(answer.error(400).0, "image_address_refused", "{host}: {}", answer.body);
    }
    assert_eq!((server.paths().len(), stack.model.requests().len()), (0, 0));
    assert_eq!(Value::from(stack.say_pong().await), "You said: Say pong");
    stack.stop().await;
}
