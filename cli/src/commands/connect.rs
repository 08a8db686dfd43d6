//! `sotto connect`

use crate::connection::ask;
use crate::failure::Failure;
use crate::format;
use crate::output::Output;
use crate::wait::Wait;
use sotto_control::{ColleagueAddress, MAX_WAIT, NetworkConnect};

/// Connect to a colleague by address or machine, where the network does not pass multicast
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The address is the one that the colleague's 'sotto status' shows. It is tried for 10 minutes; to try it at every start, add it to network.static_peers. With --wait, waits until the colleague answers.\n\nExamples:\n  sotto connect 192.168.7.20\n  sotto connect anna-pc.local\n  sotto connect 192.168.7.20:42113 --wait 30s\n  sotto config set network.static_peers 192.168.7.20:42113"
)]
pub(crate) struct Connect {
    /// IP address or name of the machine; with its port, where it is not the usual one (for IPv6: `[fd00::20]:42113`)
    #[arg(value_name = "ADDRESS")]
    address: String,

    #[command(flatten)]
    wait: Wait,
}

impl Connect {
    pub(crate) async fn run(self, output: &Output) -> Result<(), Failure> {
        let address = self.address.parse::<ColleagueAddress>();
        let address = address.map_err(Failure::Usage)?.to_string();
        if self.wait.limit.is_some_and(|limit| limit > MAX_WAIT) {
            let longest = format::bound(MAX_WAIT);
            return Err(Failure::Usage(format!(
                "'sotto connect' waits {longest} at most; without --wait the daemon tries for 10 minutes"
            )));
        }
        let wait_ms = self.wait.limit.map(|limit| limit.as_millis());
        let request = NetworkConnect {
            address,
            wait_ms: wait_ms.map(|ms| u64::try_from(ms).unwrap_or(u64::MAX)),
        };
        output.show(&ask(request).await?, format::connected)
    }
}
