//! What the model says, item by item, and the events that tell it.

use std::collections::VecDeque;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::{
    Encrypted, ResponseObject, StoredItem, StoredResponse,
    item::{part, summary_part},
};
use crate::{
    openai::Delivery,
    turn::{Content, Item, Phase, Reasoning, Role, ToolCall},
};

/// An event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) kind: &'static str,
    /// Counts the events of a response from 0.
    pub(crate) sequence_number: u64,
    fields: Map<String, Value>,
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let head = [("type", json!(self.kind)), ("sequence_number", json!(self.sequence_number))];
        let fields = self.fields.iter().map(|(name, value)| (name.as_str(), value.clone()));
        serializer.collect_map(head.into_iter().chain(fields))
    }
}

/// The items so far, of which at most the last is still open.
#[derive(Debug)]
pub(super) struct Output {
    encrypted: Encrypted,
    items: Vec<StoredItem>,
    open: Option<Open>,
    delivery: Delivery,
    /// Those that were not taken yet; none where the answer is delivered whole.
    events: VecDeque<Event>,
    sequence_number: u64,
}

#[derive(Debug)]
struct Open {
    item: StoredItem,
    /// How many parts of a summary were begun.
    parts: usize,
}

impl Output {
    pub(super) fn new(encrypted: Encrypted, delivery: Delivery) -> Self {
        Self {
            encrypted,
            items: Vec::new(),
            open: None,
            delivery,
            events: VecDeque::new(),
            sequence_number: 0,
        }
    }

    pub(super) fn begin(&mut self, response: &ResponseObject) {
        self.response("response.created", response);
        self.response("response.in_progress", response);
    }

    /// Tells how the response stands, or how it ended.
    pub(super) fn response(&mut self, kind: &'static str, response: &ResponseObject) {
        self.event(kind, json!({ "response": response }));
    }

    pub(super) fn event(&mut self, kind: &'static str, fields: Value) {
        let (Delivery::Stream, Value::Object(fields)) = (self.delivery, fields) else { return };
        self.events.push_back(Event { kind, sequence_number: self.sequence_number, fields });
        self.sequence_number += 1;
    }

    pub(super) fn take_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The items that are whole.
    pub(super) fn items(&self) -> &[StoredItem] {
        &self.items
    }

    pub(super) fn to_json(&self) -> Vec<Value> {
        self.items.iter().map(|item| item.to_json(self.encrypted)).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty() && self.open.is_none()
    }

    pub(super) fn has_open_message(&self) -> bool {
        self.open.as_ref().is_some_and(|open| matches!(open.item.item, Item::Message { .. }))
    }

    /// Forgets the messages and calls: the answer starts over.
    pub(super) fn forget_answer(&mut self) {
        if !self.has_open_reasoning() {
            self.open = None;
        }
        self.items.retain(|item| matches!(item.item, Item::Reasoning(_)));
    }

    pub(super) fn begin_message(&mut self, phase: Option<Phase>) {
        let content = vec![Content::OutputText { text: String::new() }];
        self.open_message(StoredItem::new(Item::Message { role: Role::Assistant, content, phase }));
    }

    fn open_message(&mut self, item: StoredItem) {
        self.close();
        let mut begun = item.to_json(self.encrypted);
        begun["status"] = "in_progress".into();
        begun["content"] = json!([]);
        self.added(begun);
        let empty = Content::OutputText { text: String::new() };
        let place = self.place(&item.id, &[("content_index", json!(0)), ("part", part(&empty))]);
        self.event("response.content_part.added", place);
        self.open = Some(Open { item, parts: 0 });
    }

    /// More text of the open message.
    pub(super) fn text(&mut self, delta: &str) {
        let Some(Open { item: StoredItem { id, item: Item::Message { content, .. }, .. }, .. }) =
            &mut self.open
        else {
            return;
        };
        if let Some(Content::OutputText { text }) = content.first_mut() {
            text.push_str(delta);
        }
        let id = id.clone();
        self.tell_text(&id, delta);
    }

    fn tell_text(&mut self, id: &str, delta: &str) {
        let place =
            self.place(id, &[("content_index", json!(0)), ("delta", json!(delta)), ("logprobs", json!([]))]);
        self.event("response.output_text.delta", place);
    }

    /// More of the summary of an item of reasoning, which is ahead of the item.
    pub(super) fn summary(&mut self, number: usize, delta: &str) {
        if !self.has_open_reasoning() {
            self.open_reasoning(StoredItem::new(Item::Reasoning(Reasoning {
                summary: Vec::new(),
                encrypted_content: None,
            })));
        }
        let Some(Open { item: StoredItem { id, item: Item::Reasoning(reasoning), .. }, parts }) =
            &mut self.open
        else {
            return;
        };
        let (id, begun) = (id.clone(), *parts);
        *parts = begun.max(number + 1);
        let before = begun.checked_sub(1).map(|last| (last, reasoning.summary[last].clone()));
        reasoning.summary.resize(*parts, String::new());
        reasoning.summary[number].push_str(delta);
        if number >= begun {
            if let Some((last, text)) = before {
                self.end_summary_part(&id, last, &text);
            }
            let place = self.place(&id, &[("summary_index", json!(number)), ("part", summary_part(""))]);
            self.event("response.reasoning_summary_part.added", place);
        }
        let place = self.place(&id, &[("summary_index", json!(number)), ("delta", json!(delta))]);
        self.event("response.reasoning_summary_text.delta", place);
    }

    fn has_open_reasoning(&self) -> bool {
        self.open.as_ref().is_some_and(|open| matches!(open.item.item, Item::Reasoning(_)))
    }

    fn open_reasoning(&mut self, item: StoredItem) {
        self.close();
        let mut begun = item.to_json(self.encrypted);
        begun["summary"] = json!([]);
        self.added(begun);
        self.open = Some(Open { item, parts: 0 });
    }

