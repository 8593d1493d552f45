//! Name resolution that gives the HTTP client only addresses that the policy allows.
//!
//! Checking a name before the request and letting the client look it up again would leave a gap in which the
//! answer can change. Here the address that is checked is the address that is connected to.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::AddressPolicy;

/// Passes on those answers of `names` that `policy` allows.
pub(super) struct PolicyResolver {
    pub(super) policy: AddressPolicy,
    pub(super) names: Arc<dyn Resolve>,
}

/// The name exists, but the policy allows none of its addresses.
#[derive(Debug, thiserror::Error)]
#[error("the host has no address that may be fetched from")]
pub(super) struct AllRefused;

impl Resolve for PolicyResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy.clone();
        let answers = self.names.resolve(name);
        Box::pin(async move {
            let allowed: Vec<SocketAddr> =
                answers.await?.filter(|address| policy.allows(address.ip())).collect();
            if allowed.is_empty() {
                return Err(AllRefused.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// The operating system's own resolution, `/etc/hosts` included.
#[derive(Debug)]
pub(super) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // Port 0 stands for the port of the URL.
            let answers: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(answers.into_iter()) as Addrs)
        })
    }
}
