//! How long approvals count, and who stands in for approvers.

use super::Check;
use crate::config::Environment;
use crate::config::problem::instead_of;

impl Check<'_> {
    /// `[approvals]`
    pub(super) fn approving(&mut self) {
        let approvals = &self.config.approvals;
        if !(1..=720).contains(&approvals.valid_hours) {
            let what = format!("`valid_hours` is {}", approvals.valid_hours);
            self.error(&["approvals", "valid_hours"], what, "expected 1 to 720".to_owned());
        }
        if approvals.remind_hours >= approvals.valid_hours && approvals.remind_hours > 0 {
            let what = format!(
                "approvers are never reminded: {} hours before its end a question of {} hours is not yet asked",
                approvals.remind_hours, approvals.valid_hours
            );
            self.warning(
                &["approvals", "remind_hours"],
                what,
                "expected less than `valid_hours`, or 0: never".to_owned(),
            );
        }
    }

    /// `[[environments.NAME.stand_ins]]`
    pub(super) fn stand_ins(&mut self, name: &str, environment: &Environment) {
        let mut groups = self.config.groups();
        if let Some(discord) = &self.config.discord {
            groups.extend(discord.roles.keys().map(String::as_str));
        }
        for (at, stand_in) in environment.stand_ins.iter().enumerate() {
            let at = at.to_string();
            let way = |field| ["environments", name, "stand_ins", at.as_str(), field];
            if !groups.contains(&stand_in.group.as_str()) {
                let what = format!("nobody is in the group `{}`", stand_in.group);
                self.error(&way("group"), what, instead_of(&stand_in.group, groups.iter().copied()));
            }
            if stand_in.from >= stand_in.until {
                let what = format!(
                    "`{}` stands in until {}, which is not after {}",
                    stand_in.group, stand_in.until, stand_in.from
                );
                self.error(&way("until"), what, "expected a time after `from`".to_owned());
            }
            if environment.approvers.contains(&stand_in.group) {
                let what = format!("`{}` approves in {name} anyhow", stand_in.group);
                self.warning(&way("group"), what, "a group that stands in is another than the approvers".to_owned());
            }
        }
    }
}
