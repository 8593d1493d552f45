//! What becomes of each field of a request, for people and scripts.

use gateway::{FieldPolicy, chat_fields, responses_fields};
use serde_json::{Map, Value};

use crate::out;

pub(crate) fn print(json: bool) -> anyhow::Result<()> {
    if json {
        let surfaces =
            [("chat_completions", object(chat_fields())), ("responses", object(responses_fields()))];
        return out::line(Value::from_iter(surfaces));
    }
    out::line("POST /v1/chat/completions")?;
    table(chat_fields())?;
    out::line("\nPOST /v1/responses")?;
    table(responses_fields())
}

fn object(fields: impl Iterator<Item = FieldPolicy>) -> Value {
    Value::Object(fields.map(|(field, policy)| (field.to_owned(), policy.into())).collect::<Map<_, _>>())
}

fn table(mut fields: impl Iterator<Item = FieldPolicy>) -> anyhow::Result<()> {
    fields.try_for_each(|(field, policy)| out::line(format_args!("  {field:<24}{policy}")))
}
