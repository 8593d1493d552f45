//! What differs between two Codexes, as far as it can hurt.
//!
//! The examples of [`super::examples`] say which fields are sent and read. Each is walked through both schemas at once.
//! A schema that grew is no difference: what is new is not sent, and skipped where it is read. A field that is read and
//! may be missing now is one, even if its reader could do without.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{
    Change, Difference, Part, Reduced,
    examples::{Example, examples},
    forms::{Definitions, Form, types},
};

/// Compares the Codex that the gateway was built for with the one that is installed.
pub fn compare(built: &Reduced, installed: &Reduced) -> Vec<Difference> {
    let mut differences = Vec::new();
    for Example { part, method, value } in examples() {
        let mut walk = Walk {
            built: Definitions(&built.definitions),
            installed: Definitions(&installed.definitions),
            is_sent: matches!(part, Part::Params | Part::Answer),
            changes: Vec::new(),
        };
        match (part.schema(built, method), part.schema(installed, method)) {
            (from, Some(to)) => {
                let from = from.map(|from| walk.built.forms(from)).unwrap_or_default();
                walk.value(&value, &from, &walk.installed.forms(to), "");
            }
            // What is never asked need not be answered, and what can't be asked is said once.
            (_, None) if part == Part::Answer => {}
            (_, None) if part == Part::Response && !installed.client_requests.contains_key(method) => {}
            (_, None) => walk.changes.push(Change::Missing),
        }
        for change in walk.changes {
            let difference = Difference { method: method.to_owned(), part, change };
            if !differences.contains(&difference) {
                differences.push(difference);
            }
        }
    }
    differences
}

impl Part {
    /// The schema of this part of a method's messages.
    pub(super) fn schema<'a>(self, reduced: &'a Reduced, method: &str) -> Option<&'a Value> {
        let messages = match self {
            Self::Params | Self::Response => &reduced.client_requests,
            Self::Notification => &reduced.server_notifications,
            Self::Answer => &reduced.server_requests,
        };
        let message = messages.get(method)?;
        match self {
            Self::Params | Self::Notification => Some(&message.params),
            Self::Response | Self::Answer => message.response.as_ref(),
        }
    }
}

/// A walk through two schemas, along one example.
struct Walk<'a> {
    built: Definitions<'a>,
    installed: Definitions<'a>,
    is_sent: bool,
    changes: Vec<Change>,
}

impl<'a> Walk<'a> {
    /// Looks at one value: `built` and `installed` are the forms that it has in each schema.
    fn value(&mut self, example: &Value, built: &[Form<'a>], installed: &[Form<'a>], path: &str) {
        let from = self.built.fitting(built, example);
        let to = self.installed.fitting(installed, example);
        let (old, new) = (types(built), types(installed));
        // What is sent must fit one form; what is read may come in any.
        if !new.is_subset(&old) && (to.is_empty() || !self.is_sent) {
            let listed = |types: BTreeSet<&str>| Vec::from_iter(types).join(" or ");
            let (built, installed) = (listed(old), listed(new));
            self.changes.push(Change::Type { field: path.to_owned(), built, installed });
        } else if to.is_empty() {
            self.changes.push(Change::Value { field: path.to_owned(), value: example.to_string() });
        }
        match example {
            Value::Object(fields) => self.object(fields, &from, &to, path),
            Value::Array(values) => {
                let (from, to) = (self.built.of_elements(&from), self.installed.of_elements(&to));
                if !to.is_empty() {
                    values.iter().for_each(|value| self.value(value, &from, &to, &format!("{path}[]")));
                }
            }
            _ => {}
        }
    }

    fn object(&mut self, fields: &Map<String, Value>, from: &[Form<'a>], to: &[Form<'a>], path: &str) {
        let mut is_known = true;
        for (name, value) in fields {
            let path = join(path, name);
            let (old, new) = (self.built.of_field(from, name), self.installed.of_field(to, name));
            if !new.is_empty() {
                if !self.is_sent && is_required(from, name) && !is_required(to, name) {
                    self.changes.push(Change::Optional { field: path.clone() });
                }
                self.value(value, &old, &new, &path);
            } else if !to.is_empty() && !to.iter().any(Form::is_open) {
                self.changes.push(Change::Gone { field: path });
                is_known = false;
            }
        }
        // An object with an unknown field is of no form, and so lacks nothing of any.
        if self.is_sent && is_known {
            let missing = |form: &Form<'a>| -> Vec<&str> {
                form.required().into_iter().filter(|name| !fields.contains_key(*name)).collect()
            };
            let least = to.iter().map(missing).min_by_key(Vec::len).unwrap_or_default();
            self.changes.extend(least.into_iter().map(|name| Change::Required { field: join(path, name) }));
        }
    }
}

