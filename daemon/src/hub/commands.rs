//! Commands that wait to be handed to the network, in their order.

use std::collections::VecDeque;

use sotto_meeting::{Output, Verdict};
use sotto_net::{NetworkCommand, NodeId};

/// Commands that may wait for the network; more means that it hangs, and gossip is dropped.
const WAITING: usize = 8192;

/// Commands for the network. Nothing overtakes what could not be handed over yet.
#[derive(Debug, Default)]
pub(super) struct Commands(VecDeque<NetworkCommand>);

impl Commands {
    /// Takes `output` if it is for the network, and gives it back otherwise.
    pub(super) fn take(&mut self, output: Output) -> Option<Output> {
        let command = match output {
            Output::Subscribe(topic) => NetworkCommand::Subscribe(topic.as_str().to_owned()),
            Output::Unsubscribe(topic) => NetworkCommand::Unsubscribe(topic.as_str().to_owned()),
            Output::Publish { topic, data } => NetworkCommand::Publish {
                topic: topic.as_str().to_owned(),
                data,
            },
            Output::Verdict { receipt, verdict } => NetworkCommand::Verdict {
                receipt,
                verdict: match verdict {
                    Verdict::Accept => sotto_net::Verdict::Accept,
                    Verdict::Ignore => sotto_net::Verdict::Ignore,
                    Verdict::Reject => sotto_net::Verdict::Reject,
                },
            },
            Output::Request { to, id, data } => NetworkCommand::Request {
                to: NodeId(to.0),
                id,
                data,
            },
            Output::Respond { id, data } => NetworkCommand::Respond { id, data },
            Output::Connect { peer, addresses } => NetworkCommand::Connect {
                peer: NodeId(peer.0),
                addresses,
            },
            Output::Release { peer } => NetworkCommand::Release {
                peer: NodeId(peer.0),
            },
            other @ (Output::Store(_)
            | Output::StoreLater(_)
            | Output::Voice(_)
            | Output::Event(_)) => return Some(other),
        };
        if self.0.len() < WAITING {
            self.0.push_back(command);
        } else {
            tracing::error!("the network does not take commands; dropped one");
        }
        None
    }

    /// Returns the command that is next.
    pub(super) fn next(&mut self) -> Option<NetworkCommand> {
        self.0.pop_front()
    }

    /// Drops everything: there is no network any more.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use sotto_meeting::{Event, PeerId, Topic};

    use super::*;

    fn release(number: usize) -> Output {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        Output::Release { peer: PeerId(key) }
    }

    #[test]
    fn commands_keep_their_order_and_the_rest_is_given_back() {
        let mut commands = Commands::default();
        assert_eq!(commands.take(Output::Subscribe(Topic::lobby())), None);
        let event = Output::Event(Event::Cloned);
        assert_eq!(commands.take(event.clone()), Some(event));
        assert_eq!(commands.take(release(1)), None);
        assert!(matches!(
            commands.next(),
            Some(NetworkCommand::Subscribe(_))
        ));
        assert!(matches!(
            commands.next(),
            Some(NetworkCommand::Release { .. })
        ));
        assert!(commands.next().is_none());
    }

    #[test]
    fn a_network_that_hangs_costs_bounded_memory() {
        let mut commands = Commands::default();
        for number in 0..WAITING + 10 {
            commands.take(release(number));
        }
        assert_eq!(commands.0.len(), WAITING);
        let first = commands.next();
        assert!(matches!(first, Some(NetworkCommand::Release { peer }) if peer.0 == [0; 32]));
    }
}
