//! How soon the bot acknowledges, what it uses, and how soon it is there: `cargo bench --bench chat --profile dev`.
//!
//! The real bot, `genkan serve`, as a process of its own with a store on disk, against the local Discord in this process. Every
//! latency is from when the interaction was due to when the acknowledgement arrived, and stands beside a floor that was measured in
//! the same round: to parse the interaction and to commit one row, synced. `-- --rounds 5`, `-- --seconds 10`, `-- --rate 200`
//! (instead of 100 and 1,000), `-- --only ack|stall|memory|ready`, `-- --bot PATH` (another build of genkan, to compare). See
//! docs/performance.md.

mod bot;
mod load;

use std::path::PathBuf;
use std::time::Duration;

use bot::Place;
use load::{Rate, Round};

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// How many requests wait in the store of the second start.
const UNFINISHED: usize = 1000;

/// How long the idle bot is watched.
const IDLE: Duration = Duration::from_secs(20);

struct Options {
    rounds: usize,
    seconds: u32,
    rates: Vec<u32>,
    only: Option<String>,
    bot: PathBuf,
}

impl Options {
    fn read() -> Result<Self, Failed> {
        let mut options =
            Self { rounds: 3, seconds: 5, rates: vec![], only: None, bot: env!("CARGO_BIN_EXE_genkan").into() };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--rounds" => options.rounds = value()?.parse::<usize>()?.max(1),
                "--seconds" => options.seconds = value()?.parse::<u32>()?.clamp(1, 10),
                "--rate" => options.rates.push(value()?.parse::<u32>()?.max(1)),
                "--bot" => options.bot = value()?.into(),
                "--only" => options.only = Some(value()?),
                // Said by cargo.
                "--bench" => {}
                other => return Err(format!("there is no {other}: see the first lines of benches/chat/main.rs").into()),
            }
        }
        if options.rates.is_empty() {
            options.rates = vec![100, 1000];
        }
        Ok(options)
    }

    fn wants(&self, what: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == what)
    }

    fn rate(&self, a_second: u32) -> Rate {
        Rate { a_second, count: a_second * self.seconds }
    }
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let options = Options::read()?;
    if options.wants("ack") {
        acknowledgements(&options).await?;
    }
    if options.wants("stall") {
        stalls(&options).await?;
    }
    if options.wants("memory") {
        memory(&options).await?;
    }
    if options.wants("ready") {
        ready(&options).await?;
    }
    Ok(())
}

/// One column of each round: the value in the middle.
fn median(rounds: &[Round], of: impl Fn(&Round) -> f64) -> f64 {
    let mut values: Vec<f64> = rounds.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn line(what: &str, rounds: &[Round], floor: Option<&[Round]>) {
    let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|part| median(rounds, |round| round.quantile(part)));
    let ratio = |part| {
        floor.map_or_else(String::new, |floor| {
            let ratio = median(rounds, |round| round.quantile(part)) / median(floor, |round| round.quantile(part));
            format!("{ratio:.1}")
        })
    };
    let of = |count: fn(&Round) -> usize| rounds.iter().map(count).sum::<usize>();
    println!(
        "{what:<28} {p50:>9.2} {p99:>9.2} {p999:>9.2} {:>9} {:>9} {:>6} {:>6}",
        ratio(0.5),
        ratio(0.99),
        of(|round| round.later_than(1000.0)),
        of(|round| round.later_than(3000.0)),
    );
}

/// Acknowledgements and choices, in turns with the floor.
async fn acknowledgements(options: &Options) -> Result<(), Failed> {
    for &a_second in &options.rates {
        let rate = options.rate(a_second);
        let [mut disks, mut floors, mut helps, mut lates, mut typings] = [const { vec![] }; 5];
        let mut cpu = vec![];
        for _ in 0..options.rounds {
            let folder = tempfile::tempdir()?;
            let place = Place::opens(&options.bot).await?;
            let (bot, _) = place.bot(folder.path()).await?;
            // What is opened and read for the first time is not measured.
            load::commands(&place.discord, Rate { a_second: 50, count: 25 }).await?;
            disks.push(load::disk(folder.path(), rate).await?);
            floors.push(load::floor(folder.path(), rate).await?);
            let before = bot.used()?;
            let (help, late) = load::commands(&place.discord, rate).await?;
            cpu.push(bot.used()?.saturating_sub(before).as_secs_f64() * 1e6 / f64::from(rate.count));
            helps.push(help);
            lates.push(late);
            typings.push(load::typing(&place.discord, rate).await?);
            tell_dropped(&bot);
        }
        cpu.sort_by(f64::total_cmp);
        println!("\n{a_second} a second for {} s, median of {} rounds", options.seconds, options.rounds);
        println!(
            "{:<28} {:>9} {:>9} {:>9} {:>9} {:>9} {:>6} {:>6}",
            "ms", "p50", "p99", "p99.9", "p50/floor", "p99/floor", "> 1 s", "> 3 s"
        );
        line("fdatasync", &disks, None);
        line("floor: parse and commit", &floors, None);
        line("generator: due to sent", &lates, None);
        line("/help acknowledged", &helps, Some(&floors));
        line("choices while typing", &typings, Some(&floors));
        println!("the bot's processor time for a /help, from end to end: {:.0} us", cpu[cpu.len() / 2]);
    }
    Ok(())
}

