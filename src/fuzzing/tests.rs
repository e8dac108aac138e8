//! The inputs that the fuzzers found, and those that once failed, as ordinary tests.

use std::fs;
use std::path::{Path, PathBuf};

pub(super) fn folder(kind: &str, target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(kind).join(target)
}

fn replay(target: &str, parse: impl Fn(&[u8])) {
    let mut count = 0;
    for kind in ["corpus", "crashes"] {
        let Ok(entries) = fs::read_dir(folder(kind, target)) else { continue };
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            // Which it was, if it fails.
            println!("{}", path.display());
            parse(&fs::read(&path).unwrap());
            count += 1;
        }
    }
    assert!(count > 0, "{target} has no inputs");
}

macro_rules! replays {
    ($($target:ident)*) => {
        /// Those that the fuzzers' manifest lists as well.
        #[cfg(test)]
        pub(super) const TARGETS: &[&str] = &[$(stringify!($target)),*];
        $(
            #[test]
            fn $target() {
                replay(stringify!($target), super::$target);
            }
        )*
    };
}

replays!(arrow_ipc avro_container avro_rows deletion_vector manifest manifest_list name_mapping parquet predicate s3_xml table_metadata variant);

#[test]
fn each_parser_has_a_fuzzer() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/Cargo.toml")).unwrap();
    for target in TARGETS {
        assert!(manifest.contains(&format!("name = \"{target}\"")), "{target}");
    }
}