/// Whether a field must be there, in whatever form the object comes.
fn is_required(forms: &[Form<'_>], name: &str) -> bool {
    !forms.is_empty() && forms.iter().all(|form| form.required().contains(name))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::GENERATED;
    use serde_json::json;

    fn built() -> Reduced {
        Reduced::from_json(GENERATED).unwrap()
    }

    /// What is said of a Codex whose definition `name` is changed.
    fn after(name: &str, change: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut installed = built();
        change(installed.definitions.get_mut(name).unwrap());
        assert_ne!(installed, built(), "nothing was changed");
        compare(&built(), &installed).iter().map(Difference::to_string).collect()
    }

    fn remove(value: &mut Value, path: &str) {
        let (parent, field) = path.rsplit_once('/').unwrap();
        match value.pointer_mut(parent).unwrap() {
            Value::Object(fields) => drop(fields.remove(field).unwrap()),
            Value::Array(values) => values.retain(|value| value != field),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_codex_does_not_differ_from_itself() {
        assert_eq!(compare(&built(), &built()), []);
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut installed = built();
        installed.client_requests.remove("turn/interrupt");
        installed.client_requests.get_mut("turn/start").unwrap().response = None;
        installed.server_notifications.remove("error");
        let differences: Vec<_> = compare(&built(), &installed).iter().map(Difference::to_string).collect();
        assert_eq!(
            differences,
            ["`turn/start` has no known result", "`turn/interrupt` is unknown", "`error` never comes",],
        );
    }

    #[test]
    fn a_parameter_that_is_sent_may_not_go_nor_change_nor_lack_company() {
        assert_eq!(
            after("TurnStartParams", |params| remove(params, "/properties/effort")),
            ["`turn/start`: `effort` of its params is gone"],
        );
        assert_eq!(
            after("TurnStartParams", |params| params["properties"]["effort"] = json!({"type": "integer"})),
            ["`turn/start`: `effort` of its params is integer instead of null or string"],
        );
        assert_eq!(
            after("TurnStartParams", |params| params["required"] = json!(["threadId", "purpose"])),
            ["`turn/start`: `purpose` of its params is required, and not sent"],
        );
        assert_eq!(
            after("SandboxMode", |mode| remove(mode, "/enum/read-only")),
            ["`thread/start`: `sandbox` of its params can't be \"read-only\""],
        );
    }

    #[test]
    fn an_answer_that_is_given_may_not_become_wrong() {
        assert_eq!(
            after("DynamicToolCallResponse", |answer| remove(answer, "/properties/success")),
            ["`item/tool/call`: `success` of the answer to it is gone"],
        );
        let without_denied = |decision: &mut Value| {
            decision["oneOf"].as_array_mut().unwrap().retain(|form| form["required"][0] != "denied");
        };
        assert_eq!(
            after("ReviewDecision", without_denied),
            [
                "`applyPatchApproval`: `decision.denied` of the answer to it is gone",
                "`execCommandApproval`: `decision.denied` of the answer to it is gone",
            ],
        );
    }

    #[test]
    fn a_field_that_is_read_may_not_go_nor_change_nor_become_optional() {
        assert_eq!(
            after("Model", |model| remove(model, "/properties/displayName")),
            ["`model/list`: `data[].displayName` of its result is gone"],
        );
        assert_eq!(
            after("Model", |model| remove(model, "/required/model")),
            ["`model/list`: `data[].model` of its result may be missing"],
        );
        assert_eq!(
            after("Model", |model| model["properties"]["model"] = json!({"type": ["string", "null"]})),
            ["`model/list`: `data[].model` of its result is null or string instead of string"],
        );
        assert_eq!(
            after("AgentMessageDeltaNotification", |delta| remove(delta, "/properties/delta")),
            ["`item/agentMessage/delta`: `delta` is gone"],
        );
        assert_eq!(
            after("TurnStatus", |status| remove(status, "/enum/interrupted")),
            ["`turn/completed`: `turn.status` can't be \"interrupted\""],
        );
    }

    #[test]
    fn an_item_that_is_read_must_keep_its_form() {
        let without_messages = |item: &mut Value| {
            let forms = item["oneOf"].as_array_mut().unwrap();
            forms.retain(|form| form["properties"]["type"]["enum"][0] != "agentMessage");
        };
        let differences = after("ThreadItem", without_messages);
        assert_eq!(differences.len(), 2, "{differences:?}");
        assert!(differences[0].starts_with("`item/started`: `item` can't be {"), "{differences:?}");
    }

    #[test]
    fn what_is_added_is_no_difference_nor_is_what_is_not_used() {
        let none: [&str; 0] = [];
        assert_eq!(
            after("TurnStartParams", |params| params["properties"]["new"] = json!({"type": "string"})),
            none
        );
        assert_eq!(after("TurnStartParams", |params| remove(params, "/properties/personality")), none);
        assert_eq!(after("Model", |model| remove(model, "/properties/upgrade")), none);
        assert_eq!(
            after("TurnStatus", |status| status["enum"].as_array_mut().unwrap().push("paused".into())),
            none
        );
        let with_another_item = |item: &mut Value| {
            let form = json!({"type": "object", "properties": {"type": {"enum": ["new"], "type": "string"}}});
            item["oneOf"].as_array_mut().unwrap().push(form);
        };
        assert_eq!(after("ThreadItem", with_another_item), none);
        assert_eq!(after("ModelListParams", |params| params["properties"]["cursor"] = json!(true)), none);
    }

    #[test]
    fn a_schema_that_runs_in_circles_comes_to_an_end() {
        let circle = json!({"anyOf": [{"$ref": "#/$defs/TurnStatus"}]});
        let differences = after("TurnStatus", |status| *status = circle);
        assert_eq!(differences.last().unwrap(), "`turn/completed`: `turn.status` is gone");
    }
}
