//! What differs between two Codexes, as far as it can hurt.
//!
//! The examples of [`super::examples`] say which fields are sent and read. Each is walked through both schemas at once.
//! A schema that grew is no difference: what is new is not sent, and skipped where it is read. A field that is read and
//! may be missing now is one, even if its reader could do without.

use serde_json::Value;

use super::{
    Change, Difference, Part, Reduced,
    examples::examples,
    forms::{Form, Forms, all_types, is_open, required},
};

/// Compares the Codex that the gateway was built for with the one that is installed.
pub fn compare(built: &Reduced, installed: &Reduced) -> Vec<Difference> {
    let mut differences = Vec::new();
    for example in examples() {
        let (part, method) = (example.part, example.method);
        let mut changes = Vec::new();
        match (part.schema(built, method), part.schema(installed, method)) {
            (_, None) => changes.push(Change::Missing),
            (from, Some(to)) => {
                let (built, installed) = (Forms(&built.definitions), Forms(&installed.definitions));
                let from = from.map(|from| built.of(from)).unwrap_or_default();
                let is_sent = matches!(part, Part::Params | Part::Answer);
                let mut walk = Walk { built, installed, is_sent, changes: &mut changes };
                walk.value(&example.value, &from, &installed.of(to), "");
            }
        }
        for change in changes {
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
    built: Forms<'a>,
    installed: Forms<'a>,
    is_sent: bool,
    changes: &'a mut Vec<Change>,
}

impl<'a> Walk<'a> {
    fn value(&mut self, example: &Value, built: &[Form<'a>], installed: &[Form<'a>], path: &str) {
        let from = self.built.fitting(built, example);
        let to = self.installed.fitting(installed, example);
        let (old_types, new_types) = (all_types(built), all_types(installed));
        // What is sent must fit one form; what is read may come in any.
        let fits = !to.is_empty() && (self.is_sent || from.is_empty() || new_types.is_subset(&old_types));
        if !fits {
            self.changes.push(if new_types.is_subset(&old_types) && !installed.is_empty() {
                Change::Value { field: path.to_owned(), value: example.to_string() }
            } else {
                let named = |types: Vec<&str>| types.join(" or ");
                Change::Type {
                    field: path.to_owned(),
                    built: named(old_types.into_iter().collect()),
                    installed: named(new_types.into_iter().collect()),
                }
            });
        }
        match example {
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.field(name, value, &from, &to, path);
                }
                if self.is_sent {
                    let missing = |form: &Form<'a>| -> Vec<&'a str> {
                        required(form).filter(|name| !fields.contains_key(*name)).collect()
                    };
                    let least = to.iter().map(missing).min_by_key(Vec::len).unwrap_or_default();
                    self.changes
                        .extend(least.into_iter().map(|name| Change::Required { field: join(path, name) }));
                }
            }
            Value::Array(values) => {
                let (from, to) = (self.built.of_elements(&from), self.installed.of_elements(&to));
                for value in values {
                    self.value(value, &from, &to, &format!("{path}[]"));
                }
            }
            _ => {}
        }
    }

    fn field(&mut self, name: &str, value: &Value, from: &[Form<'a>], to: &[Form<'a>], path: &str) {
        let path = join(path, name);
        let installed = self.installed.of_field(to, name);
        if installed.is_empty() {
            if !to.iter().any(|form| is_open(form)) && !to.is_empty() {
                self.changes.push(Change::Gone { field: path });
            }
            return;
        }
        let always = |forms: &[Form<'_>]| forms.iter().all(|form| required(form).any(|known| known == name));
        if !self.is_sent && !from.is_empty() && always(from) && !always(to) {
            self.changes.push(Change::Optional { field: path.clone() });
        }
        self.value(value, &self.built.of_field(from, name), &installed, &path);
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
