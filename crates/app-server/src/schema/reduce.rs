//! From the schema of Codex's whole protocol to the part that is used.

use std::collections::{BTreeMap, btree_map::Entry};

use serde_json::{Map, Value};

use super::{Message, Reduced, SchemaError};
use crate::{event, notice, protocol};

/// The file that holds every definition.
pub(super) const BUNDLE: &str = "codex_app_server_protocol.schemas.json";

/// Codex writes draft 7. No keyword that it uses means something else in this one.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Keeps the used messages and all that they refer to. A method that is not there is left out, for the comparison to
/// find; only a schema of another make is an error.
pub(super) fn reduce(bundle: &Value, codex_version: String) -> Result<Reduced, SchemaError> {
    let bundle = Bundle::new(bundle)?;
    let (requests, notifications) = (bundle.union("ClientRequest")?, bundle.union("ServerNotification")?);
    let client_requests = protocol::METHODS.iter().filter_map(|&method| {
        let params = requests.get(method)?;
        Some((method.to_owned(), bundle.request(params)))
    });
    let notifications_read = event::METHODS.iter().chain(notice::METHODS);
    let server_notifications = notifications_read.filter_map(|&method| {
        let params = notifications.get(method).cloned().or_else(|| bundle.unlisted(method))?;
        Some((method.to_owned(), Message { params: clean(&params), response: None }))
    });
    let server_requests =
        bundle.union("ServerRequest")?.into_iter().map(|(method, params)| (method, bundle.request(&params)));
    let mut reduced = Reduced {
        dialect: DIALECT.to_owned(),
        codex_version,
        client_requests: client_requests.collect(),
        server_notifications: server_notifications.collect(),
        server_requests: server_requests.collect(),
        definitions: BTreeMap::new(),
    };
    reduced.definitions = bundle.closure(&reduced)?;
    Ok(reduced)
}

/// Every definition of Codex's protocol. Those of its second version, which is all but a few, have a table of their
/// own within the first.
struct Bundle<'a> {
    first: &'a Map<String, Value>,
    second: &'a Map<String, Value>,
}

impl<'a> Bundle<'a> {
    fn new(bundle: &'a Value) -> Result<Self, SchemaError> {
        let first = bundle.get("definitions").and_then(Value::as_object);
        let second = first.and_then(|first| first.get("v2")).and_then(Value::as_object);
        match (first, second) {
            (Some(first), Some(second)) => Ok(Self { first, second }),
            _ => Err(SchemaError::Form("has no `definitions` with a `v2` in it".to_owned())),
        }
    }

    /// A definition, cleaned. The few that both tables have must be the same.
    fn definition(&self, name: &str) -> Result<Value, SchemaError> {
        match (self.first.get(name).map(clean), self.second.get(name).map(clean)) {
            (Some(first), Some(second)) if first != second => {
                Err(SchemaError::Form(format!("has two definitions of `{name}`")))
            }
            (_, Some(definition)) | (Some(definition), None) => Ok(definition),
            (None, None) => Err(SchemaError::Form(format!("has no definition of `{name}`"))),
        }
    }

    /// The params of every message in one of the unions that list them, by method.
    fn union(&self, name: &str) -> Result<BTreeMap<String, Value>, SchemaError> {
        let messages = self.first.get(name).and_then(|union| union.get("oneOf")).and_then(Value::as_array);
        let messages = messages.ok_or_else(|| SchemaError::Form(format!("does not list `{name}`")))?;
        Ok(messages
            .iter()
            .filter_map(|message| {
                let method = message.pointer("/properties/method/enum/0")?.as_str()?;
                let params = message.pointer("/properties/params").unwrap_or(&Value::Bool(true));
                Some((method.to_owned(), params.clone()))
            })
            .collect())
    }

    /// A request with its response. The schema lists requests without their responses, whose types have the same name:
    /// `GetAccountParams` has its `GetAccountResponse`. A request without params has none that could be found.
    fn request(&self, params: &Value) -> Message {
        let params = clean(params);
        let mut names = Vec::new();
        references(&params, &mut names);
        let name = names.first().and_then(|name| name.strip_suffix("Params"));
        let response = name.and_then(|name| self.named(&format!("{name}Response")));
        Message { params, response }
    }

