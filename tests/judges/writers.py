"""The Python package datashard, 0.11 or later, as a writer: it shares this crate's layout of a table."""

import datetime as dt
import decimal
import os
import struct
import urllib.parse
import uuid


def path(request):
    parts = urllib.parse.urlparse(request.table)
    os.environ.update(
        DATASHARD_STORAGE_TYPE="s3", DATASHARD_S3_ENDPOINT=request.endpoint, DATASHARD_S3_ACCESS_KEY=request.key,
        DATASHARD_S3_SECRET_KEY=request.secret, DATASHARD_S3_BUCKET=parts.netloc, DATASHARD_S3_REGION="us-east-1",
    )  # fmt: skip
    return parts.path.strip("/")


def load(request):
    from datashard import load_table

    return load_table(path(request))


def create(request):
    """Creates a table of `fields`, in the form of a schema's JSON."""
    from datashard import create_table
    from datashard.data_structures import Schema

    create_table(path(request), Schema(schema_id=0, fields=request.fields))
    return []


def append(request):
    """Appends each of `appends`, a list of records, as one commit."""
    table = load(request)
    for records in request.appends:
        table.append_records([{name: value(item) for name, item in record.items()} for record in records])
    return []


def expire(request):
    """Forgets all snapshots but the newest."""
    load(request).expire_snapshots(retain_last=1, compact_manifests=False)
    return []


def collect_garbage(request):
    """Removes files that no snapshot needs, however new; returns how many of each kind."""
    return [load(request).garbage_collect(grace_period_ms=0, allow_short_grace=True)]


def verify(request):
    """Its own check of a table, file by file; returns what it complains about."""
    found = load(request).verify(deep=True)
    return [found] if not isinstance(found, list) else found


def value(item):
    """A value from its canonical form, as read_table.py prints it."""
    if not isinstance(item, dict):
        return item
    ((kind, held),) = item.items()
    epoch = dt.datetime(1970, 1, 1)
    match kind:
        case "$f":
            return float("nan") if held == "nan" else struct.unpack(">d", bytes.fromhex(held))[0]
        case "$dec":
            return decimal.Decimal(held)
        case "$hex":
            return bytes.fromhex(held)
        case "$uuid":
            return uuid.UUID(hex=held)
        case "$ts":
            return epoch + dt.timedelta(microseconds=held)
        case "$tstz":
            return epoch.replace(tzinfo=dt.timezone.utc) + dt.timedelta(microseconds=held)
        case "$date":
            return (epoch + dt.timedelta(days=held)).date()
        case "$time":
            return (epoch + dt.timedelta(microseconds=held)).time()
    raise ValueError(f"no value of kind {kind}")
