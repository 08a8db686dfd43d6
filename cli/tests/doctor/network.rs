//! The network: interfaces, multicast, and what takes packets elsewhere.

use std::io::Read;
use std::net::UdpSocket;

use crate::fixture::{CABLE, Diagnosis};
use crate::support::home::Home;

/// Names the test that is started again in a sandbox to hold the port.
const HOLDER: &str = "network::holds_the_port_of_multicast_dns";

#[tokio::test]
async fn a_machine_without_network_or_daemon_is_told_both() {
    let home = Home::without_daemon();
    let found = Diagnosis::after(&home, "ip link set lo up").await;
    assert_eq!(found.code, 10, "the daemon comes first");
    found.tells("running", ("problem", "not running"));
    found.tells("interfaces", ("problem", "on no network"));
}

#[tokio::test]
async fn a_well_network_is_well() {
    let home = Home::with_daemon();
    let found = Diagnosis::after(&home, CABLE).await;
    found.tells("running", ("fine", "runs as process"));
    found.tells("interfaces", ("fine", "eth0 (192.168.1.7)"));
    found.tells("multicast", ("fine", "works on eth0"));
    for nothing in ["mdns_port", "vpn", "firewall"] {
        found.is_silent_about(nothing);
    }
}

#[tokio::test]
async fn an_address_that_no_router_gave_is_found() {
    let home = Home::without_daemon();
    let script = CABLE.replace("192.168.1.7/24", "169.254.7.7/16");
    let found = Diagnosis::after(&home, &script).await;
    found.tells("interfaces", ("problem", "no router gave"));
}

#[tokio::test]
async fn an_interface_that_is_not_there_is_found() {
    let home = Home::without_daemon();
    std::fs::write(
        home.directory.path().join("config.toml"),
        "[network]\ninterfaces = [\"wlan7\"]\n",
    )
    .unwrap();
    let found = Diagnosis::after(&home, CABLE).await;
    found.tells("interfaces", ("problem", "wlan7"));
}

#[tokio::test]
async fn a_vpn_that_swallows_the_local_network_is_found() {
    let home = Home::without_daemon();
    let script = format!(
        "{CABLE}
ip link add wg0 type veth peer name far1
ip link set far1 up
ip link set wg0 up
ip address add 10.8.0.2/24 dev wg0
ip rule add pref 100 lookup 5182
ip route add default dev wg0 table 5182"
    );
    let found = Diagnosis::after(&home, &script).await;
    found.tells("vpn", ("problem", "leaves by wg0"));
}

#[tokio::test]
async fn a_program_that_keeps_the_port_to_itself_is_named() {
    let home = Home::without_daemon();
    // It says so once it has the port.
    let script = format!(
        "{CABLE}
mkfifo \"$SOTTO_HOME/held\"
sleep 20 | \"$HOLDER\" --exact {HOLDER} --ignored --nocapture > \"$SOTTO_HOME/held\" &
grep --quiet --max-count=1 held < \"$SOTTO_HOME/held\""
    );
    let found = Diagnosis::after(&home, &script).await;
    found.tells("mdns_port", ("problem", "does not share"));
    found.tells("mdns_port", ("problem", "(process "));
}

/// Holds the port until standard input ends.
#[test]
#[ignore = "a part of another test, which starts it in a sandbox"]
fn holds_the_port_of_multicast_dns() {
    let _socket = UdpSocket::bind("0.0.0.0:5353").unwrap();
    println!("held");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
