//! Lists of items, page by page.

use serde::Serialize;
use serde_json::Value;

use super::{StoredItem, item::Encrypted};
use crate::openai::error::ApiError;

/// Which page of a list is wanted.
#[derive(Debug)]
pub(crate) struct Page {
    /// The id of the item that the page comes after, in the order that is asked for.
    pub(crate) after: Option<String>,
    /// How many items at most.
    pub(crate) limit: usize,
    pub(crate) order: Order,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Asc,
    /// The newest first.
    Desc,
}

impl Default for Page {
    fn default() -> Self {
        Self { after: None, limit: 20, order: Order::Desc }
    }
}

/// A page as OpenAI's reference has it.
#[derive(Debug, Serialize)]
pub(crate) struct ItemList {
    object: &'static str,
    data: Vec<Value>,
    first_id: Option<String>,
    last_id: Option<String>,
    has_more: bool,
}

impl Page {
    /// The items of the page; `items` are all of them, the oldest first.
    pub(crate) fn of(&self, items: &[StoredItem], encrypted: Encrypted) -> Result<ItemList, ApiError> {
        let mut ordered: Vec<&StoredItem> = items.iter().collect();
        if self.order == Order::Desc {
            ordered.reverse();
        }
        let begin = match &self.after {
            None => 0,
            Some(after) => match ordered.iter().position(|item| item.id == *after) {
                Some(index) => index + 1,
                None => {
                    let message = format!("`after` is `{after}`, but the list has no such item.");
                    return Err(ApiError::invalid("after", "invalid_value", message));
                }
            },
        };
        let rest = ordered.split_off(begin);
        let page = rest.get(..self.limit).unwrap_or(&rest);
        Ok(ItemList {
            object: "list",
            data: page.iter().map(|item| item.to_json(encrypted)).collect(),
            first_id: page.first().map(|item| item.id.clone()),
            last_id: page.last().map(|item| item.id.clone()),
            has_more: rest.len() > page.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::{Content, Item, Role};

    fn items(count: usize) -> Vec<StoredItem> {
        let item = |number: usize| StoredItem {
            id: format!("msg_{number}"),
            ..StoredItem::new(Item::message(Role::User, vec![Content::InputText { text: "x".into() }]))
        };
        (0..count).map(item).collect()
    }

    fn ids(page: &Page, items: &[StoredItem]) -> (Vec<String>, bool) {
        let list = page.of(items, Encrypted::default()).unwrap();
        let ids: Vec<_> = list.data.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!((list.first_id.as_ref(), list.last_id.as_ref()), (ids.first(), ids.last()));
        (ids, list.has_more)
    }

    #[test]
    fn pages_follow_one_another_in_either_order() {
        let items = items(5);
        let page = |after: Option<&str>, order| Page { after: after.map(str::to_owned), limit: 2, order };
        let expected = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(ids(&page(None, Order::Desc), &items), (expected(&["msg_4", "msg_3"]), true));
        assert_eq!(ids(&page(Some("msg_3"), Order::Desc), &items), (expected(&["msg_2", "msg_1"]), true));
        assert_eq!(ids(&page(Some("msg_1"), Order::Desc), &items), (expected(&["msg_0"]), false));
        assert_eq!(ids(&page(Some("msg_0"), Order::Asc), &items), (expected(&["msg_1", "msg_2"]), true));
        assert_eq!(ids(&page(Some("msg_4"), Order::Asc), &items), (vec![], false));
    }

    #[test]
    fn a_page_after_what_is_not_there_is_refused() {
        let page = Page { after: Some("msg_9".into()), ..Page::default() };
        let error = page.of(&items(1), Encrypted::default()).unwrap_err();
        assert_eq!(error.body.param.as_deref(), Some("after"));
    }
}
