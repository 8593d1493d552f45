//! Where the local token is kept, for the command and for the tray application.
//!
//! The token on the command line or in `CODEX_GATEWAY_TOKEN` goes before every other. Else it is where the configuration
//! file says: in the file itself, or, with `"token_place": "keyring"`, in the keyring of the operating system, under
//! the service `codex-gateway` and the path of the file. A `token` in the file counts in any case, so that what a person
//! wrote there is never overruled by something out of sight.
//!
//! A keyring may be missing, locked, or silent for ever. Each call of it has a thread of its own and an end.

mod error;
mod keyring;
mod native;
mod store;

pub use error::{KeyringError, StoreError};
pub use keyring::{Keyring, PATIENCE};
pub use store::{Place, Preferred, Stored, TokenStore};
