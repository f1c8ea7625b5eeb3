//! What AWS would refuse: names and values of filled-in specs, held against the services' own rules.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::Spec;
use crate::model::resource::CorsRule;

/// What is wrong with a spec: field and reason.
pub(super) fn faults(spec: &Spec) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut name = |field: &str, text: &str, why: Option<&str>| {
        found.extend(why.map(|why| (field.to_owned(), format!("`{text}` (length {}): {why}", text.chars().count()))));
    };
    match spec {
        Spec::EcrRepository(spec) => {
            name("name", &spec.name, repository(&spec.name));
            let policy = spec.lifecycle_policy.as_ref().map(|text| serde_json::from_str::<serde_json::Value>(text));
            if let Some(Err(error)) = policy {
                found.push(("lifecycle_policy".to_owned(), format!("it is not JSON: {error}")));
            }
        }
        Spec::S3Bucket(spec) => {
            name("name", &spec.name, bucket(&spec.name));
            if spec.cors.len() > 100 {
                found.push(("cors".to_owned(), "a bucket has at most 100 rules".to_owned()));
            }
            found.extend(spec.cors.iter().enumerate().flat_map(|(at, rule)| cors(at, rule)));
        }
        Spec::SecretCopy(spec) => {
            name("name", &spec.name, secret(&spec.name));
            if let Some(source) = &spec.source {
                name("source", source, secret(source));
            }
        }
        Spec::SourceCredential(spec) => name("secret", &spec.secret, secret(&spec.secret)),
        Spec::SsmParameter(spec) => {
            name("name", &spec.name, parameter(&spec.name));
            if spec.wait_minutes == 0 {
                found.push(("wait_minutes".to_owned(), "expected 1 or more".to_owned()));
            }
        }
        Spec::ZoneAssociation(spec) => {
            let dot = spec.zone_name.ends_with('.') || spec.zone_name.is_empty();
            name("zone_name", &spec.zone_name, dot.then_some("expected a zone's name without the dot at its end"));
        }
    }
    found
}

/// Amazon S3 User Guide, bucket naming rules. Dots are refused as well: they break TLS and transfer acceleration.
fn bucket(name: &str) -> Option<&'static str> {
    const PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
    const SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];
    static NAME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("^[a-z0-9][a-z0-9-]*[a-z0-9]$").expect("a valid pattern"));
    if !(3..=63).contains(&name.len()) {
        Some("a bucket's name has 3 to 63 characters")
    } else if !NAME.is_match(name) {
        Some("a bucket's name has a-z, 0-9 and - (no dots), and begins and ends with a letter or digit")
    } else if PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        Some("S3 reserves names that begin with xn--, sthree- or amzn-s3-demo-")
    } else if SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
        Some("S3 reserves names that end with -s3alias, --ol-s3, .mrap, --x-s3 or --table-s3")
    } else {
        None
    }
}

/// Amazon ECR API Reference, CreateRepository: repositoryName.
fn repository(name: &str) -> Option<&'static str> {
    static NAME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new("^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$").expect("a valid pattern")
    });
    if !(2..=256).contains(&name.len()) {
        Some("a repository's name has 2 to 256 characters")
    } else if !NAME.is_match(name) {
        Some("a repository's name has a-z and 0-9, with single . _ - or / between them")
    } else {
        None
    }
}

/// AWS Systems Manager API Reference, PutParameter: Name. The ARN may have 1011 characters before the name is too long.
fn parameter(name: &str) -> Option<&'static str> {
    static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new("^(/[A-Za-z0-9_.-]+){1,15}$").expect("a valid pattern"));
    static RESERVED: LazyLock<Regex> = LazyLock::new(|| Regex::new("(?i)^/(aws|ssm)").expect("a valid pattern"));
    if !name.starts_with('/') {
        Some("a parameter's name begins with /")
    } else if name.len() > 900 || !NAME.is_match(name) {
        Some("a parameter's name has at most 15 levels of letters, digits and _.-, each after a /, and no / at its end")
    } else if RESERVED.is_match(name) {
        Some("Systems Manager reserves names that begin with aws or ssm")
    } else {
        None
    }
}

/// AWS Secrets Manager API Reference, CreateSecret: Name.
fn secret(name: &str) -> Option<&'static str> {
    static NAME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("^[A-Za-z0-9/_+=.@-]{1,512}$").expect("a valid pattern"));
    (!NAME.is_match(name)).then_some("a secret's name has 1 to 512 letters, digits and /_+=.@-")
}

/// Amazon S3 User Guide, elements of a CORS configuration.
fn cors(at: usize, rule: &CorsRule) -> Vec<(String, String)> {
    const METHODS: [&str; 5] = ["GET", "PUT", "HEAD", "POST", "DELETE"];
    let mut found = Vec::new();
    let mut wrong = |field: &str, what: String| found.push((format!("cors[{at}].{field}"), what));
    for method in rule.allowed_methods.iter().filter(|method| !METHODS.contains(&method.as_str())) {
        wrong("allowed_methods", format!("`{method}` is not allowed; expected one of {}", METHODS.join(", ")));
    }
    for (field, values) in [("allowed_methods", &rule.allowed_methods), ("allowed_origins", &rule.allowed_origins)] {
        if values.is_empty() {
            wrong(field, "expected at least one".to_owned());
        }
    }
    for (field, values) in [("allowed_origins", &rule.allowed_origins), ("allowed_headers", &rule.allowed_headers)] {
        for value in values.iter().filter(|value| value.matches('*').count() > 1) {
            wrong(field, format!("`{value}` has more than one *"));
        }
    }
    if rule.max_age_seconds.is_some_and(|seconds| seconds < 0) {
        wrong("max_age_seconds", "expected 0 or more".to_owned());
    }
    found
}