    /// An item of reasoning is whole. What it says counts.
    pub(super) fn reasoning(&mut self, whole: Reasoning) {
        if !self.has_open_reasoning() {
            self.open_reasoning(StoredItem::new(Item::Reasoning(whole.clone())));
        }
        if let Some(Open { item, .. }) = &mut self.open {
            item.item = Item::Reasoning(whole);
        }
        self.close();
    }

    /// A call with its arguments, or with the first of them.
    pub(super) fn begin_call(&mut self, call: ToolCall) {
        let ToolCall { id: call_id, name, arguments } = call;
        self.open_call(StoredItem::new(Item::FunctionCall { call_id, name, arguments }));
    }

    fn open_call(&mut self, item: StoredItem) {
        let Item::FunctionCall { arguments, .. } = &item.item else { return };
        self.close();
        let mut begun = item.to_json(self.encrypted);
        begun["status"] = "in_progress".into();
        begun["arguments"] = "".into();
        self.added(begun);
        if !arguments.is_empty() {
            self.tell_arguments(&item.id, arguments);
        }
        self.open = Some(Open { item, parts: 0 });
    }

    /// More of the arguments of the open call.
    pub(super) fn arguments(&mut self, delta: &str) {
        let Some(Open { item: StoredItem { id, item: Item::FunctionCall { arguments, .. }, .. }, .. }) =
            &mut self.open
        else {
            return;
        };
        arguments.push_str(delta);
        let id = id.clone();
        self.tell_arguments(&id, delta);
    }

    fn tell_arguments(&mut self, id: &str, delta: &str) {
        let place = self.place(id, &[("delta", json!(delta))]);
        self.event("response.function_call_arguments.delta", place);
    }

    /// Ends the open item, if there is one.
    pub(super) fn close(&mut self) {
        let Some(Open { item, parts }) = self.open.take() else { return };
        match &item.item {
            Item::Message { content, .. } => {
                if let Some(content @ Content::OutputText { text }) = content.first() {
                    let at = ("content_index", json!(0));
                    let place =
                        self.place(&item.id, &[at.clone(), ("text", json!(text)), ("logprobs", json!([]))]);
                    self.event("response.output_text.done", place);
                    let place = self.place(&item.id, &[at, ("part", part(content))]);
                    self.event("response.content_part.done", place);
                }
            }
            Item::Reasoning(reasoning) => {
                if let Some(last) = parts.checked_sub(1) {
                    let text = reasoning.summary.get(last).map_or("", String::as_str);
                    self.end_summary_part(&item.id, last, text);
                }
            }
            Item::FunctionCall { name, arguments, .. } => {
                let place = self.place(&item.id, &[("name", json!(name)), ("arguments", json!(arguments))]);
                self.event("response.function_call_arguments.done", place);
            }
            Item::FunctionCallOutput { .. } => {}
        }
        self.done(item);
    }

    /// Keeps the open item as far as it came, and tells no more of it.
    pub(super) fn break_off(&mut self) {
        if let Some(Open { item, .. }) = self.open.take() {
            self.items.push(StoredItem { incomplete: true, ..item });
        }
    }

    /// Ends the open item in the middle.
    pub(super) fn cut(&mut self) {
        if let Some(open) = &mut self.open {
            open.item.incomplete = true;
        }
        self.close();
    }

    fn end_summary_part(&mut self, id: &str, number: usize, text: &str) {
        let at = ("summary_index", json!(number));
        let place = self.place(id, &[at.clone(), ("text", json!(text))]);
        self.event("response.reasoning_summary_text.done", place);
        let place = self.place(id, &[at, ("part", summary_part(text))]);
        self.event("response.reasoning_summary_part.done", place);
    }

    fn added(&mut self, item: Value) {
        self.event("response.output_item.added", json!({"output_index": self.items.len(), "item": item}));
    }

    fn done(&mut self, item: StoredItem) {
        let fields = json!({"output_index": self.items.len(), "item": item.to_json(self.encrypted)});
        self.event("response.output_item.done", fields);
        self.items.push(item);
    }

    /// The fields of an event within an item.
    fn place(&self, item_id: &str, fields: &[(&str, Value)]) -> Value {
        let mut place = json!({"item_id": item_id, "output_index": self.items.len()});
        for (name, value) in fields {
            place[*name] = value.clone();
        }
        place
    }
}

/// The events of a response that is over, each text in one delta.
pub(crate) fn replay(response: &StoredResponse, encrypted: Encrypted) -> VecDeque<Event> {
    let mut output = Output::new(encrypted, Delivery::Stream);
    output.begin(&response.object.begun());
    for stored in &response.output {
        match &stored.item {
            Item::Message { content, .. } => {
                output.open_message(stored.clone());
                for part in content {
                    if let Content::OutputText { text } = part {
                        output.tell_text(&stored.id, text);
                    }
                }
                output.close();
            }
            Item::Reasoning(reasoning) => {
                let empty = Reasoning { summary: Vec::new(), encrypted_content: None };
                output.open_reasoning(StoredItem { item: Item::Reasoning(empty), ..stored.clone() });
                for (number, text) in reasoning.summary.iter().enumerate() {
                    output.summary(number, text);
                }
                output.reasoning(reasoning.clone());
            }
            Item::FunctionCall { .. } => {
                output.open_call(stored.clone());
                output.close();
            }
            Item::FunctionCallOutput { .. } => {}
        }
    }
    let ended = match response.object.status() {
        "incomplete" => "response.incomplete",
        "failed" => "response.failed",
        _ => "response.completed",
    };
    let whole = response.object.clone().with_output(output.to_json());
    output.response(ended, &whole);
    output.events
}
