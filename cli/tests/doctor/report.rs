//! `sotto bugreport`, which tells what the doctor found without saying of whom.

use sotto_control::Request;

use crate::fixture::{CABLE, run};
use crate::support::home::Home;

#[tokio::test]
async fn a_report_hides_whomever_the_doctor_was_told_of() {
    let home = Home::with_daemon();
    let settings = "name = \"Zoe Quist\"\n[groups] # ours\nboard = [\n  \"Yuri\",\n]\n";
    std::fs::write(home.directory.path().join("config.toml"), settings).unwrap();
    let ran = run(&home, &format!("{CABLE}\nexec \"$SOTTO\" bugreport")).await;
    assert_eq!(ran.code, 0, "{}", ran.err);
    for name in ["Anna", "Bao", "Planning", "Zoe", "Quist", "Yuri", "board"] {
        assert!(!ran.out.contains(name), "{name}: {}", ran.out);
    }
    assert!(ran.out.contains("runs as process"), "{}", ran.out);
    assert!(ran.out.contains("[groups] # ours\n"), "{}", ran.out);
    // A second answer may be without somebody who stood in the first, from which the doctor judged.
    let asked = |request: &Request| matches!(request, Request::NetworkGet(_));
    assert_eq!(home.daemon().count(asked), 1);
}
