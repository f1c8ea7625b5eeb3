//! The manual page and the completion scripts, made from what can be typed.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Arguments;

/// The completion script for a shell.
pub fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "genkan", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The manual page, in roff: the whole, then each command.
///
/// # Errors
/// Never in practice: it is written into memory.
pub fn manual() -> std::io::Result<String> {
    let mut command = Arguments::command();
    command.build();
    let mut pages = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut pages)?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        clap_mangen::Man::new(sub.clone()).render(&mut pages)?;
    }
    Ok(String::from_utf8_lossy(&pages).into_owned())
}
