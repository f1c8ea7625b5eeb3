//! Finds the config file, reads it, and says everything that is wrong with it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::document::Document;
use super::problem::{ConfigErrors, Problem};
use super::{Config, validate};

/// A config that can be worked with.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What the operator decided; the paths in it are relative to where the program runs, no longer to the file.
    pub config: Config,
    /// The file.
    pub path: PathBuf,
    /// What works, but somebody should know.
    pub warnings: Vec<Problem>,
}

/// The config file: `explicit` (`--config`), else `$GENKAN_CONFIG`, else `./genkan.toml`, `./config/genkan.toml` or
/// `$XDG_CONFIG_HOME/genkan/genkan.toml` (`~/.config` where that is not set), whichever is there first. A file that is
/// named and is not there is an error, not a reason to look on.
pub fn find(explicit: Option<&Path>) -> Result<PathBuf, ConfigErrors> {
    find_with(explicit, |name| env::var_os(name).filter(|value| !value.is_empty()), Path::exists)
}

fn find_with(
    explicit: Option<&Path>,
    variable: impl Fn(&str) -> Option<OsString>,
    is_there: impl Fn(&Path) -> bool,
) -> Result<PathBuf, ConfigErrors> {
    let named = match (explicit, variable("GENKAN_CONFIG")) {
        (Some(path), _) => Some((path.to_owned(), "--config")),
        (None, Some(path)) => Some((PathBuf::from(path), "$GENKAN_CONFIG")),
        (None, None) => None,
    };
    if let Some((path, by)) = named {
        let looked = vec![format!("{} ({by})", path.display())];
        return if is_there(&path) { Ok(path) } else { Err(ConfigErrors::NotFound { looked }) };
    }
    let home = variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| variable("HOME").map(|home| Path::new(&home).join(".config")));
    let mut places = vec![PathBuf::from("./genkan.toml"), PathBuf::from("./config/genkan.toml")];
    places.extend(home.map(|home| home.join("genkan/genkan.toml")));
    if let Some(path) = places.iter().find(|path| is_there(path)) {
        Ok(path.clone())
    } else {
        let mut looked = vec!["--config (not given)".to_owned(), "$GENKAN_CONFIG (not set)".to_owned()];
        looked.extend(places.iter().map(|path| path.display().to_string()));
        Err(ConfigErrors::NotFound { looked })
    }
}

