//! One virtual host: a network namespace with an interface, its loss, and its packet counters.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::programs::{run, said};

/// The UDP port for voice of every daemon in a lab.
pub const MEDIA_PORT: u16 = 40_000;

/// The port for connections of every daemon in a lab.
pub const LISTEN_PORT: u16 = 40_001;

/// A virtual host.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its network namespace; `None` for the sandbox's own, on loopback.
    namespace: Option<String>,
    address: Ipv4Addr,
}

impl Host {
    /// The host that is the sandbox itself, with loopback alone.
    #[must_use]
    pub fn loopback() -> Self {
        Self {
            namespace: None,
            address: Ipv4Addr::LOCALHOST,
        }
    }

    pub(crate) fn create(namespace: &str, address: Ipv4Addr, bridge: &str) -> Result<Self> {
        let ip = |arguments: &[&str]| run(Command::new("ip").args(arguments));
        let outside = outside(namespace);
        ip(&["netns", "add", namespace])?;
        ip(&[
            "link", "add", &outside, "type", "veth", "peer", "name", "eth0", "netns", namespace,
        ])?;
        ip(&["link", "set", &outside, "master", bridge, "up"])?;
        ip(&["-n", namespace, "link", "set", "lo", "up"])?;
        let host = Self {
            namespace: Some(namespace.to_owned()),
            address,
        };
        // Duplicate address detection would keep the IPv6 address back for a second.
        host.run(
            "sysctl",
            [
                "-qw",
                "net.ipv6.conf.all.accept_dad=0",
                "net.ipv6.conf.eth0.accept_dad=0",
            ],
        )?;
        ip(&[
            "-n",
            namespace,
            "address",
            "add",
            &format!("{address}/24"),
            "dev",
            "eth0",
        ])?;
        ip(&["-n", namespace, "link", "set", "eth0", "up"])?;
        host.nft(
            "table inet lab {\n\
             chain incoming { type filter hook input priority 10; policy accept; }\n\
             chain counting { type filter hook input priority 0; policy accept; }\n\
             chain forwarding { type filter hook forward priority 0; policy accept; }\n\
             }\n",
        )?;
        Ok(host)
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// What `open` opens, in this host's network: a socket belongs to the one that it was made in.
    pub(crate) fn opening<T: Send + 'static>(
        &self,
        open: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let namespace = self
            .namespace_path()
            .map(|path| File::open(&path).with_context(|| format!("cannot open {path}")))
            .transpose()?;
        // A thread may go to another network alone, and stays there.
        let opened = std::thread::spawn(move || {
            if let Some(namespace) = namespace {
                let network = Some(LinkNameSpaceType::Network);
                move_into_link_name_space(namespace.as_fd(), network)?;
            }
            open()
        });
        opened
            .join()
            .unwrap_or_else(|_| bail!("the thread in the host's network has panicked"))
    }

    fn namespace_path(&self) -> Option<String> {
        let name = self.namespace.as_ref()?;
        Some(format!("/run/netns/{name}"))
    }

