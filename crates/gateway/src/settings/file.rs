//! The configuration file: JSON, readable and writable by its owner only.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    CodexHome, DesktopSettings, Origin, ResponseHistory, Token, TokenError, TokenPlace, Unsupported,
    lock::Lock, mistake::Mistake, places::lacks_home,
};
use crate::private_file;

/// What `config.json` can hold. `token`, `host`, `port`, `reasoning_effort` and `cwd` are those of the Python
/// `codex-gateway`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfigFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<WrittenToken>,
    /// Where the token is kept; the file itself when `None`. A `token` in the file counts in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_place: Option<TokenPlace>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codex: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_active_turns: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_queued_turns: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_timeout_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_timeout_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn_timeout_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_conversations: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_timeout_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_body_bytes: Option<usize>,
    /// Exact origins of web pages that may use the gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_origins: Option<Vec<Origin>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsupported_parameters: Option<Unsupported>,
    /// What callers' model names mean, by exact name; `*` stands for every name that nothing else explains.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub model_aliases: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codex_home: Option<CodexHome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_text: Option<bool>,
    /// What only the tray application heeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desktop: Option<DesktopSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_history: Option<ResponseHistory>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_history_days: Option<u32>,
}

impl ConfigFile {
    /// What the file holds; nothing where there is none.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        read(path).map(|read| read.config)
    }
}

/// A token as it stands in the file, not yet checked.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WrittenToken(pub(super) String);

impl WrittenToken {
    pub fn check(&self) -> Result<Token, TokenError> {
        Token::parse(&self.0)
    }
}

impl From<&Token> for WrittenToken {
    fn from(token: &Token) -> Self {
        Self(token.expose().to_owned())
    }
}

impl WrittenToken {
    /// The token as a value for [`edit`].
    pub fn into_value(self) -> Value {
        Value::String(self.0)
    }
}

impl fmt::Debug for WrittenToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WrittenToken([redacted])")
    }
}

/// A configuration file as it was read.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) config: ConfigFile,
    /// Fields that mean nothing here, by their path.
    pub(super) unknown: Vec<String>,
}

/// Why the file can't be used. A text tells its cause in full, so that no error stands behind it: one of serde's would hold
/// a value of the file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("the config file {path} can't be read: {cause}")]
    Read { path: PathBuf, cause: io::Error },
    #[error("the config file {path} is not valid: {mistake}")]
    Invalid { path: PathBuf, mistake: Mistake },
    #[error("the config file {path} exists already; use --force to replace it")]
    Exists { path: PathBuf },
    #[error("the config file {path} can't be written: {cause}")]
    Write { path: PathBuf, cause: io::Error },
    #[error("the config file {path} is being changed by another program: try again")]
    Busy { path: PathBuf },
    #[error(
        "there is no home folder to find the config file in: set HOME, or name a file with --config or \
         CODEX_GATEWAY_CONFIG"
    )]
    NoHome,
}

/// Reads the file; one that isn't there is the same as an empty one.
pub(super) fn read(path: &Path) -> Result<Read, FileError> {
    match text(path)? {
        Some(text) => parse(path, &text),
        None => Ok(Read::default()),
    }
}

/// The file's text, if it is there.
fn text(path: &Path) -> Result<Option<String>, FileError> {
    if lacks_home(path) {
        return Err(FileError::NoHome);
    }
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(FileError::Read { path: path.to_owned(), cause }),
    }
}

fn parse(path: &Path, text: &str) -> Result<Read, FileError> {
    let invalid = |mistake| FileError::Invalid { path: path.to_owned(), mistake };
    // Serde would take a list for an object whose fields come in order.
    if text.trim_start().starts_with('[') {
        return Err(invalid(Mistake::no_object()));
    }
    let mistaken = |error: serde_json::Error| invalid(Mistake::of::<ConfigFile>(text, &error));
    let mut unknown = Vec::new();
    let mut json = serde_json::Deserializer::from_str(text);
    let config =
        serde_ignored::deserialize(&mut json, |field| unknown.push(field.to_string())).map_err(mistaken)?;
    json.end().map_err(mistaken)?;
    Ok(Read { config, unknown })
}

/// Changes fields of the file, and leaves the others, also those that mean nothing here, as they are. A file that isn't
/// there is made. Where the file is a link, what it leads to is changed. A file that can't be used is not touched, and
/// nothing is written that could not be read again. No other program changes the file meanwhile; one that does for some
/// seconds makes this fail.
pub fn edit(path: &Path, change: impl FnOnce(&mut Map<String, Value>)) -> Result<(), FileError> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let _lock = lock(&target)?;
    let mut object = match text(&target)? {
        Some(text) => {
            parse(path, &text)?;
            serde_json::from_str(&text).map_err(|error| FileError::Invalid {
                path: path.to_owned(),
                mistake: Mistake::of::<ConfigFile>(&text, &error),
            })?
        }
        None => Map::new(),
    };
    change(&mut object);
    parse(path, &Value::from_iter(object.clone()).to_string())?;
    write_json(&target, &object, true)
}

