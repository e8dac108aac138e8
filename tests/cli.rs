//! The command line, as a program on a folder and on a bucket.
#![cfg(feature = "cli")]
#![allow(clippy::disallowed_methods, reason = "a pipe is written to while it is read")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use datashard::store::MemoryStore;
use serde_json::{Value as Json, json};
use support::bucket_server::{Options, Server};
use tempfile::TempDir;

/// Columns of every type that text may spell.
const COLUMNS: &str = "id:long!, i:int, f:float, d:double, n:decimal(20, 3), b:boolean, day:date, t:time, ts:timestamp, \
                       at:timestamptz, s:string, u:uuid, x:fixed[3], y:binary, l:list<int>, m:map<string, double>, \
                       k:map<int, string>, o:struct<a:string, \"odd, name\":list<long>>";

/// A folder of its own, and the program in it.
struct Place {
    folder: TempDir,
    environment: Vec<(&'static str, String)>,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_datashard"));
        command.args(arguments).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (*name, value.as_str())));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a command that succeeds prints.
    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The objects that it prints, with --json.
    fn json(&self, arguments: &[&str]) -> Vec<Json> {
        let text = self.ok(&[&["--json"], arguments].concat());
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The code and the last line of what a command that fails says.
    fn fails(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), error.lines().last().unwrap_or_default().to_owned())
    }

    fn piped(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn count(&self, table: &str) -> u64 {
        self.ok(&["count", table]).trim().parse().unwrap()
    }

    /// A table of numbers, appended one by one.
    fn numbers(&self, table: &str, rows: u64) -> Vec<i64> {
        self.ok(&["create", table, "--schema", "id:long!, level:string"]);
        let append = |id: u64| {
            let file = self.file("numbers.json", format!("{{\"id\": {id}, \"level\": \"l{}\"}}", id % 2));
            self.json(&["append", table, file.to_str().unwrap()])[0]["snapshot_id"].as_i64().unwrap()
        };
        (1..=rows).map(append).collect()
    }
}

fn sorted(mut rows: Vec<Json>) -> Vec<Json> {
    rows.sort_by_key(|row| row["id"].as_i64());
    rows
}

fn rows_of_every_type() -> Vec<Json> {
    vec![
        json!({"id": 1, "i": -7, "f": 0.1, "d": 1e300, "n": "12345678901234567.890", "b": true, "day": "2026-11-01",
               "t": "09:30:00.000001", "ts": "2026-11-01T09:30:00", "at": "2026-11-01T09:30:00.5Z", "s": "x, \"y\"\nz",
               "u": "f79c3e09-677c-4bbd-a479-3f349cb785e7", "x": "AAH/", "y": "AAH/", "l": [1, null], "m": {"a": 1.5},
               "k": [[1, "one"]], "o": {"a": "b", "odd, name": [9_007_199_254_740_993_i64]}}),
        json!({"id": 2, "i": null, "f": "NaN", "d": "-Infinity", "n": null, "b": false, "day": null, "t": null, "ts": null,
               "at": null, "s": "", "u": null, "x": null, "y": "", "l": [], "m": {}, "k": [], "o": {"a": null, "odd, name": null}}),
        json!({"id": 9_007_199_254_740_993_i64, "i": null, "f": null, "d": -0.0, "n": null, "b": null, "day": null,
               "t": null, "ts": null, "at": null, "s": null, "u": null, "x": null, "y": null, "l": null, "m": null,
               "k": null, "o": null}),
    ]
}

