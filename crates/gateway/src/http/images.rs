//! The images of a request, before its turn is run.

use futures_util::{StreamExt, TryStreamExt, stream};

use super::App;
use crate::{
    openai::{ImagePart, error::ApiError},
    turn::{Content, Item},
};

/// How many images of one request are fetched and checked at the same time.
const PARALLEL: usize = 4;

/// Replaces each image's URL by its bytes as a data URL.
pub(super) async fn resolve(app: &App, items: &mut [Item], images: Vec<ImagePart>) -> Result<(), ApiError> {
    let mut urls = Vec::with_capacity(images.len());
    for image in images {
        if let Some(url) = image_url(items, &image) {
            urls.push((std::mem::take(url), image));
        }
    }
    let mut resolved = stream::iter(urls)
        .map(|(url, image)| async {
            match app.images.resolve(url).await {
                Ok(resolved) => Ok((resolved.into_data_url(), image)),
                Err(error) => {
                    let message = format!("`{}`: {error}", image.param);
                    Err(ApiError::invalid(image.param, error.code(), message))
                }
            }
        })
        .buffered(PARALLEL);
    let limit = app.settings.max_body_bytes;
    let mut left = limit;
    while let Some((data_url, image)) = resolved.try_next().await? {
        left = left.checked_sub(data_url.len()).ok_or_else(|| {
            let message =
                format!("The images of the request are larger than {limit} bytes together. Send fewer.");
            ApiError::invalid(&image.param, "image_file_too_large", message)
        })?;
        if let Some(url) = image_url(items, &image) {
            *url = data_url;
        }
    }
    Ok(())
}

fn image_url<'a>(items: &'a mut [Item], image: &ImagePart) -> Option<&'a mut String> {
    match items.get_mut(image.item)?.parts_mut().get_mut(image.part)? {
        Content::InputImage { image_url } => Some(image_url),
        Content::InputText { .. } | Content::OutputText { .. } => None,
    }
}
