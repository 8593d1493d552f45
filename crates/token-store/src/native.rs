//! The keyring that the operating system brings, and what its errors mean: the Secret Service on Linux, whose client is
//! all Rust, and the Keychain on macOS.

use keyring_core::{Entry, Error, error::PlatformError};

use crate::error::KeyringError;

#[cfg(target_os = "linux")]
pub(crate) use linux::entry;
#[cfg(target_os = "macos")]
pub(crate) use macos::entry;

#[cfg(target_os = "linux")]
use linux::platform;
#[cfg(target_os = "macos")]
use macos::platform;

const SERVICE: &str = "codex-gateway";

/// Says what an error means. Never by its `Debug`, which can hold what an entry holds.
pub(crate) fn explain(error: Error) -> KeyringError {
    let refused = |reason: &str| KeyringError::Refused { reason: reason.to_owned() };
    match error {
        Error::PlatformFailure(error) => platform(&error).unwrap_or_else(|| refused(&error.to_string())),
        Error::NoStorageAccess(error) => platform(&error).unwrap_or(KeyringError::Locked),
        Error::NoEntry => refused("the entry has just been removed"),
        Error::BadEncoding(_) | Error::BadDataFormat(..) => refused("what it holds is no local token"),
        Error::Ambiguous(_) => refused("it has several entries for this config file"),
        error => refused(&error.to_string()),
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashMap;

    use keyring_core::api::CredentialStoreApi;
    use secret_service::Error as ServiceError;
    use zbus_secret_service_keyring_store::Store;

    use super::{Entry, KeyringError, PlatformError, SERVICE};

    /// Each call makes a connection, which one that hangs does not hold up.
    pub(crate) fn entry(user: &str) -> keyring_core::Result<Entry> {
        let label = format!("Codex Gateway's local token, for {user}");
        Store::new()?.build(SERVICE, user, Some(&HashMap::from([("label", label.as_str())])))
    }

    pub(super) fn platform(error: &PlatformError) -> Option<KeyringError> {
        match error.downcast_ref()? {
            ServiceError::Locked | ServiceError::Prompt => Some(KeyringError::Locked),
            ServiceError::Unavailable => Some(KeyringError::Missing),
            ServiceError::NoResult => Some(KeyringError::Refused {
                reason: "it has no default keyring, where new entries would go".to_owned(),
            }),
            ServiceError::Zbus(error) => bus(error),
            ServiceError::ZbusFdo(zbus::fdo::Error::ZBus(error)) => bus(error),
            ServiceError::ZbusFdo(zbus::fdo::Error::ServiceUnknown(_)) => Some(KeyringError::Missing),
            _ => None,
        }
    }

    /// No bus, or nobody on it who keeps secrets.
    fn bus(error: &zbus::Error) -> Option<KeyringError> {
        const SPAWN: &str = "org.freedesktop.DBus.Error.Spawn.";
        const NOBODY: [&str; 2] =
            ["org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner"];
        let missing = match error {
            zbus::Error::Connection(..)
            | zbus::Error::Address(_)
            | zbus::Error::InputOutput(_)
            | zbus::Error::Handshake(_) => true,
            zbus::Error::MethodError(name, ..) => name.starts_with(SPAWN) || NOBODY.contains(&name.as_str()),
            _ => false,
        };
        missing.then_some(KeyringError::Missing)
    }
}

#[cfg(target_os = "macos")]
mod macos {
    use apple_native_keyring_store::keychain::Store;
    use keyring_core::api::CredentialStoreApi;

    use super::{Entry, KeyringError, PlatformError, SERVICE};

    pub(crate) fn entry(user: &str) -> keyring_core::Result<Entry> {
        Store::new()?.build(SERVICE, user, None)
    }

    pub(super) fn platform(error: &PlatformError) -> Option<KeyringError> {
        const USER_CANCELED: i32 = -128;
        const NOT_AVAILABLE: i32 = -25291;
        const AUTH_FAILED: i32 = -25293;
        const NO_SUCH_KEYCHAIN: i32 = -25294;
        const NO_DEFAULT_KEYCHAIN: i32 = -25307;
        const INTERACTION_NOT_ALLOWED: i32 = -25308;
        match error.downcast_ref::<security_framework::base::Error>()?.code() {
            USER_CANCELED | AUTH_FAILED | INTERACTION_NOT_ALLOWED => Some(KeyringError::Locked),
            NOT_AVAILABLE | NO_SUCH_KEYCHAIN | NO_DEFAULT_KEYCHAIN => Some(KeyringError::Missing),
            _ => None,
        }
    }
}
