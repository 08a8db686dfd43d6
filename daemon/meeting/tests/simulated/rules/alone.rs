//! Who has few connections.

use super::*;

#[test]
fn who_hangs_on_one_machine_alone_connects_with_others_of_the_lobby() {
    let (mut sim, [anna, bao, chen, dara, emma]) =
        Sim::still_without_multicast(["Anna", "Bao", "Chen", "Dara", "Emma"]);
    sim.run(40);
    sim.crash(anna);
    for host in [bao, chen, dara, emma] {
        let neighbours = sim.machine(host).connections.len();
        assert!(neighbours >= 2, "{host:?} is alone");
    }
}
