//! An embed while it is being filled, in whole lines, never past Discord's limits; and a message made of it.
//!
//! The limits: Discord's reference, Message resource, "Embed Limits", and Components.

use minijinja::context;
use serenity::builder::{CreateEmbed, CreateEmbedFooter};

use super::text::width;
use super::words::Scene;

/// All texts of all embeds of one message, together.
pub const TOTAL: usize = 6000;
const TITLE: usize = 256;
const DESCRIPTION: usize = 4096;
const FIELD: usize = 1024;
const FIELDS: usize = 25;
/// What the line takes at most that says how many were left out.
const MORE: usize = 60;

/// How it stands, at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// It goes on.
    Blue,
    /// Somebody has to do something, or something has to appear.
    Amber,
    /// It is done.
    Green,
    /// It failed, or will destroy data.
    Red,
    /// It ended early, or says nothing of how something stands.
    Grey,
}

impl Colour {
    const fn number(self) -> u32 {
        match self {
            Self::Blue => 0x005B_8DEF,
            Self::Amber => 0x00E3_A23C,
            Self::Green => 0x0043_A66F,
            Self::Red => 0x00D6_4545,
            Self::Grey => 0x008A_909B,
        }
    }
}

/// An embed that is being filled. What comes first gets the room.
pub struct Sheet<'s> {
    scene: &'s Scene<'s>,
    title: String,
    colour: Colour,
    description: String,
    fields: Vec<(String, String)>,
    footer: String,
    room: usize,
}

impl<'s> Sheet<'s> {
    /// An empty one. The footer is plain text: Discord shows no markdown there.
    pub fn new(scene: &'s Scene<'s>, colour: Colour, title: String, footer: String) -> Self {
        debug_assert!(width(&title) <= TITLE, "{title}");
        let room = TOTAL - width(&title) - width(&footer);
        Self { scene, title, colour, description: String::new(), fields: vec![], footer, room }
    }

    /// A line of the description. False: there was no room for the whole of it, and none of it is there.
    pub fn line(&mut self, line: &str) -> bool {
        let long = width(line) + 1;
        let fits = long <= self.room && width(&self.description) + long <= DESCRIPTION;
        if fits {
            self.description.push_str(line);
            self.description.push('\n');
            self.room -= long;
        }
        fits
    }

    /// Lines of the description, of which at most `longest` may be taken; what is left out is counted.
    pub fn lines(&mut self, lines: &[String], longest: usize) {
        let longest = longest.min(self.room).min(DESCRIPTION - width(&self.description));
        let (shown, left) = fitting(lines, longest);
        for line in shown {
            self.line(line);
        }
        if left > 0 {
            self.line(&self.scene.say("list.more", context! { n => left }));
        }
    }

    /// A field with these lines; what is left out is counted. None for no lines.
    pub fn field(&mut self, name: &str, lines: &[String]) {
        let longest = FIELD.min(self.room.saturating_sub(width(name)));
        let (shown, left) = fitting(lines, longest);
        let mut value = shown.join("\n");
        // Discord refuses a field without a value.
        if value.trim().is_empty() || self.fields.len() == FIELDS {
            return;
        }
        if left > 0 {
            value.push('\n');
            value.push_str(&self.scene.say("list.more", context! { n => left }));
        }
        self.room -= width(name) + width(&value);
        self.fields.push((name.to_owned(), value));
    }

    /// The embed.
    pub fn embed(self) -> CreateEmbed {
        let mut embed = CreateEmbed::new().title(self.title).colour(self.colour.number());
        if !self.description.trim_end().is_empty() {
            embed = embed.description(self.description.trim_end());
        }
        if !self.footer.is_empty() {
            embed = embed.footer(CreateEmbedFooter::new(self.footer));
        }
        embed.fields(self.fields.into_iter().map(|(name, value)| (name, value, false)))
    }
}

/// As many lines, from the first, as fit together into `longest`, with room for the line that counts the others; and how many
/// were left out.
fn fitting(lines: &[String], longest: usize) -> (&[String], usize) {
    let all: usize = lines.iter().map(|line| width(line) + 1).sum();
    if all <= longest {
        return (lines, 0);
    }
    let mut room = longest.saturating_sub(MORE);
    let fits = lines
        .iter()
        .take_while(|line| {
            let long = width(line) + 1;
            let fits = long <= room;
            room = room.saturating_sub(long);
            fits
        })
        .count();
    (&lines[..fits], lines.len() - fits)
}
