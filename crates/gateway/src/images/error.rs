//! Why an image was refused, in words for the caller.

use super::MAX_FILE_BYTES;
use super::decode::{MAX_DECODED_BYTES, MAX_SIDE};
use super::fetch::MAX_REDIRECTS;

const MIB: usize = 1024 * 1024;

/// Why an image cannot be handed to Codex. All of them are the caller's to repair: HTTP status 400.
///
/// A message says what to do. It may name a host, but never holds the path, query or credentials of a URL, nor
/// the image's bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ImageError {
    /// Neither an absolute `http` or `https` URL nor a base64 data URL. The text says what is wrong.
    #[error(
        "Invalid image URL: {0}. Send an absolute http or https URL, or the image inline as \
         data:image/png;base64,…"
    )]
    InvalidUrl(&'static str),

    /// The payload of the data URL is not base64.
    #[error("The image's data URL holds invalid base64. Encode the file with the standard base64 alphabet.")]
    InvalidBase64,

    /// There are no bytes at all.
    #[error("The image is empty. Send a PNG, JPEG, GIF or WebP file.")]
    Empty,

    /// The file is larger than [`MAX_FILE_BYTES`].
    #[error("The image file is larger than {} MiB. Send a smaller one.", MAX_FILE_BYTES / MIB)]
    FileTooLarge,

    /// The picture is larger than `MAX_SIDE` or `MAX_DECODED_BYTES`.
    #[error(
        "The image has too many pixels: at most {MAX_SIDE} on a side and {} MiB when decoded are accepted. \
         Scale it down.",
        MAX_DECODED_BYTES / MIB as u64
    )]
    TooManyPixels,

    /// The bytes are of no known type, whatever was declared.
    #[error("The image is not a PNG, JPEG, GIF or WebP file. Convert it to one of these.")]
    UnknownType,

    /// The bytes begin like an image but do not decode to one.
    #[error("The image is damaged or incomplete: it could not be decoded. Send the whole file.")]
    Undecodable,

    /// The host has no address that the gateway may fetch from.
    #[error(
        "The image's host {host} is not on the public internet, so the gateway does not fetch from it. \
         Send the image inline as a data URL."
    )]
    AddressRefused {
        /// Host and, unless it is the usual one, port.
        host: String,
    },

    /// The download failed.
    #[error(
        "The image could not be downloaded from {host}: {failure}. Check the URL, or send the image inline."
    )]
    Download {
        /// Host and, unless it is the usual one, port: of the last redirect, or of the URL when time ran out.
        host: String,
        /// What went wrong.
        failure: DownloadFailure,
    },
}

impl ImageError {
    /// The `code` of the OpenAI error object: the API's own word where it has one.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::InvalidUrl(_) => "invalid_image_url",
            Self::InvalidBase64 => "invalid_base64_image",
            Self::Empty => "empty_image_file",
            Self::FileTooLarge => "image_file_too_large",
            Self::TooManyPixels => "image_too_large",
            Self::UnknownType => "unsupported_image_media_type",
            Self::Undecodable => "image_parse_error",
            Self::AddressRefused { .. } => "image_address_refused",
            Self::Download { .. } => "failed_to_download_image",
        }
    }
}

/// What ended a download.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DownloadFailure {
    /// An HTTP status other than 200, or than a redirect that can be followed.
    #[error("the server answered with status {0}")]
    Status(u16),

    /// The whole download, redirects included, took too long.
    #[error("it took too long")]
    Timeout,

    /// More than `MAX_REDIRECTS` redirects.
    #[error("it redirects more than {MAX_REDIRECTS} times")]
    TooManyRedirects,

    /// A redirect to something that would not have been accepted as the image's URL. The text says what is wrong.
    #[error("it redirects to an address that cannot be followed, because {0}")]
    BadRedirect(&'static str),

    /// No connection, or a broken one. The text is the innermost cause, such as `Connection refused`.
    #[error("{0}")]
    Connection(String),
}
