//! Causes that are made, and that `sotto doctor` must find.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly, its fixtures too

mod support;

use std::io::Read;
use std::net::UdpSocket;
use std::process::Stdio;

use serde_json::Value;
use support::home::{Home, Ran, soon};

/// Names the test that is started again in a sandbox to hold the port.
const HOLDER: &str = "holds_the_port_of_multicast_dns";

/// A cable whose other end is up, as `eth0` with an address.
const CABLE: &str = "ip link set lo up
ip link add eth0 type veth peer name far
ip link set far up
ip link set eth0 up
ip address add 192.168.1.7/24 dev eth0";

/// What the doctor says in a sandbox that a script has set up.
struct Diagnosis {
    code: i32,
    findings: Vec<Value>,
}

impl Diagnosis {
    async fn after(home: &Home, script: &str) -> Self {
        let mut command = tokio::process::Command::from(sotto_namespaces::sandbox());
        command
            .args([
                "sh",
                "-euc",
                &format!("{script}\nexec \"$SOTTO\" doctor --json"),
            ])
            .env("SOTTO", env!("CARGO_BIN_EXE_sotto"))
            .env("HOLDER", std::env::current_exe().unwrap())
            .env("SOTTO_HOME", home.directory.path())
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("PULSE_SERVER")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let ran = Ran::from(soon(command.output()).await.unwrap());
        let reply: Value = serde_json::from_str(&ran.out)
            .unwrap_or_else(|error| panic!("{error}: {} {}", ran.out, ran.err));
        Self {
            code: ran.code,
            findings: reply["findings"].as_array().unwrap().clone(),
        }
    }

    /// Returns what is told of a thing, with its weight before it.
    fn of(&self, check: &str) -> Vec<String> {
        let of = self.findings.iter().filter(|it| it["check"] == check);
        of.map(|it| {
            format!(
                "{}: {}",
                it["weight"].as_str().unwrap(),
                it["what"].as_str().unwrap()
            )
        })
        .collect()
    }

    #[track_caller]
    fn tells(&self, check: &str, weight_and_part: (&str, &str)) {
        let (weight, part) = weight_and_part;
        let told = self.of(check);
        let found = told
            .iter()
            .any(|it| it.starts_with(weight) && it.contains(part));
        assert!(
            found,
            "{check} says {told:?}, not {part:?}; all: {:#?}",
            self.findings
        );
    }
}

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
    assert!(found.of("mdns_port").is_empty() && found.of("vpn").is_empty());
    assert!(
        found.of("firewall").is_empty(),
        "{:?}",
        found.of("firewall")
    );
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
async fn dropped_multicast_and_closed_ports_are_found() {
    let home = Home::without_daemon();
    let found = Diagnosis::after(&home, &format!("{CABLE}\niptables -P INPUT DROP")).await;
    found.tells("multicast", ("problem", "did not come back"));
    found.tells("firewall", ("problem", "iptables lets nothing in"));
    let rules = "nft add table inet house
nft 'add chain inet house in { type filter hook input priority 0; policy drop; }'
nft add rule inet house in udp dport 5353 accept
nft add rule inet house in udp dport 26606 accept";
    let found = Diagnosis::after(&home, &format!("{CABLE}\n{rules}")).await;
    found.tells("multicast", ("fine", "eth0"));
    found.tells(
        "firewall",
        ("problem", "nftables lets nothing in at port 26607"),
    );
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

#[tokio::test]
async fn a_person_reads_what_helps() {
    let home = Home::without_daemon();
    let ran = home.run(&["doctor"]).await;
    assert_eq!(ran.code, 10);
    assert!(
        ran.out.contains("✗ The Sotto daemon is not running"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("→ start it with 'sotto start'"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.lines().all(|line| line.chars().count() <= 80),
        "{}",
        ran.out
    );
    assert_eq!(ran.err, "");
}
