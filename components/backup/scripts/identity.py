"""Keys that the cloud gives the account that a pod runs as.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html and, of EKS Pod Identity,
https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

import calendar
import json
import os
import threading
import time
import urllib.parse
import urllib.request
import xml.etree.ElementTree as xml

# Seconds that keys still have to hold when a request begins.
LEAST = 300
TRIES = 5


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def asked(request, opener):
    """The answer's body. What fails for a moment is tried again."""
    for left in reversed(range(TRIES)):
        try:
            with opener.open(request, timeout=20) as answer:
                return answer.read()
        except OSError as error:
            if left == 0:
                raise OSError(f"{request.host} gives the pod's account no keys: {error}") from error
        time.sleep(2 ** (TRIES - left - 2))


def from_role(env, region):
    """By the token of the account, which AWS's security token service takes."""
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    endpoint = env.get("AWS_ENDPOINT_URL_STS", f"https://sts.{region}.{domain}")
    question = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": env["AWS_ROLE_ARN"],
        "RoleSessionName": env.get("AWS_ROLE_SESSION_NAME", "plinth"),
        "WebIdentityToken": text_of(env["AWS_WEB_IDENTITY_TOKEN_FILE"]),
    }
    body = urllib.parse.urlencode(question).encode()
    answer = xml.fromstring(asked(urllib.request.Request(endpoint, body), urllib.request.build_opener()))
    found = {one.tag.rpartition("}")[2]: one.text for one in answer.iter()}
    return found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"], found["Expiration"]


def from_agent(env, _region):
    """By the agent on the node, which is not behind any proxy."""
    file = env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    token = text_of(file) if file else env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
    request = urllib.request.Request(env["AWS_CONTAINER_CREDENTIALS_FULL_URI"], headers={"Authorization": token})
    found = json.loads(asked(request, urllib.request.build_opener(urllib.request.ProxyHandler({}))))
    return found["AccessKeyId"], found["SecretAccessKey"], found["Token"], found["Expiration"]


class Identity:
    """Keys of the pod's account, which are asked for anew before they end."""

    def __init__(self, env, region):
        if "AWS_WEB_IDENTITY_TOKEN_FILE" in env:
            self.source = from_role
        elif "AWS_CONTAINER_CREDENTIALS_FULL_URI" in env:
            self.source = from_agent
        else:
            raise OSError("the cloud has given the pod's account no credentials (serviceAccount)")
        self.asked = (env, region)
        self.end = 0
        self.lock = threading.Lock()

    def __call__(self):
        with self.lock:
            if self.end - time.time() < LEAST:
                *self.keys, end = self.source(*self.asked)
                self.end = calendar.timegm(time.strptime(end[:19], "%Y-%m-%dT%H:%M:%S"))
            return self.keys


def keys_of(access_key, secret_key, region):
    """Called for each request, they give access key, secret key and token.

    The region is that of the security token service, too.
    """
    if access_key is None:
        return Identity(os.environ, region)
    return lambda: (access_key, secret_key, None)
