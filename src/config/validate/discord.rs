//! What `[discord]` asks for: that its door, its groups and its people go together, and that no token stands in the file.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::Check;
use crate::config::discord::{is_local, looks_like_a_token};
use crate::config::problem::{instead_of, quoted};
use crate::config::{Discord, Door, Environment};

impl Check<'_> {
    pub(super) fn discord(&mut self) {
        self.discord_ids();
        let Some(discord) = &self.config.discord else {
            for (name, environment) in &self.config.environments {
                if environment.approvals_channel.is_some() {
                    let way = ["environments", name.as_str(), "approvals_channel"];
                    self.warning(&way, "without [discord] nobody is asked there", "add [discord]".to_owned());
                }
            }
            return;
        };
        self.discord_roles(discord);
        self.door(discord);
        if let Some(file) = &discord.token_file
            && looks_like_a_token(file)
        {
            let mend = "expected the name of a file that holds it; or leave this out and set DISCORD_TOKEN. Whoever has seen this \
                        file has seen the token: reset it (Developer Portal > Bot > Reset Token)";
            self.error(&["discord", "token_file"], "this is a token, and not a file's name", mend.to_owned());
        }
        if let Some(api) = &discord.api
            && !is_local(api)
        {
            let what = format!("`{api}` is not a Discord on this machine");
            let mend = "expected what `genkan sandbox` prints, such as `http://127.0.0.1:4600`; leave it out for Discord itself";
            self.error(&["discord", "api"], what, mend.to_owned());
        }
        for (name, environment) in &self.config.environments {
            self.approvers_in_discord(name.as_str(), environment, discord);
        }
    }

    /// A Discord account is one person's.
    fn discord_ids(&mut self) {
        let mut seen: BTreeMap<_, &str> = BTreeMap::new();
        for (at, person) in self.config.people.iter().enumerate() {
            let Some(id) = &person.discord else { continue };
            if let Some(other) = seen.insert(id, &person.name) {
                let what = format!("{id} is also the Discord id of `{other}`");
                let mend = "an account in Discord is one person's".to_owned();
                self.error(&["people", &at.to_string(), "discord"], what, mend);
            }
        }
    }

    fn discord_roles(&mut self, discord: &Discord) {
        let groups = self.config.groups();
        let mut seen: BTreeMap<_, &str> = BTreeMap::new();
        for (group, role) in &discord.roles {
            let way = ["discord", "roles", group];
            if !groups.contains(&group.as_str()) {
                let allowed = instead_of(group, groups.iter().copied());
                self.error(&way, format!("nobody in [[people]] is in the group `{group}`"), allowed);
            }
            if *role == discord.guild {
                // The role @everyone has the server's id (API reference, Permissions).
                let what = format!("this is the role @everyone: whoever is known would be in `{group}`");
                self.error(&way, what, "expected the id of a role that is given to people".to_owned());
            }
            if let Some(other) = seen.insert(role, group) {
                let what = format!("this role is also that of `{other}`");
                self.warning(&way, what, "whoever has it is in both groups".to_owned());
            }
        }
    }

    fn door(&mut self, discord: &Discord) {
        let settings = [("listen", &discord.listen), ("public_key", &discord.public_key)];
        for (field, value) in settings {
            match (discord.door, value) {
                (Door::Http, None) => {
                    let mend = match field {
                        "listen" => {
                            "expected where to listen, such as `127.0.0.1:8080`, behind a proxy with a public address"
                        }
                        _ => "expected 64 hex digits: Developer Portal > General Information > Public Key",
                    };
                    self.error(&["discord", "door"], format!("with `http`, `{field}` is missing"), mend.to_owned());
                }
                (Door::Gateway, Some(_)) => {
                    let mend = "say `door = \"http\"`, or leave it out".to_owned();
                    self.error(&["discord", field], format!("`{field}` is only for the door `http`"), mend);
                }
                _ => {}
            }
        }
        if discord.door == Door::Gateway {
            return;
        }
        if let Some(listen) = &discord.listen
            && listen.parse::<SocketAddr>().is_err()
        {
            let what = format!("`{listen}` is not an address to listen at");
            self.error(&["discord", "listen"], what, "expected `address:port`, such as `127.0.0.1:8080`".to_owned());
        }
        if let Some(listen) = &discord.listen
            && let Ok(address) = listen.parse::<SocketAddr>()
            && !address.ip().is_loopback()
        {
            let what = format!("`{listen}` is open to other machines, and what is posted there comes unencrypted");
            let mend = "posts hold interactions' tokens: listen at `127.0.0.1`, behind a proxy with TLS, or where only that proxy \
                        can reach it";
            self.warning(&["discord", "listen"], what, mend.to_owned());
        }
        if let Some(key) = &discord.public_key
            && (key.len() != 64 || !key.bytes().all(|b| b.is_ascii_hexdigit()))
        {
            let mend = "expected 64 hex digits: Developer Portal > General Information > Public Key".to_owned();
            self.error(&["discord", "public_key"], "this is not an application's public key", mend);
        }
    }

    /// Whether somebody can press the button.
    fn approvers_in_discord(&mut self, name: &str, environment: &Environment, discord: &Discord) {
        let Environment { approvers, approvals, approvals_to_destroy, .. } = environment;
        if approvers.is_empty() || (*approvals == 0 && *approvals_to_destroy == 0) {
            return;
        }
        let has_member = self.config.members(approvers).any(|person| person.discord.is_some());
        let has_role = approvers.iter().any(|group| discord.roles.contains_key(group))
            && self.config.people.iter().any(|person| person.discord.is_some());
        if !has_member && !has_role {
            let what = format!("nobody in {} is known in Discord", quoted(approvers));
            let mend = "give them `discord` in [[people]]; until then they approve at the terminal only".to_owned();
            self.warning(&["environments", name, "approvers"], what, mend);
        }
    }
}