impl Config {
    /// Reads and validates the file.
    pub fn load(path: &Path) -> Result<Loaded, ConfigErrors> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigErrors::Unreadable { file: path.to_owned(), why: error.to_string() })?;
        Self::parse(&text, path)
    }

    /// Reads and validates `text`, which stands (or could stand) in the file `path`: paths in it are relative to that
    /// file's folder, and messages name it.
    pub fn parse(text: &str, path: &Path) -> Result<Loaded, ConfigErrors> {
        let file = path.display().to_string();
        let document = Document::parse(&file, text).map_err(ConfigErrors::Wrong)?;
        let read = document.read::<Self>();
        let (mut errors, mut warnings) = (read.problems, Vec::new());
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        let config = read.value.map(|config| config.with_paths_from(folder));
        if let (Some(config), Some(unknown_in)) = (&config, &read.only_unknown_in) {
            let (wrong, odd) = validate::validate(config, &document);
            // What is said of a table with a misspelt field may be wrong because of just that.
            let doubtful = |problem: &Problem| {
                unknown_in.iter().any(|table| {
                    let rest = problem.setting.strip_prefix(table.as_str());
                    rest.is_some_and(|rest| table.is_empty() || rest.is_empty() || rest.starts_with('.'))
                })
            };
            errors.extend(wrong.into_iter().filter(|problem| !doubtful(problem)));
            warnings = odd;
        }
        // By place within this file; what is wrong in a blueprint's file comes after.
        errors.sort_by_key(|problem| (problem.file != file, problem.file.clone(), problem.line, problem.column));
        match config {
            Some(config) if errors.is_empty() => Ok(Loaded { config, path: path.to_owned(), warnings }),
            _ => Err(ConfigErrors::Wrong(errors)),
        }
    }

    fn with_paths_from(mut self, folder: &Path) -> Self {
        if let Some(blueprints) = &mut self.platform.blueprints {
            *blueprints = folder.join(&*blueprints).display().to_string();
        }
        if let Some(rules) = &mut self.policy.rules {
            *rules = folder.join(&*rules).display().to_string();
        }
        if let Some(file) = self.discord.as_mut().and_then(|discord| discord.token_file.as_mut()) {
            *file = folder.join(&*file).display().to_string();
        }
        if let Some(file) = &mut self.audit.key_file {
            *file = folder.join(&*file).display().to_string();
        }
        if let Some(path) = self.store.url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if !path.starts_with(":memory:") {
                self.store.url = format!("sqlite:{}", folder.join(path).display());
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(explicit: Option<&str>, variables: &[(&str, &str)], files: &[&str]) -> Result<PathBuf, String> {
        let variable = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
        find_with(explicit.map(Path::new), variable, |path| files.iter().any(|file| Path::new(file) == path))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_first_file_that_is_there_is_taken() {
        let all = ["a.toml", "b.toml", "./genkan.toml", "./config/genkan.toml", "/x/genkan/genkan.toml"];
        let both = [("GENKAN_CONFIG", "b.toml"), ("XDG_CONFIG_HOME", "/x")];
        assert_eq!(found(Some("a.toml"), &both, &all), Ok("a.toml".into()));
        assert_eq!(found(None, &both, &all), Ok("b.toml".into()));
        assert_eq!(found(None, &both[1..], &all), Ok("./genkan.toml".into()));
        assert_eq!(found(None, &both[1..], &all[3..]), Ok("./config/genkan.toml".into()));
        assert_eq!(found(None, &both[1..], &all[4..]), Ok("/x/genkan/genkan.toml".into()));
        assert_eq!(
            found(None, &[("HOME", "/h")], &["/h/.config/genkan/genkan.toml"]),
            Ok("/h/.config/genkan/genkan.toml".into())
        );
    }

    #[test]
    fn a_file_that_is_named_and_missing_is_not_replaced_by_another() {
        insta::assert_snapshot!(found(Some("a.toml"), &[], &["./genkan.toml"]).unwrap_err(), @r"
        no config file; looked for:
          a.toml (--config)
        Copy config/example.toml to one of these places and fill in your accounts.
        ");
        insta::assert_snapshot!(found(None, &[("GENKAN_CONFIG", "b.toml")], &["./genkan.toml"]).unwrap_err(), @r"
        no config file; looked for:
          b.toml ($GENKAN_CONFIG)
        Copy config/example.toml to one of these places and fill in your accounts.
        ");
        insta::assert_snapshot!(found(None, &[("HOME", "/h")], &[]).unwrap_err(), @r"
        no config file; looked for:
          --config (not given)
          $GENKAN_CONFIG (not set)
          ./genkan.toml
          ./config/genkan.toml
          /h/.config/genkan/genkan.toml
        Copy config/example.toml to one of these places and fill in your accounts.
        ");
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("prints")).unwrap();
        std::fs::create_dir(folder.path().join("own-rules")).unwrap();
        std::fs::write(folder.path().join("own-rules/a.cedar"), "// none yet\n").unwrap();
        std::fs::write(folder.path().join("own-rules/a.txt"), "no rule").unwrap();
        let text = include_str!("../../config/example.toml")
            .replace("# blueprints = \"blueprints\"", "blueprints = \"prints\"")
            .replace("# rules = \"rules\"", "rules = \"own-rules\"")
            .replace("sqlite:genkan.db", "sqlite:data/genkan.db?mode=rwc")
            .replace("# token_file = ", "token_file = ");
        let path = folder.path().join("genkan.toml");
        std::fs::write(&path, text).unwrap();
        let loaded = Config::load(&path).unwrap();
        let here = folder.path().display();
        assert_eq!(loaded.config.platform.blueprints, Some(format!("{here}/prints")));
        let rules = loaded.config.policy.files().unwrap();
        assert_eq!(rules, [(format!("{here}/own-rules/a.cedar"), "// none yet\n".to_owned())]);
        assert_eq!(loaded.config.store.url, format!("sqlite:{here}/data/genkan.db?mode=rwc"));
        assert_eq!(loaded.config.discord.unwrap().token_file, Some(format!("{here}/discord-token")));
        assert_eq!(loaded.path, path);
    }

    #[test]
    fn a_file_that_cannot_be_read_says_why() {
        let error = Config::load(Path::new("/nowhere/genkan.toml")).unwrap_err().to_string();
        assert_eq!(error, "/nowhere/genkan.toml: No such file or directory (os error 2)");
    }
}
