#!/usr/bin/env python3
"""Reads a table with an engine again and again, and prints what it took: a process of `cargo bench --bench readers`.

    read.py {duckdb|pyiceberg|polars} TABLE METADATA ENDPOINT KEY SECRET QUERY RUNS

QUERY is `full`, `rare` or `range:LOW:HIGH`. Prints {"rows": ..., "seconds": [...], "cpu": [...], "megabytes": peak resident memory}.
"""

import json
import re
import sys
import time

QUERIES = {"full": (None, None), "rare": ("level = 'fatal'", ["id", "message"])}


def query(text):
    if text in QUERIES:
        return QUERIES[text]
    _, low, high = text.split(":")
    return f"id >= {low} and id <= {high}", None


def duckdb(table, metadata, endpoint, key, secret, where, columns):
    import duckdb
    from duckdb_extensions import import_extension

    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    for name in ("avro", "httpfs", "iceberg"):
        import_extension(name)
        connection.load_extension(name)
    host = endpoint.removeprefix("http://")
    connection.sql(
        f"create secret (type s3, key_id '{key}', secret '{secret}', endpoint '{host}', url_style 'path', use_ssl false)"
    )
    selected = ", ".join(columns or ["*"])
    text = f"select {selected} from iceberg_scan('{metadata}')" + (f" where {where}" if where else "")

    def read():
        found = connection.sql(text).arrow()
        return (found.read_all() if hasattr(found, "read_all") else found).num_rows

    return read


def properties(endpoint, key, secret):
    return {
        "s3.endpoint": endpoint,
        "s3.access-key-id": key,
        "s3.secret-access-key": secret,
        "s3.region": "us-east-1",
        "s3.path-style-access": "true",
        "s3.force-virtual-addressing": "false",
    }


def pyiceberg(table, metadata, endpoint, key, secret, where, columns):
    from pyiceberg.table import StaticTable

    def read():
        opened = StaticTable.from_metadata(metadata, properties(endpoint, key, secret))
        scan = opened.scan(row_filter=where or "true", selected_fields=tuple(columns or ["*"]))
        return scan.to_arrow().num_rows

    return read


def polars(table, metadata, endpoint, key, secret, where, columns):
    import polars as pl

    options = properties(endpoint, key, secret)

    def read():
        frame = pl.scan_iceberg(metadata, storage_options=options)
        if where == "level = 'fatal'":
            frame = frame.filter(pl.col("level") == "fatal")
        elif where:
            low, high = map(int, re.findall(r"\d+", where))
            frame = frame.filter(pl.col("id").is_between(low, high))
        if columns:
            frame = frame.select(columns)
        return frame.collect().height

    return read


def peak():
    with open("/proc/self/status", encoding="ascii") as status:
        kilobytes = next(line.split()[1] for line in status if line.startswith("VmHWM"))
    return int(kilobytes) / 1024


def main():
    engine, table, metadata, endpoint, key, secret, text, runs = sys.argv[1:]
    where, columns = query(text)
    read = {"duckdb": duckdb, "pyiceberg": pyiceberg, "polars": polars}[engine](
        table, metadata, endpoint, key, secret, where, columns
    )
    seconds, processor = [], []
    for _ in range(int(runs)):
        begin, busy = time.perf_counter(), time.process_time()
        rows = read()
        seconds.append(time.perf_counter() - begin)
        processor.append(time.process_time() - busy)
    print(json.dumps({"rows": rows, "seconds": seconds, "cpu": processor, "megabytes": peak()}))


if __name__ == "__main__":
    main()
