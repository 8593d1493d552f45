//! Which Codex is too old to keep what the gateway promises.

/// The earliest Codex that the model sees nothing of but what callers send. Those before it tell the models that take
/// tools as an item of the prompt that there are none, and older ones offer tools of their own, whatever is switched off.
/// The tests run on this one, on the pinned one and on one between: see `tests/codex/package.json`.
const EARLIEST: [u32; 2] = [0, 162];

/// The version within `codex-gateway/0.169.0 (Debian 12.0.0; x86_64) …`.
pub(super) fn version(user_agent: &str) -> String {
    let version = user_agent.split_once('/').and_then(|(_, rest)| rest.split([' ', ';']).next());
    version.unwrap_or("unknown").to_owned()
}

/// What this version lacks for the gateway, in words that go on from "it lacks". One that can't be told, such as the
/// `0.0.0` of a Codex that was built from its sources, is given the benefit of the doubt.
pub(super) fn lacks(version: &str) -> Option<&'static str> {
    let mut numbers = version.split('.').map_while(|number| number.parse().ok());
    let version = [numbers.next()?, numbers.next()?];
    (version != [0, 0] && version < EARLIEST).then_some("a prompt without tools")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_the_user_agent() {
        assert_eq!(
            version("codex-gateway/0.169.0 (Debian 12.0.0; x86_64) xterm (codex-gateway; 0)"),
            "0.169.0"
        );
        assert_eq!(version("something else"), "unknown");
    }

    #[test]
    fn a_codex_lacks_what_came_after_it() {
        for version in ["0.161.0", "0.161.9-alpha.3", "0.99.0", "0.1"] {
            assert_eq!(lacks(version), Some("a prompt without tools"), "{version}");
        }
        for version in ["0.162.0", "0.162.0-alpha.1", "0.1000.0", "1.0.0", "0.0.0", "unknown", "0"] {
            assert_eq!(lacks(version), None, "{version}");
        }
    }

    #[test]
    fn the_earliest_codex_is_one_of_those_that_the_tests_run_on() {
        let tested = include_str!("../../../../tests/codex/package.json");
        let [major, minor] = EARLIEST;
        assert!(tested.contains(&format!("npm:@openai/codex@{major}.{minor}.")), "{tested}");
    }
}
