//! The ports that Sotto uses unless the user chose others. They are fixed, so that a firewall can let them in.
//!
//! Neither is registered for anything else, nor do systems give them to programs that ask for any port. The profiles for
//! firewalls in `daemon/service` name the same.

/// The port for connections: QUIC (UDP) and TCP.
pub const LISTEN_PORT: u16 = 26606;
/// The port for voice: UDP.
pub const MEDIA_PORT: u16 = 26607;

#[cfg(test)]
mod tests {
    use super::*;

    const UFW: &str = include_str!("../../../service/ufw/sotto");
    const FIREWALLD: &str = include_str!("../../../service/firewalld/sotto.xml");

    #[test]
    fn the_profiles_for_firewalls_let_them_in() {
        let ports = format!("ports={LISTEN_PORT}/tcp|{LISTEN_PORT}:{MEDIA_PORT}/udp");
        assert!(UFW.lines().any(|line| line == ports), "{UFW}");
        for (protocol, port) in [
            ("tcp", LISTEN_PORT),
            ("udp", LISTEN_PORT),
            ("udp", MEDIA_PORT),
        ] {
            let opened = format!("<port protocol=\"{protocol}\" port=\"{port}\"/>");
            assert!(FIREWALLD.contains(&opened), "{opened}: {FIREWALLD}");
        }
    }
}
