// Programs for a pod of the LMS. They read the application's own settings, but do not load it, which takes 20 seconds.

const database = `import os, sys
import MySQLdb, yaml
with open(os.environ["LMS_CFG"]) as file:
    settings = yaml.safe_load(file)
given = settings["DATABASES"]["default"]
def connect():
    return MySQLdb.connect(
        host=given["HOST"], port=int(given["PORT"]), user=given["USER"], passwd=given["PASSWORD"], db=given["NAME"],
        connect_timeout=2, read_timeout=60, write_timeout=60, charset="utf8mb4", autocommit=True,
    )
`;

/** Runs the statement in its first argument, and prints rows as lines with tabs. */
export const queryProgram = [
    "python",
    "-c",
    `${database}
cursor = connect().cursor()
cursor.execute(sys.argv[1])
for row in cursor.fetchall() if cursor.description else []:
    print("\\t".join(str(value) for value in row))`,
];

/** Finds the server's message in an error of {@link queryProgram}. */
export const mysqlMessage = /MySQLdb\.\w+: \(\d+, ["'](.*)["']\)/;

/** Writes numbered rows from the number in its first argument on, until its standard input ends. See Writer. */
export const writerProgram = [
    "python",
    "-uc",
    `${database.replaceAll("_timeout=60", "_timeout=5")}
import itertools, select
connection = None
for n in itertools.count(int(sys.argv[1])):
    try:
        connection = connection or connect()
        connection.cursor().execute("INSERT INTO plinth_live (n) VALUES (%s)", [n])
        print("ok", n)
    except Exception as error:
        connection = None
        print("failed", n, str(error).split("\\n")[0])
    if select.select([sys.stdin], [], [], 0.05)[0] and not sys.stdin.read(1):
        break`,
];

const documents = `import hashlib, os, sys
import bson, pymongo, yaml
with open(os.environ["LMS_CFG"]) as file:
    given = yaml.safe_load(file)["DOC_STORE_CONFIG"]
account = {} if given["user"] is None else {"username": given["user"], "password": given["password"], "authSource": given["authsource"]}
client = pymongo.MongoClient(given["host"], given["port"], replicaSet=given["replicaSet"], tls=given["ssl"], **account)
store = client[given["db"]]
`;

/** Prints the name of each collection with documents, their number and a sum of them all. */
export const documentsProgram = [
    "python",
    "-c",
    `${documents}
for name in sorted(store.list_collection_names()):
    sums = sorted(hashlib.md5(bson.encode(one)).hexdigest() for one in store[name].find())
    if sums:
        print(name, len(sums), hashlib.md5("".join(sums).encode()).hexdigest())`,
];

/** Drops the collection that its first argument names. */
export const dropProgram = ["python", "-c", `${documents}\nstore.drop_collection(sys.argv[1])`];
