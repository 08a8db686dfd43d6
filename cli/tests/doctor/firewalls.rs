//! Firewalls: each is found, and the command that the doctor names opens it.

use crate::fixture::{BESIDE, CABLE, Diagnosis, program};
use crate::support::home::Home;

const IPTABLES: &str = "iptables -P INPUT DROP";

const NFTABLES: &str = "nft add table inet house
nft 'add chain inet house in { type filter hook input priority 0; policy drop; }'
nft add rule inet house in udp dport 26606 accept
nft add rule inet house in tcp dport 26607 accept";

/// Somebody who is no root to the sandbox needs sudo; the sandbox's root does not.
fn by_root(command: &str) -> String {
    command.replace("sudo ", "")
}

/// Closes the machine, does what the doctor says, and asks again.
async fn is_opened_by_its_help(closing: &str, told: &str) {
    let home = Home::without_daemon();
    let closed = format!("{CABLE}\n{closing}");
    let found = Diagnosis::after(&home, &closed).await;
    assert_ne!(found.code, 0);
    found.tells("multicast", ("problem", "did not come back"));
    found.tells("firewall", ("problem", told));
    let opened = format!(
        "{closed}\n{}\n{}",
        by_root(&found.help("multicast")),
        by_root(&found.help("firewall"))
    );
    let found = Diagnosis::after(&home, &opened).await;
    found.tells("multicast", ("fine", "eth0"));
    found.tells("firewall", ("fine", "lets Sotto's ports in"));
}

#[tokio::test]
async fn iptables_that_drop_are_found_and_opened() {
    is_opened_by_its_help(
        IPTABLES,
        "iptables lets nothing in at ports 26606 and 26607",
    )
    .await;
}

#[tokio::test]
async fn nftables_that_drop_are_found_and_opened() {
    is_opened_by_its_help(NFTABLES, "nftables lets nothing in at port 26607").await;
}

/// The files of ufw 0.36 in place of this machine's, with the rules between its marks as it writes them.
fn ufw(rules: &str) -> String {
    format!(
        "{CABLE}
mount -t tmpfs tmpfs /etc
mkdir -p /etc/ufw/applications.d /etc/default
printf '# /etc/ufw/ufw.conf\\n#\\n\\nENABLED=yes\\nLOGLEVEL=low\\n' > /etc/ufw/ufw.conf
echo 'DEFAULT_INPUT_POLICY=\"DROP\"' > /etc/default/ufw
cat > /etc/ufw/user.rules <<'END'
*filter
:ufw-user-input - [0:0]
### RULES ###
{rules}
### END RULES ###
-A ufw-user-limit -j REJECT
COMMIT
END"
    )
}

#[tokio::test]
async fn ufw_is_found_by_its_files() {
    let home = Home::without_daemon();
    let found = Diagnosis::after(&home, &ufw("")).await;
    found.tells(
        "firewall",
        ("problem", "ufw lets nothing in at ports 26606 and 26607"),
    );
    assert_eq!(found.help("firewall"), "sudo ufw allow 26606,26607/udp");
    // What ufw writes after that command.
    let opened = ufw(
        "### tuple ### allow udp 26606,26607 0.0.0.0/0 any 0.0.0.0/0 in
-A ufw-user-input -p udp -m multiport --dports 26606,26607 -j ACCEPT",
    );
    let found = Diagnosis::after(&home, &opened).await;
    found.tells("firewall", ("fine", "ufw lets Sotto's ports in"));
}

/// Prints what `firewall-cmd --list-all` of firewalld 1.3 does.
fn firewall_cmd(home: &Home, ports: &str) {
    let script = format!(
        "[ \"$*\" = --list-all ] || exit 2
cat <<'END'
public (active)
  target: default
  icmp-block-inversion: no
  interfaces: eth0
  sources: 
  services: dhcpv6-client mdns ssh
  ports: {ports}
  protocols: 
  forward: yes
  masquerade: no
  forward-ports: 
  source-ports: 26606/udp
  icmp-blocks: 
  rich rules: 
END"
    );
    program(home, "firewall-cmd", &script);
}

#[tokio::test]
async fn firewalld_is_found_by_what_it_lists() {
    let home = Home::without_daemon();
    firewall_cmd(&home, "");
    let script = format!("{BESIDE}\n{CABLE}");
    let found = Diagnosis::after(&home, &script).await;
    let closed = "firewalld lets nothing in at ports 26606 and 26607";
    found.tells("firewall", ("problem", closed));
    let help = found.help("firewall");
    assert!(help.contains("firewall-cmd --permanent"), "{help}");
    firewall_cmd(&home, "26606/udp 26607/udp");
    let found = Diagnosis::after(&home, &script).await;
    found.tells("firewall", ("fine", "firewalld"));
}
