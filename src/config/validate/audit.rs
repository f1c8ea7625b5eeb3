//! What `[audit]` asks for: that its bucket can be in its account, and that somebody could read its channel.

use std::sync::LazyLock;

use regex::Regex;

use super::Check;

/// Object Lock's longest retention is 100 years (Amazon S3 API Reference, DefaultRetention: Days).
const LONGEST: u32 = 36_500;

impl Check<'_> {
    pub(super) fn audit(&mut self) {
        // Amazon S3 User Guide, Bucket naming rules; a name with dots does not go with TLS.
        static NAME: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$").expect("a valid pattern"));
        let audit = &self.config.audit;
        if !(1..=1440).contains(&audit.every_minutes) {
            let what = format!("checkpoints cannot be {} minutes apart", audit.every_minutes);
            self.error(&["audit", "every_minutes"], what, "expected 1 to 1440".to_owned());
        }
        if let Some(channel) = &audit.channel {
            match &self.config.discord {
                None => {
                    let what = "without [discord] no checkpoint is posted there";
                    self.warning(&["audit", "channel"], what, "add [discord]".to_owned());
                }
                Some(discord) if discord.guild == *channel => {
                    let what = "this is the id of the server, and not of a channel";
                    self.error(&["audit", "channel"], what, "expected the id of a channel of that server".to_owned());
                }
                Some(_) => {}
            }
        }
        let Some(bucket) = &audit.bucket else { return };
        if let Some(account) = self.account(&["audit", "bucket", "account"], &bucket.account) {
            self.role(&["audit", "bucket", "role"], &bucket.role, &bucket.account, account);
            if [&account.reader, &account.writer, &account.authoriser].contains(&&bucket.role) {
                let what = format!("`{}` is also another role of account `{}`", bucket.role.0, bucket.account);
                let mend = "give checkpoints a role of their own, which can do nothing else".to_owned();
                self.error(&["audit", "bucket", "role"], what, mend);
            }
        }
        if !NAME.is_match(&bucket.name) {
            let what = format!("`{}` is not a bucket's name", bucket.name);
            let mend = "expected 3 to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit".to_owned();
            self.error(&["audit", "bucket", "name"], what, mend);
        }
        let prefix = &self.config.names.project_prefix;
        if !prefix.is_empty() && bucket.name.starts_with(prefix.as_str()) {
            let what = format!("`{}` begins as a project's name does: its writer could reach it", bucket.name);
            let mend = format!("expected a name that does not begin with `{prefix}`");
            self.error(&["audit", "bucket", "name"], what, mend);
        }
        if !(1..=LONGEST).contains(&bucket.days) {
            let what = format!("nothing can be locked for {} days", bucket.days);
            self.error(&["audit", "bucket", "days"], what, format!("expected 1 to {LONGEST}"));
        }
    }
}
