//! The local token: where it is, and whether that place gives it.

use std::path::Path;

use token_store::{Place, StoreError, Stored};

use super::finding::Finding;
use crate::{args::Options, token};

pub(super) async fn check(path: &Path, options: &Options) -> Finding {
    let loaded = match token::store(path, options) {
        Ok(store) => store.load().await,
        Err(error) => Err(error.into()),
    };
    found(loaded)
}

fn found(loaded: Result<Option<Stored>, StoreError>) -> Finding {
    match loaded {
        Ok(Some(Stored { place, .. })) => Finding::ok(
            "token",
            match place {
                Place::Override => "is given by the command line or CODEX_GATEWAY_TOKEN",
                Place::File => "is in the config file",
                Place::Keyring => "is in the keyring, which answers",
            },
        ),
        Ok(None) => Finding::warn("token", "none is set: each run of the gateway makes up its own").cure(
            "Run `codex-gateway init`, which writes one to the config file, and changes nothing else in it.",
        ),
        Err(error) => {
            let finding = Finding::fail("token", error.to_string());
            match error.cure() {
                Some(cure) => finding.cure(cure),
                None => finding,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use token_store::KeyringError;

    use super::*;

    #[test]
    fn a_keyring_that_gives_nothing_is_said_in_words_that_are_not_taken_for_secrets() {
        for (error, said) in [
            (KeyringError::Missing, "there is no keyring here"),
            (KeyringError::Locked, "the keyring is locked"),
            (KeyringError::Silent { after: Duration::from_secs(5) }, "the keyring did not answer within 5 s"),
            (KeyringError::Refused { reason: "no".to_owned() }, "the keyring refused: no"),
        ] {
            let finding = found(Err(error.into()));
            let message = format!("the local token can't be read or kept, because {said}");
            assert_eq!((finding.message, finding.cure.is_some()), (message, true));
        }
    }
}
