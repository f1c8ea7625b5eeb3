//! What `[discord]` may say, and what is said about it.

use super::*;
use crate::model::Snowflake;

/// A `[discord]` with these lines besides what it cannot do without, before the people; and who they are in Discord.
fn with(lines: &str) -> Vec<(&'static str, String)> {
    let section =
        format!("[discord]\nguild = \"118000000000000100\"\nchannel = \"118000000000000201\"\n{lines}\n\n[[people]]");
    vec![
        ("[[people]]", section),
        ("name = \"aiko\"", "name = \"aiko\"\ndiscord = \"118000000000000401\"".to_owned()),
        ("name = \"ren\"", "name = \"ren\"\ndiscord = \"118000000000000402\"".to_owned()),
    ]
}

fn edits(lines: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
    lines.to_vec()
}

fn said(edits: &[(&'static str, String)]) -> Result<String, String> {
    let edits: Vec<(&str, &str)> = edits.iter().map(|(from, to)| (*from, to.as_str())).collect();
    match parse(&small(&edits)) {
        Err(errors) => Err(errors.to_string()),
        Ok(loaded) => Ok(loaded.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")),
    }
}

#[test]
fn a_discord_that_is_well_is_let_in_without_a_word() {
    for lines in [
        "",
        "roles = { leads = \"118000000000000302\" }",
        "token_file = \"discord-token\"",
        "door = \"http\"\nlisten = \"127.0.0.1:8080\"\n\
         public_key = \"67c6bd767ca099e79efac9fcce4d2022a63bf7dea780e7f3d813f694c1597089\"",
        "api = \"http://127.0.0.1:4600\"",
        "api = \"http://[::1]:4600/\"",
    ] {
        assert_eq!(said(&with(lines)), Ok(String::new()), "{lines}");
    }
}

#[test]
fn what_does_not_go_together_is_said_with_what_does() {
    let cases = [
        ("discord_http_bare", "door = \"http\""),
        ("discord_gateway_listens", "listen = \"127.0.0.1:8080\"\npublic_key = \"67\""),
        ("discord_http_wrong", "door = \"http\"\nlisten = \"8080\"\npublic_key = \"the key\""),
        (
            "discord_roles",
            "roles = { lead = \"118000000000000302\", leads = \"118000000000000100\", engineers = \"118000000000000302\" }",
        ),
        ("discord_ids", "roles = { leads = \"302\" }\nlanguage = \"de\"\ndoor = \"window\""),
        ("discord_api", "api = \"https://discord.com\""),
    ];
    for (name, lines) in cases {
        insta::assert_snapshot!(name, said(&with(lines)).unwrap_err());
    }
}

#[test]
fn only_this_machine_is_a_local_discord() {
    for api in [
        "https://discord.com",
        "http://127.0.0.1.example.com:4600",
        "http://127.0.0.1:80@example.com",
        "http://user@127.0.0.1:4600",
        "http://localhost.example.com",
        "http://localhost:4600",
        "https://127.0.0.1:4600",
        "http://127.0.0.1:4600/api",
        "http://10.0.0.1:4600",
        "127.0.0.1:4600",
        "",
    ] {
        let refused = said(&with(&format!("api = \"{api}\""))).unwrap_err();
        assert!(refused.contains("is not a Discord on this machine"), "{api}: {refused}");
    }
}

#[test]
fn an_account_in_discord_is_one_persons() {
    let mut edits = edits(&with(""));
    edits.push(("name = \"mio\"", "name = \"mio\"\ndiscord = \"118000000000000402\"".to_owned()));
    insta::assert_snapshot!("discord_same_id", said(&edits).unwrap_err());
}

#[test]
fn who_cannot_be_asked_in_discord_is_warned_of() {
    let mut nobody = edits(&with(""));
    nobody.retain(|(from, _)| !from.contains("ren"));
    insta::assert_snapshot!("discord_no_approver", said(&nobody).unwrap());
    let mut by_role = edits(&with("roles = { leads = \"118000000000000302\" }"));
    by_role.retain(|(from, _)| !from.contains("ren"));
    assert_eq!(said(&by_role), Ok(String::new()), "the role may make somebody one");
    let alone = [("approvers = ", "approvals_channel = \"118000000000000202\"\napprovers = ".to_owned())];
    insta::assert_snapshot!("discord_channel_alone", said(&alone).unwrap());
}

#[test]
fn a_token_in_the_file_is_refused_and_not_told_on() {
    // The shape of a token; nobody's.
    let token = format!("MTE4MDAwMDAwMDAwMDAwNTAw.Gabcde.{}", "x".repeat(38));
    for lines in [
        format!("token = \"{token}\""),
        format!("\"token\" = \"{token}"),
        "token = \"secret-of-another-shape\"".to_owned(),
        format!("token_file = \"{token}\""),
        format!("api = \"{token}\""),
        format!("language = \"{token}\""),
        format!("unknown = \"Bot {token}\""),
    ] {
        let refused = said(&with(&lines)).unwrap_err();
        assert!(!refused.contains("xxxx") && !refused.contains("another-shape"), "{refused}");
        assert!(
            refused.contains("[discord") || refused.contains("discord.") || refused.contains("genkan.toml:"),
            "{refused}"
        );
    }
    insta::assert_snapshot!("discord_token", said(&with(&format!("token = \"{token}\""))).unwrap_err());
}

#[test]
fn a_person_in_discord_is_who_the_config_says_with_the_roles_that_discord_says() {
    let edits = with("roles = { leads = \"118000000000000302\" }");
    let edits: Vec<(&str, &str)> = edits.iter().map(|(from, to)| (*from, to.as_str())).collect();
    let config = config(&edits);
    let id = |text: &str| text.parse::<Snowflake>().unwrap();
    let (aiko, lead) = (id("118000000000000401"), id("118000000000000302"));
    assert_eq!(config.person_by_discord(&aiko, &[]).unwrap().groups, ["engineers"]);
    assert_eq!(config.person_by_discord(&aiko, &[id("118000000000000999")]).unwrap().groups, ["engineers"]);
    assert_eq!(config.person_by_discord(&aiko, std::slice::from_ref(&lead)).unwrap().groups, ["engineers", "leads"]);
    assert_eq!(config.person_by_discord(&id("118000000000000405"), &[lead]), None, "a role alone is nobody");
}

#[test]
fn a_door_that_is_open_to_other_machines_is_warned_of() {
    let door = |listen: &str| {
        let key = "67c6bd767ca099e79efac9fcce4d2022a63bf7dea780e7f3d813f694c1597089";
        said(&with(&format!("door = \"http\"\nlisten = \"{listen}\"\npublic_key = \"{key}\""))).unwrap()
    };
    for listen in ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:8080"] {
        assert!(door(listen).contains("unencrypted"), "{listen}");
    }
    for listen in ["127.0.0.1:8080", "[::1]:8080"] {
        assert!(!door(listen).contains("unencrypted"), "{listen}");
    }
}