    /// The params of a notification that is sent, but not listed. Its type is named after its method:
    /// `rawResponseItem/completed` has a `RawResponseItemCompletedNotification`.
    fn unlisted(&self, method: &str) -> Option<Value> {
        let words = method.split('/').map(|word| match word.split_at_checked(1) {
            Some((first, rest)) => first.to_uppercase() + rest,
            None => String::new(),
        });
        self.named(&(words.collect::<String>() + "Notification"))
    }

    /// A reference to a definition, if there is one.
    fn named(&self, name: &str) -> Option<Value> {
        self.definition(name).ok()?;
        Some(Value::from_iter([("$ref", format!("#/$defs/{name}"))]))
    }

    /// Everything that the messages refer to, and what that refers to.
    fn closure(&self, reduced: &Reduced) -> Result<BTreeMap<String, Value>, SchemaError> {
        let messages = [&reduced.client_requests, &reduced.server_notifications, &reduced.server_requests];
        let mut wanted = Vec::new();
        for message in messages.into_iter().flat_map(BTreeMap::values) {
            references(&message.params, &mut wanted);
            message.response.iter().for_each(|response| references(response, &mut wanted));
        }
        let mut definitions = BTreeMap::new();
        while let Some(name) = wanted.pop() {
            if let Entry::Vacant(place) = definitions.entry(name) {
                let definition = self.definition(place.key())?;
                references(&definition, &mut wanted);
                place.insert(definition);
            }
        }
        Ok(definitions)
    }
}

/// The names that a cleaned schema refers to.
fn references(schema: &Value, names: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            let name =
                fields.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/$defs/"));
            names.extend(name.map(str::to_owned));
            fields.values().for_each(|schema| references(schema, names));
        }
        Value::Array(schemas) => schemas.iter().for_each(|schema| references(schema, names)),
        _ => {}
    }
}

/// The schema without what validates nothing, with references into one flat table, sorted.
fn clean(schema: &Value) -> Value {
    const PROSE: &[&str] = &["$comment", "$schema", "default", "description", "examples", "title"];
    let Value::Object(keywords) = schema else {
        return schema.clone();
    };
    let kept = keywords.iter().filter(|(keyword, _)| !PROSE.contains(&keyword.as_str()));
    sorted(kept.map(|(keyword, value)| {
        let value = match (keyword.as_str(), value) {
            ("$ref", Value::String(path)) => {
                format!("#/$defs/{}", path.rsplit('/').next().unwrap_or_default()).into()
            }
            // The names in here are no keywords: a field may well be called `description`.
            ("properties" | "patternProperties", Value::Object(fields)) => {
                sorted(fields.iter().map(|(name, schema)| (name.clone(), clean(schema))))
            }
            ("allOf" | "anyOf" | "oneOf" | "items", Value::Array(schemas)) => {
                schemas.iter().map(clean).collect()
            }
            ("additionalProperties" | "items" | "not", schema) => clean(schema),
            _ => value.clone(),
        };
        (keyword.clone(), value)
    }))
}

