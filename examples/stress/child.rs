use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{self, ChildStdout, Command};

use crate::Result;
use crate::load::Load;
use crate::writer::{Line, Summary};

/// A writer's process, seen from its parent. Killed when dropped.
pub struct Child {
    process: process::Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Child {
    /// Returns when the writer has opened the table.
    pub async fn start(load: &Load, writer: u64, environment: Vec<(&'static str, String)>) -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(load.arguments(writer))
            .envs(environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let out = process.stdout.take().ok_or("no output")?;
        let mut child = Self { process, lines: BufReader::new(out).lines() };
        match child.line().await? {
            Line::Ready => Ok(child),
            other => Err(format!("a writer began with {other:?}").into()),
        }
    }

    async fn line(&mut self) -> Result<Line> {
        let line = self.lines.next_line().await?.ok_or("a writer ended early")?;
        Ok(serde_json::from_str(&line)?)
    }

    /// Has it write, and counts its appends as they return.
    pub async fn run(mut self, acknowledged: Arc<AtomicU64>) -> Result<Summary> {
        self.process.stdin.as_mut().ok_or("no input")?.write_all(b"go\n").await?;
        loop {
            match self.line().await? {
                Line::Ready => {}
                Line::Acknowledged(more) => {
                    acknowledged.fetch_add(more, Ordering::SeqCst);
                }
                Line::Done(summary) => {
                    self.process.wait().await?;
                    return Ok(summary);
                }
            }
        }
    }
}
