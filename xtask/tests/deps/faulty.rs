//! An HTTP server that serves one file and misbehaves as it is told, request by request.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// What the server does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// All of it, or the range that was asked for.
    Whole,
    /// All of it, whatever was asked for.
    IgnoreRange,
    /// Another range than the one that was asked for.
    OtherRange,
    /// Announces the rest of the file, and closes after so many bytes.
    CutAfter(usize),
    /// Announces so many bytes more than there are.
    TooLong(usize),
    /// Announces, and sends, so many bytes fewer than there are.
    TooShort(usize),
    /// One byte in the middle is another.
    WrongByte,
    /// A page instead of the file, as if all were well.
    Page,
    /// Nothing but this status.
    Status(u16),
    /// Sends the client to another path of this server.
    Redirect(&'static str),
    /// Closes without a word.
    Close,
    /// Announces the rest of the file, sends so many bytes, and then nothing more.
    HoldAfter(usize),
}

/// One request, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) path: String,
    /// The first byte that was asked for.
    pub(crate) from: Option<usize>,
}

/// It ends with the test's process.
pub(crate) struct Faulty {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Faulty {
    /// Serves the file on every path. After the script, every answer is [`Answer::Whole`].
    pub(crate) fn serve(file: Vec<u8>, script: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let faulty = Self {
            address: listener.local_addr().unwrap(),
            requests: Arc::default(),
        };
        let requests = Arc::clone(&faulty.requests);
        let script = Arc::new(Mutex::new(VecDeque::from_iter(script)));
        let file = Arc::new(file);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (requests, script, file) =
                    (Arc::clone(&requests), Arc::clone(&script), Arc::clone(&file));
                thread::spawn(move || {
                    let stream = stream.unwrap();
                    if let Some(request) = read(&stream) {
                        requests.lock().unwrap().push(request.clone());
                        let answer = script.lock().unwrap().pop_front().unwrap_or(Answer::Whole);
                        // A client may hang up, which is its right.
                        let _ = send(&stream, &file, &request, &answer);
                    }
                });
            }
        });
        faulty
    }

    /// All requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The first bytes that the requests so far asked for.
    pub(crate) fn ranges(&self) -> Vec<Option<usize>> {
        self.requests().into_iter().map(|request| request.from).collect()
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut from = None;
    for line in lines {
        let line = line.ok()?.to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(range) = line.strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().ok();
        }
    }
    Some(Request { path, from })
}

fn send(mut stream: &TcpStream, file: &[u8], request: &Request, answer: &Answer) -> std::io::Result<()> {
    let mut altered = file.to_vec();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    let (file, from) = match answer {
        Answer::WrongByte => (&altered[..], request.from),
        Answer::Page => (&b"<!DOCTYPE html>\n<title>Please log in</title>\n"[..], None),
        Answer::IgnoreRange => (file, None),
        Answer::OtherRange => (file, request.from.map(|from| from + 1)),
        _ => (file, request.from),
    };
    let body = match from {
        Some(from) if from >= file.len() => {
            return write!(
                stream,
                "HTTP/1.1 416 Nothing there\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
        }
        from => &file[from.unwrap_or(0)..],
    };
    let (announced, sent) = match answer {
        Answer::Close => return Ok(()),
        Answer::Status(status) => {
            return write!(
                stream,
                "HTTP/1.1 {status} So it is\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
        }
        Answer::Redirect(path) => {
            return write!(
                stream,
                "HTTP/1.1 302 Over there\r\nLocation: {path}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
        }
        Answer::CutAfter(bytes) | Answer::HoldAfter(bytes) => (body.len(), &body[..*bytes]),
        Answer::TooLong(bytes) => (body.len() + bytes, body),
        Answer::TooShort(bytes) => (body.len() - bytes, &body[..body.len() - bytes]),
        _ => (body.len(), body),
    };
    match from {
        Some(from) => write!(
            stream,
            "HTTP/1.1 206 A part\r\nContent-Range: bytes {from}-{}/{}\r\n",
            file.len() - 1,
            file.len()
        )?,
        None => write!(stream, "HTTP/1.1 200 OK\r\n")?,
    }
    write!(stream, "Content-Length: {announced}\r\nConnection: close\r\n\r\n")?;
    stream.write_all(sent)?;
    if matches!(answer, Answer::HoldAfter(_)) {
        // Until the client hangs up.
        let _ = stream.read(&mut [0])?;
    }
    Ok(())
}
