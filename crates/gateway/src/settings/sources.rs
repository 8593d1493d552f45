//! Where the value of a setting may stand, and which of them counts.

use std::{path::Path, str::FromStr, time::Duration};

use super::{SettingsError, Token, wanted::Wanted};

/// No clock goes as far as the largest number would.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Looks a setting up where it may stand, and remembers where it stood.
pub(super) struct Sources<'a, V> {
    pub(super) variable: V,
    pub(super) path: &'a Path,
}

/// A value, and where it stood.
pub(super) struct Found<T> {
    pub(super) value: T,
    /// For messages.
    pub(super) origin: String,
}

impl<T> Found<T> {
    pub(super) fn try_map<U, E: std::fmt::Display>(
        self,
        f: impl FnOnce(T) -> Result<U, E>,
    ) -> Result<U, SettingsError> {
        let Self { value, origin } = self;
        f(value).map_err(|problem| SettingsError::Invalid { origin, problem: problem.to_string() })
    }
}

impl<V: Fn(&str) -> Option<String>> Sources<'_, V> {
    /// The value of the command line, else of the environment, else of the file.
    pub(super) fn pick<T: FromStr + Wanted>(
        &self,
        flag: Option<T>,
        name: &str,
        file: Option<T>,
    ) -> Result<Option<Found<T>>, SettingsError> {
        if let Some(value) = flag {
            return Ok(Some(Found { value, origin: format!("--{}", name.replace('_', "-")) }));
        }
        let variable = format!("CODEX_GATEWAY_{}", name.to_uppercase());
        if let Some(text) = (self.variable)(&variable) {
            return match text.parse() {
                Ok(value) => Ok(Some(Found { value, origin: variable })),
                Err(_) => Err(SettingsError::Invalid {
                    origin: variable,
                    problem: format!("must be {}", T::WANTED),
                }),
            };
        }
        Ok(file.map(|value| Found { value, origin: format!("`{name}` in {}", self.path.display()) }))
    }

    pub(super) fn token(
        &self,
        flag: Option<String>,
        file: Option<String>,
    ) -> Result<Option<Token>, SettingsError> {
        let token = self.pick(flag, "token", file)?;
        token.map(|token| token.try_map(|token: String| Token::parse(&token))).transpose()
    }

    /// The value of the environment or the file, else the default.
    pub(super) fn or<T: FromStr + Wanted>(
        &self,
        name: &str,
        file: Option<T>,
        default: T,
    ) -> Result<T, SettingsError> {
        Ok(self.pick(None, name, file)?.map_or(default, |found| found.value))
    }

    /// The same for a number of at least 1.
    pub(super) fn positive<T>(&self, name: &str, file: Option<T>, default: T) -> Result<T, SettingsError>
    where
        T: FromStr + Wanted + Default + PartialEq,
    {
        match self.pick(None, name, file)? {
            None => Ok(default),
            Some(found) if found.value == T::default() => {
                Err(SettingsError::Invalid { origin: found.origin, problem: "must be at least 1".to_owned() })
            }
            Some(found) => Ok(found.value),
        }
    }

    /// The same for a time in whole seconds.
    pub(super) fn seconds(
        &self,
        name: &str,
        file: Option<u64>,
        default: Duration,
    ) -> Result<Duration, SettingsError> {
        let Some(Found { value, origin }) = self.pick(None, name, file)? else { return Ok(default) };
        if (1..=LONGEST.as_secs()).contains(&value) {
            return Ok(Duration::from_secs(value));
        }
        let problem = format!("must be at least 1 and at most {}, which is a year", LONGEST.as_secs());
        Err(SettingsError::Invalid { origin, problem })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_one_that_clocks_can_tell() {
        let sources = Sources { variable: |_: &str| None, path: Path::new("gateway.json") };
        let seconds = |file| sources.seconds("turn_timeout_seconds", file, Duration::from_secs(600));
        assert_eq!(seconds(None).unwrap(), Duration::from_secs(600));
        for valid in [1, LONGEST.as_secs()] {
            assert_eq!(seconds(Some(valid)).unwrap(), Duration::from_secs(valid));
        }
        for wrong in [0, LONGEST.as_secs() + 1, u64::MAX] {
            let problem = seconds(Some(wrong)).unwrap_err().to_string();
            assert!(
                problem.starts_with("`turn_timeout_seconds` in") && problem.contains("31536000"),
                "{problem}"
            );
        }
    }
}
