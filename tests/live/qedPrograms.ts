import { djangoPrograms } from "./django";

/**
 * Programs in the suite's own pods, with nothing but what its images have in any case: Django, Celery, dask and Python.
 */

/** The suite's settings print what they read. */
export const { query, writer } = djangoPrograms(`import contextlib, sys
with contextlib.redirect_stdout(sys.stderr):
    import django
    django.setup()`);

/** In the environment of Flask's, Celery's and dask's images, whether it is one of conda or not. */
const python = (program: string, ...words: readonly string[]): string[] => [
    "sh",
    "-c",
    'if command -v conda >/dev/null; then exec conda run -n pyenv --no-capture-output python "$@"; fi; exec python "$@"',
    "python",
    "-c",
    program,
    ...words,
];

/** Asks for an address and prints the answer. */
export const ask = (url: string): string[] =>
    python("import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=60).read().decode())", url);

/** Asks for an address again and again, and says of each answer what a Writer reads. */
export const askOn = (url: string): string[] => [
    "python",
    "-uc",
    `import itertools, select, sys, urllib.request
for n in itertools.count(1):
    try:
        urllib.request.urlopen(sys.argv[1], timeout=60).read()
        print("ok", n)
    except Exception as error:
        print("failed", n, error)
    if select.select([sys.stdin], [], [], 0.05)[0] and not sys.stdin.read(1):
        break`,
    url,
];

/** A task that every worker of Celery has: it returns what it was given. @returns a program that prints its number */
export const enqueue = (value: string): string[] =>
    python(
        `import sys
from celery_cgi import celery
print(celery.send_task("celery.accumulate", args=[sys.argv[1]], kwargs={"index": 0}, queue="qed").id)`,
        value,
    );

/** Prints the result of a task; waits for it. */
export const result = (id: string): string[] =>
    python(
        `import sys
from celery_cgi import celery
print(celery.AsyncResult(sys.argv[1]).get(timeout=120))`,
        id,
    );

/** A computation that waits for all workers of dask, and prints on how many it ran, its result and the seconds it took. */
export const compute = python(
    `import os, socket, time
from dask.distributed import Client
def square(number):
    time.sleep(0.2)
    return number ** 2, socket.gethostname()
started = time.monotonic()
with Client(os.environ["DASK_SCHEDULER"], timeout=60) as client:
    client.wait_for_workers(2, timeout=120)
    # Functions of a main program are sent to the workers as such.
    found = client.gather(client.map(square, range(100), pure=False))
print(len({host for _, host in found}), sum(number for number, _ in found), round(time.monotonic() - started, 1))`,
);

/** Asks for Flower's page with and without its password, and prints the status of both, and how many workers it shows. */
export const flower = python(
    `import base64, json, os, urllib.error, urllib.request
def get(path, headers):
    request = urllib.request.Request("http://127.0.0.1:5555/flower" + path, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b""
login = base64.b64encode(("qed:" + os.environ["BASIC_AUTH_PASSWORD"]).encode()).decode()
known = {"Authorization": "Basic " + login}
workers = json.loads(get("/api/workers?refresh=1", known)[1])
print(get("/workers", {})[0], get("/workers", known)[0], len(workers))`,
);
