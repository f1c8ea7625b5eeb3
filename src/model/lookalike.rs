//! Names that look alike: `project-1` and `project-l` are two projects, and one of them is a mistake or worse.

use super::ids::ProjectName;

/// What a name looks like: two names that people take for each other have the same one. The skeleton of Unicode Technical
/// Standard 39, and besides what it tells apart in lower case: 0 and o, 1 and l, rn and m, vv and w.
pub fn skeleton(name: &str) -> String {
    // Wide letters become the narrow ones that they look like, never the other way round: `vvv` could be read in two ways.
    unicode_security::skeleton(name)
        .flat_map(char::to_lowercase)
        .flat_map(|letter| {
            let (first, second) = match letter {
                '0' => ('o', None),
                '1' => ('l', None),
                'm' => ('r', Some('n')),
                'w' => ('v', Some('v')),
                other => (other, None),
            };
            std::iter::once(first).chain(second)
        })
        .collect()
}

/// Those of `known` that `name` can be taken for, but for itself; each once, by name.
pub fn lookalikes<'k>(name: &ProjectName, known: impl IntoIterator<Item = &'k ProjectName>) -> Vec<&'k ProjectName> {
    let looks = skeleton(name.as_str());
    let mut alike: Vec<&ProjectName> =
        known.into_iter().filter(|other| *other != name && skeleton(other.as_str()) == looks).collect();
    alike.sort();
    alike.dedup();
    alike
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ProjectName {
        text.parse().unwrap()
    }

    #[test]
    fn which_names_can_be_taken_for_each_other() {
        for (one, other) in [
            ("project-1", "project-l"),
            ("project-0", "project-o"),
            ("project-10", "project-lo"),
            ("project-modern", "project-rnodern"),
            ("project-modern", "project-modem"),
            ("project-wave", "project-vvave"),
            ("project-vvw", "project-wvv"),
            ("project-www", "project-vvvvvv"),
        ] {
            assert_eq!(lookalikes(&name(one), [&name(other)]), [&name(other)], "{one} and {other}");
            assert_eq!(lookalikes(&name(other), [&name(one)]), [&name(one)], "{other} and {one}");
        }
        for (one, other) in [
            ("project-1", "project-2"),
            ("project-x", "project-y"),
            ("project-x", "project-xx"),
            ("project-n", "project-m"),
            ("project-v", "project-w"),
            ("project-b", "project-d"),
        ] {
            assert_eq!(lookalikes(&name(one), [&name(other)]), Vec::<&ProjectName>::new(), "{one} and {other}");
        }
    }

    #[test]
    fn what_unicode_says_looks_alike_does() {
        // Cyrillic letters in a name that never was checked.
        assert_eq!(skeleton("рrоjесt-х"), skeleton("project-x"));
        assert_ne!(skeleton("project-x"), skeleton("project-y"));
    }

    #[test]
    fn a_name_is_not_its_own_lookalike_and_each_is_told_once() {
        let known = [name("project-l"), name("project-1"), name("project-l"), name("project-2")];
        assert_eq!(lookalikes(&name("project-1"), &known), [&name("project-l")]);
    }
}
