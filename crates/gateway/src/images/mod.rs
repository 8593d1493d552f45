//! The image room: every picture in a request becomes an inline data URL that Codex can decode.
//!
//! Codex takes images only inline. It refuses `http` URLs, passes URLs of other schemes on unread, and when an
//! inline image does not decode, it tells the model so instead of the caller. So the gateway downloads remote
//! images itself and proves that each image decodes, with the same decoder as Codex, before it passes it on.
//!
//! The bytes of an accepted image are never changed. Only the text around them is made canonical, as Codex would
//! make it: the media type is the one that the bytes show, whatever the caller or a server declared, and the
//! base64 is padded and without white space. What Codex then does is out of the gateway's hands: a GIF reaches
//! the model as a PNG of its first frame, and a picture of more than 6,000 pixels on a side, or more than
//! 10,000 patches of 32 × 32 pixels, is scaled down to fit. Everything else arrives byte for byte.

mod address;
mod data_url;
mod decode;
mod dns;
mod error;
mod fetch;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use address::AddressPolicy;
pub(crate) use error::ImageError;

use std::fmt;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use error::DownloadFailure;
use fetch::{Downloader, DownloaderConfig};

/// The largest image file that is accepted, in bytes before base64.
const MAX_FILE_BYTES: usize = 20 * 1024 * 1024;

/// How many images are decoded at a time, because one of [`decode::MAX_DECODED_BYTES`] needs much memory.
const PARALLEL_DECODES: usize = 2;

/// An image that decodes, as the data URL to hand to Codex.
///
/// The URL has the form `data:image/png;base64,…`; the media type is one of `image/png`, `image/jpeg`,
/// `image/gif`, `image/webp` and true to the bytes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Image {
    data_url: String,
    media_type: &'static str,
}

impl Image {
    /// The inline data URL, without a copy: it may be 28 MB long.
    pub(crate) fn into_data_url(self) -> String {
        self.data_url
    }
}

/// Leaves the picture out, so that no log shows it.
impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Image")
            .field("media_type", &self.media_type)
            .field("data_url_length", &self.data_url.len())
            .finish()
    }
}

/// Turns the image URLs of a request into [`Image`]s.
///
/// Make one and clone it: the clones share the HTTP client and the bound on decoding.
#[derive(Debug, Clone)]
pub(crate) struct ImageFetcher {
    downloader: Arc<Downloader>,
    decodes: Arc<Semaphore>,
}

impl ImageFetcher {
    /// A fetcher that downloads from the addresses that `policy` allows.
    pub(crate) fn new(policy: AddressPolicy) -> Self {
        Self::with_config(DownloaderConfig::new(policy))
    }

    fn with_config(config: DownloaderConfig) -> Self {
        Self {
            downloader: Arc::new(Downloader::new(config)),
            decodes: Arc::new(Semaphore::new(PARALLEL_DECODES)),
        }
    }

    /// Reads the image behind `url`, a base64 data URL or an `http` or `https` URL, and proves that it decodes.
    ///
    /// Takes at most ten seconds for a download. Dropping the future ends the download; a decode that has begun
    /// runs to its end in the background and keeps its place in the bound.
    ///
    /// # Errors
    ///
    /// An [`ImageError`] tells what is wrong with the URL or the image, and what the caller can do.
    pub(crate) async fn resolve(&self, url: String) -> Result<Image, ImageError> {
        if data_url::is_data_url(&url) {
            self.decode(move || data_url::read(url)).await
        } else {
            let file = self.downloader.download(&url).await?;
            self.decode(move || data_url::write(&file)).await
        }
    }

    /// Runs `work`, which decodes one image, beside the asynchronous tasks rather than among them.
    async fn decode(
        &self,
        work: impl FnOnce() -> Result<Image, ImageError> + Send + 'static,
    ) -> Result<Image, ImageError> {
        // The semaphore is never closed, so there is always a permit to wait for.
        let permit = Arc::clone(&self.decodes).acquire_owned().await.ok();
        let decoded = spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        // A decoder that panics has met a file that it does not understand.
        decoded.await.unwrap_or(Err(ImageError::Undecodable))
    }
}
