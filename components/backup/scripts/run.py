"""Backing up objects: copies what the pool does not have, and writes the index."""

import gzip
import hashlib
import io
import json
import os
import threading
import time
import zlib

from bucket import Refused
from pool import PART, part_size
from threads import each

# Headers of an object that are kept, and those that begin with x-amz-meta-.
KEPT = {
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
    "x-amz-website-redirect-location",
}
# Seconds after which what the run knows is written down.
INTERVAL = 60
# What a list of a backup or of contents ends with when it cannot be read.
UNREADABLE = (EOFError, KeyError, OSError, ValueError, zlib.error)


class Failed(Exception):
    pass


class Changed(Exception):
    """It is not the version that was listed."""


class Gone(Exception):
    pass


def say(text, file=None):
    """A line for the log, in which a key may not begin another one."""
    print("".join(one if one.isprintable() else ascii(one)[1:-1] for one in text), file=file, flush=True)


def identity(name, key, size, etag):
    return hashlib.sha256(json.dumps([name, key, size, etag]).encode()).hexdigest()


def headers_in(answered):
    kept = {name: value for name, value in answered.items() if name in KEPT or name.startswith("x-amz-meta-")}
    # That is how it was sent, not what it is.
    encodings = [one.strip() for one in kept.pop("content-encoding", "").split(",")]
    encoding = ",".join(one for one in encodings if one not in ("", "aws-chunked"))
    return {**kept, "content-encoding": encoding} if encoding else kept


def etag_in(answered):
    return answered.get("etag", "").strip('"')


def lines_of(content):
    with gzip.open(io.BytesIO(content)) as file:
        yield from file


def hashed(parts, digest):
    for part in parts:
        digest.update(part)
        yield part


def ask(bucket, method, key, headers=None):
    """An object of the platform, which may change or go at any time."""
    try:
        return bucket.call(method, key, headers=headers)
    except Refused as error:
        if error.status in (412, 416):
            raise Changed from error
        if error.status == 404 and error.code != "NoSuchBucket":
            raise Gone from error
        raise


class Run:
    """One backup, whose index goes to a file."""

    def __init__(self, pool, file):
        self.pool = pool
        self.file = file
        self.lock = threading.Lock()
        # Lines, since there may be very many.
        self.known = self.read_known()
        self.stored = {one: (size, mark) for one, size, mark, _ in pool.stored()}
        self.written = set()
        self.bytes = self.copied = self.copied_bytes = 0
        self.gone = []
        self.restless = []
        self.remembered = time.monotonic()

    def read_known(self):
        try:
            return {json.loads(line)["id"]: line for line in lines_of(self.pool.known())}
        except UNREADABLE:
            # It only saves time.
            return {}

    def remember(self):
        content = io.BytesIO()
        with gzip.open(content, "wb", 6) as file:
            file.writelines(self.known.values())
        self.pool.remember(content.getvalue())
        self.remembered = time.monotonic()

    def object(self, name, bucket, key, *version):
        """:param version: size, ETag and time"""
        try:
            for _ in range(5):
                try:
                    return self.take(name, bucket, key, *version)
                except Changed:
                    now = ask(bucket, "HEAD", key)[0]
                    version = (int(now["content-length"]), etag_in(now), now.get("last-modified", ""))
            self.restless.append(f"{name}/{key}")
        except Gone:
            self.gone.append(f"{name}/{key}")

    def take(self, name, bucket, key, size, etag, modified):
        own = identity(name, key, size, etag)
        entry = json.loads(self.known.get(own, "null"))
        if entry and self.stored.get(own) == (size, entry["mark"]):
            if entry["modified"] != modified:
                # Written again with the same content, as after a restore; perhaps with other headers.
                answered = ask(bucket, "HEAD", key)[0]
                if etag_in(answered) != etag:
                    raise Changed
                entry = {**entry, "modified": modified, "headers": headers_in(answered)}
        else:
            headers = {}
            digest = hashlib.sha256()
            mark = self.pool.keep(own, size, hashed(self.content(bucket, key, size, etag, headers), digest))
            entry = {"id": own, "size": size, "mark": mark, "sha256": digest.hexdigest()}
            entry.update({"modified": modified, "headers": headers})
            with self.lock:
                self.copied += 1
                self.copied_bytes += size
        self.enter(entry, name, key, etag)

    def content(self, bucket, key, size, etag, headers):
        """In parts, all of the same version."""
        step = part_size(size) if size > PART else max(size, 1)
        for start in range(0, max(size, 1), step):
            wanted = {"if-match": f'"{etag}"'}
            if size > step:
                wanted["range"] = f"bytes={start}-{min(start + step, size) - 1}"
            answered, part = ask(bucket, "GET", key, wanted)
            if etag_in(answered) != etag or len(part) != min(step, size - start):
                raise Changed
            if start == 0:
                headers.update(headers_in(answered))
            yield part

    def enter(self, entry, name, key, etag):
        line = json.dumps({"bucket": name, "key": key, "etag": etag, **entry}) + "\n"
        with self.lock:
            self.file.write(line.encode())
            self.known[entry["id"]] = (json.dumps(entry) + "\n").encode()
            self.written.add(entry["id"])
            self.bytes += entry["size"]
            if time.monotonic() - self.remembered > INTERVAL:
                self.remember()

    def finish(self):
        """Looks whether all that the index names is there, and removes what no index names any more."""
        left = {}
        found = 0
        before = time.time() - int(os.environ["TIMEOUT"]) - 600
        for one, size, mark, moment in self.pool.stored():
            if one in self.written:
                entry = json.loads(self.known[one])
                found += (entry["size"], entry["mark"]) == (size, mark)
            elif moment < before:
                # A younger one may be of a run that is not at its end.
                left[one] = size
        missing = len(self.written) - found
        if missing:
            raise Failed(f"{missing} contents are not stored, or not with all of their bytes")
        self.known = {one: self.known[one] for one in self.written}
        self.remember()
        try:
            for content in self.pool.indexes():
                for line in lines_of(content):
                    left.pop(json.loads(line).get("id"), None)
            each(lambda one: self.pool.delete(one), ((one,) for one in left))
            self.pool.sweep(before)
        except (Refused, *UNREADABLE) as error:
            # The key may be one that is not allowed to delete.
            return say(f"contents of deleted backups could not be removed: {error}")
        if left:
            say(f"{len(left)} contents of deleted backups are removed: {sum(left.values())} bytes")