/// An object in alphabetical order, whatever order `serde_json` was built to keep.
fn sorted(fields: impl Iterator<Item = (String, Value)>) -> Value {
    Value::from_iter(fields.collect::<BTreeMap<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A small Codex with the forms of the real one.
    fn bundle() -> Value {
        let message = |method: &str, params: &str| {
            json!({
                "title": "A title",
                "properties": {"method": {"enum": [method]}, "params": {"$ref": format!("#/definitions/{params}")}},
            })
        };
        json!({"definitions": {
            "ClientRequest": {"oneOf": [message("turn/start", "v2/TurnStartParams"), message("x/y", "v2/XParams")]},
            "ServerNotification": {"oneOf": [message("error", "v2/ErrorNotification")]},
            "ServerRequest": {"oneOf": [message("some/new", "SomeNewParams")]},
            "SomeNewParams": {"type": "object"},
            "SomeNewResponse": {"type": "object"},
            "Both": {"type": "string", "title": "One of two"},
            "v2": {
                "TurnStartParams": {
                    "$schema": "http://json-schema.org/draft-07/schema#",
                    "description": "Prose.",
                    "type": "object",
                    "required": ["title"],
                    "properties": {
                        "title": {"type": "string", "default": "", "description": "A field called title."},
                        "more": {"items": {"$ref": "#/definitions/v2/Node", "description": "x"}, "type": "array"},
                        "default": {"enum": ["title", "description"]},
                    },
                },
                "TurnStartResponse": {"properties": {"both": {"$ref": "#/definitions/v2/Both"}}},
                "Node": {"properties": {"next": {"anyOf": [{"$ref": "#/definitions/v2/Node"}, {"type": "null"}]}}},
                "Both": {"type": "string"},
                "ErrorNotification": {"additionalProperties": {"title": "t", "type": "string"}},
                "RawResponseItemCompletedNotification": {"type": "object"},
                "XParams": {}, "XResponse": {},
            },
        }})
    }

    #[test]
    fn what_is_used_is_kept_with_all_that_it_refers_to_and_without_prose() {
        let reduced = reduce(&bundle(), "1.2.3".into()).unwrap();
        assert_eq!(
            serde_json::to_value(reduced).unwrap(),
            json!({
                "$schema": DIALECT,
                "codexVersion": "1.2.3",
                "clientRequests": {"turn/start": {
                    "params": {"$ref": "#/$defs/TurnStartParams"},
                    "response": {"$ref": "#/$defs/TurnStartResponse"},
                }},
                "serverNotifications": {
                    "error": {"params": {"$ref": "#/$defs/ErrorNotification"}},
                    "rawResponseItem/completed": {"params": {"$ref": "#/$defs/RawResponseItemCompletedNotification"}},
                },
                "serverRequests": {"some/new": {
                    "params": {"$ref": "#/$defs/SomeNewParams"},
                    "response": {"$ref": "#/$defs/SomeNewResponse"},
                }},
                "$defs": {
                    "Both": {"type": "string"},
                    "ErrorNotification": {"additionalProperties": {"type": "string"}},
                    "Node": {"properties": {"next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}}},
                    "RawResponseItemCompletedNotification": {"type": "object"},
                    "SomeNewParams": {"type": "object"},
                    "SomeNewResponse": {"type": "object"},
                    "TurnStartParams": {
                        "type": "object",
                        "required": ["title"],
                        "properties": {
                            "default": {"enum": ["title", "description"]},
                            "more": {"items": {"$ref": "#/$defs/Node"}, "type": "array"},
                            "title": {"type": "string"},
                        },
                    },
                    "TurnStartResponse": {"properties": {"both": {"$ref": "#/$defs/Both"}}},
                },
            }),
        );
    }

    #[test]
    fn the_text_is_sorted_and_is_read_back() {
        let reduced = reduce(&bundle(), "1.2.3".into()).unwrap();
        let text = reduced.to_json().unwrap();
        assert_eq!(Reduced::from_json(&text).unwrap(), reduced);
        let (default, more) = (text.find("\"default\"").unwrap(), text.find("\"more\"").unwrap());
        assert!(default < more && text.ends_with("}\n"));
    }

    #[test]
    fn another_form_is_an_error_that_says_what_is_missing() {
        let problem = |change: fn(&mut Value)| {
            let mut bundle = bundle();
            change(&mut bundle);
            reduce(&bundle, String::new()).unwrap_err().to_string()
        };
        assert!(problem(|bundle| *bundle = json!({})).contains("`v2`"));
        assert!(
            problem(|bundle| bundle["definitions"]["ServerRequest"] = json!({})).contains("`ServerRequest`")
        );
        assert!(
            problem(|bundle| bundle["definitions"]["Both"] = json!({})).contains("two definitions of `Both`")
        );
        let without_node = |bundle: &mut Value| {
            bundle["definitions"]["v2"].as_object_mut().unwrap().remove("Node");
        };
        assert!(problem(without_node).contains("no definition of `Node`"));
    }
}
