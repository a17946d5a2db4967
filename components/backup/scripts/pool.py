"""Where backups keep the contents of objects: each once, below objects/ of the folder of backups, under a name that is
made of its origin. A backup has an index that names its contents."""

import calendar
import glob
import hashlib
import os
import re
import time

from bucket import Bucket, Refused, Server
from identity import keys_of

# Of a content that is sent as one; larger ones go in parts, of which S3 takes 10,000.
PART = 8 << 20
INDEX = "objects.jsonl.gz"
# What a run knows of the contents, so that the next one need not read them again, even if this one breaks off.
KNOWN = "known.jsonl.gz"
IDENTITY = re.compile(r"^[0-9a-f]{64}$")
NAME = re.compile(r"^\d{8}T\d{6}Z-[0-9a-z]+$")


class Damaged(Exception):
    pass


def part_size(size):
    return max(PART, size // 9000 + 1)


def seconds(moment):
    return calendar.timegm(time.strptime(moment[:19], "%Y-%m-%dT%H:%M:%S"))


def server_of(prefix, path_style):
    env = os.environ
    region = env[f"{prefix}REGION"]
    keys = keys_of(env.get(f"{prefix}ACCESS_KEY"), env.get(f"{prefix}SECRET_KEY"), region)
    return Server(env[f"{prefix}ENDPOINT"], region, keys, path_style)


class BucketPool:
    """In object storage."""

    def __init__(self, env):
        region = env["AWS_DEFAULT_REGION"]
        keys = keys_of(env.get("AWS_ACCESS_KEY_ID"), env.get("AWS_SECRET_ACCESS_KEY"), region)
        server = Server(env["S3_ENDPOINT"], region, keys, env["S3_PATH_STYLE"] == "true")
        self.bucket = Bucket(server, env["S3_BUCKET"])
        self.folder = env["S3_PREFIX"]

    def place(self, identity):
        return f"{self.folder}/objects/{identity[:2]}/{identity}"

    def stored(self):
        """Each content as (identity, size, mark, time): the mark is another when the content is."""
        for key, size, etag, moment in self.bucket.objects(f"{self.folder}/objects/"):
            identity = key.rpartition("/")[2]
            if IDENTITY.match(identity):
                yield identity, size, etag, seconds(moment)

    def keep(self, identity, size, parts):
        """Stores parts of bytes as one content; returns the mark."""
        if size <= PART:
            return self.bucket.put(self.place(identity), b"".join(parts))
        return self.bucket.put_parts(self.place(identity), parts)

    def parts(self, identity, size):
        """The content, in parts."""
        if size <= PART:
            yield self.bucket.get(self.place(identity))[1]
            return
        step = part_size(size)
        for start in range(0, size, step):
            wanted = {"range": f"bytes={start}-{min(start + step, size) - 1}"}
            yield self.bucket.get(self.place(identity), wanted)[1]

    def is_whole(self, entry, stored):
        """The server answers for the contents that it has taken."""
        return stored == (entry["size"], entry["mark"])

    def known(self):
        try:
            return self.bucket.get(f"{self.folder}/objects/{KNOWN}")[1]
        except Refused as error:
            if error.status == 404:
                return b""
            raise

    def remember(self, content):
        self.bucket.put(f"{self.folder}/objects/{KNOWN}", content)

    def indexes(self):
        """The indexes of all backups, of which some may have none."""
        for _, prefixes in self.bucket.pages(f"{self.folder}/", delimiter="/"):
            for prefix in prefixes:
                if NAME.match(prefix[len(self.folder) + 1 : -1]):
                    try:
                        yield self.bucket.get(prefix + INDEX)[1]
                    except Refused as error:
                        if error.status != 404:
                            raise

    def delete(self, identity):
        self.bucket.delete(self.place(identity))

    def sweep(self, before):
        """Removes what broken-off runs have left."""
        for key, upload, moment in self.bucket.uploads():
            if key.startswith(f"{self.folder}/objects/") and seconds(moment) < before:
                self.bucket.abort(key, upload)


class FolderPool:
    """On a volume."""

    def __init__(self, env):
        self.backups = env["BACKUPS"]
        self.folder = os.path.join(self.backups, "objects")
        # Backups belong to nobody else: see the umask of common.sh.
        os.makedirs(self.folder, mode=0o750, exist_ok=True)

    def place(self, identity):
        return os.path.join(self.folder, identity[:2], identity)

    def stored(self):
        for path in glob.iglob(os.path.join(self.folder, "??", "*")):
            identity = os.path.basename(path)
            if IDENTITY.match(identity):
                found = os.stat(path)
                yield identity, found.st_size, "", found.st_mtime

    def keep(self, identity, size, parts):
        path = self.place(identity)
        os.makedirs(os.path.dirname(path), mode=0o750, exist_ok=True)
        self.write(path, parts)
        return ""

    def write(self, path, parts):
        """A file appears whole or not at all."""
        partial = f"{path}.{os.getpid()}.partial"
        try:
            with open(partial, "wb") as file:
                for part in parts:
                    file.write(part)
            os.replace(partial, path)
        except BaseException:
            if os.path.exists(partial):
                os.remove(partial)
            raise

    def parts(self, identity, size):
        with open(self.place(identity), "rb") as file:
            yield from iter(lambda: file.read(part_size(size)), b"")

    def is_whole(self, entry, stored):
        """A disk forgets without a word, so each content is read."""
        if stored[0] != entry["size"]:
            return False
        digest = hashlib.sha256()
        for part in self.parts(entry["id"], entry["size"]):
            digest.update(part)
        return digest.hexdigest() == entry["sha256"]

    def known(self):
        try:
            with open(os.path.join(self.folder, KNOWN), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""

    def remember(self, content):
        self.write(os.path.join(self.folder, KNOWN), [content])

    def indexes(self):
        for path in glob.iglob(os.path.join(self.backups, "*", INDEX)):
            if NAME.match(os.path.basename(os.path.dirname(path))):
                with open(path, "rb") as file:
                    yield file.read()

    def delete(self, identity):
        os.remove(self.place(identity))

    def sweep(self, before):
        for path in glob.iglob(os.path.join(self.folder, "**", "*.partial"), recursive=True):
            if os.stat(path).st_mtime < before:
                os.remove(path)


def pool_of(env):
    return (BucketPool if env["TARGET"] == "s3" else FolderPool)(env)
