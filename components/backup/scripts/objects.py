"""Backs up, checks and restores the objects of the platform's buckets: objects.py ACTION INDEX.

An object that goes while a backup is made is not in it; of one that changes, the backup has what was there at some
moment of it. Each line of the index after the first is an object: where it belongs, its content and its headers.
"""

import gzip
import hashlib
import json
import os
import sys
import zlib

from bucket import Bucket, Refused
from pool import PART, Damaged, pool_of, server_of
from run import Failed, Run, hashed, say
from threads import each


def buckets():
    """The platform's buckets by its own names for them."""
    server = server_of("SOURCE_", os.environ["SOURCE_PATH_STYLE"] == "true")
    pairs = (pair.split("=") for pair in os.environ["BUCKETS"].split())
    return {name: Bucket(server, actual) for name, actual in pairs}


def backup(path):
    pool = pool_of(os.environ)
    sources = buckets()
    with gzip.open(path, "wb", 6) as file:
        file.write((json.dumps({"buckets": sorted(sources)}) + "\n").encode())
        run = Run(pool, file)
        each(run.object, ((name, bucket, *one) for name, bucket in sources.items() for one in bucket.objects()))
    run.finish()
    for what, names in (("went", run.gone), ("changed again and again", run.restless)):
        for name in names[:10]:
            say(f"{name} {what} meanwhile, and is not in the backup")
        if len(names) > 10:
            say(f"{len(names) - 10} more {what}")
    with open(f"{os.environ['WORK']}/objects", "w", encoding="ascii") as file:
        file.write(f"{len(run.written)} {run.bytes}\n")
    say(f"{len(run.written)} objects, {run.bytes} bytes; copied: {run.copied} objects, {run.copied_bytes} bytes")


class Index:
    def __init__(self, path):
        self.path = path
        self.buckets = next(self.lines())["buckets"]

    def lines(self):
        with gzip.open(self.path, "rb") as file:
            yield from map(json.loads, file)

    def entries(self):
        lines = self.lines()
        next(lines)
        return lines


def inspect(path):
    """Whether everything could be put back; changes nothing."""
    pool = pool_of(os.environ)
    sources = buckets()
    index = Index(path)
    unknown = [name for name in index.buckets if name not in sources]
    if unknown:
        raise Failed(f"it has objects of {', '.join(unknown)}; the buckets here are {', '.join(sources)}")
    for name in index.buckets:
        next(sources[name].pages(**{"max-keys": "1"}))
    stored = {one: (size, mark) for one, size, mark, _ in pool.stored()}
    damaged = []
    count = 0

    def look(entry):
        if entry["id"] not in stored or not pool.is_whole(entry, stored[entry["id"]]):
            damaged.append(f"{entry['bucket']}/{entry['key']}")

    def listed():
        nonlocal count
        for entry in index.entries():
            count += 1
            yield (entry,)

    each(look, listed())
    if damaged:
        raise Failed(f"of {count} objects, {len(damaged)} are missing or damaged: {', '.join(sorted(damaged)[:5])}")
    say(f"all of {count} objects are there")


def restore(path):
    """What differs is copied, and what the backup does not have is deleted at the end."""
    pool = pool_of(os.environ)
    sources = buckets()
    index = Index(path)

    def put(bucket, entry):
        size = entry["size"]
        parts = whole(pool.parts(entry["id"], size), entry)
        if size > PART:
            bucket.put_parts(entry["key"], parts, entry["headers"])
        else:
            bucket.put(entry["key"], b"".join(parts), entry["headers"])

    for name in index.buckets:
        bucket = sources[name]
        present = {key: (size, etag) for key, size, etag, _ in bucket.objects()}
        count = 0

        def different(name=name, bucket=bucket, present=present):
            nonlocal count
            for entry in index.entries():
                if entry["bucket"] == name and present.pop(entry["key"], None) != (entry["size"], entry["etag"]):
                    count += 1
                    yield bucket, entry

        each(put, different())
        each(bucket.delete, ((key,) for key in present))
        say(f"{name}: {count} objects are put back, {len(present)} later ones are deleted")


def whole(parts, entry):
    """Ends with an error if the content is not the one that was backed up: then nothing comes to be of it."""
    digest = hashlib.sha256()
    yield from hashed(parts, digest)
    if digest.hexdigest() != entry["sha256"]:
        raise Damaged(f"{entry['bucket']}/{entry['key']} is damaged in the backup: its checksum is another")


def main():
    _, action, path = sys.argv
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    try:
        {"backup": backup, "inspect": inspect, "restore": restore}[action](path)
    except (Failed, Refused, Damaged, OSError, EOFError, zlib.error) as error:
        say(f"FAILED: {error}", sys.stderr)
        sys.exit(1)
    except Exception as error:
        # A list or an answer that is not what it should be.
        say(f"FAILED: {type(error).__name__}: {error}", sys.stderr)
        sys.exit(1)


main()