#[test]
fn rows_of_every_type_come_back_in_every_format() {
    let place = Place::new();
    let rows = rows_of_every_type();
    let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
    place.file("rows.json", lines);
    place.ok(&["create", "tables/t", "--schema", COLUMNS]);
    place.ok(&["append", "tables/t", "rows.json"]);
    assert_eq!(sorted(place.json(&["cat", "tables/t"])), rows);
    for name in ["csv", "json", "arrow", "parquet"] {
        let (file, table) = (format!("out.{name}"), format!("tables/{name}"));
        place.ok(&["cat", "tables/t", "--output", &file]);
        place.ok(&["create", &table, "--schema", COLUMNS]);
        let receipt = place.json(&["append", &table, &file]);
        assert_eq!(receipt[0]["rows"], 3, "{name}");
        assert_eq!(sorted(place.json(&["cat", &table])), rows, "{name}");
    }
    let table = place.ok(&["cat", "tables/t", "--select", "id,s,o", "--filter", "id = 1"]);
    let last = table.lines().last().unwrap();
    assert_eq!(last, r#" 1  x, "y"\nz  {"a":"b","odd, name":[9007199254740993]}"#);
}

#[test]
fn a_table_may_be_made_like_a_file() {
    let place = Place::new();
    place.file("a.csv", "id,at,name,zip,none\n1,2026-11-01T09:30:00Z,x,007,\n2,2026-11-01 10:30:00+01:00,,012,\n");
    place.ok(&["create", "csv", "--like", "a.csv"]);
    assert_eq!(place.ok(&["schema", "csv"]), "id:long\nat:timestamptz\nname:string\nzip:string\nnone:string\n");
    place.ok(&["append", "csv", "a.csv"]);
    for name in ["parquet", "arrow", "json"] {
        let (file, table) = (format!("b.{name}"), format!("like-{name}"));
        place.ok(&["cat", "csv", "--output", &file]);
        place.ok(&["create", &table, "--like", &file]);
        place.ok(&["append", &table, &file]);
        assert_eq!(sorted(place.json(&["cat", &table])), sorted(place.json(&["cat", "csv"])), "{name}");
    }
    let schema = place.ok(&["schema", "csv"]);
    place.ok(&["create", "same", "--schema", &schema]);
    let json = place.ok(&["schema", "csv", "--json"]);
    place.file("schema.json", &json);
    place.ok(&["create", "same-json", "--schema-file", "schema.json"]);
    assert_eq!(
        (place.ok(&["schema", "same", "--json"]), place.ok(&["schema", "same-json", "--json"])),
        (json.clone(), json)
    );
}

#[test]
fn a_value_that_does_not_fit_is_named_with_its_line_and_nothing_is_appended() {
    let place = Place::new();
    place.ok(&["create", "t", "--schema", "id:long!, at:timestamptz, n:decimal(5, 2)"]);
    let mut many: String = (0..20_000).map(|id| format!("{id},,\n")).collect();
    many.insert_str(0, "id,at,n\n");
    for (name, content, wanted) in [
        ("a.csv", "id,at,n\n1,,\n2,2026-11-01T09:30:00,\n", "a.csv, line 3: column `at`: \"2026-11-01T09:30:00\""),
        ("a.csv", "id,at,n\n1.5,,\n", "a.csv, line 2: column `id`: \"1.5\" does not fit type long exactly"),
        ("a.csv", "id,at,n\n1,,1.005\n", "a.csv, line 2: column `n`"),
        ("a.csv", "id,at,n\n,,\n", "a.csv, line 2: column `id`: null or nothing in a required field"),
        ("a.csv", "id,other\n1,2\n", "a.csv, line 2: column `other`: the table has no such column"),
        ("a.csv", "id,at,n\n1,2\n", "a.csv: line 2: 2 values, where the header has 3"),
        ("a.csv", &format!("{many}x,,\n"), "a.csv, line 20002: column `id`: \"x\""),
        ("a.json", "{\"id\": 1}\n\n{\"id\": true}\n", "a.json, line 3: column `id`: true does not fit"),
        ("a.json", "{\"id\": 1}\n{\"id\": 2\n", "a.json: line 2: this is no JSON"),
        ("a.json", "[{\"id\": 1}]\n", "a.json, line 1: [{\"id\":1}] is no object"),
        ("a.parquet", "PAR1 and no more", "a.parquet: it is damaged"),
        ("a.arrow", "ARROW1\0\0 and no more", "a.arrow: it is damaged"),
        ("a.txt", "", "what is a.txt?"),
    ] {
        place.file(name, content);
        let (code, error) = place.fails(&["append", "t", name]);
        assert_eq!(code, 2, "{content}: {error}");
        assert!(error.starts_with("error: invalid-input: ") && error.contains(wanted), "{content}: {error}");
    }
    // Of two files the first fits.
    place.file("good.json", "{\"id\": 1}");
    place.file("bad.json", "{\"id\": \"1\"}");
    assert_eq!(place.fails(&["append", "t", "good.json", "bad.json"]).0, 2);
    assert_eq!(place.json(&["info", "t"])[0]["version"], 1);
}

/// An Arrow file that is cut off has whole batches before the cut: to read those alone would be to lose the others.
#[test]
fn files_that_are_cut_off_are_not_appended_in_part() {
    let place = Place::new();
    place.ok(&["create", "t", "--schema", "id:long!"]);
    let lines: String = (0..50_000).map(|id| format!("{{\"id\": {id}}}\n")).collect();
    place.file("rows.json", lines);
    place.ok(&["append", "t", "rows.json"]);
    place.ok(&["create", "other", "--schema", "id:long!"]);
    for name in ["arrow", "parquet"] {
        let file = format!("rows.{name}");
        place.ok(&["cat", "t", "--output", &file]);
        let whole = std::fs::read(place.folder.path().join(&file)).unwrap();
        // The last eight bytes of a stream are its end: without them it is cut off between batches.
        for length in [whole.len() * 2 / 3, whole.len() - 8] {
            place.file(&file, &whole[..length]);
            let (code, error) = place.fails(&["append", "other", &file]);
            assert_eq!(code, 2, "{name}: {error}");
        }
    }
    assert_eq!(place.json(&["info", "other"])[0]["version"], 1);
    assert_eq!(place.fails(&["create", "like", "--like", "rows.parquet"]).0, 2);
}

#[test]
fn the_exit_code_says_the_kind_of_error() {
    let place = Place::new();
    let snapshots = place.numbers("t", 2);
    place.file("wrong.json", "{}");
    for (arguments, code, kind) in [
        (&["cat", "missing"][..], 3, "not-found"),
        (&["cat", "t", "--at-snapshot", "1"], 3, "not-found"),
        (&["count", "t", "--branch", "b"], 3, "not-found"),
        (&["append", "t", "missing.json"], 3, "not-found"),
        (&["create", "t", "--schema", "id:long"], 4, "already-exists"),
        (&["create", "u", "--schema", "id:lnog"], 2, "invalid-input"),
        (&["create", "u", "--schema", "id:long", "--property", "format-version=1"], 6, "unsupported"),
        (&["create", "u"], 2, "invalid-input"),
        (&["nonsense"], 2, "invalid-input"),
        (&["cat", "t", "--filter", "nope = 1"], 2, "invalid-input"),
        (&["append", "t", "wrong.json"], 2, "invalid-input"),
        (&["delete", "t", "--filter", "id = 1"], 1, "unconfirmed"),
    ] {
        let (found, line) = place.fails(&[&["--json"], arguments].concat());
        let error: Json = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{arguments:?}: {line}"));
        assert_eq!((found, &error["error"]["kind"]), (code, &json!(kind)), "{arguments:?}: {line}");
        let (found, _) = place.fails(arguments);
        assert_eq!(found, code, "{arguments:?}");
    }
    let (_, line) = place.fails(&["--json", "delete", "t"]);
    assert!(line.contains("--filter <CONDITION>"), "{line}");
    assert!(!place.folder.path().join("missing").exists() && !place.folder.path().join("u").exists());
    let damaged = place.folder.path().join("t/metadata/v4.metadata.json");
    std::fs::write(damaged, "{").unwrap();
    assert_eq!(place.fails(&["count", "t"]).0, 5);
    assert_eq!(snapshots.len(), 2);
}

#[test]
fn nothing_is_deleted_or_dropped_that_was_not_confirmed() {
    let place = Place::new();
    place.numbers("t", 4);
    let delete = ["delete", "t", "--filter", "level = 'l0'"];
    let output = place.run(&delete);
    let plan = String::from_utf8(output.stderr).unwrap();
    assert!(plan.starts_with("delete 2 rows of ") && plan.contains("of 4 files 2 as a whole"), "{plan}");
    assert_eq!(place.ok(&[&delete[..], &["--dry-run"]].concat()).lines().count(), 1);
    let planned = place.json(&[&delete[..], &["--dry-run"]].concat());
    assert_eq!((&planned[0]["plan"]["rows_at_most"], &planned[0]["plan"]["files"]), (&json!(2), &json!(4)));
    assert_eq!((place.fails(&["drop", "t"]).0, place.fails(&["--quiet", "drop", "t"]).0), (1, 1));
    place.ok(&["drop", "t", "--dry-run"]);
    assert_eq!(place.count("t"), 4);
    assert_eq!(place.json(&[&delete[..], &["--yes"]].concat())[0]["deleted"], 2);
    assert_eq!(place.count("t"), 2);
    let dropped = place.ok(&["drop", "t", "--yes"]);
    assert!(dropped.starts_with("dropped file:///"), "{dropped}");
    assert_eq!(place.fails(&["count", "t"]).0, 3);
}

#[test]
fn earlier_versions_and_changes_are_shown() {
    let place = Place::new();
    let snapshots = place.numbers("t", 3);
    let first = snapshots[0].to_string();
    assert_eq!(place.json(&["count", "t", "--at-snapshot", &first]), [json!({"rows": 1})]);
    assert_eq!(place.ok(&["count", "t", "--branch", "main", "--filter", "id > 1"]), "2\n");
    assert_eq!(place.fails(&["count", "t", "--as-of", "2000-01-01"]).0, 3);
    assert_eq!(place.ok(&["count", "t", "--as-of", "2999-01-01T00:00:00Z"]), "3\n");
    assert_eq!(place.json(&["snapshots", "t"]).len(), 3);
    assert_eq!(place.ok(&["snapshots", "t"]).lines().count(), 5);
    assert_eq!(place.json(&["snapshots", "t", "--refs"])[0]["name"], "main");
    assert_eq!(place.json(&["snapshots", "t", "--history"])[2]["snapshot_id"], snapshots[2]);
    assert_eq!(place.json(&["files", "t", "--at-snapshot", &first])[0]["record_count"], 1);
    assert_eq!(place.ok(&["files", "t"]).lines().count(), 5);
    place.ok(&["delete", "t", "--filter", "id = 1", "--yes"]);
    let changes = place.json(&["diff", "t", &first, "--select", "id,_change_type", "--ordered"]);
    let change = |id: i64, kind: &str| json!({"id": id, "_change_type": kind});
    assert_eq!(sorted(changes), [change(1, "delete"), change(2, "insert"), change(3, "insert")]);
    let to = snapshots[1].to_string();
    assert_eq!(place.json(&["diff", "t", &first, &to])[0]["id"], 2);
    // A metadata file is that version, and cannot be written to.
    let old = "t/metadata/v2.metadata.json";
    assert_eq!(place.ok(&["count", old]), "1\n");
    assert_eq!(place.fails(&["delete", old, "--filter", "id = 1", "--yes"]).0, 6);
    assert_eq!(place.fails(&["drop", old, "--yes"]).0, 2);
}

#[test]
fn columns_are_added_only_where_they_may_be() {
    let place = Place::new();
    place.numbers("t", 1);
    place.file("new.csv", "id,level,city\n2,x,Ulm\n");
    place.file("newer.json", "{\"id\": 3, \"zip\": {\"code\": 5}}\n{\"id\": 4}\n");
    assert_eq!(place.fails(&["append", "t", "new.csv"]).0, 2);
    place.ok(&["append", "t", "new.csv", "newer.json", "--evolve"]);
    assert_eq!(place.ok(&["schema", "t"]), "id:long!\nlevel:string\ncity:string\nzip:struct<code:long>\n");
    let rows = sorted(place.json(&["cat", "t"]));
    assert_eq!(rows[1], json!({"id": 2, "level": "x", "city": "Ulm", "zip": null}));
    assert_eq!((&rows[2]["zip"], rows.len()), (&json!({"code": 5}), 4));
    // As a file with types says them.
    place.ok(&["create", "wide", "--schema", "id:int"]);
    place.ok(&["cat", "t", "--select", "id,city", "--output", "t.parquet"]);
    assert_eq!(place.fails(&["append", "wide", "t.parquet"]).0, 2);
    place.ok(&["append", "wide", "t.parquet", "--evolve"]);
    assert_eq!(place.ok(&["schema", "wide"]), "id:long\ncity:string\n");
    assert_eq!(place.count("wide"), 4);
}

#[test]
fn rows_are_put_in_the_place_of_others_and_appended_once_for_each_key() {
    let place = Place::new();
    place.numbers("t", 3);
    place.file("changed.csv", "id,level\n2,new\n7,new\n");
    let done = place.json(&["upsert", "t", "changed.csv", "--on", "id"]);
    assert_eq!((&done[0]["rows"], &done[0]["deleted"]), (&json!(2), &json!(1)));
    let done = place.json(&["upsert", "t", "changed.csv", "--on", "id", "--only-new"]);
    assert_eq!(done[0]["rows"], 0);
    for repeated in [false, true] {
        let done = place.json(&["append", "t", "changed.csv", "--idempotency-key", "k"]);
        assert_eq!(done[0]["repeated"], repeated);
    }
    assert_eq!(place.count("t"), 6);
    place.file("none.csv", "id,level\n");
    let before = place.json(&["info", "t"])[0]["version"].clone();
    assert_eq!(
        place.json(&["append", "t", "none.csv"])[0],
        json!({"location": place.json(&["info", "t"])[0]["location"], "rows": 0, "version": before})
    );
}

#[test]
fn a_copy_has_the_rows_and_the_layout() {
    let place = Place::new();
    let columns = ["--schema", "id:long!, at:timestamptz", "--partition-by", "bucket[4](id), day(at)"];
    let layout = ["--sort-by", "at desc nulls first, id", "--property", "write.target-file-size-bytes=1000000"];
    place.ok(&[&["create", "a/t"], &columns[..], &layout[..]].concat());
    let lines: String =
        (0..100).map(|id| format!("{{\"id\": {id}, \"at\": \"2026-11-01T09:30:{:02}Z\"}}\n", id % 60)).collect();
    place.file("rows.json", lines);
    place.ok(&["append", "a/t", "rows.json"]);
    place.ok(&["delete", "a/t", "--filter", "id < 10", "--yes"]);
    assert_eq!(place.json(&["copy", "a/t", "b/deep/u"])[0]["rows"], 90);
    assert_eq!(sorted(place.json(&["cat", "b/deep/u"])), sorted(place.json(&["cat", "a/t"])));
    let layout = |table: &str| {
        let info = place.json(&["info", table]);
        ["schema", "partition_by", "sort_by"].map(|name| info[0][name].clone())
    };
    assert_eq!(layout("a/t"), layout("b/deep/u"));
    assert_eq!(layout("a/t")[1..], [json!("bucket[4](id), day(at)"), json!("at desc nulls first, id asc nulls first")]);
    assert_eq!(place.json(&["info", "b/deep/u"])[0]["properties"]["write.target-file-size-bytes"], "1000000");
    assert_eq!(place.fails(&["copy", "a/t", "b/deep/u"]).0, 4);
    assert_eq!(place.count("b/deep/u"), 90);
}

#[test]
fn a_table_is_checked_and_what_is_wrong_with_it_is_told() {
    let place = Place::new();
    place.numbers("t", 3);
    place.ok(&["delete", "t", "--filter", "id = 1", "--yes"]);
    for arguments in [&["verify", "t"][..], &["verify", "t", "--deep"]] {
        assert!(place.ok(arguments).contains("/t is what its metadata says"));
        assert_eq!(place.json(arguments)[0]["problems"], 0);
    }
    let file = place.json(&["files", "t"])[0]["file_path"].as_str().unwrap().to_owned();
    std::fs::remove_file(file.strip_prefix("file://").unwrap()).unwrap();
    let output = place.run(&["--json", "verify", "t"]);
    let told: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), told["path"].as_str()), (Some(1), Some(file.as_str())), "{told}");
    assert_eq!(place.fails(&["verify", "t"]), (1, "error: problems: 1 problem was found".to_owned()));
    assert_eq!(place.fails(&["verify", "missing"]).0, 3);
}

