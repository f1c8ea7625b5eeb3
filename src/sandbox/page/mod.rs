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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use regex::Regex;

    use super::*;

    /// Every file with its text.
    fn texts() -> impl Iterator<Item = (&'static str, &'static str)> {
        FILES.iter().map(|(path, bytes)| (*path, std::str::from_utf8(bytes).expect("text")))
    }

    fn all(pattern: &str, text: &str) -> BTreeSet<String> {
        let pattern = Regex::new(pattern).expect("a pattern");
        pattern.captures_iter(text).map(|found| found[1].to_owned()).collect()
    }

    #[test]
    fn every_file_of_the_folder_is_served_with_its_type() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sandbox/page");
        let mut there = BTreeSet::new();
        for folder in ["", "css", "js"] {
            for entry in std::fs::read_dir(root.join(folder)).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_file() && path.extension().is_some_and(|end| end != "rs") {
                    there.insert(path.strip_prefix(&root).expect("under it").display().to_string());
                }
            }
        }
        assert_eq!(FILES.iter().map(|(path, _)| (*path).to_owned()).collect::<BTreeSet<_>>(), there);
        for (path, bytes) in FILES {
            assert_eq!(asset(&format!("/{path}")).map(|(_, served)| served), Some(*bytes), "{path}");
        }
        assert_eq!(asset("/"), asset("index.html"));
        assert_eq!(asset("js/main.js").map(|(kind, _)| kind), Some("text/javascript; charset=utf-8"));
        for path in ["mod.rs", "js", "../mod.rs", "js/../index.html"] {
            assert_eq!(asset(path), None, "{path}");
        }
    }

    #[test]
    fn files_are_short_say_what_they_are_for_and_load_nothing_from_elsewhere() {
        for (path, text) in texts() {
            let first = text.lines().next().unwrap_or_default();
            assert!(["// ", "/* ", "<!-- "].iter().any(|begin| first.starts_with(begin)), "{path}: {first}");
            assert!(text.lines().count() <= 400, "{path}");
            for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "document.write", "url(", "@import"] {
                assert!(!text.contains(word), "{path}: {word}");
            }
            let elsewhere = all(r#"(?:src|href)="(https?:[^"]*)""#, text);
            assert_eq!(elsewhere, BTreeSet::new(), "{path}");
        }
    }

    #[test]
    fn every_word_is_there_in_both_languages_and_is_used() {
        let words = texts().find(|(path, _)| *path == "js/words.js").expect("the catalogue").1;
        let lines = Regex::new(r#"(?m)^  "([^"]+)": \["(.+)", "(.+)"\],$"#).expect("a pattern");
        let mut keys = BTreeSet::new();
        for line in lines.captures_iter(words) {
            let places = |text: &str| all(r"(\{\w+\})", text);
            let (english, japanese) = (places(&line[2]), places(&line[3]));
            assert!(japanese.is_subset(&english), "{}", &line[0]);
            assert!(keys.insert(line[1].to_owned()), "twice: {}", &line[1]);
        }
        assert!(keys.len() > 80, "the catalogue is read: {}", keys.len());
        let code: String = texts().filter(|(path, _)| *path != "js/words.js").map(|(_, text)| text).collect();
        let used = all(r#"(?:\bt\(|data-word=)"([^"]+)""#, &code);
        assert_eq!(used.difference(&keys).collect::<Vec<_>>(), Vec::<&String>::new(), "used and not there");
        // These are put together from what is looked up.
        let composed = |key: &str| ["title.", "topic.", "error."].iter().any(|begin| key.starts_with(begin));
        let unused =
            keys.iter().filter(|key| !composed(key) && !code.contains(&format!("\"{key}\""))).collect::<Vec<_>>();
        assert_eq!(unused, Vec::<&String>::new(), "there and not used");
    }
}
