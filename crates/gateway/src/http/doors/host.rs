//! The name that the gateway was asked for by.
//!
//! A page can be served from a name that its owner then points at 127.0.0.1, and to the browser both are one site (DNS
//! rebinding). The name still stands in the request, so only names that nobody else can own are answered: `localhost`
//! and addresses of the loopback interface. Names below `localhost` are not among them, since not every resolver keeps
//! those on this machine.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::Request,
    http::{header::HOST, uri::Authority},
};

use super::{super::quote::quote, forbidden};
use crate::openai::error::ApiError;

/// Refuses a request that does not name the gateway, which listens on `address`.
pub(super) fn check(request: &Request, address: SocketAddr) -> Result<(), ApiError> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(ApiError::new(
            400,
            "invalid_request_error",
            "invalid_host",
            "A request must have exactly one `Host` header.",
        ));
    };
    let authority = Authority::try_from(host.as_bytes()).ok();
    let is_ours = authority.is_some_and(|host| names_us(&host, address.port()))
        // A request line can name a host, too, and some servers prefer it.
        && request.uri().authority().is_none_or(|host| names_us(host, address.port()));
    if is_ours {
        return Ok(());
    }
    let message = format!(
        "The gateway does not answer to the name `{}`, which may be another site's. Use http://{address}/v1 as the base \
         URL; `localhost` with the port {} works too. A proxy or a tunnel must keep the port and send one of these as \
         `Host`.",
        quote(host.as_bytes()),
        address.port(),
    );
    Err(forbidden("host_not_allowed", message))
}

fn names_us(authority: &Authority, port: u16) -> bool {
    const HTTP: u16 = 80;
    let host = authority.host();
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_loopback = host.eq_ignore_ascii_case("localhost")
        || address.parse().is_ok_and(|address: IpAddr| address.to_canonical().is_loopback());
    // An authority may have something before its host, and after a bracket that is part of no address.
    let names_port = match authority.as_str().strip_prefix(host) {
        Some("") => port == HTTP,
        Some(rest) => {
            let digits = rest.strip_prefix(':').filter(|digits| digits.bytes().all(|it| it.is_ascii_digit()));
            digits.is_some_and(|digits| digits.parse() == Ok(port))
        }
        None => false,
    };
    is_loopback && names_port
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn status(uri: &str, hosts: &[&str], port: u16) -> Option<u16> {
        let mut request = Request::builder().uri(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        check(&request.body(Body::empty()).unwrap(), address).err().map(|error| error.status)
    }

    #[test]
    fn names_of_the_loopback_interface_with_the_port_are_answered() {
        for host in [
            "127.0.0.1:8000",
            "127.1.2.3:8000",
            "localhost:8000",
            "LOCALHOST:8000",
            "[::1]:8000",
            "[::ffff:127.0.0.1]:8000",
        ] {
            assert_eq!(status("/v1/models", &[host], 8000), None, "{host}");
        }
        assert_eq!(status("/v1/models", &["localhost"], 80), None, "80 is the port where none is named");
        assert_eq!(status("http://127.0.0.1:8000/v1/models", &["127.0.0.1:8000"], 8000), None);
    }

    #[test]
    fn every_other_name_is_refused() {
        for host in [
            "evil.example:8000",
            "evil.example",
            "127.0.0.1",
            "127.0.0.1:8001",
            "localhost:80",
            "127.0.0.1.evil.example:8000",
            "localhost.evil.example:8000",
            "evil.localhost:8000",
            "localhost.:8000",
            "me@localhost:8000",
            "192.168.0.1:8000",
            "0.0.0.0:8000",
            "[::]:8000",
            "[::1].evil.example:8000",
            "[::1]evil.example:8000",
            "localhost:+8000",
            "2130706433:8000",
            "0x7f.1:8000",
            "host.docker.internal:8000",
            "",
            "a b",
            "localhost:8000, evil.example",
        ] {
            assert_eq!(status("/v1/models", &[host], 8000), Some(403), "{host}");
        }
        assert_eq!(status("http://evil.example:8000/v1/models", &["127.0.0.1:8000"], 8000), Some(403));
    }

    #[test]
    fn there_is_exactly_one_name() {
        assert_eq!(status("/v1/models", &[], 8000), Some(400));
        assert_eq!(status("/v1/models", &["127.0.0.1:8000", "evil.example"], 8000), Some(400));
        assert_eq!(status("/v1/models", &["127.0.0.1:8000", "127.0.0.1:8000"], 8000), Some(400));
    }

    #[test]
    fn the_error_says_what_to_do() {
        let request = Request::builder().uri("/").header(HOST, "evil.example").body(Body::empty()).unwrap();
        let error = check(&request, SocketAddr::from(([127, 0, 0, 1], 8000))).unwrap_err();
        for part in ["`evil.example`", "http://127.0.0.1:8000/v1", "base URL"] {
            assert!(error.body.message.contains(part), "{}", error.body.message);
        }
    }
}

#[cfg(test)]
mod properties {
    use super::*;
    use axum::body::Body;
    use proptest::prelude::*;

    proptest! {
        /// By a reckoning of its own: whatever stands before the port is one of the few names that nobody else can own.
        #[test]
        fn no_other_name_is_answered(
            name in prop_oneof![
                "[a-z0-9.:@%\\[\\]-]{0,20}",
                "(evil\\.)?(localhost|127\\.[0-9]{1,3}\\.0\\.1|\\[::1\\]|\\[::ffff:127\\.0\\.0\\.1\\])(\\.evil)?",
            ],
            port in prop_oneof!["[+0]?8000", "[0-9+]{0,6}"],
        ) {
            let host = format!("{name}:{port}");
            let Ok(request) = Request::builder().header(HOST, &host).body(Body::empty()) else { return Ok(()) };
            if check(&request, ([127, 0, 0, 1], 8000).into()).is_ok() {
                prop_assert_eq!(port.trim_start_matches('0'), "8000");
                let address = name.trim_matches(['[', ']']).parse::<IpAddr>();
                let is_ours = name == "localhost" || address.is_ok_and(|it| it.to_canonical().is_loopback());
                prop_assert!(is_ours, "{}", host);
            }
        }
    }
}
