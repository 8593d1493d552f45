//! How much text an item holds, counted as it is read.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// The bytes of a text, or of the texts and images' URLs of a list of parts. Whatever else stands there counts nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size(pub(super) usize);

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    Text,
    ImageUrl,
    #[serde(other)]
    Other,
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Count)
    }
}

struct Count;

impl<'de> Visitor<'de> for Count {
    type Value = Size;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, text: &str) -> Result<Size, E> {
        Ok(Size(text.len()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Size, A::Error> {
        let mut sum = 0;
        while let Some(Size(bytes)) = parts.next_element()? {
            sum += bytes;
        }
        Ok(Size(sum))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut part: A) -> Result<Size, A::Error> {
        let mut sum = 0;
        while let Some(field) = part.next_key()? {
            match field {
                Field::Text | Field::ImageUrl => sum += part.next_value::<Size>()?.0,
                Field::Other => drop(part.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Size(sum))
    }

    fn visit_unit<E>(self) -> Result<Size, E> {
        Ok(Size(0))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Size, E> {
        Ok(Size(0))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Size, E> {
        Ok(Size(0))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Size, E> {
        Ok(Size(0))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Size, E> {
        Ok(Size(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_texts_and_urls_count() {
        for (json, bytes) in [
            (r#""\u00e9\n""#, 3),
            (
                r#"[{"type":"input_text","text":"12"},{"type":"input_image","image_url":"345","detail":"high"}]"#,
                5,
            ),
            (r#"["12", {"text": null, "image_url": 7}, [{"text": "3"}], true, -1, 1.5, null]"#, 3),
            ("null", 0),
            ("12", 0),
        ] {
            assert_eq!(serde_json::from_str::<Size>(json).unwrap().0, bytes, "{json}");
        }
    }
}
