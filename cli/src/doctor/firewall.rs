//! Firewalls that drop what nobody asked for: ufw, firewalld, nftables, iptables.
//!
//! Such a firewall does not keep two apart who both dial, so that it is a problem only while nobody is connected.

use serde_json::Value;

use super::USUAL_PORTS;
use super::finding::{Area, Finding, Help};
use super::machine::{Machine, Said};
use super::multicast;

/// A firewall that is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Firewall {
    tool: Tool,
    /// The ports of Sotto.
    ports: Vec<u16>,
    /// Those that it lets nothing in at; nothing where that cannot be read.
    closed: Option<Vec<u16>>,
}

/// The program that its rules are set with.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tool {
    Ufw {
        /// It knows Sotto's usual ports by name.
        by_name: bool,
    },
    Firewalld {
        by_name: bool,
    },
    Iptables,
    Nftables {
        /// Family, table and name of the chain that drops; nothing where it cannot be read.
        chain: Option<[String; 3]>,
    },
}

/// Looks for firewalls that drop what comes in at these ports.
pub(super) async fn look(machine: &Machine, ports: &[u16]) -> Vec<Firewall> {
    let mut firewalls = Vec::new();
    firewalls.extend(ufw(machine, ports));
    let listed = machine.ask("firewall-cmd", &["--list-all"]).await;
    firewalls.extend(firewalld(machine, listed.as_ref(), ports));
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
}

impl Firewall {
    /// Judges it; a closed one is no problem while somebody is connected.
    pub(super) fn judge(&self, connected: bool) -> Finding {
        let name = self.tool.name();
        let (what, open) = match self.closed.as_deref() {
            Some([]) => (format!("{name} lets Sotto's ports in"), true),
            Some(closed) => (
                format!("{name} lets nothing in at {}", listed(closed)),
                false,
            ),
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
            .because("nobody who dials you is let in: you meet only those whom you can dial")
            .helped_by(self.tool.letting_in(&self.ports))
    }

    /// Returns the command that lets multicast DNS in.
    pub(super) fn letting_in_multicast(&self) -> Help {
        match self.tool {
            Tool::Firewalld { .. } => firewall_cmd("--add-service=mdns"),
            _ => self.tool.letting_in(&[multicast::PORT]),
        }
    }
}

impl Tool {
    const fn name(&self) -> &'static str {
        match self {
            Self::Ufw { .. } => "ufw",
            Self::Firewalld { .. } => "firewalld",
            Self::Iptables => "iptables",
            Self::Nftables { .. } => "nftables",
        }
    }

    /// Says how UDP is let in at these ports.
    fn letting_in(&self, ports: &[u16]) -> Help {
        let texts: Vec<String> = ports.iter().map(u16::to_string).collect();
        let together = texts.join(",");
        let usual = ports.iter().all(|port| USUAL_PORTS.contains(port));
        match self {
            Self::Ufw { by_name: true } if usual => Help::command("sudo ufw allow Sotto"),
            Self::Ufw { .. } => Help::command(format!("sudo ufw allow {together}/udp")),
            Self::Firewalld { by_name: true } if usual => {
                firewall_cmd("--add-service=sotto --add-service=mdns")
            }
            // It takes ports and services only one kind at a time.
            Self::Firewalld { .. } => {
                let ports = texts.iter().map(|port| format!("--add-port={port}/udp"));
                firewall_cmd(&ports.collect::<Vec<_>>().join(" "))
            }
            Self::Iptables => Help::command(format!(
                "sudo iptables -I INPUT -p udp -m multiport --dports {together} -j ACCEPT"
            )),
            Self::Nftables { chain: Some(chain) } => Help::command(format!(
                "sudo nft insert rule {} udp dport '{{{together}}}' accept",
                chain.join(" ")
            )),
            Self::Nftables { chain: None } => {
                "see whether they name Sotto's ports: sudo nft list ruleset".into()
            }
        }
    }
}

fn firewall_cmd(what: &str) -> Help {
    Help::command(format!(
        "sudo firewall-cmd --permanent {what} && sudo firewall-cmd --reload"
    ))
}

