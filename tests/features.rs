//! What the Python packages `datashard` 0.11 and `shackleton` 2.0 offer, and where it is shown that this crate does it too: or why not.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

enum Shown {
    /// By these tests.
    By(&'static [&'static str]),
    /// It is not there, or there in another way, for this reason.
    Not(&'static str),
}
use Shown::{By, Not};

const DATASHARD: &[(&str, Shown)] = &[
    (
        "create a table, or open it if it is there",
        By(&["creating_twice_is_an_error_or_opens_what_is_there_if_its_columns_are_the_same"]),
    ),
    (
        "load a table, without writing",
        By(&[
            "opening_a_table_that_is_not_there_writes_nothing_and_says_so",
            "whoever_may_only_read_can_open_and_scan",
        ]),
    ),
    ("schemas, checked", By(&["each_table_keeps_its_own_schema", "every_primitive_type_reads_the_same_everywhere"])),
    (
        "append records and Arrow",
        By(&[
            "json_records_are_appended_exactly_or_refused_with_row_field_and_value",
            "a_fraction_does_not_enter_a_long",
        ]),
    ),
    (
        "append files that are there",
        By(&[
            "files_of_another_program_become_rows_known_by_their_names_also_after_a_column_is_renamed",
            "a_file_is_in_a_table_once_whoever_adds_it",
        ]),
    ),
    ("transactions", By(&["the_changes_of_a_transaction_are_one_version_and_each_sees_those_before_it"])),
    (
        "concurrent writers, tried again by themselves",
        By(&[
            "append_survives_a_lost_response_on_the_metadata_put",
            "writers_on_separate_handles_lose_and_double_nothing",
        ]),
    ),
    ("delete whole files", By(&["files_that_a_condition_covers_go_without_being_read"])),
    ("overwrite by a filter", By(&["an_overwrite_is_one_snapshot_and_replaces_all_or_what_it_names"])),
    ("expire snapshots", Not("comes with maintenance")),
    ("collect garbage", Not("comes with maintenance")),
    ("compact manifests", Not("comes with maintenance")),
    ("rewrite data files", Not("comes with maintenance")),
    ("snapshots and time travel", By(&["time_travel_by_snapshot_timestamp_and_ref_shows_the_table_of_that_time"])),
    ("roll back", By(&["main_is_set_back_to_what_it_was_and_may_go_forward_again"])),
    ("properties", By(&["properties_that_commits_rely_on_cannot_be_set"])),
    (
        "scans by columns and filter, in parallel, in batches",
        By(&[
            "a_filter_reads_only_the_files_that_can_match_and_returns_exactly_the_rows_that_do",
            "filters_find_exactly_the_rows_that_satisfy_them",
        ]),
    ),
    ("filters as values", By(&["null_satisfies_no_comparison_and_only_is_null"])),
    (
        "row counts, and verifying a table",
        By(&["counting_without_a_filter_reads_no_data_file", "a_table_is_checked_and_what_is_wrong_with_it_is_told"]),
    ),
    (
        "checksums of pages and files",
        Not("files are checked by size, footer and statistics (`verify`); stores check what they hold"),
    ),
    ("SQL by DuckDB", Not("DuckDB, Polars and others read the table by its metadata file: `tests/judges.rs`")),
    (
        "partitions by value, time, bucket and truncation",
        By(&["rows_go_where_each_transform_says_and_come_back_by_filters"]),
    ),
    ("buckets as the environment says", By(&["tables_of_a_bucket_are_reached_as_the_environment_says"])),
    ("tables in a folder", By(&["a_folder_store_conforms_with_a_rival_over_the_same_folder"])),
    (
        "a store that ignores conditions is found out",
        By(&["a_store_that_ignores_conditions_is_refused_at_creation_and_nothing_is_left"]),
    ),
    (
        "moved tables, tables of old, hints that are wrong",
        By(&[
            "a_copied_table_is_read_where_it_lies_and_not_written_to",
            "a_table_of_the_old_python_package_is_imported_with_the_rows_of_all_its_snapshots",
            "a_writer_heals_a_hint_that_is_behind",
        ]),
    ),
    ("data files in Avro and ORC", Not("Avro ones are read, ORC ones refused by name; Parquet is written")),
    ("pandas", Not("there is no Python package; Arrow is what goes in and out")),
    ("logging", Not("the library logs nothing: receipts, reports and errors say what was done")),
];

