//! Data URLs: `data:[<media type>][;<parameter>]…;base64,<payload>`.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Image, ImageError, MAX_FILE_BYTES, decode};

const SCHEME: &str = "data:";

/// The longest payload that may decode to an acceptable file.
const MAX_PAYLOAD: usize = MAX_FILE_BYTES.div_ceil(3) * 4;

/// Reads what the web's base64 rules allow and Codex does not: missing padding, and stray bits at the end.
const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Whether `url` has the scheme `data`, in any case.
pub(super) fn is_data_url(url: &str) -> bool {
    let url = url.trim_ascii_start();
    url.get(..SCHEME.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
}

/// The image in a data URL. Decodes it, so this takes its time.
///
/// The payload is kept as sent when it is strict base64, as nearly every one is, and is written anew otherwise.
/// The declared media type and its parameters give way to the type that the bytes show.
pub(super) fn read(mut url: String) -> Result<Image, ImageError> {
    let start = payload_start(&url)?;
    let payload = &url[start..];
    let length = payload.bytes().filter(|byte| !byte.is_ascii_whitespace()).count();
    if length > MAX_PAYLOAD {
        return Err(ImageError::FileTooLarge);
    }
    match STANDARD.decode(payload) {
        Ok(file) => {
            let media_type = decode::decode(&file)?;
            url.replace_range(..start, &head(media_type));
            Ok(Image { data_url: url, media_type })
        }
        Err(_) => {
            let compact: Vec<u8> = payload.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
            write(&FORGIVING.decode(compact).map_err(|_| ImageError::InvalidBase64)?)
        }
    }
}

/// The image in `file`, as a data URL. Decodes it, so this takes its time.
pub(super) fn write(file: &[u8]) -> Result<Image, ImageError> {
    let media_type = decode::decode(file)?;
    let mut data_url = head(media_type);
    STANDARD.encode_string(file, &mut data_url);
    Ok(Image { data_url, media_type })
}

fn head(media_type: &str) -> String {
    format!("{SCHEME}{media_type};base64,")
}

/// Where the payload of a base64 data URL begins.
fn payload_start(url: &str) -> Result<usize, ImageError> {
    let comma = url.find(',').ok_or(ImageError::InvalidUrl("the data URL has no comma before its data"))?;
    let mut parameters = url[..comma].split(';').skip(1);
    if parameters.any(|parameter| parameter.trim_ascii().eq_ignore_ascii_case("base64")) {
        Ok(comma + 1)
    } else {
        Err(ImageError::InvalidUrl("the data URL is not declared as ;base64"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::samples;

    /// A PNG whose base64 ends in two padding characters, so that it can be sent without them.
    fn padded_png() -> (Vec<u8>, String) {
        let mut file = samples::png(3, 2);
        while file.len() % 3 != 1 {
            file.push(0);
        }
        let payload = STANDARD.encode(&file);
        assert!(payload.ends_with("=="));
        (file, payload)
    }

    #[test]
    fn a_canonical_url_comes_back_as_sent() {
        for (file, media_type) in [
            (samples::png(3, 2), "image/png"),
            (samples::jpeg(3, 2), "image/jpeg"),
            (samples::gif(3, 2, 1), "image/gif"),
            (samples::webp(3, 2), "image/webp"),
        ] {
            let url = format!("data:{media_type};base64,{}", STANDARD.encode(&file));
            let image = read(url.clone()).expect(media_type);
            assert_eq!(image, Image { data_url: url.clone(), media_type });
            assert_eq!(write(&file).expect(media_type).data_url, url);
        }
    }

    #[test]
    fn the_head_is_made_canonical_and_the_payload_kept() {
        let (_, payload) = padded_png();
        let canonical = format!("data:image/png;base64,{payload}");
        for head in [
            "data:image/jpeg;base64,",
            "data:image/jpg;base64,",
            "data:text/plain;base64,",
            "data:application/octet-stream;base64,",
            "data:;base64,",
            "DATA:IMAGE/PNG;BASE64,",
            "data:image/png;charset=utf-8;base64,",
            "data:image/png;base64;charset=utf-8,",
            "data:image/png; base64,",
            " \ndata:image/png;base64,",
        ] {
            let url = format!("{head}{payload}");
            assert!(is_data_url(&url), "{head}");
            assert_eq!(read(url).expect(head).data_url, canonical, "{head}");
        }
    }

    #[test]
    fn loose_base64_is_written_anew() {
        let (file, payload) = padded_png();
        let bare = payload.trim_end_matches('=');
        // The last symbol before the padding carries four bits that mean nothing. Zero is the canonical value.
        let (symbols, last) = bare.split_at(bare.len() - 1);
        let stray = format!("{symbols}{}==", if last == "A" { "B" } else { "h" });
        assert!(last == "A" || last == "g", "the sample's last byte is zero or ends in two bits: {last}");
        for loose in [
            bare.to_owned(),
            format!("{bare}="),
            format!("{payload}\n"),
            format!(" {payload}"),
            format!("{}\r\n{}", &payload[..40], &payload[40..]),
            stray,
        ] {
            assert!(STANDARD.decode(&loose).is_err(), "strict base64 would be kept: {loose}");
            let image = read(format!("data:image/png;base64,{loose}")).expect(&loose);
            assert_eq!(image.data_url.as_str(), format!("data:image/png;base64,{payload}"));
            assert_eq!(STANDARD.decode(&image.data_url[22..]).expect("strict base64"), file);
        }
    }

    #[test]
    fn what_is_no_base64_data_url_is_refused() {
        let payload = STANDARD.encode(samples::png(3, 2));
        let url_safe = format!("data:image/png;base64,{}-_", &payload[..40]);
        for (url, code) in [
            ("data:", "invalid_image_url"),
            ("data:image/png;base64", "invalid_image_url"),
            ("data:image/png,abc", "invalid_image_url"),
            ("data:base64,abcd", "invalid_image_url"),
            ("data:image/svg+xml;utf8,<svg/>", "invalid_image_url"),
            ("data:image/png;base64,", "empty_image_file"),
            ("data:image/png;base64,  ", "empty_image_file"),
            ("data:image/png;base64,A", "invalid_base64_image"),
            ("data:image/png;base64,AA%3D%3D", "invalid_base64_image"),
            ("data:image/png;base64,é", "invalid_base64_image"),
            (url_safe.as_str(), "invalid_base64_image"),
            ("data:image/png;base64,aGVsbG8=", "unsupported_image_media_type"),
            ("data:image/png;base64,iVBORw0KGgo=", "image_parse_error"),
        ] {
            assert!(is_data_url(url), "{url}");
            assert_eq!(read(url.to_owned()).expect_err(url).code(), code, "{url}");
        }
    }

    #[test]
    fn other_urls_are_no_data_urls() {
        for url in
            ["", "data", "dat", "é", "datä:", "database:x", "https://example.com/data:x", "data;base64,AA"]
        {
            assert!(!is_data_url(url), "{url}");
        }
    }

    #[test]
    fn the_size_limit_holds_to_the_byte() {
        let mut file = samples::png(3, 2);
        file.resize(MAX_FILE_BYTES, 0);
        let url = write(&file).expect("20 MiB").into_data_url();
        assert_eq!(read(url.clone()).expect("20 MiB").into_data_url(), url);

        file.push(0);
        assert_eq!(write(&file), Err(ImageError::FileTooLarge));
        let url = format!("data:image/png;base64,{}", STANDARD.encode(&file));
        assert_eq!(read(url), Err(ImageError::FileTooLarge));
        let url = format!("data:image/png;base64,{}", "!".repeat(MAX_PAYLOAD + 1));
        assert_eq!(read(url), Err(ImageError::FileTooLarge), "before anything is decoded");
    }
}

#[cfg(test)]
mod properties {
    use super::{super::samples, *};
    use proptest::{prelude::*, sample::Index};

    proptest! {
        #![proptest_config(crate::properties::config())]

        #[test]
        fn any_data_url_is_an_image_or_an_error(
            head in "data:[a-z/;=,+]{0,20}(;base64)?,", payload in "[A-Za-z0-9+/= ]{0,60}"
        ) {
            prop_assert!(read(head + &payload).is_err());
        }

        #[test]
        fn a_damaged_image_is_an_image_or_an_error(
            changes in prop::collection::vec((any::<Index>(), any::<u8>()), 0..6), end in any::<Index>()
        ) {
            let mut file = samples::png(3, 2);
            for (at, byte) in changes {
                let at = at.index(file.len());
                file[at] = byte;
            }
            file.truncate(end.index(file.len()) + 1);
            if let Ok(image) = write(&file) {
                prop_assert!(read(image.data_url).is_ok());
            }
        }
    }
}
