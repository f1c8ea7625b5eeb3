//! The local Discord on a loopback port: REST, gateway, the page's interface, the page.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::super::server::{Cuttable, Line};
use super::core::Core;
use super::local::LocalDiscord;
use super::{gateway, page, rest};

/// The largest request body that is read.
const BODY_LIMIT: usize = 1024 * 1024;

/// What the page's drawer shows of AWS.
pub type Aws = Arc<dyn Fn() -> Value + Send + Sync>;

/// A running server. Dropped, it stops; [`ServedDiscord::stop`] also waits for its end.
pub struct ServedDiscord {
    /// Where it listens, always a loopback address.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<io::Result<()>>,
}

impl ServedDiscord {
    /// `http://127.0.0.1:PORT`: the page, and what stands for `https://discord.com`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Closes every connection, and waits for the calls in flight.
    ///
    /// # Errors
    /// The server's own failure.
    pub async fn stop(self) -> io::Result<()> {
        self.stop.send_replace(true);
        self.task.await.map_err(io::Error::other)?
    }
}

/// What every request needs.
#[derive(Clone)]
pub(super) struct Served {
    pub core: Arc<Core>,
    pub discord: LocalDiscord,
    pub address: SocketAddr,
    pub aws: Option<Aws>,
    pub stop: watch::Receiver<bool>,
}

impl LocalDiscord {
    /// Serves on a loopback port; 0 = any free one. No other address can be asked for. `aws`: what the page's drawer shows.
    ///
    /// # Errors
    /// The port cannot be had.
    pub async fn serve(&self, port: u16, aws: Option<Aws>) -> io::Result<ServedDiscord> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let served =
            Served { core: Arc::clone(&self.core), discord: self.clone(), address, aws, stop: stopped.clone() };
        let app = Router::new().fallback(move |ConnectInfo(line): ConnectInfo<Line>, request: Request| {
            let served = served.clone();
            async move { answer(&served, &line, request).await }
        });
        let app = app.into_make_service_with_connect_info::<Line>();
        let mut over = stopped;
        let server = axum::serve(Cuttable(listener), app).with_graceful_shutdown(async move {
            // An error means that the server was dropped, which stops it too.
            let _ = over.changed().await;
        });
        Ok(ServedDiscord { address, stop, task: tokio::spawn(server.into_future()) })
    }
}

async fn answer(served: &Served, line: &Line, request: Request) -> Response {
    let path = request.uri().path();
    if path == "/gw" || path == "/gw/" {
        return upgrade(served, request).await;
    }
    let is_rest = path.starts_with("/api/");
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    if !is_rest {
        return page::answer(served, &head, &body).await;
    }
    if let Ok(response) = rest::answer(&served.core, served.address, &head, &body).await {
        response
    } else {
        line.cut();
        Response::new(Body::empty())
    }
}

/// From a request to a gateway connection.
async fn upgrade(served: &Served, request: Request) -> Response {
    let (mut head, _) = request.into_parts();
    let version = rest::query(&head, "v");
    match WebSocketUpgrade::from_request_parts(&mut head, &()).await {
        Err(rejection) => rejection.into_response(),
        Ok(upgrade) => {
            let (core, address, stop) = (Arc::clone(&served.core), served.address, served.stop.clone());
            upgrade.on_upgrade(move |socket| gateway::talk(core, address, version, socket, stop))
        }
    }
}