/// The table's files are written as rows come; none of them is in the table before the last row.
#[test]
fn an_append_that_is_killed_in_the_middle_leaves_nothing_to_be_seen() {
    let place = Place::new();
    place.ok(&["create", "t", "--schema", "id:long!, s:string", "--property", "write.target-file-size-bytes=9000000"]);
    let mut child = place.piped(&["append", "t", "--format", "json"]);
    let mut rows = child.stdin.take().unwrap();
    let data = place.folder.path().join("t/data");
    let written = |data: &Path| std::fs::read_dir(data).is_ok_and(|files| files.count() > 0);
    let mut random = 1_u128;
    for id in 0.. {
        if written(&data) {
            break;
        }
        assert!(id < 2_000, "no file was written");
        // Text that no codec makes small.
        let mut text = String::new();
        while text.len() < 100_000 {
            random = random.wrapping_mul(0xda94_2042_e4dd_58b5).rotate_left(64).wrapping_add(1);
            text.push_str(&format!("{random:032x}"));
        }
        writeln!(rows, "{{\"id\": {id}, \"s\": \"{text}\"}}").unwrap();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!((place.count("t"), &place.json(&["info", "t"])[0]["version"]), (0, &json!(1)));
    place.file("a.json", "{\"id\": 1}");
    place.ok(&["append", "t", "a.json"]);
    assert_eq!(place.count("t"), 1);
}

#[test]
fn whoever_reads_the_first_rows_alone_is_no_error() {
    let place = Place::new();
    place.ok(&["create", "t", "--schema", "id:long!"]);
    let lines: String = (0..200_000).map(|id| format!("{{\"id\": {id}}}\n")).collect();
    place.file("rows.json", lines);
    place.ok(&["append", "t", "rows.json"]);
    for format in ["json", "csv", "table", "arrow", "parquet"] {
        let mut child = place.piped(&["cat", "t", "--format", format]);
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        lines.read_until(b'\n', &mut Vec::new()).unwrap();
        drop(lines);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{format}: {output:?}");
    }
    assert_eq!(place.fails(&["cat", "t", "--output", "rows.json"]).0, 9, "what is there is not overwritten");
}

#[test]
fn tables_of_a_bucket_are_reached_as_the_environment_says() {
    let server = Server::start(Arc::new(MemoryStore::new()), Options::default()).unwrap();
    let Options { bucket, access_key, secret_key, .. } = Options::default();
    let mut place = Place::new();
    place.environment = vec![
        ("DATASHARD_S3_ENDPOINT", server.endpoint().to_owned()),
        ("DATASHARD_S3_ACCESS_KEY", access_key),
        ("DATASHARD_S3_SECRET_KEY", secret_key),
    ];
    let table = format!("s3://{bucket}/db/t");
    place.numbers(&table, 2);
    assert_eq!(place.count(&table), 2);
    assert_eq!(place.json(&["info", &table])[0]["location"], table);
    place.ok(&["copy", &table, "local"]);
    assert_eq!(place.count("local"), 2);
    assert_eq!(place.count(&format!("{table}/metadata/v2.metadata.json")), 1);
    assert_eq!(place.fails(&["count", &format!("s3://{bucket}/none")]).0, 3);
    place.environment[2].1 = "wrong".into();
    assert_eq!(place.fails(&["count", &table]).0, 7);
    assert_eq!(place.fails(&["count", "s3://"]).0, 2);
}

/// What the README shows under "On the command line", in an empty folder.
#[test]
fn what_the_readme_shows_works() {
    let readme = include_str!("../README.md");
    let section = readme.split("\n## On the command line\n").nth(1).unwrap();
    let script = section.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let place = Place::new();
    let program = Path::new(env!("CARGO_BIN_EXE_datashard")).parent().unwrap();
    let path = std::env::join_paths([program, Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-e", "-u", "-c", script]).current_dir(place.folder.path()).env_clear().env("PATH", path);
    let output = shell.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("appended 2 rows"), "{text}");
}

/// A table as datashard 0.2 wrote it: what its snapshots' lists name, and what its metadata files name of them.
fn old_table(place: &Place) {
    for folder in ["old/metadata/manifests", "old/data"] {
        std::fs::create_dir_all(place.folder.path().join(folder)).unwrap();
    }
    place.ok(&["create", "rows", "--schema", "id:long, name:string, at:timestamp"]);
    for (file, row) in [("a", r#"{"id": 1, "name": "x"}"#), ("b", r#"{"id": 2}"#), ("lost", r#"{"id": 3}"#)] {
        place.file("row.json", row);
        place.ok(&["append", "rows", "row.json"]);
        place.ok(&["cat", "rows", "--output", &format!("old/data/{file}.parquet")]);
        place.ok(&["delete", "rows", "--filter", "true", "--yes"]);
    }
    for (id, file) in [(1, "a"), (2, "b")] {
        let list = json!({"manifests": [{"manifest_path": format!("metadata/manifests/m{id}.avro")}]});
        place.file(&format!("old/metadata/manifests/l{id}.avro"), list.to_string());
        let manifest = json!({"files": [{"file_path": format!("/data/{file}.parquet")}]});
        place.file(&format!("old/metadata/manifests/m{id}.avro"), manifest.to_string());
    }
    let snapshot = |id: u64| json!({"snapshot_id": id, "manifest_list": format!("metadata/manifests/l{id}.avro")});
    place.file("old/metadata/v0.metadata.json", json!({"snapshots": []}).to_string());
    place.file("old/metadata/v1.metadata.json", json!({"snapshots": [snapshot(1)]}).to_string());
    place.file("old/metadata/v2.metadata.json", json!({"snapshots": [snapshot(1), snapshot(2)]}).to_string());
    place.file("old/metadata.version-hint.text", "1");
}

/// In datashard 0.2 the current snapshot had the rows of the last append alone, and a hint could go back to one before.
#[test]
fn a_table_of_the_old_python_package_is_imported_with_the_rows_of_all_its_snapshots() {
    let place = Place::new();
    old_table(&place);
    let report = &place.json(&["import", "old", "new"])[0];
    assert_eq!(
        (&report["rows"], &report["snapshots_found"], &report["versions_found"]),
        (&json!(2), &json!(2), &json!(3))
    );
    assert_eq!(report["unnamed"], json!(["data/lost.parquet"]));
    assert_eq!(report["files"], json!([{"path": "data/a.parquet", "rows": 1}, {"path": "data/b.parquet", "rows": 1}]));
    let rows = [json!({"id": 1, "name": "x", "at": null}), json!({"id": 2, "name": null, "at": null})];
    assert_eq!(sorted(place.json(&["cat", "new"])), rows);
    assert_eq!(place.json(&["import", "old", "all", "--unnamed"])[0]["rows"], 3);
    assert_eq!(place.fails(&["import", "old", "new"]).0, 4, "a table is there");
    assert_eq!(place.fails(&["import", "rows", "other"]).0, 3, "that is no old table");
    place.file("old/data/b.parquet", "PAR1 damaged PAR1");
    let (code, message) = place.fails(&["import", "old", "third"]);
    assert!(code == 5 && message.contains("old/data/b.parquet"), "{code} {message}");
    assert!(!place.folder.path().join("third").exists(), "nothing was made");
    let report = &place.json(&["import", "old", "third", "--skip-unreadable"])[0];
    assert_eq!((&report["rows"], &report["unread"][0]["path"]), (&json!(1), &json!("data/b.parquet")));
    assert!(place.ok(&["import", "old", "fourth", "--skip-unreadable"]).contains("not read: data/b.parquet"));
}

#[test]
fn a_table_that_the_old_python_package_wrote_is_imported() {
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures/datashard-0.2.5");
    if !old.exists() {
        return;
    }
    let place = Place::new();
    let report = &place.json(&["import", old.to_str().unwrap(), "new"])[0];
    assert_eq!((report["snapshots_found"].as_u64(), report["files"].as_array().unwrap().len()), (Some(3), 3));
    assert_eq!(place.count("new"), report["rows"].as_u64().unwrap());
    assert_eq!((&report["unread"], &report["unnamed"]), (&json!([]), &json!([])));
    place.ok(&["verify", "new", "--deep"]);
}

#[test]
fn files_that_are_in_the_table_s_folder_are_added_once() {
    let place = Place::new();
    place.ok(&["create", "source", "--schema", "id:long, level:string"]);
    place.file("rows.csv", "id,level\n1,a\n2,b\n");
    place.ok(&["append", "source", "rows.csv"]);
    place.ok(&["create", "t", "--schema", "id:long, level:string"]);
    std::fs::create_dir_all(place.folder.path().join("t/data")).unwrap();
    place.ok(&["cat", "source", "--output", "t/data/x.parquet"]);
    let receipt = &place.json(&["add-files", "t", "data/x.parquet"])[0];
    assert_eq!((&receipt["rows"], &receipt["files"]), (&json!(2), &json!(1)));
    assert_eq!(place.count("t"), 2);
    assert_eq!(place.fails(&["add-files", "t", "data/x.parquet"]).0, 4);
    assert_eq!(place.fails(&["add-files", "t", "data/none.parquet"]).0, 3);
    place.ok(&["verify", "t", "--deep"]);
}
