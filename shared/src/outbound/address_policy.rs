//! Which addresses may be called: by default only those of the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddressPolicy {
    /// Public ones, by HTTPS.
    #[default]
    Public,
    /// Any, private and link-local ones too; by HTTP too. For a provisioner in the same network, and for tests.
    Any,
}

impl AddressPolicy {
    /// May this address be called?
    pub fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Public => is_public(address),
        }
    }
}

/// What IANA lists as not globally reachable, and what nobody serves from.
/// <https://www.iana.org/assignments/iana-ipv4-special-registry>
const NOT_PUBLIC_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::UNSPECIFIED, 8),           // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // carriers' NAT
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local; 169.254.169.254 gives out credentials in clouds
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // 6to4 relays, deprecated
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarking
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),     // reserved; broadcast
];

/// Of the global unicast addresses, 2000::/3.
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>
const NOT_PUBLIC_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments: Teredo, ORCHID, benchmarking
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4: an IPv4 address, perhaps a private one, within
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];
const GLOBAL_UNICAST: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// IPv4 addresses behind a NAT64: networks with IPv6 alone reach the IPv4 internet by these.
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => {
            if let Some(mapped) = address.to_ipv4_mapped() {
                return is_public_v4(mapped);
            }
            if within_v6(address, NAT64) {
                let [.., a, b, c, d] = address.octets();
                return is_public_v4(Ipv4Addr::new(a, b, c, d));
            }
            within_v6(address, GLOBAL_UNICAST) && !NOT_PUBLIC_V6.iter().any(|block| within_v6(address, *block))
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !NOT_PUBLIC_V4.iter().any(|(block, length)| (address.to_bits() ^ block.to_bits()) >> (32 - length) == 0)
}

fn within_v6(address: Ipv6Addr, (block, length): (Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ block.to_bits()) >> (128 - length) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First and last of each block, and addresses within addresses.
    const NOT_PUBLIC: &str = "0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.1 \
        127.255.255.255 169.254.0.0 169.254.169.254 169.254.255.255 172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.255 \
        192.0.2.0 192.0.2.255 192.88.99.1 192.168.0.0 192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.7 203.0.113.7 \
        224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 \
        :: ::1 ::ffff:127.0.0.1 ::ffff:10.1.2.3 ::ffff:169.254.169.254 ::127.0.0.1 ::8.8.8.8 64:ff9b::10.0.0.1 \
        64:ff9b::169.254.169.254 64:ff9b:1::8.8.8.8 100::1 2001::1 2001:2::1 2001:10::1 2001:20::1 2001:1ff:ffff::1 \
        2001:db8::1 2002:7f00:1::1 2002:808:808::1 3fff::1 3fff:fff:ffff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254 \
        fdff:ffff::1 fe80::1 febf::1 fec0::1 ff02::1 ff0e::1";

    /// Neighbours of the blocks.
    const PUBLIC: &str = "1.0.0.0 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 \
        169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0 192.167.255.255 \
        192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.255 203.0.114.0 223.255.255.255 \
        ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2000::1 2001:200::1 2001:db7::1 2001:db9::1 2001:4860:4860::8888 2003::1 \
        2606:4700::1111 3ffe::1 3fff:1000::1";

    #[test]
    fn only_public_addresses_are_allowed() {
        for address in NOT_PUBLIC.split_whitespace() {
            assert!(!AddressPolicy::Public.allows(address.parse().unwrap()), "{address}");
            assert!(AddressPolicy::Any.allows(address.parse().unwrap()), "{address}");
        }
        for address in PUBLIC.split_whitespace() {
            assert!(AddressPolicy::Public.allows(address.parse().unwrap()), "{address}");
        }
    }
}
