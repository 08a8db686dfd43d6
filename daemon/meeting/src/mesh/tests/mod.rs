//! Rules of the whole machine that are told by its private state or by its messages.
//!
//! They run in the same simulation as `tests/simulated/rules`, where everything is that can be said from outside.

mod admission;
mod damage;
mod later;
mod limits;
mod names;
mod notices;
mod prompts;
mod restart;
mod telling;

use crate::sim::{EPOCH, Host, Sim};
use crate::wire::{Message, Request, Response};
use crate::{
    Command, Event, Input, MeetingId, Mesh, Now, Output, PeerId, Presence, Refusal, RejoinPolicy,
    Setup, Topic,
};

/// Lets a mesh take in something, and returns what it puts out. Nothing of that is carried out.
fn outputs(mesh: &mut Mesh, input: Input, now: Now) -> Vec<Output> {
    mesh.handle(input, now);
    std::iter::from_fn(|| mesh.poll_output()).collect()
}

/// Asks `host` as `from` would, and reads the answer.
fn ask(sim: &mut Sim, host: Host, from: Host, request: &Request) -> Response {
    let from = sim.id(from);
    ask_as(sim, host, from, request)
}

/// Asks `host` as somebody would who need not be on the network, and reads the answer.
fn ask_as(sim: &mut Sim, host: Host, from: PeerId, request: &Request) -> Response {
    let request = Input::Request {
        from,
        id: u64::MAX,
        data: request.encode(),
    };
    sim.with_mesh(host, |mesh, now| outputs(mesh, request, now))
        .into_iter()
        .find_map(|output| match output {
            Output::Respond { id: u64::MAX, data } => Response::decode(&data).ok(),
            _ => None,
        })
        .unwrap()
}

/// Hands `host` a gossip message about the lobby that `author` signed and `neighbour` sent.
fn hand_gossip(sim: &mut Sim, host: Host, author: PeerId, neighbour: PeerId, data: Vec<u8>) {
    let gossip = Input::Gossip {
        topic: Topic::lobby(),
        author,
        neighbour,
        data,
        receipt: u64::MAX,
    };
    sim.with_mesh(host, |mesh, now| outputs(mesh, gossip, now));
}
