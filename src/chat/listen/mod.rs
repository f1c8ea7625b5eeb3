//! The two doors that interactions come in by: the gateway, and HTTP.
