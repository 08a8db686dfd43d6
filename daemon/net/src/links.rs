//! Which interfaces are connected with anything, addresses or not.

use std::collections::BTreeMap;

use crate::Interfaces;

/// The state of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// It is connected.
    Up,
    /// It is switched on without a link: no cable, or no wireless network.
    None,
    /// It is switched off.
    Off,
}

/// Asks the system for all interfaces. Where it does not say, there are none.
#[cfg(target_os = "linux")]
pub(crate) fn all() -> BTreeMap<String, Link> {
    read(|_| true)
}

/// Returns the names of those that may be used and lead to a cable or a wireless network, but have no link, or are switched
/// off.
#[cfg(target_os = "linux")]
pub(crate) fn without_link(allowed: &Interfaces) -> Vec<String> {
    /// `ARPHRD_ETHER`: Ethernet and what looks like it. A machine may have tunnels that are never used.
    const ETHERNET: u16 = 1;
    let links = read(|hardware| hardware == ETHERNET).into_iter();
    links
        .filter(|(name, link)| *link != Link::Up && allowed.allows(name))
        .map(|(name, _)| name)
        .collect()
}

#[cfg(target_os = "linux")]
fn read(wanted: impl Fn(u16) -> bool) -> BTreeMap<String, Link> {
    use nix::{ifaddrs::getifaddrs, net::if_::InterfaceFlags};

    let Ok(listed) = getifaddrs() else {
        return BTreeMap::new();
    };
    // Every interface is listed once with its hardware address, whatever else it has.
    let links = listed.filter(|one| {
        let address = one.address.as_ref().and_then(|it| it.as_link_addr());
        address.is_some_and(|it| wanted(it.hatype()))
    });
    links
        .map(|one| {
            let link = if !one.flags.contains(InterfaceFlags::IFF_UP) {
                Link::Off
            } else if one.flags.contains(InterfaceFlags::IFF_RUNNING) {
                Link::Up
            } else {
                Link::None
            };
            (one.interface_name, link)
        })
        .collect()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn all() -> BTreeMap<String, Link> {
    BTreeMap::new()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn without_link(_allowed: &Interfaces) -> Vec<String> {
    Vec::new()
}
