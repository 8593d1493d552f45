//! The room as its user sees it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

fn fetcher() -> ImageFetcher {
    ImageFetcher::new(AddressPolicy::PublicOnly)
}

#[tokio::test]
async fn a_data_url_is_resolved_without_a_change() {
    let url = format!("data:image/png;base64,{}", STANDARD.encode(samples::png(3, 2)));
    let image = fetcher().resolve(url.clone()).await.expect("an image");
    assert_eq!((image.data_url.as_str(), image.media_type), (url.as_str(), "image/png"));
    assert_eq!(image.into_data_url(), url);
}

#[tokio::test]
async fn unusable_urls_are_refused() {
    let fetcher = fetcher();
    for url in [
        "",
        "image.png",
        "/image.png",
        "//example.com/image.png",
        "example.com/image.png",
        "file:///etc/passwd",
        "ftp://example.com/image.png",
        "blob:https://example.com/9115d58c",
        "javascript:alert(1)",
        "http://",
        "https:///",
        "http://example.com:99999/",
        "https://user@example.com/image.png",
        "https://user:secret@example.com/image.png",
        "https://:secret@example.com/image.png",
    ] {
        let error = fetcher.resolve(url.to_owned()).await.expect_err(url);
        assert_eq!(error.code(), "invalid_image_url", "{url}");
    }
}

#[tokio::test]
async fn private_addresses_are_refused_however_they_are_written() {
    let fetcher = fetcher();
    for url in [
        "http://127.0.0.1/",
        "http://127.0.0.1:8080/image.png",
        "http://127.0.0.1./",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://1２7.0.0.1/",
        "http://0/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "http://localhost/",
        "http://LOCALHOST:1/",
    ] {
        let error = fetcher.resolve(url.to_owned()).await.expect_err(url);
        assert_eq!(error.code(), "image_address_refused", "{url}");
    }
}

#[tokio::test]
async fn no_message_gives_a_url_or_the_data_away() {
    let fetcher = fetcher();
    for url in [
        "https://127.0.0.1/SECRET?token=SECRET#SECRET",
        "https://SECRET:SECRET@example.com/",
        "SECRET://example.com/SECRET",
        "data:image/SECRET;base64,SECRET",
        "data:SECRET",
        "data:image/png;base64,U0VDUkVU",
    ] {
        let error = fetcher.resolve(url.to_owned()).await.expect_err(url);
        let shown = format!("{error} {error:?}").to_ascii_lowercase();
        assert!(!shown.contains("secret"), "{shown}");
    }
    let image = data_url::write(&samples::png(3, 2)).expect("an image");
    let length = image.data_url.len();
    assert_eq!(
        format!("{image:?}"),
        format!(r#"Image {{ media_type: "image/png", data_url_length: {length} }}"#)
    );
}

#[tokio::test]
async fn messages_tell_what_to_do() {
    for (error, message) in [
        (ImageError::FileTooLarge, "The image file is larger than 20 MiB. Send a smaller one."),
        (
            ImageError::TooManyPixels,
            "The image has too many pixels: at most 16384 on a side and 256 MiB when decoded are accepted. \
             Scale it down.",
        ),
        (
            ImageError::Download { host: "example.com".to_owned(), failure: DownloadFailure::Status(404) },
            "The image could not be downloaded from example.com: the server answered with status 404. \
             Check the URL, or send the image inline.",
        ),
    ] {
        assert_eq!(error.to_string(), message);
    }
}

#[tokio::test]
async fn decodes_wait_for_one_another() {
    let fetcher = fetcher();
    let begun: Vec<_> = (0..PARALLEL_DECODES)
        .map(|_| {
            let (release, released) = std::sync::mpsc::channel::<()>();
            let fetcher = fetcher.clone();
            let decode = tokio::spawn(async move {
                let work = move || {
                    let _disconnected = released.recv();
                    Err(ImageError::Undecodable)
                };
                fetcher.decode(work).await
            });
            (release, decode)
        })
        .collect();
    let url = format!("data:image/png;base64,{}", STANDARD.encode(samples::png(3, 2)));
    let mut waiting = tokio::spawn(async move { fetcher.resolve(url).await });
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut waiting).await.is_err());

    drop(begun);
    assert!(waiting.await.expect("no panic").is_ok());
}

#[tokio::test]
async fn a_decoder_that_panics_has_met_a_bad_image() {
    let fetcher = fetcher();
    let result = fetcher.decode(|| panic!("a decoder's assertion")).await;
    assert_eq!(result, Err(ImageError::Undecodable));
    assert_eq!(fetcher.decodes.available_permits(), PARALLEL_DECODES);
}
