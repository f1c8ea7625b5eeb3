//! What secrets look like: the shapes that are cut out of any text, whosever secret it is.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What stands where a secret stood.
pub(super) const CUT: &str = "[redacted]";

/// A shape: the group `keep`, where it has one, stays before what is cut, and `after` behind it.
///
/// Sources: GitHub's "About authentication to GitHub" (prefixes), IAM's "Unique identifiers" (AKIA, ASIA), Discord's reference
/// (a bot's token has three parts, an interaction's stands in its address), RFC 7519 (JWT), RFC 7468 (PEM), RFC 3986 (userinfo),
/// C2SP's signed-note (`PRIVATE+KEY+…`).
const SHAPES: [&str; 14] = [
    // GitHub's tokens.
    r"\b(?:gh[pousr]_[A-Za-z0-9]{10,}|github_pat_[A-Za-z0-9_]{10,})",
    // AWS's access key ids; those of roles and users (AROA, AIDA) are names.
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    // Secret keys and session tokens, where they are called so, in a header, a query, JSON or Rust's debugging output.
    r#"(?i)(?P<keep>(?:secret_?access_?key|aws_secret_key|session_?token|security[-_]token)\\?["']?(?:\s*[:=,]\s*|>)(?:Some\()?\\?["']?)[A-Za-z0-9/+=%._-]{12,}"#,
    // A session token by itself.
    r"\b(?:IQoJ|FwoG|FQoG)[A-Za-z0-9/+=_-]{40,}",
    // What signs an address.
    r#"(?i)(?P<keep>\bX-Amz-(?:Signature|Credential)=)[^&\s"'<>\\]+"#,
    r"(?i)(?P<keep>\bSignature=)[0-9a-f]{16,}",
    // A bot's token.
    r"\b[A-Za-z0-9_-]{18,}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}",
    // An interaction's and a webhook's token, in its address.
    r#"(?P<keep>/(?:webhooks|interactions)/[0-9]+/)[^/\s?"'<>\\)]+"#,
    // The header, with a scheme or with something long.
    r#"(?i)(?P<keep>\b(?:proxy-)?authorization(?:\s*[:=]|\\?["']\s*[:=,])\s*\\?["']?)(?:(?:Bot|Bearer|Basic|Digest|token|AWS4-[A-Z0-9-]+)\s[^"'\r\n]+|[^\s"',]{16,})"#,
    // What the header holds, without its name.
    r"\b(?P<keep>(?:Bot|Bearer)\s+)[A-Za-z0-9._~+/-]{20,}=*",
    // Private keys, also those that a line of JSON holds, and those that are cut off.
    r#"-----BEGIN [A-Z ]*PRIVATE KEY-----[^"]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z|(?P<after>"))"#,
    r"PRIVATE\+KEY\+[^\s+]+\+[0-9a-f]+\+[A-Za-z0-9+/=]+",
    // JSON Web Tokens.
    r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
    // A password in an address.
    r#"(?P<keep>\b[a-z][a-z0-9+.-]*://)[^/\s:@"'<>]+:[^/\s@"'<>]+(?P<after>@)"#,
];

static EACH: LazyLock<Vec<Regex>> =
    LazyLock::new(|| SHAPES.map(|shape| Regex::new(shape).expect("a fixed pattern")).into());

/// The text without anything that looks like a secret.
pub(super) fn cut(text: &str) -> Cow<'_, str> {
    let mut left = Cow::Borrowed(text);
    for shape in EACH.iter() {
        if let Cow::Owned(changed) = shape.replace_all(&left, replacement) {
            left = Cow::Owned(changed);
        }
    }
    left
}

