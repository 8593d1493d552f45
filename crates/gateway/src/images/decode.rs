//! The proof that a file is an image: it is decoded in full, and the pixels are thrown away.
//!
//! Codex decodes with the `image` crate too, so what passes here passes there: also a JPEG that breaks off after
//! its first rows, and an animation whose later frames are damaged.

use std::io::Cursor;

use image::{ImageFormat, ImageReader, Limits};

use super::{ImageError, MAX_FILE_BYTES};

/// The longest side of an accepted picture, in pixels. Codex scales down to 6,000 anyway.
pub(super) const MAX_SIDE: u32 = 16_384;

/// The most memory that a decoded picture may take: a few kilobytes of PNG can unfold to gigabytes. This is enough
/// for 89 megapixels without transparency, 67 with it. While they work, decoders take up to three times as much.
pub(super) const MAX_DECODED_BYTES: u64 = 256 * 1024 * 1024;

/// The media type of `file`, after decoding its picture, or an animation's first.
pub(super) fn decode(file: &[u8]) -> Result<&'static str, ImageError> {
    if file.is_empty() {
        return Err(ImageError::Empty);
    }
    if file.len() > MAX_FILE_BYTES {
        return Err(ImageError::FileTooLarge);
    }
    let format = recognise(file).ok_or(ImageError::UnknownType)?;

    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits);
    match reader.decode() {
        Ok(_) => Ok(format.to_mime_type()),
        Err(image::ImageError::Limits(_)) => Err(ImageError::TooManyPixels),
        Err(_) => Err(ImageError::Undecodable),
    }
}

/// The format that the first bytes show, if it is one that models accept.
///
/// Other formats stay out even when some other crate's features compile a decoder for them into this program.
fn recognise(file: &[u8]) -> Option<ImageFormat> {
    let format = image::guess_format(file).ok()?;
    matches!(format, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Gif | ImageFormat::WebP)
        .then_some(format)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::samples;

    fn code(file: &[u8]) -> &'static str {
        decode(file).unwrap_or_else(|error| error.code())
    }

    #[test]
    fn every_kind_of_supported_file_decodes() {
        for (name, file, media_type) in [
            ("PNG", samples::png(7, 5), "image/png"),
            ("PNG of one pixel", samples::png(1, 1), "image/png"),
            ("PNG of 16 bits", samples::png_16_bit(7, 5), "image/png"),
            ("animated PNG", samples::apng(), "image/png"),
            ("JPEG", samples::jpeg(7, 5), "image/jpeg"),
            ("JPEG of one pixel", samples::jpeg(1, 1), "image/jpeg"),
            ("progressive JPEG", samples::progressive_jpeg(), "image/jpeg"),
            ("CMYK JPEG", samples::cmyk_jpeg(), "image/jpeg"),
            ("GIF", samples::gif(7, 5, 1), "image/gif"),
            ("animated GIF", samples::gif(7, 5, 3), "image/gif"),
            ("lossless WebP", samples::webp(7, 5), "image/webp"),
            ("lossy WebP", samples::lossy_webp(), "image/webp"),
            ("animated WebP", samples::animated_webp(), "image/webp"),
        ] {
            assert_eq!(decode(&file), Ok(media_type), "{name}");
            let trailing = [file.as_slice(), b"more"].concat();
            assert_eq!(decode(&trailing), Ok(media_type), "{name} with bytes after its end");
        }
    }

    #[test]
    fn files_cut_short_do_not_decode() {
        for (name, file) in [
            ("PNG", samples::png(40, 40)),
            ("progressive JPEG", samples::progressive_jpeg()),
            ("JPEG", samples::jpeg(40, 40)),
            ("GIF", samples::gif(40, 40, 1)),
            ("lossless WebP", samples::webp(40, 40)),
            ("lossy WebP", samples::lossy_webp()),
        ] {
            assert_eq!(code(&file[..40]), "image_parse_error", "{name}");
        }
        for (name, file) in [
            ("PNG", samples::png(40, 40)),
            ("GIF", samples::gif(40, 40, 1)),
            ("lossless WebP", samples::webp(40, 40)),
            ("lossy WebP", samples::lossy_webp()),
        ] {
            assert_eq!(code(&file[..file.len() / 2]), "image_parse_error", "half a {name}");
        }
        let mut flipped = samples::png(40, 40);
        flipped[60] ^= 0xff;
        assert_eq!(code(&flipped), "image_parse_error", "PNG with a wrong checksum");
    }

    /// Codex takes these, and so do browsers: what is there of the picture is shown.
    #[test]
    fn what_codex_forgives_is_forgiven() {
        let jpeg = samples::jpeg(40, 40);
        assert_eq!(code(&jpeg[..jpeg.len() - 20]), "image/jpeg", "JPEG without its end");
        let gif = samples::gif(40, 40, 2);
        assert_eq!(code(&gif[..gif.len() - 20]), "image/gif", "GIF with a damaged second frame");
        let apng = samples::apng();
        assert_eq!(code(&apng[..apng.len() - 50]), "image/png", "animated PNG with a damaged second frame");
    }

    #[test]
    fn other_files_are_refused_by_their_bytes() {
        for (name, file, expected) in [
            ("nothing", Vec::new(), "empty_image_file"),
            ("text", b"hello world".to_vec(), "unsupported_image_media_type"),
            ("a web page", b"<!doctype html><title>404</title>".to_vec(), "unsupported_image_media_type"),
            ("SVG", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), "unsupported_image_media_type"),
            ("BMP", samples::bmp(), "unsupported_image_media_type"),
            ("AVIF", b"\0\0\0\x1cftypavif\0\0\0\0avifmif1".to_vec(), "unsupported_image_media_type"),
            ("PDF", b"%PDF-1.7".to_vec(), "unsupported_image_media_type"),
            ("a PNG signature", b"\x89PNG\r\n\x1a\n".to_vec(), "image_parse_error"),
            ("a JPEG signature", b"\xff\xd8\xff\xe0".to_vec(), "image_parse_error"),
            ("a GIF signature", b"GIF89a".to_vec(), "image_parse_error"),
            ("a WebP signature", b"RIFF\0\0\0\0WEBP".to_vec(), "image_parse_error"),
        ] {
            assert_eq!(code(&file), expected, "{name}");
        }
    }

    #[test]
    fn a_decompression_bomb_is_refused_by_its_header() {
        let wide = samples::png_bomb(MAX_SIDE + 1, 1);
        let high = samples::png_bomb(1, MAX_SIDE + 1);
        assert_eq!(decode(&wide), Err(ImageError::TooManyPixels));
        assert_eq!(decode(&high), Err(ImageError::TooManyPixels));
        assert_eq!(decode(&samples::png_bomb(MAX_SIDE, 1)), Ok("image/png"));

        // 16,384 × 16,384 pixels of four bytes are 1 GiB: the sides pass, the memory does not.
        let mut heavy = samples::png(1, 1);
        heavy[16..24].copy_from_slice(&[0, 0, 0x40, 0, 0, 0, 0x40, 0]);
        let checksum = samples::crc32(&heavy[12..29]);
        heavy[29..33].copy_from_slice(&checksum.to_be_bytes());
        assert_eq!(decode(&heavy), Err(ImageError::TooManyPixels));
    }
}
