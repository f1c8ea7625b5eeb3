//! What would silently let fewer people decide than it looks.

use super::*;

#[test]
fn two_people_whose_names_look_alike_are_refused() {
    for (name, other) in [("REN", "ren"), ("Mio", "mio"), ("aik0", "aiko"), ("rnio", "mio")] {
        let said = errors(&[("name = \"sora\"", &format!("name = \"{name}\""))]);
        assert!(said.contains(&format!("`{name}` looks like `{other}`")), "{name}:\n{said}");
    }
    assert_eq!(warnings(&[("name = \"sora\"", "name = \"rin\"")]), "", "another name");
}

#[test]
fn an_environment_that_sounds_like_production_and_is_not_is_said() {
    for (name, production, is_said) in [
        ("prod", "", true),
        ("prd", "", true),
        ("production-eu", "", true),
        ("production", "production = false\n", true),
        ("production", "approvals = 2\n", false),
        ("prod", "production = true\napprovals = 2\n", false),
        ("staging", "", false),
    ] {
        let said = warnings(&[
            ("[environments.dev]", &format!("[environments.{name}]")),
            ("approvers = ", &format!("{production}approvers = ")),
        ]);
        assert_eq!(said.contains(&format!("{name} is not production")), is_said, "{name} {production}:\n{said}");
    }
}
