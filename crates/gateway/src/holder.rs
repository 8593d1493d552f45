//! Which process listens on a port: on Linux by what the kernel shows below `/proc`, elsewhere by `lsof`.

use std::{
    fmt, fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
};

/// The process that holds a port, as far as it can be seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holder {
    pub program: Option<String>,
    pub process: Option<u32>,
    /// The user id, where nothing else is known: other people's processes can't be looked into.
    pub user: Option<u32>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.program, self.process, self.user) {
            (Some(program), Some(process), _) => write!(f, "`{program}` (process {process})"),
            (None, Some(process), _) => write!(f, "process {process}"),
            (_, None, Some(user)) => write!(f, "a process of the user with the id {user}"),
            (_, None, None) => write!(f, "a process that can't be seen"),
        }
    }
}

/// The process because of which nobody else can listen on `address`.
pub async fn port_holder(address: SocketAddr) -> Holder {
    match fs::read_to_string("/proc/net/tcp") {
        Ok(table) => {
            let table6 = fs::read_to_string("/proc/net/tcp6").unwrap_or_default();
            let found = listening(&table).chain(listening(&table6)).find(|listener| listener.bars(address));
            found.map(|listener| from_proc(&listener)).unwrap_or_default()
        }
        Err(_) => {
            let port = format!("-iTCP:{}", address.port());
            let lsof =
                tokio::process::Command::new("lsof").args(["-nP", &port, "-sTCP:LISTEN", "-Fpc"]).output();
            lsof.await.map(|output| from_lsof(&String::from_utf8_lossy(&output.stdout))).unwrap_or_default()
        }
    }
}

/// A listening socket of the kernel's table.
#[derive(Debug, PartialEq, Eq)]
struct Listener {
    address: SocketAddr,
    user: Option<u32>,
    inode: String,
}

impl Listener {
    /// Whether nobody else can listen on `address` because of this one.
    fn bars(&self, address: SocketAddr) -> bool {
        let own = self.address.ip().to_canonical();
        self.address.port() == address.port() && (own.is_unspecified() || own == address.ip())
    }
}

/// The listening sockets in the text of `/proc/net/tcp` or `/proc/net/tcp6`.
fn listening(table: &str) -> impl Iterator<Item = Listener> {
    table.lines().skip(1).filter_map(|line| {
        const LISTEN: &str = "0A";
        // number, local address, remote address, state, queues, timer, retransmissions, user, timeout, inode, …
        let fields: Vec<&str> = line.split_whitespace().collect();
        let &[_, local, _, LISTEN, _, _, _, user, _, inode, ..] = fields.as_slice() else {
            return None;
        };
        Some(Listener { address: address(local)?, user: user.parse().ok(), inode: inode.to_owned() })
    })
}

/// Reads `0100007F:1F40`, where each 32 bits are a number in the byte order of this machine.
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.split_once(':')?;
    let word = |digits: &[u8]| -> Option<[u8; 4]> {
        let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.len() == 8)?;
        u32::from_str_radix(digits, 16).ok().map(u32::to_ne_bytes)
    };
    let words: Vec<[u8; 4]> = host.as_bytes().chunks(8).map(word).collect::<Option<_>>()?;
    let ip: IpAddr = match words.as_slice() {
        [word] => Ipv4Addr::from(*word).into(),
        [_, _, _, _] => Ipv6Addr::from(<[u8; 16]>::try_from(words.concat()).ok()?).into(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

/// Looks for the process that has the socket open.
fn from_proc(listener: &Listener) -> Holder {
    let socket = format!("socket:[{}]", listener.inode);
    let has_socket = |process: &Path| {
        let files = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
        files.filter_map(|file| fs::read_link(file.path()).ok()).any(|target| target == Path::new(&socket))
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
    for path in processes {
        let process = path.file_name().and_then(|name| name.to_str()?.parse().ok());
        if process.is_some() && has_socket(&path) {
            let program = fs::read_to_string(path.join("comm")).ok().map(|name| name.trim_end().to_owned());
            return Holder { program, process, user: listener.user };
        }
    }
    Holder { user: listener.user, ..Holder::default() }
}

/// Reads the output of `lsof -Fpc`: `p` and the process, `c` and its command, each on a line. The first process wins.
fn from_lsof(output: &str) -> Holder {
    let field = |name| output.lines().find_map(|line| line.strip_prefix(name));
    Holder {
        program: field('c').map(str::to_owned),
        process: field('p').and_then(|process| process.parse().ok()),
        user: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    const TCP: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 41327 1 0000000000000000 100 0 0 10 0
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 17001 1 0000000000000000 100 0 0 10 0
   2: 0100007F:1F40 0100007F:D2F0 01 00000000:00000000 00:00000000 00000000  1000        0 52001 1 0000000000000000 20 4 30 10 -1
";
    const TCP6: &str = "\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 60001 1 0000000000000000 100 0 0 10 0
   1: 00000000000000000000000001000000:0277 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 60002 1 0000000000000000 100 0 0 10 0
   2: 0000000000000000FFFF00000100007F:2328 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 60003 1 0000000000000000 100 0 0 10 0
";

    fn listener(address: &str, user: u32, inode: &str) -> Listener {
        Listener { address: address.parse().unwrap(), user: Some(user), inode: inode.to_owned() }
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn the_kernels_tables_are_read() {
        assert_eq!(
            listening(TCP).collect::<Vec<_>>(),
            [listener("127.0.0.1:8000", 1000, "41327"), listener("0.0.0.0:22", 0, "17001")],
        );
        assert_eq!(
            listening(TCP6).collect::<Vec<_>>(),
            [
                listener("[::]:8080", 33, "60001"),
                listener("[::1]:631", 0, "60002"),
                listener("[::ffff:127.0.0.1]:9000", 0, "60003"),
            ],
        );
    }

    #[test]
    fn garbage_is_no_listener() {
        assert_eq!(listening("head\n\n  0: zz:1 x 0A a b c d e f\n 1: 00:1F40 x 0A a b c d e f").count(), 0);
    }

    #[test]
    fn a_listener_bars_its_own_address_and_every_address_bars_all() {
        let bars = |own: &str, other: &str| listener(own, 0, "1").bars(other.parse().unwrap());
        assert!(bars("127.0.0.1:8000", "127.0.0.1:8000"));
        assert!(bars("0.0.0.0:8000", "127.0.0.1:8000") && bars("[::]:8000", "127.0.0.1:8000"));
        assert!(bars("[::ffff:127.0.0.1]:8000", "127.0.0.1:8000"));
        assert!(!bars("127.0.0.1:8001", "127.0.0.1:8000") && !bars("127.0.0.2:8000", "127.0.0.1:8000"));
    }

    #[test]
    fn what_lsof_prints_is_read() {
        let holder = from_lsof("p1234\ncpython3.12\nf3\np99\ncother\n");
        assert_eq!(holder.to_string(), "`python3.12` (process 1234)");
        assert_eq!(from_lsof(""), Holder::default());
        assert_eq!(from_lsof("").to_string(), "a process that can't be seen");
    }

    #[tokio::test]
    async fn this_very_process_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let holder = port_holder(listener.local_addr().unwrap()).await;
        assert_eq!(holder.process, Some(std::process::id()), "{holder:?}");
        assert!(holder.program.is_some());
    }
}