fn replacement(found: &Captures<'_>) -> String {
    let part = |name| found.name(name).map_or("", |part| part.as_str());
    format!("{}{CUT}{}", part("keep"), part("after"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_cut_and_what_stands_around_it_stays() {
        let token = format!("ghp_{}", "a1B2".repeat(9));
        let fine = format!("github_pat_{}", "a1B2_".repeat(12));
        let (key, secret) = ("ASIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        let session = format!("IQoJb3JpZ2luX2Vj{}", "Ab+/".repeat(40));
        let bot = format!("MTE4MDAwMDAwMDAwMDAwNTAw.GaBcDe.{}", "x-Y_".repeat(9));
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
        for (told, shown) in [
            (format!("the token {token} is old"), "the token [redacted] is old".to_owned()),
            (format!("token={fine}."), "token=[redacted].".to_owned()),
            (format!("{key} does not exist"), "[redacted] does not exist".to_owned()),
            (format!(r#"{{"SecretAccessKey":"{secret}"}}"#), r#"{"SecretAccessKey":"[redacted]"}"#.to_owned()),
            (format!(r#"{{\"SecretAccessKey\":\"{secret}\"}}"#), r#"{\"SecretAccessKey\":\"[redacted]\"}"#.to_owned()),
            (format!("AWS_SECRET_ACCESS_KEY={secret} genkan"), "AWS_SECRET_ACCESS_KEY=[redacted] genkan".to_owned()),
            (format!(r#"session_token: Some("{session}")"#), r#"session_token: Some("[redacted]")"#.to_owned()),
            (format!("<SessionToken>{session}</"), "<SessionToken>[redacted]</".to_owned()),
            (format!("X-Amz-Security-Token: {session}"), "X-Amz-Security-Token: [redacted]".to_owned()),
            (session.clone(), CUT.to_owned()),
            (format!("the bot {bot} is gone"), "the bot [redacted] is gone".to_owned()),
            (
                "POST /api/v10/webhooks/118/aW50ZXJhY3Rpb24/messages/@original".to_owned(),
                "POST /api/v10/webhooks/118/[redacted]/messages/@original".to_owned(),
            ),
            ("(https://x/interactions/1/tok)".to_owned(), "(https://x/interactions/1/[redacted])".to_owned()),
            ("Authorization: Bot local\r\nx: y".to_owned(), "Authorization: [redacted]\r\nx: y".to_owned()),
            (r#"{"authorization": "Bot local"}"#.to_owned(), r#"{"authorization": "[redacted]"}"#.to_owned()),
            (
                format!("authorization=AWS4-HMAC-SHA256 Credential={key}/20260101, Signature=00"),
                "authorization=[redacted]".to_owned(),
            ),
            (
                format!(
                    "sent AWS4-HMAC-SHA256 Credential={key}/20260101, SignedHeaders=host, Signature={}",
                    "0a".repeat(32)
                ),
                "sent AWS4-HMAC-SHA256 Credential=[redacted]/20260101, SignedHeaders=host, Signature=[redacted]"
                    .to_owned(),
            ),
            (format!("sent Bearer {jwt}"), "sent Bearer [redacted]".to_owned()),
            (format!("id {jwt}!"), "id [redacted]!".to_owned()),
            ("-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n".to_owned(), format!("{CUT}\n")),
            (r#"{"key":"-----BEGIN EC PRIVATE KEY-----\nMC4"}"#.to_owned(), format!(r#"{{"key":"{CUT}"}}"#)),
            ("PRIVATE+KEY+genkan+0a1b2c3d+AQIDBA== x".to_owned(), format!("{CUT} x")),
            ("postgres://genkan:hunter2@db/x".to_owned(), format!("postgres://{CUT}@db/x")),
        ] {
            assert_eq!(cut(&told), shown);
            assert_eq!(cut(&shown), shown, "what is cut is cut once");
        }
    }

    #[test]
    fn what_people_need_to_read_stays() {
        for text in [
            "4993e8240f42 acbb81bf0bfd 67c6bd767ca099e79efac9fcce4d2022a63bf7dea780e7f3d813f694c1597089",
            "arn:aws:iam::222222222222:role/genkan-writer AROAIOSFODNN7EXAMPLE AIDAIOSFODNN7EXAMPLE",
            "arn:aws:secretsmanager:ap-northeast-1:222222222222:secret:GITHUB_PERSONAL_ACCESS_TOKEN-AbCdEf",
            "the secret GITHUB_PERSONAL_ACCESS_TOKEN, its token and session token; a security token: none",
            "route53:CreateVPCAssociationAuthorization: no authorization, and then another; Authorization: missing",
            "vpc-06465760000000000 Z0DEV00000000000001 r-32nfzd35cy 118000000000000201 11111111-2222-4333-8444-555555555555",
            "https://discord.com/developers/docs, http://127.0.0.1:4566/ and git@github.com:owner/name.git",
            "Bot, Bearer of news: the Bot is connected; project-x-dev-batch-trigger.s3.ap-northeast-1.amazonaws.com",
            "application.example.platform-dev.internal 12.345678.90",
        ] {
            assert_eq!(cut(text), text);
        }
    }
}