/// Writes the file whole or not at all, with mode 0600, below folders of mode 0700. An existing file is replaced only
/// with `replace`; if it is a link, the link is replaced and its target left alone.
pub fn write(path: &Path, config: &ConfigFile, replace: bool) -> Result<(), FileError> {
    let _lock = lock(path)?;
    write_json(path, config, replace)
}

/// The right to change the file, in its folder, which is made where it is missing.
fn lock(path: &Path) -> Result<Lock, FileError> {
    if lacks_home(path) {
        return Err(FileError::NoHome);
    }
    let failed = |cause| FileError::Write { path: path.to_owned(), cause };
    private_file::create_folder(folder_of(path)).map_err(failed)?;
    Lock::of(path).map_err(|cause| match cause.kind() {
        io::ErrorKind::WouldBlock => FileError::Busy { path: path.to_owned() },
        _ => failed(cause),
    })
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn write_json(path: &Path, config: &impl Serialize, replace: bool) -> Result<(), FileError> {
    let failed = |cause| FileError::Write { path: path.to_owned(), cause };
    // Temporary files are created with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder_of(path)).map_err(failed)?;
    let mut text = serde_json::to_vec_pretty(config).map_err(|error| failed(error.into()))?;
    text.push(b'\n');
    file.write_all(&text).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    let persisted = if replace { file.persist(path) } else { file.persist_noclobber(path) };
    match persisted {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(FileError::Exists { path: path.to_owned() })
        }
        Err(error) => Err(failed(error.error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_written_is_private_and_read_back() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/b/config.json");
        let config = ConfigFile {
            token: Some(WrittenToken("hunter2".into())),
            port: Some(9000),
            ..ConfigFile::default()
        };
        assert!(!format!("{config:?}").contains("hunter2"));
        write(&path, &config, false).unwrap();
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert!(read(&path).unwrap().config == config);
        assert!(matches!(write(&path, &config, false), Err(FileError::Exists { .. })));
        write(&path, &ConfigFile::default(), true).unwrap();
        assert!(read(&path).unwrap().config == ConfigFile::default());
    }

    #[test]
    fn a_link_is_replaced_and_not_followed() {
        let home = tempfile::tempdir().unwrap();
        let (link, target) = (home.path().join("config.json"), home.path().join("precious"));
        fs::write(&target, "precious").unwrap();
        symlink(&target, &link).unwrap();
        assert!(write(&link, &ConfigFile::default(), false).is_err());
        write(&link, &ConfigFile::default(), true).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
    }

    #[test]
    fn an_edit_changes_what_it_names_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let (link, path) = (home.path().join("link.json"), home.path().join("config.json"));
        fs::write(&path, r#"{"colour": {"deep": [1]}, "port": 1, "token": "mine"}"#).unwrap();
        symlink(&path, &link).unwrap();
        edit(&link, |config| {
            config.insert("port".into(), 2.into());
        })
        .unwrap();
        let written: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(written.to_string(), r#"{"colour":{"deep":[1]},"port":2,"token":"mine"}"#);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn edits_at_the_same_time_lose_nothing() {
        const EDITS: u64 = 25;
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("deep/config.json");
        std::thread::scope(|scope| {
            for name in ["one", "two", "three", "four"] {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..EDITS {
                        let count = |config: &mut Map<String, Value>| {
                            for name in [name, "all"] {
                                let count = config.get(name).and_then(Value::as_u64).unwrap_or(0);
                                config.insert(name.into(), (count + 1).into());
                            }
                        };
                        edit(path, count).unwrap();
                    }
                });
            }
        });
        let written: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        for name in ["one", "two", "three", "four"] {
            assert_eq!(written[name], EDITS, "{written}");
        }
        assert_eq!(written["all"], 4 * EDITS);
    }

    #[test]
    fn an_edit_never_replaces_or_makes_a_broken_file() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config.json");
        for broken in ["{", "[]", r#"{"port": "x"}"#] {
            fs::write(&path, broken).unwrap();
            assert!(edit(&path, Map::clear).is_err());
            assert_eq!(fs::read_to_string(&path).unwrap(), broken);
        }
        fs::write(&path, "{}").unwrap();
        let spoil = |config: &mut Map<String, Value>| {
            config.insert("port".into(), "x".into());
        };
        assert!(edit(&path, spoil).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "{}");
    }

    #[test]
    fn errors_name_the_line_and_unknown_fields_are_reported() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config.json");
        fs::write(&path, "{\n  \"port\": \"many\"\n}").unwrap();
        let error = read(&path).err().unwrap().to_string();
        assert!(error.contains("line 2") && error.contains("config.json"), "{error}");
        fs::write(&path, r#"{"port": 1, "colour": "red"}"#).unwrap();
        assert_eq!(read(&path).unwrap().unknown, ["colour"]);
        fs::write(&path, " [1]").unwrap();
        assert!(
            read(&path)
                .err()
                .unwrap()
                .to_string()
                .ends_with("it must hold a JSON object, such as `{\"port\": 9000}`")
        );
        fs::write(&path, "{} {}").unwrap();
        assert!(matches!(read(&path), Err(FileError::Invalid { .. })));
        assert!(read(&home.path().join("none.json")).unwrap().config == ConfigFile::default());
    }
}
