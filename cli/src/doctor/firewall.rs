//! Firewalls that drop what nobody asked for: ufw, firewalld, nftables, iptables.
//!
//! Such a firewall does not keep two apart who both dial, so that it is a problem only while nobody is connected.

use serde_json::Value;

use super::finding::{Area, Finding};
use super::machine::{Machine, Said};

/// A firewall that is on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Firewall {
    name: &'static str,
    /// The ports that it lets nothing in at; nothing where that cannot be read.
    closed: Option<Vec<u16>>,
    help: String,
}

/// Looks for firewalls that drop what comes in at these ports.
pub(super) async fn examine(machine: &Machine, ports: &[u16], connected: bool) -> Vec<Finding> {
    let mut firewalls = Vec::new();
    firewalls.extend(ufw(machine, ports));
    let listed = machine.ask("firewall-cmd", &["--list-all"]).await;
    firewalls.extend(firewalld(listed.as_ref(), ports));
    // Both of these work by rules of the kernel, which need no second finding.
    if firewalls.is_empty() {
        let rules = machine.ask("iptables", &["-S", "INPUT"]).await;
        firewalls.extend(iptables(rules.as_ref(), ports));
    }
    // Lists what iptables has set, too.
    if firewalls.is_empty() {
        let rules = machine.ask("nft", &["--json", "list", "ruleset"]).await;
        firewalls.extend(nftables(rules.as_ref(), ports));
    }
    if firewalls.is_empty() {
        firewalls.extend(at_start(machine, ports));
    }
    firewalls
        .into_iter()
        .map(|firewall| firewall.finding(connected))
        .collect()
}

impl Firewall {
    fn finding(self, connected: bool) -> Finding {
        let name = self.name;
        let (what, open) = match self.closed.as_deref() {
            Some([]) => (format!("{name} lets Sotto's ports in"), true),
            Some(closed) => {
                let ports: Vec<String> = closed.iter().map(u16::to_string).collect();
                let ports = ports.join(" and ");
                (format!("{name} lets nothing in at port {ports}"), false)
            }
            None => (
                format!("{name} is on; its rules can be read by root alone"),
                false,
            ),
        };
        let finding = match (open, connected) {
            (true, _) => return Finding::fine(Area::Network, "firewall", what),
            (false, true) => Finding::note(Area::Network, "firewall", what),
            (false, false) => match self.closed {
                Some(_) => Finding::problem(Area::Network, "firewall", what),
                None => Finding::note(Area::Network, "firewall", what),
            },
        };
        finding
            .because("colleagues behind such a firewall too may not reach you")
            .helped_by(self.help)
    }
}

fn ufw(machine: &Machine, ports: &[u16]) -> Option<Firewall> {
    let settings = machine.read("/etc/ufw/ufw.conf")?;
    if !settings
        .lines()
        .any(|line| line.trim().eq_ignore_ascii_case("ENABLED=yes"))
    {
        return None;
    }
    let defaults = machine.read("/etc/default/ufw").unwrap_or_default();
    if defaults.contains("DEFAULT_INPUT_POLICY=\"ACCEPT\"") {
        return None;
    }
    let rules = machine.read("/etc/ufw/user.rules");
    Some(Firewall {
        name: "ufw",
        closed: rules.map(|rules| closed_in(&rules, ports, "ACCEPT")),
        help: with_profile(
            machine,
            "/etc/ufw/applications.d/sotto",
            "sudo ufw allow Sotto",
            || commands(ports, |port| format!("sudo ufw allow {port}/udp")),
        ),
    })
}

fn firewalld(listed: Option<&Said>, ports: &[u16]) -> Option<Firewall> {
    let listed = listed.filter(|said| said.success)?;
    let field = |name: &str| {
        let mut lines = listed.text.lines().map(str::trim);
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.unwrap_or_default().trim().to_owned()
    };
    let lets_in = |port: &u16| {
        field("ports").split_whitespace().any(|open| {
            let (range, protocol) = open.split_once('/').unwrap_or((open, "udp"));
            protocol == "udp" && is_within(range, *port)
        })
    };
    let all =
        field("target") == "ACCEPT" || field("services").split_whitespace().any(|it| it == "sotto");
    Some(Firewall {
        name: "firewalld",
        closed: Some(ports.iter().copied().filter(|port| !all && !lets_in(port)).collect()),
        help: "sudo firewall-cmd --permanent --add-service=sotto --add-service=mdns && sudo firewall-cmd --reload".to_owned(),
    })
}

