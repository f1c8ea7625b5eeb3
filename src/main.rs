//! The door: everything is behind it in [`genkan::app`].

#[tokio::main]
async fn main() -> std::process::ExitCode {
    genkan::app::main().await
}
