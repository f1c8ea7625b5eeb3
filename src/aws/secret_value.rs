//! A secret's value, taken out of Secrets Manager's answer into types that cannot be printed and are wiped.

use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use crate::telemetry::{Lasts, hold};

/// The text or the bytes, of which none is left in the answer. From here on both are cut out of whatever is logged, printed or
/// kept of an error.
pub(super) fn value(answer: &mut GetSecretValueOutput) -> (Option<SecretString>, Option<SecretSlice<u8>>) {
    let text = answer.secret_string.take().map(SecretString::from);
    let bytes = answer.secret_binary.take().map(|blob| SecretSlice::from(blob.into_inner()));
    let as_text = bytes.as_ref().and_then(|bytes| str::from_utf8(bytes.expose_secret()).ok());
    for value in text.as_ref().map(|text| text.expose_secret()).into_iter().chain(as_text) {
        hold(value, Lasts::Always);
    }
    (text, bytes)
}