/// Reads the rules as `nft --json list ruleset` prints them (libnftables-json(5)).
fn nftables(rules: Option<&Said>, ports: &[u16]) -> Option<Firewall> {
    let rules: Value = serde_json::from_str(&rules.filter(|said| said.success)?.text).ok()?;
    let entries = rules.get("nftables")?.as_array()?;
    let drops = entries.iter().any(|entry| {
        let chain = &entry["chain"];
        chain["hook"] == "input" && (chain["policy"] == "drop" || ends_in_a_drop(entries, chain))
    });
    if !drops {
        return None;
    }
    let open = |port: &u16| {
        entries.iter().any(|entry| {
            let expressions = entry["rule"]["expr"].as_array();
            expressions.is_some_and(|expressions| {
                let accepts = expressions.iter().any(|it| it.get("accept").is_some());
                accepts && expressions.iter().any(|it| names_port(&it["match"], *port))
            })
        })
    };
    Some(Firewall {
        name: "nftables",
        closed: Some(ports.iter().copied().filter(|port| !open(port)).collect()),
        help: commands(ports, |port| {
            format!("add 'udp dport {port} accept' to the input chain in /etc/nftables.conf")
        }),
    })
}

fn ends_in_a_drop(entries: &[Value], chain: &Value) -> bool {
    let mut rules = entries.iter().map(|entry| &entry["rule"]);
    let last =
        rules.rfind(|rule| rule["chain"] == chain["name"] && rule["table"] == chain["table"]);
    let expressions = last.and_then(|rule| rule["expr"].as_array());
    expressions.is_some_and(|expressions| {
        let ends = expressions
            .iter()
            .any(|it| it.get("drop").is_some() || it.get("reject").is_some());
        ends && !expressions.iter().any(|it| it.get("match").is_some())
    })
}

fn names_port(condition: &Value, port: u16) -> bool {
    condition["left"]["payload"]["field"] == "dport" && holds(&condition["right"], port)
}

/// Returns whether a number, a range or a set of both holds a port.
fn holds(value: &Value, port: u16) -> bool {
    let port64 = u64::from(port);
    if let Some(range) = value["range"].as_array() {
        let bounds: Vec<u64> = range.iter().filter_map(Value::as_u64).collect();
        return matches!(bounds.as_slice(), [low, high] if (*low..=*high).contains(&port64));
    }
    if let Some(set) = value["set"].as_array() {
        return set.iter().any(|one| holds(one, port));
    }
    value.as_u64() == Some(port64)
}

fn iptables(rules: Option<&Said>, ports: &[u16]) -> Option<Firewall> {
    let rules = &rules.filter(|said| said.success)?.text;
    let drops = rules.lines().any(|line| {
        matches!(line, "-P INPUT DROP" | "-A INPUT -j DROP")
            || line.starts_with("-A INPUT -j REJECT")
    });
    drops.then(|| Firewall {
        name: "iptables",
        closed: Some(closed_in(rules, ports, "ACCEPT")),
        help: commands(ports, |port| {
            format!("sudo iptables -I INPUT -p udp --dport {port} -j ACCEPT")
        }),
    })
}

/// Looks at the rules that the system loads at its start, where the loaded ones cannot be read.
fn at_start(machine: &Machine, ports: &[u16]) -> Option<Firewall> {
    let text = machine.read("/etc/nftables.conf")?;
    let enabled = machine.exists("/etc/systemd/system/sysinit.target.wants/nftables.service");
    let named = |port: &u16| text.contains(&port.to_string());
    (enabled && text.contains("policy drop") && !ports.iter().all(named)).then(|| Firewall {
        name: "nftables",
        closed: None,
        help: "see whether they name Sotto's ports: sudo nft list ruleset".to_owned(),
    })
}

/// Returns the ports that no rule of iptables accepts.
fn closed_in(rules: &str, ports: &[u16], accepting: &str) -> Vec<u16> {
    let accepted = |port: &u16| {
        rules.lines().any(|line| {
            let mut words = line.split_whitespace();
            let named = words.any(|word| matches!(word, "--dport" | "--dports"))
                && words
                    .next()
                    .is_some_and(|list| list.split(',').any(|it| is_within(it, *port)));
            named && line.contains(accepting)
        })
    };
    ports
        .iter()
        .copied()
        .filter(|port| !accepted(port))
        .collect()
}

/// Reads `26606`, `26606:26607` or `26606-26607`.
fn is_within(range: &str, port: u16) -> bool {
    let (low, high) = range.split_once([':', '-']).unwrap_or((range, range));
    match (low.parse::<u16>(), high.parse::<u16>()) {
        (Ok(low), Ok(high)) => (low..=high).contains(&port),
        _ => false,
    }
}

