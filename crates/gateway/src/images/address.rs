//! Which network addresses an image may be fetched from.
//!
//! The URL of an image is often not the caller's own: it comes out of a web page, a mail, or a model's answer. If
//! the gateway fetched any address, such a URL could read or poke what only this machine can reach: a router, a
//! database, a cloud's metadata server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses the gateway fetches remote images from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AddressPolicy {
    /// Those that are globally reachable by the IANA special-purpose address registries.
    #[default]
    PublicOnly,
    /// The public ones and these besides: an image server of one's own, such as a test's.
    PublicAnd(Vec<IpAddr>),
}

impl AddressPolicy {
    pub(super) fn allows(&self, address: IpAddr) -> bool {
        match self {
            Self::PublicOnly => is_public(address),
            Self::PublicAnd(others) => is_public(address) || others.contains(&address),
        }
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8) -> Ipv4Addr {
    Ipv4Addr::new(a, b, c, d)
}

const fn v6(a: u16, b: u16, c: u16) -> Ipv6Addr {
    Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)
}

/// IPv4 networks that are not the public internet, with their prefix lengths.
const REFUSED_V4: &[(Ipv4Addr, u32)] = &[
    (v4(0, 0, 0, 0), 8),        // this network; Linux takes 0.0.0.0 for loopback
    (v4(10, 0, 0, 0), 8),       // private
    (v4(100, 64, 0, 0), 10),    // carrier-grade NAT
    (v4(127, 0, 0, 0), 8),      // loopback
    (v4(168, 63, 129, 16), 32), // the host agent of Azure, a public address in name only
    (v4(169, 254, 0, 0), 16),   // link-local, with the metadata servers of most clouds
    (v4(172, 16, 0, 0), 12),    // private
    (v4(192, 0, 0, 0), 24),     // protocol assignments
    (v4(192, 0, 2, 0), 24),     // documentation
    (v4(192, 88, 99, 0), 24),   // 6to4 relays, retired
    (v4(192, 168, 0, 0), 16),   // private
    (v4(198, 18, 0, 0), 15),    // benchmarks
    (v4(198, 51, 100, 0), 24),  // documentation
    (v4(203, 0, 113, 0), 24),   // documentation
    (v4(224, 0, 0, 0), 4),      // multicast
    (v4(240, 0, 0, 0), 4),      // reserved, and broadcast
];

/// The only IPv6 network that is given out for public use. Loopback, private, link-local, multicast and discard
/// addresses all lie outside.
const GLOBAL_UNICAST_V6: (Ipv6Addr, u32) = (v6(0x2000, 0, 0), 3);

/// Networks within [`GLOBAL_UNICAST_V6`] that are not the public internet.
const REFUSED_V6: &[(Ipv6Addr, u32)] = &[
    (v6(0x2001, 0, 0), 23), // protocol assignments, with Teredo tunnels to any IPv4 address
    (v6(0x2001, 0xdb8, 0), 32), // documentation
    (v6(0x2002, 0, 0), 16), // 6to4 tunnels to any IPv4 address
    (v6(0x3fff, 0, 0), 20), // documentation
];

/// Where a network without IPv4 reaches it through a translator: the last four bytes are the IPv4 address.
const NAT64: (Ipv6Addr, u32) = (v6(0x64, 0xff9b, 0), 96);

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !REFUSED_V4.iter().any(|(network, prefix)| (address.to_bits() ^ network.to_bits()) >> (32 - prefix) == 0)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let within =
        |(network, prefix): &(Ipv6Addr, u32)| (address.to_bits() ^ network.to_bits()) >> (128 - prefix) == 0;
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    if within(&NAT64) {
        let [.., a, b, c, d] = address.octets();
        return is_public_v4(v4(a, b, c, d));
    }
    within(&GLOBAL_UNICAST_V6) && !REFUSED_V6.iter().any(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "
        1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 93.184.215.14 100.63.255.255 100.128.0.0 126.255.255.255
        128.0.0.0 168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0
        191.255.255.255 192.0.1.0 192.0.3.0 192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0
        198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255
        2000::1 2001:200::1 2001:4860:4860::8888 2001:db7:ffff::1 2001:db9::1 2003::1
        2606:4700::6810:85e5 2620:fe::fe 2a00:1450:4001:80b::200e 3ffe::1 3fff:1000::1 ::ffff:8.8.8.8
        64:ff9b::8.8.8.8
    ";

    const REFUSED: &str = "
        0.0.0.0 0.0.0.1 0.255.255.255 10.0.0.0 10.1.2.3 10.255.255.255 100.64.0.0 100.100.100.200
        100.127.255.255 127.0.0.1 127.0.0.2 127.255.255.255 168.63.129.16 169.254.0.0 169.254.169.254
        169.254.170.2 172.16.0.0 172.20.1.1 172.31.255.255 192.0.0.0 192.0.0.8 192.0.0.192 192.0.2.1
        192.88.99.1 192.168.0.0 192.168.1.1 192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.7
        203.0.113.255 224.0.0.1 239.255.255.250 240.0.0.0 250.1.2.3 255.255.255.255 :: ::1 ::2 ::7f00:1
        ::8.8.8.8 ::127.0.0.1 ::ffff:0.0.0.0 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254
        ::ffff:0:127.0.0.1 64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::169.254.169.254
        64:ff9b::1:8.8.8.8 64:ff9b:1::8.8.8.8 64:ff9b:1::10.0.0.1 100::1 100:0:0:1::1 1fff::1 2001::1
        2001:0:4136:e378::1 2001:2::1 2001:10::1 2001:20::1 2001:1ff:ffff::1 2001:db8::1
        2001:db8:ffff::1 2002::1 2002:7f00:1::1 2002:808:808::1 3fff::1 3fff:fff::1 4000::1 5f00::1
        fc00::1 fd00:ec2::254 fdff:ffff::1 fe80::1 fe80::a9fe:a9fe febf::1 fec0::1 ff00::1 ff02::1
        ff0e::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
    ";

    fn parsed(table: &str) -> impl Iterator<Item = IpAddr> {
        table.split_whitespace().map(|text| text.parse().expect(text))
    }

    #[test]
    fn public_addresses_are_allowed() {
        for address in parsed(PUBLIC) {
            assert!(AddressPolicy::PublicOnly.allows(address), "{address}");
        }
    }

    #[test]
    fn all_others_are_refused() {
        for address in parsed(REFUSED) {
            assert!(!AddressPolicy::PublicOnly.allows(address), "{address}");
        }
    }

    #[test]
    fn an_exception_is_for_one_address() {
        let policy = AddressPolicy::PublicAnd(parsed("127.0.0.1").collect());
        for address in parsed("127.0.0.1 8.8.8.8") {
            assert!(policy.allows(address), "{address}");
        }
        for address in parsed("127.0.0.2 ::1 ::ffff:127.0.0.1 10.0.0.1") {
            assert!(!policy.allows(address), "{address}");
        }
    }
}