const SHACKLETON: &[(&str, Shown)] = &[
    ("extend, never rewriting what is there", By(&["an_append_reads_no_rows_and_writes_only_its_own"])),
    ("replace all, purge", By(&["an_overwrite_is_one_snapshot_and_replaces_all_or_what_it_names"])),
    (
        "partitions by columns, of any value",
        By(&["values_of_any_kind_are_partitions_of_their_own_in_folders_of_their_own"]),
    ),
    ("partitions by hash", By(&["buckets_rule_out_files_of_other_values"])),
    ("one partition's rows", By(&["a_plan_can_be_read_partition_by_partition"])),
    (
        "leave out duplicates",
        By(&[
            "rows_that_are_there_are_not_appended_again_and_of_new_ones_the_first",
            "writers_that_append_the_same_new_rows_at_once_append_each_once",
        ]),
    ),
    ("files sorted by a column", By(&["files_of_a_sorted_table_are_sorted_and_say_so"])),
    (
        "replace records by one or several columns",
        By(&[
            "an_upsert_replaces_what_has_the_key_and_appends_the_rest_and_the_last_of_a_key_stays",
            "keys_of_several_columns_are_the_same_only_where_all_of_them_are",
        ]),
    ),
    ("replace a partition", By(&["partitions_that_rows_are_in_are_replaced_as_one_snapshot_and_others_stay"])),
    ("purge a partition", By(&["a_partition_goes_by_metadata_alone"])),
    ("most rows of a file", By(&["a_table_may_say_from_its_creation_how_many_rows_a_file_has"])),
    (
        "writers that take records one by one",
        By(&[
            "rows_that_come_one_by_one_are_one_snapshot_in_files_of_so_many_rows",
            "a_writer_that_is_dropped_leaves_nothing_and_one_that_has_nothing_commits_nothing",
        ]),
    ),
    ("new columns with the rows", By(&["an_append_whose_rows_have_new_columns_evolves_the_schema_where_it_may"])),
    ("compression and its level", By(&["a_writer_writes_to_a_branch_once_for_a_key_and_as_its_properties_say"])),
    (
        "Arrow files",
        Not(
            "data files are Parquet, as the format wants; Arrow goes in and out: `rows_of_every_type_come_back_in_every_format`",
        ),
    ),
    ("lazy frames", Not("a scan is lazy: nothing is read before it is asked for")),
    ("a function over partitions in parallel", By(&["a_plan_can_be_read_partition_by_partition"])),
    ("compact", Not("comes with maintenance")),
    ("files, and streams of them", By(&["every_table_that_can_be_read_can_be_inspected_at_each_snapshot"])),
    (
        "threads and processes at once",
        By(&["processes_that_append_to_one_folder_lose_and_double_nothing_though_some_are_killed"]),
    ),
];

fn tests_of(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("node_modules") {
            tests_of(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let mut lines = text.lines().map(str::trim);
            while let Some(line) = lines.next() {
                if line.starts_with("#[test]") {
                    let function = lines.by_ref().find_map(|line| line.strip_prefix("fn ").map(str::to_owned));
                    names.extend(function.and_then(|function| Some(function.split_once('(')?.0.to_owned())));
                }
            }
        }
    }
}

#[test]
fn each_feature_of_the_python_packages_has_a_test_or_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = BTreeSet::new();
    ["src", "tests"].iter().for_each(|folder| tests_of(&root.join(folder), &mut names));
    assert!(names.len() > 500, "{} tests", names.len());
    assert_eq!((DATASHARD.len(), SHACKLETON.len()), (29, 20));
    for (feature, shown) in DATASHARD.iter().chain(SHACKLETON) {
        match shown {
            By(tests) => {
                assert!(!tests.is_empty(), "{feature}");
                let missing: Vec<_> = tests.iter().filter(|test| !names.contains(**test)).collect();
                assert!(missing.is_empty(), "{feature}: there is no test {missing:?}");
            }
            Not(reason) => assert!(!reason.is_empty(), "{feature}"),
        }
    }
}