    /// The name of its interface.
    #[must_use]
    pub fn interface(&self) -> &'static str {
        if self.namespace.is_some() {
            "eth0"
        } else {
            "lo"
        }
    }

    /// A command that runs on this host.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        match self.namespace_path() {
            None => Command::new(program),
            Some(path) => {
                let mut command = Command::new("nsenter");
                command.arg(format!("--net={path}")).arg("--").arg(program);
                command
            }
        }
    }

    /// Runs a program on this host to its end.
    ///
    /// # Errors
    ///
    /// When it fails.
    pub fn run<const N: usize>(&self, program: &str, arguments: [&str; N]) -> Result<String> {
        run(self.command(program).args(arguments))
    }

    /// Takes its interface down, as when a cable is pulled or a laptop leaves the wireless network.
    ///
    /// # Errors
    ///
    /// When the interface cannot be changed.
    pub fn link_down(&self) -> Result<()> {
        self.run("ip", ["link", "set", self.interface(), "down"])
            .map(drop)
    }

    /// Brings its interface up again.
    ///
    /// # Errors
    ///
    /// When the interface cannot be changed.
    pub fn link_up(&self) -> Result<()> {
        self.run("ip", ["link", "set", self.interface(), "up"])
            .map(drop)
    }

    /// From now on this host loses `percent` of everything that reaches it.
    ///
    /// # Errors
    ///
    /// When the rule cannot be set.
    pub fn lose_percent(&self, percent: u8) -> Result<()> {
        self.block(&format!("numgen random mod 100 < {percent}"))
    }

    /// From now on nothing of this kind reaches the host; `what` is an nftables match, as in `udp dport 5353`.
    ///
    /// # Errors
    ///
    /// When the rule cannot be set.
    pub fn block(&self, what: &str) -> Result<()> {
        self.nft(&format!(
            "add rule inet lab incoming iifname eth0 {what} drop\n"
        ))
    }

    /// From now on, voice for this host's media port goes on to `victim` instead, as if a participant had named
    /// somebody else's address.
    ///
    /// # Errors
    ///
    /// When the rule cannot be set.
    pub fn redirect_media_to(&self, victim: &Self) -> Result<()> {
        self.run("sysctl", ["-qw", "net.ipv4.ip_forward=1"])?;
        self.nft(&format!(
            "add chain inet lab redirecting {{ type filter hook prerouting priority -300; policy accept; }}\n\
             add rule inet lab redirecting iifname eth0 udp dport {MEDIA_PORT} ip daddr set {}\n",
            victim.address
        ))
    }

    /// Counts the packets that reach this host and match, from now on; `what` is an nftables match.
    ///
    /// # Errors
    ///
    /// When the rule cannot be set.
    pub fn count(&self, name: &str, what: &str) -> Result<PacketCounter> {
        self.nft(&format!(
            "add counter inet lab {name}\nadd rule inet lab counting {what} counter name {name}\n"
        ))?;
        Ok(PacketCounter {
            host: self.clone(),
            name: name.to_owned(),
        })
    }

    /// Counts packets with voice from `sender`: RTP with the payload types of Opus and of redundant Opus
    /// (RFC 5761 tells them from RTCP by the second byte). Reports and heartbeats do not count.
    ///
    /// # Errors
    ///
    /// When the rule cannot be set.
    pub fn count_voice_from(&self, sender: &Self) -> Result<PacketCounter> {
        let name = format!("voice_from_{}", sender.namespace.as_deref().unwrap_or("lo"));
        // The second byte of the UDP payload without its marker bit.
        let voice = format!(
            "ip saddr {} udp dport {MEDIA_PORT} @th,72,8 & 0x7f == {{ 111, 112 }}",
            sender.address
        );
        self.count(&name, &voice)
    }

    fn nft(&self, rules: &str) -> Result<()> {
        let mut process = self
            .command("nft")
            .args(["-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start nft")?;
        if let Some(mut input) = process.stdin.take() {
            input
                .write_all(rules.as_bytes())
                .context("cannot write to nft")?;
        }
        let output = process.wait_with_output().context("cannot wait for nft")?;
        if !output.status.success() {
            bail!("nft refused {rules:?}: {}", said(&output));
        }
        Ok(())
    }
}

/// The outer end of a host's cable.
pub(crate) fn outside(namespace: &str) -> String {
    format!("v-{namespace}")
}

/// Counts packets that reach a host.
#[derive(Debug)]
pub struct PacketCounter {
    host: Host,
    name: String,
}

impl PacketCounter {
    /// How many packets came since it was made.
    ///
    /// # Errors
    ///
    /// When the counter cannot be read.
    pub fn packets(&self) -> Result<u64> {
        let listed = self
            .host
            .run("nft", ["-j", "list", "counter", "inet", "lab", &self.name])?;
        let listed: serde_json::Value =
            serde_json::from_str(&listed).context("nft printed no JSON")?;
        listed["nftables"]
            .as_array()
            .into_iter()
            .flatten()
            .find_map(|object| object["counter"]["packets"].as_u64())
            .with_context(|| format!("nft lists no counter {}", self.name))
    }
}
