//! The sandbox's page: static files, built into the binary. What it speaks with is the local Discord beside it.

/// What the page may load: its own files and nothing else. To be sent as `Content-Security-Policy` with every file of it.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        /// Every file: its path under `/`, and what is in it.
        const FILES: &[(&str, &[u8])] = &[$(($path, include_bytes!($path))),*];
    };
}

files![
    "index.html",
    "icon.svg",
    "css/base.css",
    "css/frame.css",
    "css/message.css",
    "css/composer.css",
    "css/drawer.css",
    "js/api.js",
    "js/command.js",
    "js/composer.js",
    "js/dom.js",
    "js/drawer.js",
    "js/embed.js",
    "js/feed.js",
    "js/frame.js",
    "js/hint.js",
    "js/inline.js",
    "js/main.js",
    "js/markdown.js",
    "js/message.js",
    "js/modal.js",
    "js/popup.js",
    "js/store.js",
    "js/time.js",
    "js/words.js",
];

/// The page's file at a path of the address (`/` is the page itself): its content type and its bytes. None = there is none.
pub fn asset(path: &str) -> Option<(&'static str, &'static [u8])> {
    let path = match path.trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
    let (_, bytes) = FILES.iter().find(|(name, _)| *name == path)?;
    let kind = match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => return None,
    };
    Some((kind, bytes))
}
