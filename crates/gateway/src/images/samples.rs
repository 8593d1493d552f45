//! Small files for the tests. Those that the `image` crate cannot write are kept as base64.

use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame, ImageFormat, Rgba, RgbaImage};

/// No two pixels in a row are equal, so that a file cannot be cut short without a trace.
fn picture(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| {
        Rgba([(x * 37 + y * 11) as u8, (x * y) as u8, (y * 53) as u8, 255])
    })
}

fn encode(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).expect("a sample encodes");
    file.into_inner()
}

pub(super) fn png(width: u32, height: u32) -> Vec<u8> {
    encode(&picture(width, height).into(), ImageFormat::Png)
}

pub(super) fn png_16_bit(width: u32, height: u32) -> Vec<u8> {
    let picture = DynamicImage::from(picture(width, height)).to_rgb16();
    encode(&picture.into(), ImageFormat::Png)
}

/// One colour throughout: a few kilobytes for any number of pixels.
pub(super) fn png_bomb(width: u32, height: u32) -> Vec<u8> {
    encode(&image::GrayImage::new(width, height).into(), ImageFormat::Png)
}

pub(super) fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let picture = DynamicImage::from(picture(width, height)).to_rgb8();
    encode(&picture.into(), ImageFormat::Jpeg)
}

pub(super) fn gif(width: u32, height: u32, frames: usize) -> Vec<u8> {
    let mut file = Vec::new();
    GifEncoder::new(&mut file)
        .encode_frames((0..frames).map(|_| Frame::new(picture(width, height))))
        .expect("a sample encodes");
    file
}

/// Lossless.
pub(super) fn webp(width: u32, height: u32) -> Vec<u8> {
    encode(&picture(width, height).into(), ImageFormat::WebP)
}

pub(super) fn bmp() -> Vec<u8> {
    [b"BM".as_slice(), &[0; 60]].concat()
}

/// The checksum of a PNG chunk, over its type and data.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}

fn fixture(base64: &str) -> Vec<u8> {
    STANDARD.decode(base64).expect("a sample is base64")
}

pub(super) fn progressive_jpeg() -> Vec<u8> {
    fixture(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4\
         UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2Nj\
         Y2NjY2NjY2NjY2NjY2NjY2NjY2P/wgARCAAQABADASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAQD/xAAUAQEA\
         AAAAAAAAAAAAAAAAAAAA/9oADAMBAAIQAxAAAAEYP//EABkQAQACAwAAAAAAAAAAAAAAAAECIiMxMv/aAAgBAQABBQKO\
         IKD07//EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQMBAT8Bf//EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQIBAT8B\
         f//EABwQAAICAgMAAAAAAAAAAAAAAAABAjERURITIf/aAAgBAQAGPwLEL2PHs9nCFo64WrZ//8QAGxAAAgIDAQAAAAAA\
         AAAAAAAAAAEhQRFRcZH/2gAIAQEAAT8hwwCp0Or0lpkTegb0eIIo/9oADAMBAAIAAwAAABBj/8QAGREAAwEBAQAAAAAA\
         AAAAAAAAASFBYVHh/9oACAEDAQE/EFIhppOc9f8A/8QAGREBAAIDAAAAAAAAAAAAAAAAASHwAFGB/9oACAECAQE/EGe2\
         hO3P/8QAHhABAAICAgMBAAAAAAAAAAAAARExQWEAUSFxgcH/2gAIAQEAAT8QQHj5IkIUbz84xuZFEsq2z+z1yODQ9PIb\
         xqO6MRZTALIbxr3X/9k=",
    )
}

