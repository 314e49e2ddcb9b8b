//! Which addresses are in the public internet: those of IANA's special-purpose registries are not.
//!
//! <https://www.iana.org/assignments/iana-ipv4-special-registry>, <https://www.iana.org/assignments/iana-ipv6-special-registry>
//! (read 2026-11). Addresses that carry an IPv4 address inside are judged by it.

use super::Forbidden;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// First address, length of the prefix, name.
type Range4 = ([u8; 4], u32, &'static str);
type Range6 = ([u16; 8], u32, &'static str);

const NOT_PUBLIC_4: &[Range4] = &[
    ([0, 0, 0, 0], 8, "this network"),
    ([10, 0, 0, 0], 8, "private"),
    ([100, 64, 0, 0], 10, "carrier's own"),
    ([127, 0, 0, 0], 8, "loopback"),
    ([168, 63, 129, 16], 32, "a cloud's metadata"),
    ([169, 254, 0, 0], 16, "link-local"),
    ([172, 16, 0, 0], 12, "private"),
    ([192, 0, 0, 0], 24, "protocol assignments"),
    ([192, 0, 2, 0], 24, "documentation"),
    ([192, 31, 196, 0], 24, "AS112"),
    ([192, 52, 193, 0], 24, "AMT"),
    ([192, 88, 99, 0], 24, "6to4 relay"),
    ([192, 168, 0, 0], 16, "private"),
    ([192, 175, 48, 0], 24, "AS112"),
    ([198, 18, 0, 0], 15, "benchmarks"),
    ([198, 51, 100, 0], 24, "documentation"),
    ([203, 0, 113, 0], 24, "documentation"),
    ([224, 0, 0, 0], 4, "multicast"),
    ([240, 0, 0, 0], 4, "reserved"),
];

/// Exceptions within the one block of public addresses, `2000::/3`.
const NOT_PUBLIC_6: &[Range6] = &[
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "protocol assignments"),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "documentation"),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, "6to4"),
    ([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48, "AS112"),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "documentation"),
];

/// `::ffff:0:0/96`: an IPv4 address in a socket for IPv6.
const MAPPED: u128 = 0xffff;
/// `64:ff9b::/96`: an IPv4 address behind a translator.
const TRANSLATED: u128 = 0x0064_ff9b_0000_0000_0000_0000;

/// Whether tools may connect to this address.
pub(super) fn check(address: IpAddr) -> Result<(), Forbidden> {
    match address {
        IpAddr::V4(address) => check_4(address),
        IpAddr::V6(address) => check_6(address),
    }
}

fn check_4(address: Ipv4Addr) -> Result<(), Forbidden> {
    let bits = address.to_bits();
    let within = |(first, length, _): &&Range4| {
        let shift = 32 - length;
        bits >> shift == u32::from_be_bytes(*first) >> shift
    };
    NOT_PUBLIC_4.iter().find(within).map_or(Ok(()), |range| Err(Forbidden(range.2)))
}

fn check_6(address: Ipv6Addr) -> Result<(), Forbidden> {
    let bits = address.to_bits();
    if matches!(bits >> 32, MAPPED | TRANSLATED) {
        return check_4(Ipv4Addr::from_bits(bits as u32));
    }
    if bits >> 125 != 0b001 {
        return Err(Forbidden("not a public IPv6 address"));
    }
    // ISATAP: an IPv4 address in the interface's half.
    if (bits >> 32) as u32 & 0xfcff_ffff == 0x0000_5efe {
        check_4(Ipv4Addr::from_bits(bits as u32))?;
    }
    let within = |(first, length, _): &&Range6| {
        let shift = 128 - length;
        bits >> shift == Ipv6Addr::from(*first).to_bits() >> shift
    };
    NOT_PUBLIC_6.iter().find(within).map_or(Ok(()), |range| Err(Forbidden(range.2)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn allowed(address: &str) -> bool {
        check(address.parse().unwrap()).is_ok()
    }

    #[test]
    fn the_public_internet_may_be_reached() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "93.184.215.14",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450:4001:80b::200e",
            "2001:200::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(allowed(address), "{address}");
        }
    }

    #[test]
    fn nothing_else_may() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2a00::5efe:7f00:1",
            "2a00::200:5efe:a00:1",
        ] {
            assert!(!allowed(address), "{address}");
        }
    }

    proptest! {
        #[test]
        fn an_ipv4_address_is_judged_the_same_however_it_is_wrapped(bits in any::<u32>()) {
            let plain = check(IpAddr::V4(Ipv4Addr::from_bits(bits)));
            for prefix in [MAPPED, TRANSLATED] {
                let wrapped = Ipv6Addr::from_bits(prefix << 32 | u128::from(bits));
                prop_assert_eq!(check(IpAddr::V6(wrapped)), plain);
            }
        }
    }
}
