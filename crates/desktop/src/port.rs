//! Who holds a port, and whether ours is still there.

use std::{
    io::ErrorKind,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use gateway::{Holder, port_holder};
use tokio::{net::TcpStream, time::timeout};

use crate::view::{PortHolder, Trouble};

/// How many ports above the taken one are tried for a free one.
const SEARCHED: u16 = 100;

/// The trouble that another program listens at `address`. The next free port is looked for where the gateway can move.
pub(crate) async fn taken(address: SocketAddr, can_move: bool) -> Trouble {
    let holder = match port_holder(address).await {
        Holder { program, process: Some(pid), .. } => {
            Some(PortHolder { name: program.unwrap_or_else(|| "a program".to_owned()), pid })
        }
        Holder { process: None, .. } => None,
    };
    let next_free = if can_move { next_free(address) } else { None };
    Trouble::PortTaken { port: address.port(), holder, next_free }
}

/// The next port after a taken one that can be listened on.
fn next_free(taken: SocketAddr) -> Option<u16> {
    let above = taken.port().checked_add(1)?..=taken.port().saturating_add(SEARCHED);
    above.into_iter().find(|port| TcpListener::bind(SocketAddr::new(taken.ip(), *port)).is_ok())
}

/// Whether nothing listens at `address` any more.
pub(crate) async fn is_lost(address: SocketAddr) -> bool {
    let connected = timeout(Duration::from_millis(500), TcpStream::connect(address)).await;
    matches!(connected, Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused)
}
