//! The download of a remote image: plain GET requests that carry nothing of the caller, to checked addresses only.

#[cfg(test)]
mod tests;

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::Resolve;
use reqwest::header::{ACCEPT, LOCATION};
use reqwest::{Client, Response, StatusCode, redirect};
use url::{Host, Url};

use super::dns::{AllRefused, PolicyResolver, SystemResolver};
use super::{AddressPolicy, DownloadFailure, ImageError, MAX_FILE_BYTES};

/// How many redirects a download follows.
pub(super) const MAX_REDIRECTS: usize = 5;

/// How long a download may take, from the first name lookup to the last byte.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The longest cause of a failure that a message shows, in characters.
const MAX_CAUSE: usize = 200;

const USER_AGENT: &str = concat!("codex-gateway/", env!("CARGO_PKG_VERSION"));

/// Servers that choose a format by this header must not choose one that nobody here can read, such as AVIF.
const ACCEPTED: &str = "image/png, image/jpeg, image/gif, image/webp, */*;q=0.1";

/// Everything that a test needs to be different.
pub(super) struct DownloaderConfig {
    pub(super) policy: AddressPolicy,
    pub(super) names: Arc<dyn Resolve>,
    pub(super) timeout: Duration,
}

impl DownloaderConfig {
    pub(super) fn new(policy: AddressPolicy) -> Self {
        Self { policy, names: Arc::new(SystemResolver), timeout: TIMEOUT }
    }
}

/// Downloads files from the addresses that its policy allows.
#[derive(Debug)]
pub(super) struct Downloader {
    /// A client, or why there is none: a system without root certificates. Inline images need no client.
    client: Result<Client, String>,
    policy: AddressPolicy,
    timeout: Duration,
}

impl Downloader {
    pub(super) fn new(config: DownloaderConfig) -> Self {
        let client = Client::builder()
            .user_agent(USER_AGENT)
            .dns_resolver(PolicyResolver { policy: config.policy.clone(), names: config.names })
            // A proxy would look the name up and connect in our place, unchecked.
            .no_proxy()
            // Each hop is checked here, like the first.
            .redirect(redirect::Policy::none())
            .referer(false)
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|error| cause(&error));
        Self { client, policy: config.policy, timeout: config.timeout }
    }

    /// The file behind an `http` or `https` URL. Any port will do; the bytes alone decide what the file is.
    pub(super) async fn download(&self, url: &str) -> Result<Vec<u8>, ImageError> {
        let url = Url::parse(url).map_err(|_| "it is not an absolute URL").and_then(fetchable);
        let url = url.map_err(ImageError::InvalidUrl)?;
        let host = authority(&url);
        match tokio::time::timeout(self.timeout, self.follow(url)).await {
            Ok(file) => file,
            Err(_) => Err(ImageError::Download { host, failure: DownloadFailure::Timeout }),
        }
    }

    async fn follow(&self, mut url: Url) -> Result<Vec<u8>, ImageError> {
        let mut redirects = 0;
        loop {
            let response = self.get(&url).await?;
            let failure = match next_hop(&url, &response) {
                Some(_) if redirects == MAX_REDIRECTS => DownloadFailure::TooManyRedirects,
                Some(Ok(next)) => {
                    redirects += 1;
                    url = next;
                    continue;
                }
                Some(Err(reason)) => DownloadFailure::BadRedirect(reason),
                None if response.status() == StatusCode::OK => return read_body(&url, response).await,
                None => DownloadFailure::Status(response.status().as_u16()),
            };
            return Err(ImageError::Download { host: authority(&url), failure });
        }
    }

    async fn get(&self, url: &Url) -> Result<Response, ImageError> {
        // The client connects to an address in the URL without asking the resolver, so it is checked here.
        if literal_address(url).is_some_and(|address| !self.policy.allows(address)) {
            return Err(ImageError::AddressRefused { host: authority(url) });
        }
        let client = self.client.as_ref().map_err(|cause| ImageError::Download {
            host: authority(url),
            failure: DownloadFailure::Connection(cause.clone()),
        })?;
        let request = client.get(url.clone()).header(ACCEPT, ACCEPTED);
        request.send().await.map_err(|error| broken(url, &error))
    }
}

async fn read_body(url: &Url, mut response: Response) -> Result<Vec<u8>, ImageError> {
    if response.content_length().is_some_and(|length| length > MAX_FILE_BYTES as u64) {
        return Err(ImageError::FileTooLarge);
    }
    let mut file = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(url, &error))? {
        if file.len() + chunk.len() > MAX_FILE_BYTES {
            return Err(ImageError::FileTooLarge);
        }
        file.extend_from_slice(&chunk);
    }
    Ok(file)
}

/// Where a redirect leads, or why it cannot be followed. `None` for any other response.
fn next_hop(from: &Url, response: &Response) -> Option<Result<Url, &'static str>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok();
    Some(match location {
        Some(location) => redirect_target(from, location),
        None => Err("it is not a URL"),
    })
}

fn redirect_target(from: &Url, location: &str) -> Result<Url, &'static str> {
    let to = from.join(location).map_err(|_| "it is not a URL").and_then(fetchable)?;
    // The sender of an https URL trusts that nobody on the way can exchange the picture.
    if from.scheme() == "https" && to.scheme() == "http" {
        return Err("it is not https, unlike the URL before it");
    }
    Ok(to)
}

/// Lets through what may be fetched as far as the URL alone can tell.
fn fetchable(url: Url) -> Result<Url, &'static str> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err("its scheme is not http or https");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user name or password");
    }
    Ok(url)
}

fn literal_address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

/// The part of a URL that a message may show: the host, and the port unless it is the usual one.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// An error of the HTTP client in our words. Its own would show the whole URL.
fn broken(url: &Url, error: &reqwest::Error) -> ImageError {
    let host = authority(url);
    if innermost(error).is::<AllRefused>() {
        return ImageError::AddressRefused { host };
    }
    ImageError::Download { host, failure: DownloadFailure::Connection(cause(error)) }
}

/// What the HTTP client met, without a URL.
fn cause(error: &reqwest::Error) -> String {
    match error.source() {
        // A cause can quote a certificate, whose length is the server's choice.
        Some(source) => innermost(source).to_string().chars().take(MAX_CAUSE).collect(),
        // Without one, the text is the client's own and holds the URL.
        None => "the request failed".to_owned(),
    }
}

fn innermost<'a>(mut error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    while let Some(source) = error.source() {
        error = source;
    }
    error
}