/// Lists ports: `ports 26606 and 26607`.
pub(super) fn listed(ports: &[u16]) -> String {
    let texts: Vec<String> = ports.iter().map(u16::to_string).collect();
    let noun = if ports.len() == 1 { "port" } else { "ports" };
    format!("{noun} {}", texts.join(" and "))
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
        tool: Tool::Ufw {
            by_name: machine.exists("/etc/ufw/applications.d/sotto"),
        },
        ports: ports.to_vec(),
        closed: rules.map(|rules| closed_in(&rules, ports)),
    })
}

fn firewalld(machine: &Machine, listed: Option<&Said>, ports: &[u16]) -> Option<Firewall> {
    let listed = listed.filter(|said| said.success)?;
    let field = |name: &str| {
        let mut lines = listed.text.lines().map(str::trim);
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.unwrap_or_default().trim().to_owned()
    };
    let services = field("services");
    let by_service = services.split_whitespace().any(|it| it == "sotto");
    let all = field("target") == "ACCEPT";
    let lets_in = |port: &u16| {
        all || (by_service && USUAL_PORTS.contains(port))
            || field("ports").split_whitespace().any(|open| {
                let (range, protocol) = open.split_once('/').unwrap_or((open, "udp"));
                protocol == "udp" && is_within(range, *port)
            })
    };
    let known = ["/usr/lib/firewalld", "/etc/firewalld"]
        .iter()
        .any(|place| machine.exists(format!("{place}/services/sotto.xml")));
    Some(Firewall {
        tool: Tool::Firewalld { by_name: known },
        ports: ports.to_vec(),
        closed: Some(
            ports
                .iter()
                .copied()
                .filter(|port| !lets_in(port))
                .collect(),
        ),
    })
}

/// Reads the rules as `nft --json list ruleset` prints them (libnftables-json(5)).
fn nftables(rules: Option<&Said>, ports: &[u16]) -> Option<Firewall> {
    let rules: Value = serde_json::from_str(&rules.filter(|said| said.success)?.text).ok()?;
    let entries = rules.get("nftables")?.as_array()?;
    let chain = entries.iter().map(|entry| &entry["chain"]).find(|chain| {
        chain["hook"] == "input" && (chain["policy"] == "drop" || ends_in_a_drop(entries, chain))
    })?;
    let open = |port: &u16| {
        entries.iter().any(|entry| {
            let expressions = entry["rule"]["expr"].as_array();
            expressions.is_some_and(|expressions| {
                let accepts = expressions.iter().any(|it| it.get("accept").is_some());
                accepts && expressions.iter().any(|it| names_port(&it["match"], *port))
            })
        })
    };
    let text = |member: &str| chain[member].as_str().map(str::to_owned);
    let chain = text("family")
        .zip(text("table"))
        .zip(text("name"))
        .map(|((family, table), name)| [family, table, name]);
    Some(Firewall {
        tool: Tool::Nftables { chain },
        ports: ports.to_vec(),
        closed: Some(ports.iter().copied().filter(|port| !open(port)).collect()),
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
    let left = &condition["left"]["payload"];
    // "th" is any transport.
    let is_udp = matches!(left["protocol"].as_str(), Some("udp" | "th") | None);
    is_udp && left["field"] == "dport" && holds(&condition["right"], port)
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
        tool: Tool::Iptables,
        ports: ports.to_vec(),
        closed: Some(closed_in(rules, ports)),
    })
}

/// Looks at the rules that the system loads at its start, where the loaded ones cannot be read.
fn at_start(machine: &Machine, ports: &[u16]) -> Option<Firewall> {
    let text = machine.read("/etc/nftables.conf")?;
    let enabled = machine.exists("/etc/systemd/system/sysinit.target.wants/nftables.service");
    let named = |port: &u16| text.contains(&port.to_string());
    (enabled && text.contains("policy drop") && !ports.iter().all(named)).then(|| Firewall {
        tool: Tool::Nftables { chain: None },
        ports: ports.to_vec(),
        closed: None,
    })
}

