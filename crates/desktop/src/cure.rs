//! What would have let a failed request pass.

use gateway::{chat_fields, log::Record, responses_fields, settings::Settings};

use crate::{settings::body_limit, view::Cure};

/// The setting that would have let this request pass, if there is one. `models` are those that Codex lists.
pub(crate) fn of(record: &Record, settings: &Settings, models: &[String]) -> Option<Cure> {
    let failure = record.error.as_ref()?;
    match failure.code.as_deref()? {
        "unsupported_feature" if could_be_ignored(record) => Some(Cure::IgnoreUnsupportedParameters),
        "model_not_found" => {
            let name = record.model_asked.clone()?;
            let model = stand_in(&name, models)?.clone();
            Some(Cure::AddModelAlias { name, model })
        }
        "request_too_large" => Some(Cure::RaiseBodyLimit { bytes: body_limit(settings).saturating_mul(2) }),
        "turn_timeout" => {
            Some(Cure::RaiseTurnTimeout { seconds: settings.turn_timeout.as_secs().saturating_mul(2) })
        }
        "codex_signed_out" => Some(Cure::SignIn),
        _ => None,
    }
}

/// Whether all that was refused does no harm when it is left out.
fn could_be_ignored(record: &Record) -> bool {
    let decided_by_setting = |field: &String| {
        let mut fields: Box<dyn Iterator<Item = _>> = match record.path.ends_with("/responses") {
            true => Box::new(responses_fields()),
            false => Box::new(chat_fields()),
        };
        // What is in no table is unknown, or within a field: such things are recorded only where the setting decides.
        fields
            .find(|(known, _)| known == field)
            .is_none_or(|(_, becomes_of_it)| becomes_of_it == "default only, or ignored")
    };
    let refused = &record.parameters.refused;
    !refused.is_empty() && refused.iter().all(decided_by_setting)
}

/// A model for a name that Codex doesn't know: one of the same size, as far as names tell, else Codex's first.
fn stand_in<'a>(name: &str, models: &'a [String]) -> Option<&'a String> {
    const SMALL: &[&str] = &["mini", "nano", "small", "haiku", "flash", "luna"];
    let is_small = |name: &str| SMALL.iter().any(|word| name.contains(word));
    let same_size = models.iter().find(|model| is_small(model) == is_small(name));
    same_size.or(models.first())
}

#[cfg(test)]
mod tests {
    use super::*;
    use gateway::log::{Failure, Parameters};

    fn cure(code: &str, asked: &str, refused: &[&str]) -> Option<Cure> {
        let record = Record {
            path: "/v1/chat/completions".to_owned(),
            model_asked: Some(asked.to_owned()),
            parameters: Parameters {
                refused: refused.iter().map(|&field| field.to_owned()).collect(),
                ..Parameters::default()
            },
            error: Some(Failure { message: String::new(), code: Some(code.to_owned()), param: None }),
            ..Record::default()
        };
        of(&record, &Settings::default(), &["big-1".to_owned(), "big-1-mini".to_owned()])
    }

    #[test]
    fn what_the_setting_decides_can_be_ignored() {
        let cure = |refused: &[&str]| cure("unsupported_feature", "m", refused);
        assert_eq!(cure(&["temperature", "seed"]), Some(Cure::IgnoreUnsupportedParameters));
        assert_eq!(cure(&["colour"]), Some(Cure::IgnoreUnsupportedParameters));
        assert_eq!(cure(&["temperature", "audio"]), None);
        assert_eq!(cure(&["logprobs"]), None);
        assert_eq!(cure(&[]), None);
    }

    #[test]
    fn a_missing_model_gets_a_stand_in_of_its_size() {
        for (asked, model) in [("gpt-4o", "big-1"), ("gpt-4o-mini", "big-1-mini")] {
            let alias = Cure::AddModelAlias { name: asked.to_owned(), model: model.to_owned() };
            assert_eq!(cure("model_not_found", asked, &[]), Some(alias));
        }
    }

    #[test]
    fn limits_are_doubled() {
        assert_eq!(cure("request_too_large", "m", &[]), Some(Cure::RaiseBodyLimit { bytes: 128 << 20 }));
        assert_eq!(cure("turn_timeout", "m", &[]), Some(Cure::RaiseTurnTimeout { seconds: 1200 }));
        assert_eq!(cure("codex_signed_out", "m", &[]), Some(Cure::SignIn));
        assert_eq!(cure("codex_stopped", "m", &[]), None);
    }
}
