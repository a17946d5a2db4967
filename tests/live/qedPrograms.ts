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

/** The suite's own class for what HMS keeps in MongoDB: a document, and its input in GridFS. */
const workflows = `import hashlib, json, os, sys
import bson, pymongo
from hms_flask.modules.hms.workflow_manager import MongoWorkflow
client = pymongo.MongoClient(os.environ["MONGODB_HOST"])`;

/** Numbered documents of the suite, in a database of their own. */
const numbered = "plinth_live";

/** Keeps a simulation with one word as its input. */
export const keepSimulation = (id: string, input: string): string[] =>
    python(
        `${workflows}\nMongoWorkflow.create_simulation_entry(sys.argv[1], {"station": sys.argv[2]}, "COMPLETED")`,
        id,
        input,
    );

/** Prints as JSON the status and the input of a simulation, and the numbers of all numbered documents. */
export const keptDocuments = (id: string): string[] =>
    python(
        `${workflows}
entry = MongoWorkflow.get_entry(sys.argv[1])
given = json.loads(MongoWorkflow.get_bigdata(client["hms_workflows"], entry["input"]))
numbers = [one["_id"] for one in client["${numbered}"].numbers.find()]
print(json.dumps({"status": entry["status"], "station": given["station"], "numbers": numbers}))`,
        id,
    );

/** Writes numbered documents, as a Writer reads of them, with the suite's driver and address. */
export const documentWriter = (first: number): string[] =>
    python(
        `import itertools, os, select, sys
import pymongo
client = pymongo.MongoClient(os.environ["MONGODB_HOST"], serverSelectionTimeoutMS=2000, connectTimeoutMS=2000, socketTimeoutMS=5000)
for n in itertools.count(int(sys.argv[1])):
    try:
        client["${numbered}"].numbers.insert_one({"_id": n})
        print("ok", n, flush=True)
    except Exception as error:
        print("failed", n, str(error).split(",")[0], flush=True)
    if select.select([sys.stdin], [], [], 0.05)[0] and not sys.stdin.read(1):
        break`,
        String(first),
    );

/** Prints the name of each collection of all databases of programs, its number of documents and a sum of them. */
export const documentSums = python(`${workflows}
for name in sorted(set(client.list_database_names()) - {"admin", "config", "local"}):
    for collection in sorted(client[name].list_collection_names()):
        sums = sorted(hashlib.md5(bson.encode(one)).hexdigest() for one in client[name][collection].find())
        print(name, collection, len(sums), hashlib.md5("".join(sums).encode()).hexdigest())`);

/** Drops the database of HMS, and that of the numbered documents. */
export const dropDocuments = python(`${workflows}
for name in ("hms_workflows", "${numbered}"):
    client.drop_database(name)`);