/// What the bot says it could not take.
fn tell_dropped(bot: &bot::Bot) {
    let log = bot.log();
    let dropped = log.lines().filter(|line| line.contains("was dropped")).count();
    let late = log.lines().filter(|line| line.contains("came too late")).count();
    let others = log.lines().filter(|line| line.contains("ERROR") && !line.contains("was dropped")).count();
    if dropped + late + others > 0 {
        println!("(the bot says: {dropped} dropped, {late} too late, {others} other errors)");
    }
}

/// Acknowledgements while another writer holds the store for half a second.
async fn stalls(options: &Options) -> Result<(), Failed> {
    println!("\n500 ms in which another writer holds the store");
    for &a_second in &options.rates {
        let mut rounds = vec![];
        for _ in 0..options.rounds {
            let folder = tempfile::tempdir()?;
            let place = Place::opens(&options.bot).await?;
            let (bot, _) = place.bot(folder.path()).await?;
            load::commands(&place.discord, Rate { a_second: 50, count: 25 }).await?;
            let stall = load::stall(folder.path(), Duration::from_secs(1), Duration::from_millis(500));
            let (help, stalled) = tokio::join!(load::commands(&place.discord, options.rate(a_second)), stall);
            stalled?;
            rounds.push(help?.0);
            tell_dropped(&bot);
        }
        line(&format!("/help, {a_second} a second"), &rounds, None);
    }
    Ok(())
}

/// Memory, and processor time while nothing happens.
async fn memory(options: &Options) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let place = Place::opens(&options.bot).await?;
    let (bot, _) = place.bot(folder.path()).await?;
    let tell = |when: &str| -> Result<(), Failed> {
        let [all, own, most] = ["VmRSS", "RssAnon", "VmHWM"].map(|what| bot.memory(what));
        let mebi = |kibi: u64| format!("{}.{}", kibi / 1024, kibi % 1024 * 10 / 1024);
        println!("{when:<28} {} MiB, of which its own {} MiB; at most {} MiB", mebi(all?), mebi(own?), mebi(most?));
        Ok(())
    };
    println!("\nthe bot's memory");
    let before = bot.used()?;
    tokio::time::sleep(IDLE).await;
    let used = bot.used()?.saturating_sub(before);
    tell("idle")?;
    let most = options.rates.iter().copied().max().unwrap_or(1000);
    load::commands(&place.discord, Rate { a_second: most, count: most * 10 }).await?;
    tell(&format!("after 10 s of {most} a second"))?;
    tell_dropped(&bot);
    println!("processor time while idle: {:.2} s an hour", used.as_secs_f64() / IDLE.as_secs_f64() * 3600.0);
    Ok(())
}

/// From exec to ready.
async fn ready(options: &Options) -> Result<(), Failed> {
    println!("\nfrom exec to ready");
    let starts = options.rounds.max(5);
    for (what, count) in [("with an empty store", 0), ("with 1,000 unfinished", UNFINISHED)] {
        let folder = tempfile::tempdir()?;
        if count > 0 {
            load::unfinished(folder.path(), count).await?;
        }
        let mut took = vec![];
        let place = Place::opens(&options.bot).await?;
        for number in 0..=starts {
            let (_bot, ready) = place.bot(folder.path()).await?;
            if number == 0 {
                println!(
                    "{what:<28} {:.0} ms the first time, when the commands are registered",
                    ready.as_secs_f64() * 1e3
                );
            } else {
                took.push(ready.as_secs_f64() * 1e3);
            }
        }
        took.sort_by(f64::total_cmp);
        println!("{what:<28} {:.0} ms, median of {starts} later starts", took[took.len() / 2]);
    }
    Ok(())
}
