//! One POST over HTTP to a loopback address: all of a client that the local Discord needs.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The largest answer that is read.
const MOST: u64 = 1024 * 1024;

/// A loopback address: `http://127.0.0.1:PORT/PATH`.
#[derive(Debug, PartialEq)]
pub(crate) struct Address {
    host: String,
    path: String,
}

/// A status and a body.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Address {
    pub(crate) fn of(url: &str) -> Result<Self, String> {
        let no = || "the local Discord posts only to http:// and a loopback address".to_owned();
        let url = url::Url::parse(url).map_err(|_| no())?;
        let is_loopback = match url.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if url.scheme() != "http" || !is_loopback {
            return Err(no());
        }
        let host = format!("{}:{}", url.host_str().ok_or_else(no)?, url.port().unwrap_or(80));
        Ok(Self { host, path: url.path().to_owned() })
    }
}

/// Posts JSON. HTTP/1.0, so that the answer ends where the connection does.
pub(crate) async fn post(address: &Address, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Answer> {
    let mut head = format!("POST {} HTTP/1.0\r\nhost: {}\r\n", address.path, address.host);
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len()));
    let mut stream = TcpStream::connect(&address.host).await?;
    stream.write_all(&[head.as_bytes(), body].concat()).await?;
    let mut text = Vec::new();
    stream.take(MOST).read_to_end(&mut text).await?;
    read(&text).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP"))
}

fn read(text: &[u8]) -> Option<Answer> {
    let end = text.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&text[..end]).ok()?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, body: text[end + 4..].to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_taken() {
        for good in ["http://127.0.0.1:4600/x", "http://localhost:1/", "http://[::1]:8080/interactions"] {
            assert!(Address::of(good).is_ok(), "{good}");
        }
        for bad in
            ["https://127.0.0.1/", "http://example.org/", "http://127.0.0.1.example.org/", "http://10.0.0.1/", "x"]
        {
            assert!(Address::of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_answer_is_read() {
        let answer = read(b"HTTP/1.0 202 Accepted\r\nx: y\r\n\r\n").expect("HTTP");
        assert_eq!(answer, Answer { status: 202, body: Vec::new() });
        assert_eq!(read(b"HTTP/1.1 200 OK\r\n\r\n{}").expect("HTTP").body, b"{}");
        assert_eq!(read(b"hello"), None);
    }
}