/// Returns the ports at which no rule of iptables accepts UDP.
fn closed_in(rules: &str, ports: &[u16]) -> Vec<u16> {
    let accepted = |port: &u16| {
        rules.lines().any(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let after = |names: &[&str]| {
                let mut pairs = words.windows(2);
                pairs.find_map(|pair| names.contains(&pair[0]).then_some(pair[1]))
            };
            let named = after(&["--dport", "--dports"])
                .is_some_and(|list| list.split(',').any(|it| is_within(it, *port)));
            let udp = after(&["-p"]).is_none_or(|protocol| protocol == "udp");
            named && udp && after(&["-j"]) == Some("ACCEPT")
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
        assert_eq!(
            unread.judge(false).help.unwrap(),
            "sudo ufw allow 26606,26607/udp"
        );
        let machine = machine
            .with(
                "/etc/ufw/user.rules",
                "-A ufw-user-input -p udp -m multiport --dports 26606:26607 -j ACCEPT\n",
            )
            .with("/etc/ufw/applications.d/sotto", "[Sotto]\n");
        let open = ufw(&machine, &PORTS).unwrap();
        assert_eq!(open.closed.as_deref(), Some(&[][..]));
        assert_eq!(
            open.tool.letting_in(&PORTS),
            Help::command("sudo ufw allow Sotto")
        );
        let elsewhere = open.tool.letting_in(&[40_000]);
        assert_eq!(
            elsewhere,
            Help::command("sudo ufw allow 40000/udp"),
            "the profile names others"
        );
        let machine = machine.with(
            "/etc/ufw/user.rules",
            "-A ufw-user-input -p udp --dport 26606 -j DROP\n",
        );
        assert_eq!(ufw(&machine, &PORTS).unwrap().closed.unwrap(), PORTS);
        let machine = machine.with(
            "/etc/ufw/user.rules",
            "-A ufw-user-input -p tcp --dport 26606 -j ACCEPT\n",
        );
        assert_eq!(ufw(&machine, &PORTS).unwrap().closed.unwrap(), PORTS);
    }

    #[test]
    fn firewalld_is_found_by_what_it_lists() {
        let directory = tempfile::tempdir().unwrap();
        let machine = Machine::pretended(directory.path(), &[]);
        let listed = |services: &str, ports: &str, target: &str| {
            let text = format!(
                "public (active)\n  target: {target}\n  services: {services}\n  ports: {ports}\n"
            );
            let firewall = firewalld(&machine, Some(&said(text)), &PORTS);
            firewall.unwrap().closed.unwrap()
        };
        assert_eq!(listed("dhcpv6-client ssh", "", "default"), PORTS);
        assert_eq!(listed("ssh sotto", "", "default"), [0; 0]);
        assert_eq!(listed("ssh", "26606/udp 1-2/tcp", "default"), [26607]);
        assert_eq!(listed("", "", "ACCEPT"), [0; 0]);
        let off = Said {
            success: false,
            text: "not running".into(),
        };
        assert_eq!(firewalld(&machine, Some(&off), &PORTS), None);
        let on = said("public\n  services: ssh\n");
        let help = |machine: &Machine| {
            let firewall = firewalld(machine, Some(&on), &PORTS).unwrap();
            firewall.judge(false).help.unwrap()
        };
        assert_eq!(
            help(&machine),
            "sudo firewall-cmd --permanent --add-port=26606/udp --add-port=26607/udp && sudo firewall-cmd --reload"
        );
        let machine = machine.with("/usr/lib/firewalld/services/sotto.xml", "");
        assert!(help(&machine).contains("--add-service=sotto"));
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
        let tcp = rule(json!([
            {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 26606}},
            {"accept": null}
        ]));
        assert_eq!(closed(ruleset("drop", vec![tcp])).unwrap(), PORTS);
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
            tool: Tool::Iptables,
            ports: PORTS.to_vec(),
            closed,
        };
        let weight = |closed, connected| firewall(closed).judge(connected).weight;
        assert_eq!(weight(Some(vec![1]), false), Weight::Problem);
        assert_eq!(weight(Some(vec![1]), true), Weight::Note);
        assert_eq!(weight(Some(vec![]), false), Weight::Fine);
        assert_eq!(weight(None, false), Weight::Note);
    }
}
