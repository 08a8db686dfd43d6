//! The virtual network: hosts on one cable, and what can happen to it.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::host::{Host, outside};
use crate::programs::run;
use crate::sandbox;
use crate::setup::Setup;

/// The bridge that everybody is on.
const LAN: &str = "lan";

/// The bridge for the other half of a split network.
const OTHER_HALF: &str = "lan-other";

/// A virtual network in this process's sandbox.
#[derive(Debug)]
pub struct Lab {
    /// Where logs and recordings are kept.
    results: PathBuf,
    /// Where the daemons have their homes.
    homes: PathBuf,
    /// Whether hosts are namespaces on a bridge, rather than all the same loopback.
    bridged: bool,
    hosts: u8,
}

impl Lab {
    /// A network without hosts. Logs and recordings go to `results`.
    ///
    /// # Errors
    ///
    /// When this process is not in a sandbox, or the system lacks bridges.
    pub fn create(results: &Path) -> Result<Self> {
        sandbox::prepare()?;
        for bridge in [LAN, OTHER_HALF] {
            // Snooping would keep multicast from hosts that have not asked for it yet.
            run(Command::new("ip").args([
                "link",
                "add",
                bridge,
                "type",
                "bridge",
                "mcast_snooping",
                "0",
            ]))?;
            run(Command::new("ip").args(["link", "set", bridge, "up"]))?;
        }
        Self::within(results, Path::new("/run/sotto"), true)
    }

    /// A network that is loopback alone. With a sandbox it is a loopback of its own, else the machine's.
    ///
    /// # Errors
    ///
    /// When directories cannot be created.
    pub fn on_loopback(results: &Path, homes: &Path) -> Result<Self> {
        if sandbox::is_inside() {
            sandbox::prepare()?;
            return Self::within(results, Path::new("/run/sotto"), false);
        }
        Self::within(results, homes, false)
    }

    fn within(results: &Path, homes: &Path, bridged: bool) -> Result<Self> {
        for directory in [results, homes] {
            std::fs::create_dir_all(directory)
                .with_context(|| format!("cannot create {}", directory.display()))?;
        }
        // Daemons get the path of their microphone in their configuration.
        let results =
            std::fs::canonicalize(results).context("cannot find the results directory")?;
        Ok(Self {
            results,
            homes: homes.to_owned(),
            bridged,
            hosts: 0,
        })
    }

    /// Where logs and recordings are.
    #[must_use]
    pub fn results(&self) -> &Path {
        &self.results
    }

    pub(crate) fn homes(&self) -> &Path {
        &self.homes
    }

    /// A new host.
    ///
    /// # Errors
    ///
    /// When the namespace cannot be created.
    pub fn host(&mut self) -> Result<Host> {
        if !self.bridged {
            return Ok(Host::loopback());
        }
        self.hosts = self.hosts.checked_add(1).context("too many hosts")?;
        let address = Ipv4Addr::new(10, 77, 0, self.hosts);
        Host::create(&format!("h{}", self.hosts), address, LAN)
    }

    /// A new host for somebody, whose daemon is not running yet.
    ///
    /// # Errors
    ///
    /// When the host cannot be created.
    pub fn colleague(&mut self, name: &str) -> Result<Setup> {
        let host = self.host()?;
        Ok(Setup::new(self, name, host))
    }

    /// Splits the network: `others` go to a half of their own.
    ///
    /// # Errors
    ///
    /// When a cable cannot be moved.
    pub fn split_off(&self, others: &[&Host]) -> Result<()> {
        self.plug(others, OTHER_HALF)
    }

    /// Joins both halves again.
    ///
    /// # Errors
    ///
    /// When a cable cannot be moved.
    pub fn heal(&self, others: &[&Host]) -> Result<()> {
        self.plug(others, LAN)
    }

    fn plug(&self, hosts: &[&Host], bridge: &str) -> Result<()> {
        for host in hosts {
            let number = host.address().octets()[3];
            run(Command::new("ip").args([
                "link",
                "set",
                &outside(&format!("h{number}")),
                "master",
                bridge,
            ]))?;
        }
        Ok(())
    }
}
