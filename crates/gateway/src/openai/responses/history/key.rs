//! The key that responses on the disk are encrypted with.

use std::fmt;

use chacha20poly1305::{
    Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};

/// 256 bits that are kept apart from the responses, such as in the operating system's keyring. Never printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct HistoryKey([u8; 32]);

/// Bytes of the nonce, which stands before what is encrypted.
const NONCE: usize = 24;

impl HistoryKey {
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// A new random key.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self(key))
    }

    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Encrypts a text that belongs to `name`. `None` only where the system has no randomness.
    pub(super) fn seal(&self, name: &str, text: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).ok()?;
        let payload = Payload { msg: text, aad: name.as_bytes() };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload).ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    /// The text that was sealed for `name` with this key, `None` if it was not.
    pub(super) fn open(&self, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: sealed, aad: name.as_bytes() };
        self.cipher().decrypt(&XNonce::from(*nonce), payload).ok()
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(self.0))
    }
}

impl fmt::Debug for HistoryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HistoryKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_and_name_only() {
        let key = HistoryKey::generate().unwrap();
        let mut sealed = key.seal("resp_1", b"secret").unwrap();
        assert_eq!(key.open("resp_1", &sealed).unwrap(), b"secret");
        assert!(!sealed.windows(6).any(|bytes| bytes == b"secret"));
        assert_ne!(key.seal("resp_1", b"secret").unwrap(), sealed);
        assert!(key.open("resp_2", &sealed).is_none());
        assert!(HistoryKey::generate().unwrap().open("resp_1", &sealed).is_none());
        *sealed.last_mut().unwrap() ^= 1;
        assert!(key.open("resp_1", &sealed).is_none());
        assert!(key.open("resp_1", b"short").is_none());
    }

    #[test]
    fn a_key_is_not_printed() {
        assert_eq!(format!("{:?}", HistoryKey::new([7; 32])), "HistoryKey([redacted])");
    }
}
