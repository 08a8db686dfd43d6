//! What somebody signs whose state was damaged.

use super::*;

/// `host` loses its state and starts again after `away` seconds.
fn lose(sim: &mut Sim, host: Host, away: u64) {
    sim.crash(host);
    sim.set_disk(host, None);
    sim.run(away);
    sim.start(host);
}

#[test]
fn a_run_that_remembers_nothing_signs_above_all_earlier_ones() {
    let (mut sim, [anna, bao]) = Sim::still(["Anna", "Bao"]);
    let epoch = |sim: &Sim| {
        let disk = sim.machine(bao).disk.as_ref().unwrap();
        crate::stored::State::decode(disk).unwrap().epoch
    };
    let before = epoch(&sim);
    lose(&mut sim, bao, 5);
    assert!(epoch(&sim) > before);
    // Longer than anybody keeps a lobby record: nobody could show Bao what it had signed.
    lose(&mut sim, bao, 1000);
    sim.run(1);
    assert!(sim.view(anna).peers[0].running);
    let peer = sim.id(bao);
    let mesh = sim.mesh(anna);
    assert_eq!(
        mesh.people.run(peer),
        Some(epoch(&sim)),
        "its record is news"
    );
}
