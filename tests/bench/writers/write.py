#!/usr/bin/env python3
"""Writes tables with an engine: a process of `cargo bench --bench writers`.

    write.py {pyiceberg|delta-rs|datashard-py|shackleton} ENDPOINT KEY SECRET FOLDER ROWS

For each step prints {"step": NAME}, waits for a line, does it, and prints {"seconds": ..., "rows": ... in the table afterwards}; or
{"step": NAME, "cannot": why}, and goes on.
"""

import json
import os
import sys
import time

import numpy
import pyarrow as pa

STEPS = ["append", "append of 100", "upsert", "delete", "26 partitions", "64 partitions"]
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def batch(begin, end, name="request"):
    """The rows that tests/bench/writers.rs makes too."""
    ids = numpy.arange(begin, end, dtype=numpy.int64)
    scattered = (ids * 2_654_435_761) % 1_000
    level = numpy.select([scattered == 0, scattered <= 30, scattered <= 200], ["fatal", "error", "warn"], "info")
    return pa.table(
        {
            "id": ids,
            "at": pa.array(1_790_000_000_000_000 + ids * 1_000, pa.timestamp("us", "UTC")),
            "value": (ids % 100_003) / 7.0,
            "level": pa.array(level.tolist(), pa.string()),
            "message": pa.array([f"{name} {i} took {i % 977} ms" for i in ids.tolist()], pa.string()),
            "letter": pa.array([LETTERS[i % 26] for i in ids.tolist()], pa.string()),
            "shard": pa.array((ids * 7) % 64, pa.int32()),
        }
    )


class PyIceberg:
    def __init__(self, endpoint, key, secret, folder):
        # Otherwise its bodies have no length before they end, which few servers take.
        os.environ["AWS_REQUEST_CHECKSUM_CALCULATION"] = "when_required"
        from pyiceberg.catalog.sql import SqlCatalog

        self.catalog = SqlCatalog(
            "bench",
            uri=f"sqlite:///{folder}/catalog.db",
            warehouse="s3://demo/pyiceberg",
            **{
                "s3.endpoint": endpoint,
                "s3.access-key-id": key,
                "s3.secret-access-key": secret,
                "s3.region": "us-east-1",
                "s3.path-style-access": "true",
                "s3.force-virtual-addressing": "false",
                "py-io-impl": "pyiceberg.io.pyarrow.PyArrowFileIO",
            },
        )
        self.catalog.create_namespace("bench")

    def create(self, name, rows, by=None):
        table = self.catalog.create_table(f"bench.{name}", schema=rows.schema)
        if by:
            with table.update_spec() as update:
                update.add_identity(by)
        return self.catalog.load_table(f"bench.{name}")

    def append(self, table, rows):
        table.append(rows)

    def upsert(self, table, rows):
        table.upsert(rows, join_cols=["id"])

    def delete(self, table):
        table.delete("level = 'fatal'")

    def count(self, table):
        return table.refresh().scan().count()


class DeltaRs:
    def __init__(self, endpoint, key, secret, folder):
        self.options = {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
            "aws_conditional_put": "etag",
        }

    def create(self, name, rows, by=None):
        from deltalake import DeltaTable

        uri = f"s3://demo/delta/{name}"
        DeltaTable.create(uri, rows.schema, partition_by=[by] if by else None, storage_options=self.options)
        return uri

    def append(self, table, rows):
        from deltalake import write_deltalake

        write_deltalake(table, rows, mode="append", storage_options=self.options)

    def open(self, table):
        from deltalake import DeltaTable

        return DeltaTable(table, storage_options=self.options)

    def upsert(self, table, rows):
        merge = self.open(table).merge(rows, "t.id = s.id", source_alias="s", target_alias="t")
        merge.when_matched_update_all().when_not_matched_insert_all().execute()

    def delete(self, table):
        self.open(table).delete("level = 'fatal'")

    def count(self, table):
        return self.open(table).to_pyarrow_dataset().count_rows()


