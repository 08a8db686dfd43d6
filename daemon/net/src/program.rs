//! The program at the other end of a connection, as it describes itself by identify.

/// The version of the whole protocol.
pub(crate) const PROTOCOL: &str = "/sotto/1";
/// The beginning of what a program of ours calls itself; its release follows.
const NAME: &str = "sotto/";
/// The longest release or protocol that is kept, in bytes.
const LONGEST: usize = 32;

/// The program of a connected peer. It may say anything of itself; what is kept is short and can be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Program {
    /// Its release (`0.1.0`), if it names one.
    pub release: Option<String>,
    /// The protocol that it speaks (`/sotto/2`), if that is another than ours: neither side understands the other.
    pub other_protocol: Option<String>,
}

impl Program {
    /// Reads what a peer calls its program, and the version of its protocol.
    pub(crate) fn new(agent: &str, protocol: &str) -> Self {
        let release = agent.strip_prefix(NAME).map(shown);
        Self {
            release: release.filter(|release| !release.is_empty()),
            other_protocol: (protocol != PROTOCOL).then(|| shown(protocol)),
        }
    }
}

/// Returns the beginning of a text, without anything that a version does not need.
fn shown(text: &str) -> String {
    let kept = |letter: &char| letter.is_ascii_alphanumeric() || "./+-_".contains(*letter);
    text.chars().filter(kept).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_release_and_a_strange_protocol_are_read() {
        let program = Program::new("sotto/0.1.0-rc.1+deb12", PROTOCOL);
        assert_eq!(program.release.as_deref(), Some("0.1.0-rc.1+deb12"));
        assert_eq!(program.other_protocol, None);
        let program = Program::new("rust-libp2p/0.57.1", "/sotto/2");
        assert_eq!(program.release, None);
        assert_eq!(program.other_protocol.as_deref(), Some("/sotto/2"));
        assert_eq!(Program::new("sotto/", "").release, None);
    }

    proptest! {
        #[test]
        fn whatever_is_said_is_short_and_can_be_shown(agent: String, protocol: String) {
            let program = Program::new(&format!("{NAME}{agent}"), &protocol);
            for text in program.release.into_iter().chain(program.other_protocol) {
                prop_assert!(text.len() <= LONGEST);
                prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