fn commands(ports: &[u16], one: impl Fn(&u16) -> String) -> String {
    ports.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn with_profile(
    machine: &Machine,
    profile: &str,
    with: &str,
    without: impl FnOnce() -> String,
) -> String {
    if machine.exists(profile) {
        with.to_owned()
    } else {
        without()
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Weight;
    use super::*;
    use serde_json::json;

    const PORTS: [u16; 2] = [26606, 26607];

    fn said(text: impl Into<String>) -> Said {
        Said {
            success: true,
            text: text.into(),
        }
    }

    #[test]
    fn ufw_is_found_with_and_without_its_rules() {
        let directory = tempfile::tempdir().unwrap();
        let machine = Machine::pretended(directory.path(), &[]);
        assert_eq!(ufw(&machine, &PORTS), None);
        let machine = machine.with("/etc/ufw/ufw.conf", "# on at start\nENABLED=yes\n");
        let unread = ufw(&machine, &PORTS).unwrap();
        assert_eq!(unread.closed, None);
        assert!(unread.help.contains("sudo ufw allow 26606/udp"));
        let machine = machine
            .with(
                "/etc/ufw/user.rules",
                "-A ufw-user-input -p udp -m multiport --dports 26606:26607 -j ACCEPT\n",
            )
            .with("/etc/ufw/applications.d/sotto", "[Sotto]\n");
        let open = ufw(&machine, &PORTS).unwrap();
        assert_eq!(open.closed.as_deref(), Some(&[][..]));
        assert_eq!(open.help, "sudo ufw allow Sotto");
        let machine = machine.with(
            "/etc/ufw/user.rules",
            "-A ufw-user-input -p udp --dport 26606 -j DROP\n",
        );
        assert_eq!(ufw(&machine, &PORTS).unwrap().closed.unwrap(), PORTS);
    }

    #[test]
    fn firewalld_is_found_by_what_it_lists() {
        let listed = |services: &str, ports: &str, target: &str| {
            let text = format!(
                "public (active)\n  target: {target}\n  services: {services}\n  ports: {ports}\n"
            );
            firewalld(Some(&said(text)), &PORTS)
                .unwrap()
                .closed
                .unwrap()
        };
        assert_eq!(listed("dhcpv6-client ssh", "", "default"), PORTS);
        assert_eq!(listed("ssh sotto", "", "default"), [0; 0]);
        assert_eq!(listed("ssh", "26606/udp 1-2/tcp", "default"), [26607]);
        assert_eq!(listed("", "", "ACCEPT"), [0; 0]);
        let off = Said {
            success: false,
            text: "not running".into(),
        };
        assert_eq!(firewalld(Some(&off), &PORTS), None);
    }

    #[test]
    fn nftables_that_drop_are_found_and_accepted_ports_are_seen() {
        let ruleset = |policy: &str, rules: Vec<Value>| {
            let mut entries = vec![
                json!({"chain": {"family": "inet", "table": "filter", "name": "input", "hook": "input", "policy": policy}}),
            ];
            entries.extend(rules);
            said(json!({ "nftables": entries }).to_string())
        };
        let rule =
            |expr: Value| json!({"rule": {"table": "filter", "chain": "input", "expr": expr}});
        let accepts = |right: Value| {
            rule(json!([
                {"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": right}},
                {"accept": null}
            ]))
        };
        let closed = |said: Said| nftables(Some(&said), &PORTS).map(|it| it.closed.unwrap());
        assert_eq!(closed(ruleset("accept", vec![])), None);
        assert_eq!(closed(ruleset("drop", vec![])).unwrap(), PORTS);
        assert_eq!(
            closed(ruleset("accept", vec![rule(json!([{"drop": null}]))])).unwrap(),
            PORTS
        );
        assert_eq!(
            closed(ruleset("drop", vec![accepts(json!(26606))])).unwrap(),
            [26607]
        );
        let range = json!({"set": [22, {"range": [26600, 26610]}]});
        assert_eq!(
            closed(ruleset("drop", vec![accepts(range)])).unwrap(),
            [0; 0]
        );
    }

    #[test]
    fn iptables_that_drop_are_found() {
        let closed =
            |rules: &str| iptables(Some(&said(rules)), &PORTS).map(|it| it.closed.unwrap());
        assert_eq!(closed("-P INPUT ACCEPT"), None);
        assert_eq!(closed("-P INPUT DROP").unwrap(), PORTS);
        let one = "-P INPUT ACCEPT\n-A INPUT -p udp -m udp --dport 26607 -j ACCEPT\n-A INPUT -j REJECT --reject-with icmp-port-unreachable";
        assert_eq!(closed(one).unwrap(), [26606]);
    }

    #[test]
    fn a_closed_firewall_is_a_problem_only_while_nobody_is_connected() {
        let firewall = |closed: Option<Vec<u16>>| Firewall {
            name: "ufw",
            closed,
            help: "help".into(),
        };
        let weight = |closed, connected| firewall(closed).finding(connected).weight;
        assert_eq!(weight(Some(vec![1]), false), Weight::Problem);
        assert_eq!(weight(Some(vec![1]), true), Weight::Note);
        assert_eq!(weight(Some(vec![]), false), Weight::Fine);
        assert_eq!(weight(None, false), Weight::Note);
    }
}
