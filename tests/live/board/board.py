#!/usr/bin/env python3
"""A message board: pages, sessions, uploads, and messages that a worker takes from a queue."""
import html
import os
import secrets
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import psycopg
import redis

uploads = Path("/srv/uploads")


def database():
    return psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=2, tcp_user_timeout=5000, autocommit=True)


def server(variable):
    return redis.Redis(os.environ[variable], socket_timeout=2, socket_connect_timeout=2, decode_responses=True)


class Board(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        name = server("CACHE").get("session:" + self.headers.get("Cookie", "").removeprefix("session="))
        if self.path.startswith("/uploads/"):
            file = uploads / Path(self.path).name
            return self.answer(200, file.read_bytes()) if file.is_file() else self.answer(404, "no such file")
        with database() as connection:
            messages = [text for (text,) in connection.execute("SELECT text FROM message ORDER BY id")]
        title = Path("/etc/board/title.txt").read_text().strip()
        items = "".join(f"<li>{html.escape(text)}</li>" for text in messages)
        return self.answer(200, f"<h1>{title}</h1><p>{name or 'nobody'} is logged in</p><ul>{items}</ul>")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/uploads/"):
            (uploads / Path(self.path).name).write_bytes(body)
            return self.answer(201, "stored")
        form = parse_qs(body.decode())
        if self.path == "/login":
            session = secrets.token_hex(16)
            server("CACHE").set("session:" + session, form["name"][0])
            return self.answer(303, "", {"Location": "/", "Set-Cookie": f"session={session}"})
        server("QUEUE").rpush("messages", form["text"][0])
        return self.answer(303, "", {"Location": "/"})

    def answer(self, status, body, headers=None):
        content = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for key, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(content)


def serve():
    web = ThreadingHTTPServer(("", 8000), Board)
    # Requests that have begun are answered: their threads are waited for.
    web.daemon_threads = False
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=web.shutdown).start())
    web.serve_forever(poll_interval=0.1)
    web.server_close()


def ready():
    with database() as connection:
        connection.execute("SELECT 1 FROM message LIMIT 1")


def migrate():
    with database() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS message (id SERIAL PRIMARY KEY, text TEXT NOT NULL)")


def work():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        try:
            taken = server("QUEUE").blpop(["messages"], timeout=1)
            if taken:
                with database() as connection:
                    connection.execute("INSERT INTO message (text) VALUES (%s)", [taken[1]])
        except (redis.RedisError, psycopg.Error) as error:
            print(error, flush=True)
            time.sleep(1)


def write(first):
    """Writes numbered rows until standard input ends, and says of each whether it was acknowledged."""
    import itertools
    import select

    connection = None
    for n in itertools.count(int(first)):
        try:
            connection = connection or database()
            connection.execute("INSERT INTO plinth_live (n) VALUES (%s)", [n])
            print("ok", n, flush=True)
        except psycopg.Error as error:
            connection = None
            print("failed", n, str(error).strip().split("\n")[0], flush=True)
        if select.select([sys.stdin], [], [], 0.05)[0] and not sys.stdin.read(1):
            break


def sql(statement):
    with database() as connection:
        cursor = connection.execute(statement)
        for row in cursor.fetchall() if cursor.description else []:
            print("\t".join(map(str, row)))


{each.__name__: each for each in (serve, ready, migrate, work, write, sql)}[sys.argv[1]](*sys.argv[2:])
