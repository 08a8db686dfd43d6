//! What other programs reach, measured through real programs on one bench, devices included (Debian 12, PulseAudio null
//! sinks as 5 ms sound cards; the apparatus alone took 5.5 ms).

/// One program.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) colour: &'static str,
    /// PESQ-WB at random loss: share and score.
    pub(crate) loss: &'static [(f64, f64)],
    /// Median mouth to ear on a clean network, in ms.
    pub(crate) clean: f64,
    /// Mouth to ear at 20 ms + uniform 0–40 ms, in ms.
    pub(crate) jitter: Option<f64>,
}

pub(crate) const PEERS: [Peer; 4] = [
    Peer {
        name: "Mumble",
        colour: "#2a7f3f",
        loss: &[
            (0.0, 4.19),
            (0.05, 2.51),
            (0.1, 2.21),
            (0.2, 1.48),
            (0.3, 1.23),
        ],
        clean: 96.0,
        jitter: Some(163.0),
    },
    Peer {
        name: "Mumble, low delay",
        colour: "#8bbf5a",
        loss: &[
            (0.0, 3.92),
            (0.05, 2.64),
            (0.1, 2.45),
            (0.2, 1.73),
            (0.3, 1.38),
        ],
        clean: 59.0,
        jitter: Some(119.0),
    },
    Peer {
        name: "baresip, FEC",
        colour: "#a0522d",
        loss: &[
            (0.0, 3.68),
            (0.05, 3.47),
            (0.1, 2.67),
            (0.2, 1.58),
            (0.3, 1.37),
        ],
        clean: 223.0,
        jitter: Some(286.0),
    },
    Peer {
        name: "Jamulus",
        colour: "#7d4fa8",
        loss: &[
            (0.0, 3.78),
            (0.05, 2.11),
            (0.1, 1.67),
            (0.2, 1.34),
            (0.3, 1.18),
        ],
        clean: 16.7,
        jitter: None,
    },
];
