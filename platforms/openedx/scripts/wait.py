"""Waits for the servers that migrations need, and creates the application's key of the search engine.

Environment: ADDRESSES, host:port of each server; S3_ENDPOINT, S3_BUCKETS, AWS_*; SEARCH_URL, SEARCH_MASTER_KEY,
SEARCH_KEY_UID, SEARCH_PREFIX. WAIT_SECONDS is the most that it waits for each. Safe to run any number of times.
"""

import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request

WAIT = float(os.environ.get("WAIT_SECONDS", "600"))
INTERVAL = 2


def wait(what, attempt):
    """Repeat an attempt, which returns why it failed, until it returns None."""
    deadline = time.monotonic() + WAIT
    said = None
    while True:
        problem = attempt()
        if problem is None:
            print(f"{what}: ready", flush=True)
            return
        if time.monotonic() > deadline:
            sys.exit(f"FAILED: {what} is not ready after {WAIT:.0f} s: {problem}")
        if problem != said:
            print(f"waiting for {what}: {problem}", flush=True)
            said = problem
        time.sleep(INTERVAL)


def connects(address):
    host, _, port = address.rpartition(":")

    def attempt():
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
        except OSError as error:
            return str(error)
        return None

    return attempt


def has_bucket(name):
    # Migrations store files, and fail without the bucket.
    import boto3
    from botocore.client import Config
    from botocore.exceptions import BotoCoreError, ClientError

    style = "path" if os.environ["S3_PATH_STYLE"] == "true" else "auto"
    client = boto3.client(
        "s3",
        endpoint_url=os.environ["S3_ENDPOINT"],
        config=Config(
            connect_timeout=5,
            read_timeout=20,
            retries={"max_attempts": 1},
            s3={"addressing_style": style},
            signature_version="s3v4",
        ),
    )

    def attempt():
        try:
            client.head_bucket(Bucket=name)
        except (BotoCoreError, ClientError) as error:
            return str(error)
        return None

    return attempt


def search(method, path, body=None):
    request = urllib.request.Request(
        os.environ["SEARCH_URL"] + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['SEARCH_MASTER_KEY']}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def has_search_key():
    uid = os.environ["SEARCH_KEY_UID"]
    key = {
        "name": "Open edX",
        "uid": uid,
        # Open edX looks this key up (keys.get), and who may do that sees the administrator's as well: a shorter list would
        # protect nothing.
        "actions": ["*"],
        "indexes": [f"{os.environ['SEARCH_PREFIX']}*"],
        "expiresAt": None,
    }
    try:
        try:
            search("GET", f"/keys/{uid}")
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            search("POST", "/keys", key)
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            sys.exit("FAILED: the search engine refuses the master key")
        return f"status {error.code}"
    except OSError as error:
        return str(error)
    return None


for server in os.environ["ADDRESSES"].split():
    wait(server, connects(server))
for bucket in os.environ["S3_BUCKETS"].split():
    wait(f"bucket {bucket}", has_bucket(bucket))
wait("key of the search engine", has_search_key)
