//! What `genkan doctor` found, as people read it: place by place, what is well as a count, and below each of the rest
//! what mends it.

use std::fmt::Write as _;

use crate::model::finding::{Finding, Health};

/// No line of prose is longer.
const WIDTH: usize = 100;
/// What a finding's mark takes, with the space around it.
const MARK: usize = 9;

/// The findings, grouped by place in the order in which they came. `all`: also each that is well.
pub fn draw(findings: &[Finding], all: bool) -> String {
    let mut text = String::new();
    let mut places: Vec<&str> = findings.iter().map(|finding| split(&finding.place).0).collect();
    let mut known = std::collections::BTreeSet::new();
    places.retain(|place| known.insert(*place));
    for place in places {
        let here: Vec<&Finding> = findings.iter().filter(|finding| split(&finding.place).0 == place).collect();
        let counts = counted(&here);
        let gap = WIDTH.saturating_sub(place.chars().count() + counts.chars().count()).max(2);
        let _ = writeln!(text, "{place}{:gap$}{counts}", "");
        for finding in here.iter().filter(|finding| all && finding.health == Health::Ok) {
            write_finding(&mut text, finding);
        }
        write_troubles(&mut text, &here);
    }
    let everything: Vec<&Finding> = findings.iter().collect();
    let _ = writeln!(text, "\n{}", counted(&everything));
    if !all && findings.iter().any(|finding| finding.health == Health::Ok) {
        text.push_str("`genkan doctor --all` also lists what is well\n");
    }
    text
}

/// What is not well, the worst first; what the same thing mends stands together above it.
fn write_troubles(text: &mut String, here: &[&Finding]) {
    for health in [Health::Failed, Health::Warning] {
        let mut mended: Vec<Option<&str>> = Vec::new();
        for finding in here.iter().filter(|finding| finding.health == health) {
            let mend = finding.mend.as_deref();
            if mend.is_some() && mended.contains(&mend) {
                continue;
            }
            let alike = here.iter().filter(|one| one.health == health && one.mend.as_deref() == mend && mend.is_some());
            let alike: Vec<&&Finding> = if mend.is_some() { alike.collect() } else { vec![finding] };
            for one in alike {
                write_finding(text, one);
            }
            for line in mend.into_iter().flat_map(str::lines) {
                write_wrapped(text, line, MARK + 4);
            }
            text.push('\n');
            mended.push(mend);
        }
    }
    if text.ends_with("\n\n") {
        text.pop();
    }
}

fn write_finding(text: &mut String, finding: &Finding) {
    let mark = match finding.health {
        Health::Ok => "ok",
        Health::Warning => "warning",
        Health::Failed => "FAILED",
    };
    let within = split(&finding.place).1.map_or_else(String::new, |within| format!("{within}: "));
    let mut lines = String::new();
    write_wrapped(&mut lines, &format!("{within}{}: {}", finding.subject, finding.seen), MARK);
    let _ = write!(text, "{mark:>MARK$}  {}", lines.trim_start());
}

/// A place and what in it: `Discord`, `channel 118…`.
fn split(place: &str) -> (&str, Option<&str>) {
    place.split_once(", ").map_or((place, None), |(place, within)| (place, Some(within)))
}

/// `3 ok, 1 warning, 2 failed`, without what there is none of.
fn counted(findings: &[&Finding]) -> String {
    let count = |health| findings.iter().filter(|finding| finding.health == health).count();
    let words =
        [(Health::Ok, "ok", "ok"), (Health::Warning, "warning", "warnings"), (Health::Failed, "failed", "failed")];
    let said = words.into_iter().filter_map(|(health, one, many)| match count(health) {
        0 => None,
        1 => Some(format!("1 {one}")),
        more => Some(format!("{more} {many}")),
    });
    said.collect::<Vec<_>>().join(", ")
}

/// Words on lines of their own where they do not fit. Commands and JSON stay as they are, to be copied.
fn write_wrapped(text: &mut String, line: &str, indent: usize) {
    let indent = indent + 2;
    let is_to_be_copied = ["aws ", "chmod ", "genkan ", "{", "}", " "].iter().any(|begin| line.starts_with(begin));
    if is_to_be_copied {
        let _ = writeln!(text, "{:indent$}{line}", "");
        return;
    }
    let mut column = 0;
    for word in line.split_whitespace() {
        let long = word.chars().count();
        if column > 0 && column + 1 + long > WIDTH {
            text.push('\n');
            column = 0;
        }
        if column == 0 {
            let _ = write!(text, "{:indent$}{word}", "");
            column = indent + long;
        } else {
            let _ = write!(text, " {word}");
            column += 1 + long;
        }
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(place: &str, subject: &str, health: Health, seen: &str, mend: Option<&str>) -> Finding {
        let text = str::to_owned;
        Finding { place: text(place), subject: text(subject), health, seen: text(seen), mend: mend.map(text) }
    }

    fn found() -> Vec<Finding> {
        let (dev, statement) = ("project-dev (222222222201)", "{\n  \"Action\": \"ecr:CreateRepository\"\n}");
        let long = "it is not allowed on arn:aws:ecr:ap-northeast-1:222222222201:repository/project-genkan-doctor and \
                    on what is like it";
        vec![
            finding("the tool itself", "clock", Health::Ok, "it agrees with AWS's", None),
            finding(dev, "reader role genkan-reader", Health::Ok, "it can be assumed", None),
            finding(dev, "ecr:CreateRepository as writer role genkan-writer", Health::Failed, long, Some(statement)),
            finding(
                dev,
                "external_id",
                Health::Warning,
                "no external id",
                Some("set `external_id` in [accounts.project-dev]"),
            ),
            finding(
                dev,
                "ecr:TagResource as writer role genkan-writer",
                Health::Failed,
                "it is not allowed",
                Some(statement),
            ),
            finding("Discord, bot", "token", Health::Ok, "it is the bot of Genkan", None),
            finding("Discord, channel 12", "discord.channel", Health::Warning, "the bot sees it", None),
        ]
    }

    #[test]
    fn what_is_well_is_counted_and_the_rest_is_shown_with_what_mends_it() {
        insta::assert_snapshot!(draw(&found(), false));
    }

    #[test]
    fn everything_is_listed_where_it_is_asked_for() {
        insta::assert_snapshot!(draw(&found(), true));
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        for line in draw(&found(), true).lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
    }
}
