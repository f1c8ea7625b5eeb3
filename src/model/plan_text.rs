//! How a plan prints itself: the same text for the terminal, for chat and for whoever approves.

use std::fmt;

use super::ids::StepId;
use super::plan::{Action, Change, Gate, GateReason, Plan, Step, Tally};
use super::resource::amount;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { direction, project, environment, place, repository, .. } = self;
        writeln!(f, "Plan: {direction} {project} {environment} in {}, {}", self.account(&place.account), place.region)?;
        if let Some(repository) = repository {
            writeln!(f, "Repository: {repository}")?;
        }
        writeln!(f)?;
        let width = self.steps.iter().map(|step| step.desired.id.as_str().len()).max().unwrap_or(0);
        // What mends several steps is said once.
        let mut mends: Vec<&str> = vec![];
        for step in &self.steps {
            self.write_step(f, step, width)?;
            if let Action::Blocked { mend, .. } = &step.action {
                let indent = " ".repeat(width + 6);
                if mends.contains(&mend.as_str()) {
                    writeln!(f, "{indent}what mends it is said above")?;
                } else {
                    writeln!(f, "{indent}{}", mend.replace('\n', &format!("\n{indent}")))?;
                }
                mends.push(mend);
            }
        }
        writeln!(f)?;
        writeln!(f, "{}", self.tally())?;
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        Ok(())
    }
}

impl Plan {
    fn write_step(&self, f: &mut fmt::Formatter<'_>, step: &Step, width: usize) -> fmt::Result {
        let indent = " ".repeat(width + 6);
        let mark = match step.action {
            Action::Keep { .. } => '=',
            Action::Create => '+',
            Action::Adopt { .. } | Action::Update { .. } => '~',
            Action::Remove { .. } => '-',
            Action::Await => '…',
            Action::Decide => '?',
            Action::Blocked { .. } => '!',
        };
        let spec = &step.desired.spec;
        writeln!(f, "  {mark} {:width$}  {} {}", step.desired.id, spec.kind().title(), spec.name())?;
        match &step.action {
            Action::Keep { why } => writeln!(f, "{indent}kept: {why}")?,
            Action::Create => {}
            Action::Adopt { changes } => {
                writeln!(f, "{indent}not genkan's until now: taken over as asked")?;
                write_changes(f, &indent, changes)?;
            }
            Action::Update { changes } => write_changes(f, &indent, changes)?,
            Action::Remove { contents } => {
                for (what, count) in contents {
                    writeln!(f, "{indent}{} will be destroyed", amount(what, *count))?;
                }
            }
            Action::Await => writeln!(f, "{indent}not there yet: the run waits for it")?,
            Action::Decide => {
                let inputs = step.desired.inputs.iter();
                let sources: Vec<String> =
                    inputs.map(|(field, input)| format!("{field} from {}", input.step)).collect();
                if sources.is_empty() {
                    let after: Vec<&str> = step.desired.after.iter().map(StepId::as_str).collect();
                    writeln!(f, "{indent}decided when done: {}", after.join(", "))?;
                } else {
                    writeln!(f, "{indent}decided when known: {}", sources.join(", "))?;
                }
            }
            Action::Blocked { why, .. } => writeln!(f, "{indent}BLOCKED: {why}")?,
        }
        if let Some(gate) = &step.gate {
            writeln!(f, "{indent}{}", self.describe_gate(gate))?;
        }
        Ok(())
    }

    /// What a gate asks for, in words.
    pub fn describe_gate(&self, gate: &Gate) -> String {
        let why = match &gate.reason {
            GateReason::OtherAccount { account } => format!("changes {}", self.account(account)),
            GateReason::DestroysData => "destroys data".to_owned(),
        };
        match gate.approvals {
            0 => format!("{why}; UNATTENDED: the config asks for no approval here"),
            1 => format!("{why}; needs 1 approval of {}", gate.approvers.join(" or ")),
            count => format!("{why}; needs {count} approvals of {}", gate.approvers.join(" or ")),
        }
    }
}

fn write_changes(f: &mut fmt::Formatter<'_>, indent: &str, changes: &[Change]) -> fmt::Result {
    for Change { field, from, to } in changes {
        writeln!(f, "{indent}{field}: {from} → {to}")?;
    }
    Ok(())
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.create, "to create"),
            (self.update, "to change"),
            (self.remove, "to remove"),
            (self.wait, "to wait for"),
            (self.decide, "to decide on the way"),
            (self.keep, "kept"),
            (self.blocked, "BLOCKED"),
        ];
        let said: Vec<String> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        f.write_str(&if said.is_empty() { "nothing to do".to_owned() } else { said.join(", ") })
    }
}
