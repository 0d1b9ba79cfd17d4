//! Serves an empty account on a free port of the loopback interface until standard input closes, and
//! prints the port.

#![allow(clippy::print_stdout, reason = "the port is the output")]

use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let input_closed = async {
        let mut rest = Vec::new();
        // An input that cannot be read counts as closed.
        let _ = tokio::io::stdin().read_to_end(&mut rest).await;
    };
    local_sqs::serve(listener, local_sqs::Queues::default(), input_closed).await
}
