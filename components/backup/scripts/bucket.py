"""Buckets of a server with the S3 protocol, through Python's own library only.

The AWS command line copies between two servers by way of the disk only, needs a second for a single object, and loses
content types.
"""

import hashlib
import hmac
import http.client
import random
import re
import ssl
import threading
import time
import urllib.parse
import urllib.request
import xml.etree.ElementTree as xml

TRIES = 6
# Of what a server answers when it is busy, or restarts.
BUSY = {408, 429, 500, 502, 503, 504}


class Refused(Exception):
    """An answer with an error."""

    def __init__(self, status, code, what):
        super().__init__(f"{what}: {status} {code}".rstrip())
        self.status = status
        self.code = code


def quoted(text, safe=""):
    return urllib.parse.quote(text, safe=f"-_.~{safe}")


def tag(element):
    return element.tag.rpartition("}")[2]


def fields(element):
    return {tag(child): child.text or "" for child in element}


class Server:
    """Connections are kept, one for each thread."""

    def __init__(self, endpoint, region, keys, path_style):
        url = urllib.parse.urlsplit(endpoint)
        self.secure = url.scheme == "https"
        self.host = url.hostname
        self.port = url.port or (443 if self.secure else 80)
        self.usual_port = url.port in (None, 443 if self.secure else 80)
        self.region = region
        # Gives access key, secret key, and the token of keys that end.
        self.keys = keys
        self.path_style = path_style
        self.own = threading.local()

    def request(self, method, bucket, key="", query=None, headers=None, body=b""):
        """Headers in lower case, and the whole body. What fails for a moment is tried again."""
        what = f"{method} {bucket}/{key}"
        for left in reversed(range(TRIES)):
            try:
                status, answered, content = self.send(method, bucket, key, query or {}, headers or {}, body)
            except (OSError, http.client.HTTPException) as error:
                self.forget()
                if left == 0 or isinstance(error, ssl.SSLCertVerificationError):
                    raise OSError(f"{what}: {self.host}:{self.port} does not answer: {error}") from error
            else:
                if status < 300:
                    return answered, content
                if status not in BUSY or left == 0:
                    raise Refused(status, code_in(content), what)
            time.sleep(min(20, 2 ** (TRIES - left - 2)) * random.uniform(0.5, 1))

    def send(self, method, bucket, key, query, headers, body):
        host = self.host if self.path_style or not bucket else f"{bucket}.{self.host}"
        parts = [bucket, key] if self.path_style else [key]
        path = "/" + quoted("/".join(parts if key else parts[:1]), "/")
        named = f"[{host}]" if ":" in host else host
        signed = {**headers, "host": named if self.usual_port else f"{named}:{self.port}"}
        line = "&".join(sorted(f"{quoted(name)}={quoted(value)}" for name, value in query.items()))
        signed.update(self.signature(method, path, line, signed, body))
        connection = self.connection(host)
        connection.putrequest(method, f"{path}?{line}" if line else path, skip_host=True, skip_accept_encoding=True)
        for name, value in signed.items():
            connection.putheader(name, value.encode("latin-1"))
        if body or method in ("PUT", "POST"):
            connection.putheader("content-length", str(len(body)))
        connection.endheaders(body or None)
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content

    def signature(self, method, path, line, headers, body):
        """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"""
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        digest = hashlib.sha256(body).hexdigest()
        access_key, secret_key, token = self.keys()
        own = {"x-amz-date": moment, "x-amz-content-sha256": digest}
        if token:
            own["x-amz-security-token"] = token
        everything = sorted({**headers, **own}.items())
        names = ";".join(name for name, _ in everything)
        listed = "".join(f"{name}:{re.sub(' +', ' ', value.strip(' '))}\n" for name, value in everything)
        request = "\n".join([method, path, line, listed, names, digest])
        scope = f"{moment[:8]}/{self.region}/s3/aws4_request"
        hashed = hashlib.sha256(request.encode("latin-1")).hexdigest()
        key = f"AWS4{secret_key}".encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashed}"
        proof = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        credential = f"Credential={access_key}/{scope},SignedHeaders={names},Signature={proof}"
        return {**own, "authorization": f"AWS4-HMAC-SHA256 {credential}"}

    def connection(self, host):
        known = self.own.__dict__.setdefault("connections", {})
        if host not in known:
            known[host] = self.connect(host)
        return known[host]

    def connect(self, host):
        if not self.secure:
            return http.client.HTTPConnection(host, self.port, timeout=120)
        proxy = None if urllib.request.proxy_bypass(host) else urllib.request.getproxies().get("https")
        if not proxy:
            return http.client.HTTPSConnection(host, self.port, timeout=120)
        # Only the way to the proxy is by its address: the server's certificate is still the bucket's.
        through = urllib.parse.urlsplit(proxy)
        connection = http.client.HTTPSConnection(through.hostname, through.port or 80, timeout=120)
        connection.set_tunnel(host, self.port)
        return connection

    def forget(self):
        for connection in self.own.__dict__.pop("connections", {}).values():
            connection.close()


