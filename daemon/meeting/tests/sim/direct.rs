//! Direct messages: requests and their answers.

use std::time::Duration;

use sotto_meeting::{DirectError, Input, PeerId};

use super::Sim;
use super::happenings::Happening;

/// A request that a mesh is answering.
#[derive(Debug, Clone)]
pub(crate) struct Answering {
    asker: (usize, u64),
    id: u64,
    answerer: PeerId,
    connection: u64,
}

impl Sim {
    pub(super) fn ask_directly(&mut self, machine: usize, to: PeerId, id: u64, data: Vec<u8>) {
        let me = (machine, self.machines[machine].run);
        if (self.counting)(&data) {
            *self.counted.entry(to).or_default() += 1;
        }
        self.machines[machine].sent += data.len() as u64;
        let connection = self.machines[machine]
            .connections
            .get(&to)
            .and_then(|all| all.last().copied());
        let other = connection.and_then(|connection| {
            let ends = self.connections.get(&connection)?.ends;
            ends.into_iter().find(|end| end.0 != machine)
        });
        match (connection, other) {
            (Some(connection), Some(other)) if !self.chance(self.weather.direct_loss) => {
                let delay = self.delay();
                self.schedule(
                    delay,
                    Happening::Request {
                        connection,
                        from: me,
                        to: other,
                        id,
                        data,
                    },
                );
            }
            (connection, _) => {
                let (after, error) = match connection {
                    Some(_) => (Duration::from_secs(2), DirectError::Timeout),
                    None => (Duration::from_millis(500), DirectError::Unreachable),
                };
                self.schedule(
                    after,
                    Happening::Response {
                        to: me,
                        from: to,
                        id,
                        result: Err(error),
                    },
                );
            }
        }
    }

    pub(super) fn respond(&mut self, machine: usize, id: u64, data: Vec<u8>) {
        let Some(answering) = self.answering.remove(&id) else {
            panic!("an answer to nothing")
        };
        self.machines[machine].sent += data.len() as u64;
        let Answering {
            asker: to,
            id,
            answerer: from,
            connection,
        } = answering;
        if self.gets_through(connection) && !self.chance(self.weather.direct_loss) {
            let delay = self.delay();
            self.schedule(
                delay,
                Happening::Response {
                    to,
                    from,
                    id,
                    result: Ok(data),
                },
            );
        } else {
            let result = Err(DirectError::Timeout);
            self.schedule(
                Duration::from_secs(5),
                Happening::Response {
                    to,
                    from,
                    id,
                    result,
                },
            );
        }
    }

    pub(super) fn receive_request(
        &mut self,
        connection: u64,
        from: (usize, u64),
        to: (usize, u64),
        id: u64,
        data: Vec<u8>,
    ) {
        if !self.lives(to) || !self.gets_through(connection) {
            let peer = self.machines[to.0].id;
            let result = Err(DirectError::Timeout);
            self.schedule(
                Duration::from_secs(5),
                Happening::Response {
                    to: from,
                    from: peer,
                    id,
                    result,
                },
            );
            return;
        }
        self.messages += 1;
        self.machines[to.0].received += data.len() as u64;
        let receipt = self.next_id;
        self.next_id += 1;
        let answerer = self.machines[to.0].id;
        self.answering.insert(
            receipt,
            Answering {
                asker: from,
                id,
                answerer,
                connection,
            },
        );
        let asker = self.machines[from.0].id;
        self.input(
            to.0,
            Input::Request {
                from: asker,
                id: receipt,
                data,
            },
        );
        assert!(
            !self.answering.contains_key(&receipt),
            "a request was not answered"
        );
    }

    pub(super) fn receive_response(
        &mut self,
        to: (usize, u64),
        from: PeerId,
        id: u64,
        result: Result<Vec<u8>, DirectError>,
    ) {
        if self.lives(to) {
            if let Ok(data) = &result {
                self.messages += 1;
                self.machines[to.0].received += data.len() as u64;
            }
            self.input(to.0, Input::Response { id, from, result });
        }
    }
}
