//! The certificates that Codex trusts, put where it reads them in the least time.
//!
//! Codex makes HTTP clients for every new thread, and each takes in all certificates of the system: half of the time to a
//! short answer's first token. Where `SSL_CERT_FILE` and `SSL_CERT_DIR` are set it trusts what is in either, and takes in
//! the folder only once. So here the file has one certificate, and the folder one file with all of them: whom Codex
//! trusts stays the same.

use std::{ffi::OsString, fs, io, path::PathBuf};

use pem::{EncodeConfig, LineEnding, Pem};
use rustls_native_certs::{CertificateResult, load_native_certs};
use tokio::task::spawn_blocking;

use super::{files::Files, stamp::Stamp};

/// Names a file of its own for whom Codex is to trust besides.
const CODEXS_OWN: &str = "CODEX_CA_CERTIFICATE";

/// These take the place of the system's certificates, for Codex as for most programs.
const OPENSSLS: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Copies of the certificates that Codex trusts.
#[derive(Debug)]
pub(super) struct Certificates {
    /// One of them, and all.
    one: String,
    all: String,
    sources: Sources,
}

/// Where the originals are, and as which files.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sources {
    file: Option<PathBuf>,
    stamps: Vec<Option<Stamp>>,
}

impl Certificates {
    /// Copies what Codex would trust by itself. `None` where it is left to that: where `env` or its own
    /// variable names others, where certificates are missing that a person named, and on systems where Codex asks the
    /// system for them.
    pub(super) async fn gather(env: &[(String, String)]) -> Option<Self> {
        let named = |name: &str| env.iter().any(|(set, _)| set == name);
        if !cfg!(target_os = "linux")
            || OPENSSLS.into_iter().any(named)
            || named(CODEXS_OWN)
            || is_set(CODEXS_OWN)
        {
            return None;
        }
        spawn_blocking(Self::copy).await.ok()?
    }

    fn copy() -> Option<Self> {
        let sources = Sources::now();
        let CertificateResult { certs: mut found, errors, .. } = load_native_certs();
        let is_told = OPENSSLS.into_iter().any(is_set);
        if is_told && (!errors.is_empty() || sources.have_openssls_form()) {
            // Codex says what is wrong with them, or reads them.
            return None;
        }
        found.sort_unstable_by_key(|certificate| certificate.len());
        let one = pem(found.first()?);
        Some(Self { one, all: found.iter().map(|each| pem(each)).collect(), sources })
    }

    /// Writes them, and returns what tells Codex of them, and where they come from.
    pub(super) fn write(self, files: &mut Files) -> io::Result<([(OsString, OsString); 2], Sources)> {
        let file = files.add("certificate.pem", self.one)?;
        let mut folder = files.add("certificates/all.pem", self.all)?;
        folder.pop();
        let [file_variable, folder_variable] = OPENSSLS.map(OsString::from);
        Ok(([(file_variable, file.into()), (folder_variable, folder.into())], self.sources))
    }
}

impl Sources {
    /// Whether the originals have changed since.
    pub(super) fn have_changed(&self) -> bool {
        *self != Self::now()
    }

    fn now() -> Self {
        let found = openssl_probe::probe();
        let paths = found.cert_file.iter().chain(&found.cert_dir);
        Self { stamps: paths.map(|path| Stamp::of(path).ok()).collect(), file: found.cert_file }
    }

    /// Whether the file has certificates with a label that only OpenSSL and Codex know.
    fn have_openssls_form(&self) -> bool {
        let text = self.file.as_ref().and_then(|file| fs::read_to_string(file).ok());
        text.is_some_and(|text| text.contains("BEGIN TRUSTED CERTIFICATE"))
    }
}

fn pem(certificate: &[u8]) -> String {
    let form = EncodeConfig::new().set_line_ending(LineEnding::LF);
    pem::encode_config(&Pem::new("CERTIFICATE", certificate), form)
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::private_folder::PrivateFolder;
    use rustls_native_certs::load_certs_from_paths;
    use std::{collections::BTreeSet, sync::Arc};

    #[tokio::test]
    async fn the_copies_hold_what_is_trusted_and_no_more() {
        let temporary = tempfile::tempdir().unwrap();
        let parent = Arc::new(PrivateFolder::create_in(temporary.path()).unwrap());
        let mut files = Files::create_in(&parent).unwrap();
        let of_something_else = [("CODEX_HOME".to_owned(), "/nowhere".to_owned())];
        let Some(copies) = Certificates::gather(&of_something_else).await else {
            let CertificateResult { certs, errors, .. } = load_native_certs();
            let is_told = std::env::var_os(CODEXS_OWN).is_some();
            assert!(is_told || certs.is_empty() || !errors.is_empty());
            return;
        };
        let (env, mut sources) = copies.write(&mut files).unwrap();
        assert_eq!(env.each_ref().map(|(name, _)| name.to_str().unwrap()), OPENSSLS);
        let [file, all] = env.map(|(_, path)| PathBuf::from(path));
        let whole = |found: CertificateResult| -> BTreeSet<Vec<u8>> {
            found.unwrap().iter().map(|certificate| certificate.to_vec()).collect()
        };
        assert_eq!(whole(load_certs_from_paths(Some(&file), None)).len(), 1);
        let trusted = whole(load_native_certs());
        assert_eq!(whole(load_certs_from_paths(Some(&file), Some(&all))), trusted);
        assert!(!sources.have_changed());
        sources.stamps.pop();
        assert!(sources.have_changed());
    }

    #[test]
    fn a_label_that_only_openssl_knows_is_found() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let sources = Sources { file: Some(file.path().to_owned()), stamps: Vec::new() };
        for (label, is_openssls) in [("TRUSTED CERTIFICATE", true), ("CERTIFICATE", false)] {
            fs::write(file.path(), pem::encode(&Pem::new(label, [1, 2, 3]))).unwrap();
            assert_eq!(sources.have_openssls_form(), is_openssls, "{label}");
        }
    }

    #[tokio::test]
    async fn what_a_person_set_is_left_alone() {
        for variable in OPENSSLS.into_iter().chain([CODEXS_OWN]) {
            let env = [(variable.to_owned(), "/etc/mine.pem".to_owned())];
            assert!(Certificates::gather(&env).await.is_none(), "{variable}");
        }
    }
}