def code_in(content):
    try:
        return fields(xml.fromstring(content)).get("Code", "")
    except xml.ParseError:
        return ""


class Bucket:
    def __init__(self, server, name):
        self.server = server
        self.name = name

    def call(self, method, key="", query=None, headers=None, body=b""):
        return self.server.request(method, self.name, key, query, headers, body)

    def pages(self, prefix="", **more):
        """Pages of a listing: objects as (key, size, ETag, time), and the prefixes up to a delimiter."""
        query = {"list-type": "2", "prefix": prefix, "encoding-type": "url", **more}
        while True:
            root = xml.fromstring(self.call("GET", query=query)[1])
            rest = fields(root)
            plain = urllib.parse.unquote_plus if rest.get("EncodingType") == "url" else str
            objects, prefixes = [], []
            for child in root:
                one = fields(child)
                if tag(child) == "Contents":
                    objects.append((plain(one["Key"]), int(one["Size"]), one["ETag"].strip('"'), one["LastModified"]))
                elif tag(child) == "CommonPrefixes":
                    prefixes.append(plain(one["Prefix"]))
            yield objects, prefixes
            if rest.get("IsTruncated") != "true":
                return
            query["continuation-token"] = rest["NextContinuationToken"]

    def objects(self, prefix=""):
        for objects, _ in self.pages(prefix):
            yield from objects

    def get(self, key, headers=None):
        return self.call("GET", key, headers=headers)

    def put(self, key, content, headers=None):
        """The ETag."""
        return self.call("PUT", key, headers=headers, body=content)[0].get("etag", "").strip('"')

    def put_parts(self, key, parts, headers=None):
        """The ETag of an object from an iterator of parts; nothing comes to be if it fails."""
        begun = fields(xml.fromstring(self.call("POST", key, {"uploads": ""}, headers)[1]))["UploadId"]
        try:
            done = []
            for number, part in enumerate(parts, 1):
                query = {"partNumber": str(number), "uploadId": begun}
                done.append((number, self.call("PUT", key, query, body=part)[0]["etag"]))
            items = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{etag}</ETag></Part>" for n, etag in done)
            body = f"<CompleteMultipartUpload>{items}</CompleteMultipartUpload>".encode()
            # The server may find an error after it has answered that all is well.
            content = self.call("POST", key, {"uploadId": begun}, body=body)[1]
            answer = fields(xml.fromstring(content))
            if "ETag" not in answer:
                raise Refused(200, code_in(content), f"POST {self.name}/{key}")
            return answer["ETag"].strip('"')
        except BaseException:
            self.abort(key, begun)
            raise

    def abort(self, key, upload):
        try:
            self.call("DELETE", key, {"uploadId": upload})
        except (Refused, OSError):
            pass

    def uploads(self):
        """Begun uploads of parts as (key, upload, time)."""
        query = {"uploads": "", "encoding-type": "url"}
        while True:
            root = xml.fromstring(self.call("GET", query=query)[1])
            rest = fields(root)
            plain = urllib.parse.unquote_plus if rest.get("EncodingType") == "url" else str
            for one in (fields(child) for child in root if tag(child) == "Upload"):
                yield plain(one["Key"]), one["UploadId"], one["Initiated"]
            if rest.get("IsTruncated") != "true":
                return
            query.update({"key-marker": plain(rest["NextKeyMarker"]), "upload-id-marker": rest["NextUploadIdMarker"]})

    def delete(self, key):
        self.call("DELETE", key)
