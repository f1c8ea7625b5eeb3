//! Asks the person at the terminal, where there is one.

use std::io::{BufRead, Write};

/// Asks a question and reads one line. Blocking: call it on a thread that may block.
///
/// # Errors
/// Where the input has ended.
pub fn line(question: &str) -> std::io::Result<String> {
    let mut error = std::io::stderr();
    write!(error, "{question} ")?;
    error.flush()?;
    let mut answer = String::new();
    if std::io::stdin().lock().read_line(&mut answer)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(answer.trim().to_owned())
}

/// Whether the answer is a yes.
pub fn is_yes(answer: &str) -> bool {
    matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes")
}
