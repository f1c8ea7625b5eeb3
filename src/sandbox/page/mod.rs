//! The page of the local Discord: its static files, served from the binary.

/// One file of the page: its content type and its bytes; `None` = there is no such file. `path` has no leading slash, and is
/// empty for the page itself.
pub fn asset(path: &str) -> Option<(&'static str, &'static [u8])> {
    let index: &[u8] = b"<!doctype html><title>Genkan</title><p>The local Discord is running.\n";
    matches!(path, "" | "index.html").then_some(("text/html; charset=utf-8", index))
}