class DatashardPy:
    def __init__(self, endpoint, key, secret, folder):
        os.environ.update(
            DATASHARD_STORAGE_TYPE="s3",
            DATASHARD_S3_ENDPOINT=endpoint,
            DATASHARD_S3_ACCESS_KEY=key,
            DATASHARD_S3_SECRET_KEY=secret,
            DATASHARD_S3_BUCKET="demo",
            DATASHARD_S3_REGION="us-east-1",
            DATASHARD_S3_PREFIX="python",
        )

    def create(self, name, rows, by=None):
        from datashard import PartitionField, PartitionSpec, Schema, create_table

        types = {"int64": "long", "int32": "int", "double": "double", "string": "string"}
        of = lambda arrow: types.get(str(arrow), "timestamptz")
        fields = [
            {"id": at, "name": field.name, "type": of(field.type), "required": False}
            for at, field in enumerate(rows.schema, 1)
        ]
        spec = None
        if by:
            source = rows.schema.get_field_index(by) + 1
            spec = PartitionSpec(spec_id=0, fields=[PartitionField(source, 1000, by, "identity")])
        return create_table(name, Schema(schema_id=0, fields=fields), partition_spec=spec)

    def append(self, table, rows):
        table.append_arrow(rows)

    def count(self, table):
        return table.row_count()


class Shackleton:
    """On this machine's disk, as it can nothing else."""

    def __init__(self, endpoint, key, secret, folder):
        self.folder = folder

    def create(self, name, rows, by=None):
        from pathlib import Path

        from shackleton import TableShack

        path = Path(self.folder, name)
        return TableShack(path, partition_cols=[by]) if by else TableShack(path, id_col="id")

    def append(self, table, rows):
        import polars

        table.extend(polars.from_arrow(rows))

    def upsert(self, table, rows):
        import polars

        table.replace_records(polars.from_arrow(rows))

    def count(self, table):
        return table.get_full_df().height


ENGINES = {"pyiceberg": PyIceberg, "delta-rs": DeltaRs, "datashard-py": DatashardPy, "shackleton": Shackleton}


def main():
    name, endpoint, key, secret, folder, count = sys.argv[1:]
    count = int(count)
    engine = ENGINES[name](endpoint, key, secret, folder)
    rows = batch(0, count)
    small = [batch(count + n * 100, count + n * 100 + 100) for n in range(10)]
    # Half of them are there.
    changed = batch(count - 5_000 + 1_000, count + 5_000 + 1_000, "changed")
    plain = engine.create("plain", rows)
    letters, shards = engine.create("letters", rows, "letter"), engine.create("shards", rows, "shard")
    work = {
        "append": (plain, lambda: engine.append(plain, rows)),
        "append of 100": (plain, lambda: [engine.append(plain, each) for each in small]),
        "upsert": (plain, lambda: engine.upsert(plain, changed)),
        "delete": (plain, lambda: engine.delete(plain)),
        "26 partitions": (letters, lambda: engine.append(letters, rows)),
        "64 partitions": (shards, lambda: engine.append(shards, rows)),
    }
    for step in STEPS:
        missing = step in ("upsert", "delete") and not hasattr(engine, step)
        if missing:
            print(json.dumps({"step": step, "cannot": "cannot"}), flush=True)
            continue
        table, do = work[step]
        print(json.dumps({"step": step}), flush=True)
        sys.stdin.readline()
        begin = time.perf_counter()
        try:
            do()
        except Exception as error:  # told, and the others go on
            print(json.dumps({"cannot": f"fails: {error}".splitlines()[0][:100]}), flush=True)
            continue
        seconds = time.perf_counter() - begin
        print(json.dumps({"seconds": seconds}), flush=True)
        sys.stdin.readline()
        print(json.dumps({"rows": engine.count(table)}), flush=True)


if __name__ == "__main__":
    main()