pub(super) fn cmyk_jpeg() -> Vec<u8> {
    fixture(
        "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAQCwwODAoQDg0OEhEQExgoGhgWFhgxIyUdKDozPTw5Mzg3QEhcTkBEV0U3OFBt\
         UVdfYmdoZz5NcXlwZHhcZWdj/8AAFAgAEAAQBEMRAE0RAFkRAEsRAP/EABcAAQEBAQAAAAAAAAAAAAAAAAACAwH/xAAv\
         EAABAwIEBAMIAwAAAAAAAAABAgMRBCEABRIxIjJBURMUFSU0QkNSYXHhYoGR/9oADgRDAE0AWQBLAAA/AOZgXM8zcUiF\
         Q2ON5WoApbBEkfe8C257Yp5PqLKq/NXHG6ZV2mkqhTg7nsk/6Zm1ppSl1D4VWBVdVqAUKVF0NHVuogwegM8Ik774OLFY\
         kuqKqsTPmKlRbZEE7JHNtBHFcdJwrz6rmjOXMjw2Bz6BAbbTvEAgWsOkkYzcbcrdFRWp8vlqUAttpISXR0AA5U23taI3\
         kSrSXqZFSrx6gwG6FqA2iJ4VdCAI7AQdxgUIqEoWhSn2mxCXHj4VOIJjSkXMadMcQ7gYUavTciVUuGH62HDfZHwDeNiT\
         05oO2CV+b9p5r7vzMsK+Z2UofT2HX8by3KKVst6aKhUAVOqI8Z9N7/swAFSARbErDdQlLzydaOY1NYTpUCBOlvYiCSJE\
         fywo0Jy7K1V7qpqaxAUJA4G9wAfvYn+rWxolfm/aea+78zLCvmdlKH09h1/G+jcopWy3poqFQBU6ojxn03v+zAAVIBFs\
         UpCH1CpeUpbZAPj1p4Da5Q38UhUiZFt5x//Z",
    )
}

pub(super) fn animated_webp() -> Vec<u8> {
    fixture(
        "UklGRpQBAABXRUJQVlA4WAoAAAACAAAABwAABwAAQU5JTQYAAAAAAAAAAABBTk1GrAAAAAAAAAAAAAcAAAcAAAAAAAJW\
         UDgglAAAAFABAJ0BKggACAACwEwlsAAFjAAAzP/+47wWSGfLS1eg/+c4nyd//5/+62+N+//JU5gyVA82//g0t18Dn/+D\
         S3Xw2jHaz/dV3s/39bN6hvkmuL3ey+tSzoP5nWPJ+97rLoP5nWPJ+976giY+h+5U+b4D9G9/oasNP3/mNYzvusLz2EJ/\
         KOc4/ycmVqvVDff/5N9DgABBTk1GtAAAAAAAAAAAAAcAAAcAAAAAAABWUDggnAAAAFQBAJ0BKggACAAAAEwlsAAE/YAA\
         /s3u7Hqh/39LH/v/9gHzfzGsj4e193//81MdL1FVRcv0vd/pb4Sf/9sffC53n/Zm/2Ycp0DNP4uDve/gyfJw+xhYf3v4\
         1f/vHB8z+NX/7yfAO7R+ut/xWlNrzX8M3/jBwCACta2c/zKvnATK1XqhXv1MOROg9qP79gDAqPsudR0k57X5jiAAAA==",
    )
}

pub(super) fn lossy_webp() -> Vec<u8> {
    fixture(
        "UklGRm4AAABXRUJQVlA4IGIAAAAQAgCdASoIAAgAAsBMJbACdDKSQVzU/vOAAP7CrRrsiaannNfbG3DkjTWV/SVTEq8L\
         T9QyMWF+PEbhK7FLuU5IGPv0b3BMhv+/8wRfl3n5YQmGxlo/k5B1/Py/f/5N9DgAAA==",
    )
}

pub(super) fn apng() -> Vec<u8> {
    fixture(
        "iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAYAAACp8Z5+AAAACGFjVEwAAAACAAAAAPONk3AAAAAaZmNUTAAAAAAAAAAE\
         AAAABAAAAAAAAAAAAAAAAQAAZkfFsAAAABxJREFUeJxjZGBgYJBHAiyCSsYugvLy8jBMWAAA7ZQHXk/lhNoAAAAaZmNU\
         TAAAAAEAAAAEAAAABAAAAAAAAAAAAAAAAQAA/TQvZAAAACRmZEFUAAAAAnicY4yKioqSRwIsgkrGLoLy8vIwjFMAKmgs\
         DwBLNAj/6nrVPAAAAABJRU5ErkJggg==",
    )
}
