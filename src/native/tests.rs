use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;

use bytes::Bytes;
use futures::executor::block_on;
use http::{Request, Response};

use super::ReqwestFetch;
use crate::fetch::{Body, Fetch, FetchError, FetchErrorKind, NoStore};

/// A server that treats each connection so, until the test ends.
#[allow(clippy::disallowed_methods, reason = "the other end of a connection has a thread of its own")]
fn server(serve: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || listener.incoming().for_each(|stream| serve(stream.unwrap())));
    address
}

fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// A server that answers every request with these bytes and closes.
fn answering(answer: &'static str) -> SocketAddr {
    server(move |mut stream| {
        read_head(&mut stream);
        stream.write_all(answer.as_bytes()).unwrap();
    })
}

fn get(address: SocketAddr) -> Request<Bytes> {
    Request::get(format!("http://{address}/key?X-Amz-Signature=hidden")).body(Bytes::new()).unwrap()
}

async fn whole(fetch: &ReqwestFetch, request: Request<Bytes>) -> Result<(u16, Bytes), FetchError> {
    let answer: Response<Body> = fetch.fetch(request).await?;
    let status = answer.status().as_u16();
    Ok((status, answer.into_body().collect(1 << 20).await?))
}

fn fetched(request: Request<Bytes>) -> Result<(u16, Bytes), FetchError> {
    block_on(whole(&ReqwestFetch::new().unwrap(), request))
}

#[test]
fn requests_work_without_tokio_and_in_one_tokio_after_another() {
    let address = server(|mut stream| {
        while !read_head(&mut stream).is_empty() {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\ncontent").unwrap();
        }
    });
    let fetch = ReqwestFetch::new().unwrap();
    let expected = || (200, Bytes::from_static(b"content"));
    assert_eq!(block_on(whole(&fetch, get(address))).unwrap(), expected());
    for _ in 0..2 {
        let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        assert_eq!(tokio.block_on(whole(&fetch, get(address))).unwrap(), expected());
        let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let (task, address) = (fetch.clone(), address);
        assert_eq!(
            tokio.block_on(tokio.spawn(async move { whole(&task, get(address)).await })).unwrap().unwrap(),
            expected()
        );
    }
    assert_eq!(block_on(whole(&fetch, get(address))).unwrap(), expected());
}

#[test]
fn a_body_outlives_its_adapter() {
    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\ncontent");
    let body = block_on(ReqwestFetch::new().unwrap().fetch(get(address))).unwrap().into_body();
    assert_eq!(block_on(body.collect(7)).unwrap(), "content");
}

#[test]
fn a_server_that_is_not_there_has_not_been_sent_anything() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let unresolved = Request::get("http://no-such-host.invalid/").body(Bytes::new()).unwrap();
    for request in [get(nobody), unresolved] {
        assert_eq!(fetched(request).unwrap_err().kind(), FetchErrorKind::NotSent);
    }
}

#[test]
fn a_connection_closed_without_an_answer_leaves_the_outcome_unknown_and_shows_no_signature() {
    let error = fetched(get(server(|mut stream| drop(read_head(&mut stream))))).unwrap_err();
    assert_eq!(error.kind(), FetchErrorKind::OutcomeUnknown);
    assert!(!error.to_string().contains("hidden"), "{error}");
}

#[test]
fn a_body_that_ends_early_is_broken_off() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncontent";
    assert_eq!(fetched(get(answering(answer))).unwrap_err().kind(), FetchErrorKind::BrokenOff);
}

#[test]
fn redirects_and_errors_are_answers() {
    let redirect = "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(fetched(get(answering(redirect))).unwrap().0, 307);
    let error = "HTTP/1.1 503 Slow Down\r\nretry-after: 1\r\ncontent-length: 4\r\n\r\nbusy";
    assert_eq!(fetched(get(answering(error))).unwrap(), (503, Bytes::from_static(b"busy")));
}

#[test]
fn an_answer_that_comes_while_the_body_is_still_being_sent_is_read() {
    const REFUSAL: &[u8] = b"HTTP/1.1 412 Precondition Failed\r\ncontent-length: 6\r\nconnection: close\r\n\r\nfailed";
    let patient = |mut stream: TcpStream| {
        read_head(&mut stream);
        stream.write_all(REFUSAL).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        std::io::copy(&mut stream, &mut std::io::sink()).ok();
    };
    // Closing with unread bytes resets the connection.
    let abrupt = |mut stream: TcpStream| {
        read_head(&mut stream);
        stream.write_all(REFUSAL).unwrap();
    };
    let put = |address| {
        let body = Bytes::from(vec![7; 16 << 20]);
        fetched(Request::put(format!("http://{address}/key")).body(body).unwrap())
    };
    let (patient, abrupt) = (server(patient), server(abrupt));
    for _ in 0..10 {
        assert_eq!(put(patient).unwrap(), (412, Bytes::from_static(b"failed")));
        // The reset may overtake the answer; it is not known then what became of the request.
        match put(abrupt) {
            Ok(answer) => assert_eq!(answer.0, 412),
            Err(error) => assert_eq!(error.kind(), FetchErrorKind::OutcomeUnknown, "{error}"),
        }
    }
}

#[test]
fn a_read_that_must_be_fresh_asks_caches_on_the_way_to_stand_aside() {
    let (heard, head) = mpsc::channel();
    let address = server(move |mut stream| {
        heard.send(read_head(&mut stream)).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    });
    let mut request = get(address);
    fetched(request.clone()).unwrap();
    assert!(!head.recv().unwrap().contains("cache-control"));
    request.extensions_mut().insert(NoStore);
    fetched(request).unwrap();
    assert!(head.recv().unwrap().contains("cache-control: no-cache\r\n"));
}

#[test]
fn an_empty_put_says_its_length() {
    let (heard, head) = mpsc::channel();
    let address = server(move |mut stream| {
        heard.send(read_head(&mut stream)).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    });
    for (body, length) in [("", "content-length: 0\r\n"), ("abc", "content-length: 3\r\n")] {
        fetched(Request::put(format!("http://{address}/key")).body(Bytes::from_static(body.as_bytes())).unwrap())
            .unwrap();
        let head = head.recv().unwrap();
        assert_eq!(head.matches(length).count(), 1, "{head}");
    }
}

#[test]
fn dropping_a_request_closes_its_connection() {
    let (arrived, is_there) = mpsc::channel();
    let (closed, is_closed) = mpsc::channel();
    let address = server(move |mut stream| {
        read_head(&mut stream);
        arrived.send(()).unwrap();
        closed.send(stream.read(&mut [0]).unwrap_or(0)).unwrap();
    });
    let fetch = ReqwestFetch::new().unwrap();
    let mut request = fetch.fetch(get(address));
    block_on(async {
        while is_there.try_recv().is_err() {
            let waiting = futures::future::poll_fn(|context| {
                context.waker().wake_by_ref();
                std::task::Poll::Ready(request.as_mut().poll(context).is_pending())
            });
            assert!(waiting.await);
        }
    });
    drop(request);
    assert_eq!(is_closed.recv().unwrap(), 0);
}
