//! Whose lost frames are continued by the neural model.
//!
//! It costs 0.2 to 0.4 ms for each lost frame of 10 ms. When a network stands still, everybody's frames are lost at
//! once, and sixteen speakers would cost half a core just then. Hence it is for the loudest; the others' gaps, which
//! nobody hears under these, are continued by repeating a pitch period.

use std::time::Duration;

use super::peers::Peers;
use crate::codec::Concealment;
use crate::{Slot, SlotSet};

/// How many senders have it.
pub(super) const NEURAL: usize = 4;

/// How often they are chosen: often enough for who begins to speak.
const INTERVAL: Duration = Duration::from_millis(100);

/// Chooses who has it.
#[derive(Debug, Default)]
pub(super) struct NeuralChoice {
    /// When it is made again.
    due: Duration,
}

impl NeuralChoice {
    /// Gives the neural model to the loudest, if it is time.
    pub(super) fn choose(&mut self, peers: &mut Peers, now: Duration) {
        if now < self.due {
            return;
        }
        self.due = now + INTERVAL;
        let inbound = peers.inbound();
        let chosen = loudest(
            inbound
                .iter()
                .map(|slot| (slot, peers.get(slot).meter.loudness())),
        );
        for slot in inbound.iter() {
            let peer = peers.get_mut(slot);
            let neural = chosen.contains(slot);
            if let Some(link) = &mut peer.inbound
                && peer.neural != neural
            {
                peer.neural = neural;
                link.playout.set_concealment(if neural {
                    Concealment::Deep
                } else {
                    Concealment::Plain
                });
            }
        }
    }
}

/// The [`NEURAL`] senders with the greatest loudness.
fn loudest(senders: impl Iterator<Item = (Slot, f32)>) -> SlotSet {
    let mut best: [Option<(Slot, f32)>; NEURAL] = [None; NEURAL];
    for sender in senders {
        let mut next = Some(sender);
        for place in &mut best {
            let louder = match (next, *place) {
                (Some((_, new)), Some((_, old))) => new > old,
                (next, _) => next.is_some(),
            };
            if louder {
                std::mem::swap(place, &mut next);
            }
        }
    }
    best.into_iter().flatten().map(|(slot, _)| slot).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(levels: &[f32]) -> Vec<usize> {
        let senders = levels
            .iter()
            .enumerate()
            .map(|(index, level)| (Slot::new(index as u8), *level));
        loudest(senders).iter().map(Slot::index).collect()
    }

    #[test]
    fn the_loudest_are_chosen_and_everybody_while_they_are_few() {
        assert_eq!(chosen(&[]), Vec::<usize>::new());
        assert_eq!(chosen(&[-90.0, -20.0, -90.0]), [0, 1, 2]);
        assert_eq!(
            chosen(&[-50.0, -20.0, -90.0, -21.0, -30.0, -22.0, -90.0]),
            [1, 3, 4, 5]
        );
        // Among equals, who was there first keeps it.
        assert_eq!(chosen(&[-20.0; 9]), [0, 1, 2, 3]);
    }
}
