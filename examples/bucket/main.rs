//! A throwaway S3 bucket on this machine, over a folder: the objects are the files.
//!
//! ```text
//! cargo run --release --example bucket -- ./bucket
//! ```
//!
//! It checks signatures, takes conditional puts, lets web pages of every origin in, and survives being killed. The same
//! tables can be opened as files with [`FolderStore`] at the same time.

mod server;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use datashard::native::{FolderStore, SystemRuntime};
use datashard::store::{MemoryStore, ObjectStore};
use server::{Options, Server};

const USAGE: &str = "usage: bucket FOLDER | --memory
    [--bucket NAME]           demo
    [--host ADDRESS]          127.0.0.1
    [--port PORT]             9000; 0 for one that is free
    [--access-key KEY]        demo-key
    [--secret-key SECRET]     demo-secret
    [--session-token TOKEN]   any, or none
    [--public]                reading needs no key";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let (mut host, mut port) = (String::from("127.0.0.1"), 9000_u16);
    let (mut folder, mut memory) = (None, false);
    let mut options = Options::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value\n\n{USAGE}"));
        match argument.as_str() {
            "--memory" => memory = true,
            "--public" => options.public = true,
            "--bucket" => options.bucket = value()?,
            "--host" => host = value()?,
            "--port" => port = value()?.parse().map_err(|error| format!("--port: {error}"))?,
            "--access-key" => options.access_key = value()?,
            "--secret-key" => options.secret_key = value()?,
            "--session-token" => options.session_token = Some(value()?),
            "--help" | "-h" => {
                println!("{USAGE}");
                return Ok(());
            }
            path if !path.starts_with('-') && folder.is_none() => folder = Some(argument),
            _ => return Err(format!("{argument} is not understood\n\n{USAGE}")),
        }
    }
    let host = host.parse().map_err(|error| format!("--host: {error}"))?;
    options.address = SocketAddr::new(host, port);
    if !host.is_loopback() && options.secret_key == Options::default().secret_key {
        return Err("other machines can reach this address: choose a --secret-key".into());
    }
    let store: Arc<dyn ObjectStore> = match folder {
        Some(path) if !memory => Arc::new(FolderStore::open(path).map_err(|error| error.to_string())?),
        None if memory => Arc::new(MemoryStore::with_clock(Arc::new(SystemRuntime))),
        _ => return Err(USAGE.into()),
    };
    let root = store.root().to_owned();
    let server = Server::start(store, options.clone())
        .map_err(|error| format!("cannot listen at {}: {error}", options.address))?;
    println!("serving {root} as s3://{}, until Ctrl+C\n", options.bucket);
    println!("export DATASHARD_S3_ENDPOINT={}", server.endpoint());
    println!("export DATASHARD_S3_BUCKET={}", options.bucket);
    println!("export DATASHARD_S3_REGION=us-east-1");
    println!("export DATASHARD_S3_ACCESS_KEY={}", options.access_key);
    println!("export DATASHARD_S3_SECRET_KEY={}", options.secret_key);
    if let Some(token) = options.session_token {
        println!("export DATASHARD_S3_SESSION_TOKEN={token}");
    }
    server.wait();
    Ok(())
}
