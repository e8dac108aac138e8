//! The house stays in order: each layer uses only those below it, and the core has no effects but those passed in.
#![allow(clippy::disallowed_methods, reason = "tests may read the environment")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// From the ground up. A module may use those on earlier lines, and itself.
const LAYERS: &[&[&str]] = &[
    &["error"],
    &["runtime"],
    &["spec"],
    &["avro", "expr", "s3"],
    &["parquet", "fetch"],
    &["store"],
    &["catalog"],
    &["read"],
    &["write"],
    &["scan"],
    &["inspect"],
    &["transaction"],
    &["table"],
    &["warehouse"],
    &["native", "wasm"],
];

fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(&root).unwrap().to_path_buf();
                let first = relative.components().next().unwrap().as_os_str().to_str().unwrap();
                let module = first.trim_end_matches(".rs").to_owned();
                files.push((module, relative, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files
}

fn is_test(path: &Path) -> bool {
    path.iter().any(|part| {
        let name = part.to_str().unwrap().trim_end_matches(".rs");
        name == "tests" || name.ends_with("_tests") || name == "fakes" || name == "faulty" || name == "fuzzing"
    })
}

#[test]
fn each_layer_uses_only_those_below_it() {
    let height: BTreeMap<&str, usize> =
        LAYERS.iter().enumerate().flat_map(|(height, names)| names.iter().map(move |name| (*name, height))).collect();
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        // Programs are leaves: they see the library as everybody else does.
        if is_test(&path) || module == "lib" || module == "bin" {
            continue;
        }
        let own = height.get(module.as_str()).unwrap_or_else(|| panic!("{module} is in no layer"));
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for (_, rest) in line.match_indices("crate::").map(|(at, found)| (at, &line[at + found.len()..])) {
                let names = rest
                    .strip_prefix('{')
                    .map_or_else(|| vec![rest], |group| group.trim_end_matches(['}', ';']).split(", ").collect());
                for name in names {
                    let name: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    let used = match name.as_str() {
                        "Error" | "ErrorKind" | "Result" => "error",
                        "Table" | "Transaction" | "Append" => "table",
                        "Warehouse" | "CreateTable" => "warehouse",
                        "CommitReceipt" | "Resolution" | "Isolation" | "TransactionReceipt" => "transaction",
                        other => other,
                    };
                    match height.get(used) {
                        Some(other) if *other > *own || (*other == *own && used != module) => {
                            wrong.push(format!("{}: {module} uses {used}", path.display()));
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    // The public constructor picks the platform's runtime: the one place that reaches up, to the leaves.
    wrong.retain(|line| !line.starts_with("warehouse.rs: warehouse uses"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_core_names_no_file_system_clock_thread_or_environment() {
    let banned = ["std::fs", "std::env::var", "std::process", "std::thread", "SystemTime", "Instant::now", "tokio"];
    for (module, path, text) in sources() {
        if module == "native" || module == "bin" || is_test(&path) {
            continue;
        }
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for word in banned {
                assert!(!line.contains(word), "{}:{} names {word}: {line}", path.display(), number + 1);
            }
        }
    }
}

/// The names of what is built with these arguments.
fn tree(arguments: &[&str]) -> Vec<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["tree", "-e", "normal", "--prefix", "none"]).args(arguments);
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let names: Vec<_> = tree.lines().filter_map(|line| Some(line.split_once(" v")?.0.to_owned())).collect();
    assert!(names.iter().any(|name| name == "parquet"), "{tree}");
    names
}

fn refuse(tree: &[String], banned: &[&str]) {
    let found: Vec<_> = tree.iter().filter(|name| banned.contains(&name.as_str())).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn the_core_depends_on_no_tokio_natively_and_on_wasm32() {
    for target in ["x86_64-unknown-linux-gnu", "wasm32-unknown-unknown"] {
        let core = tree(&["--no-default-features", "--target", target]);
        refuse(&core, &["tokio", "reqwest", "hyper", "mio"]);
    }
}

#[test]
fn the_library_depends_on_nothing_of_the_command_line_s() {
    let of_the_command_line = ["clap", "indicatif"];
    let program = tree(&["--features", "cli"]);
    assert!(of_the_command_line.iter().all(|name| program.iter().any(|used| used == name)), "{program:?}");
    refuse(&tree(&[]), &of_the_command_line);
    refuse(&tree(&["--target", "wasm32-unknown-unknown"]), &of_the_command_line);
}

#[test]
fn no_source_file_outgrows_a_head() {
    for (_, path, text) in sources() {
        let lines = text.lines().count();
        assert!(is_test(&path) || lines <= 400, "{} has {lines} lines", path.display());
    }
}
