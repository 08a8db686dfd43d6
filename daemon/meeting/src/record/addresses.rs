//! Addresses in a lobby record: a list of byte strings, each a kind of address and its bytes.
//!
//! Kind 4 is IPv4: four bytes and the port, most significant byte first; kind 6 is IPv6: sixteen bytes and the port. A
//! reader skips other kinds, and what stands behind the bytes that it knows.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::de::Error;
use serde::{Deserializer, Serialize, Serializer};

use super::MAX_ADDRESSES;
use crate::bounded::at_most;

const IPV4: u8 = 4;
const IPV6: u8 = 6;

struct Address(Vec<u8>);

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

pub(super) fn serialize<S: Serializer>(
    addresses: &[SocketAddr],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(addresses.iter().map(|address| Address(written(address))))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<SocketAddr>, D::Error> {
    let list: Vec<&[u8]> = at_most::<MAX_ADDRESSES, _, _>(deserializer)?;
    let known = list.into_iter().map(read).collect::<Option<Vec<_>>>();
    let known = known.ok_or_else(|| D::Error::custom("an address is too short"))?;
    Ok(known.into_iter().flatten().collect())
}

fn written(address: &SocketAddr) -> Vec<u8> {
    let mut bytes = match address.ip() {
        IpAddr::V4(ip) => [&[IPV4], &ip.octets()[..]].concat(),
        IpAddr::V6(ip) => [&[IPV6], &ip.octets()[..]].concat(),
    };
    bytes.extend(address.port().to_be_bytes());
    bytes
}

/// Reads one address; `Some(None)` is one of an unknown kind, `None` a broken one.
fn read(bytes: &[u8]) -> Option<Option<SocketAddr>> {
    let (kind, rest) = bytes.split_first()?;
    let (ip, port) = match *kind {
        IPV4 => {
            let (ip, rest) = rest.split_first_chunk::<4>()?;
            (IpAddr::V4(Ipv4Addr::from(*ip)), rest)
        }
        IPV6 => {
            let (ip, rest) = rest.split_first_chunk::<16>()?;
            (IpAddr::V6(Ipv6Addr::from(*ip)), rest)
        }
        _ => return Some(None),
    };
    let (port, _) = port.split_first_chunk::<2>()?;
    Some(Some(SocketAddr::new(ip, u16::from_be_bytes(*port))))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Entry(#[serde(with = "super")] Vec<SocketAddr>);

    fn read_all(addresses: &[&[u8]]) -> Option<Vec<SocketAddr>> {
        let bytes = postcard::to_extend(addresses, Vec::new()).unwrap();
        postcard::from_bytes::<Entry>(&bytes).ok().map(|all| all.0)
    }

    #[test]
    fn addresses_read_back() {
        let all = Entry(vec![
            "192.0.2.1:4001".parse().unwrap(),
            "[2001:db8::7]:65535".parse().unwrap(),
        ]);
        let bytes = postcard::to_extend(&all, Vec::new()).unwrap();
        assert_eq!(postcard::from_bytes(&bytes), Ok(all));
    }

    #[test]
    fn an_address_of_an_unknown_kind_is_skipped_and_so_is_what_was_added_to_a_known_one() {
        let known: SocketAddr = "192.0.2.1:258".parse().unwrap();
        let all = read_all(&[&[9, 1, 2], &[4, 192, 0, 2, 1, 1, 2, 77], &[0]]);
        assert_eq!(all, Some(vec![known]));
    }

    #[test]
    fn an_address_that_is_cut_short_is_broken() {
        assert_eq!(read_all(&[&[4, 192, 0, 2, 1, 1]]), None);
        assert_eq!(read_all(&[&[6, 1, 2, 3]]), None);
        assert_eq!(read_all(&[&[]]), None);
    }

    #[test]
    fn more_addresses_than_the_bound_are_refused() {
        assert_eq!(read_all(&[&[9][..]; MAX_ADDRESSES]), Some(Vec::new()));
        assert_eq!(read_all(&[&[9][..]; MAX_ADDRESSES + 1]), None);
    }
}
