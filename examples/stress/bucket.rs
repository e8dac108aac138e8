use std::sync::Arc;

use datashard::Warehouse;
use datashard::native::FolderStore;
use datashard::s3::Credentials;
use datashard::store::{S3Config, S3Store};
use tempfile::TempDir;

use crate::Result;
use crate::server::{Options, Server};

/// Where the table is.
pub enum Bucket {
    /// As the environment says.
    Environment,
    /// Served by this process, from a folder that goes with it.
    Own { server: Server, _folder: TempDir },
}

impl Bucket {
    pub fn open() -> Result<Self> {
        if std::env::var_os("DATASHARD_S3_BUCKET").is_some() {
            return Ok(Self::Environment);
        }
        let folder = tempfile::tempdir()?;
        let server = Server::start(Arc::new(FolderStore::open(folder.path())?), Options::default())?;
        Ok(Self::Own { server, _folder: folder })
    }

    pub fn name(&self) -> String {
        match self {
            Self::Environment => std::env::var("DATASHARD_S3_ENDPOINT").unwrap_or_else(|_| "S3".into()),
            Self::Own { .. } => "the `bucket` example's server over a temporary folder".into(),
        }
    }

    pub fn warehouse(&self) -> Result<Warehouse> {
        let Self::Own { server, .. } = self else { return Ok(Warehouse::from_env()?) };
        let Options { bucket, access_key, secret_key, .. } = Options::default();
        let config = S3Config { endpoint: Some(server.endpoint()), ..S3Config::new(bucket) };
        Ok(Warehouse::new(S3Store::native(config, Arc::new(Credentials::new(access_key, secret_key)))?))
    }

    /// What the writers' environment needs beside this process's own.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let Self::Own { server, .. } = self else { return Vec::new() };
        let Options { bucket, access_key, secret_key, .. } = Options::default();
        vec![
            ("DATASHARD_S3_ENDPOINT", server.endpoint()),
            ("DATASHARD_S3_BUCKET", bucket),
            ("DATASHARD_S3_ACCESS_KEY", access_key),
            ("DATASHARD_S3_SECRET_KEY", secret_key),
        ]
    }
}
