/**
 * Programs in a pod of an application in Django, which use its own connection to PostgreSQL.
 *
 * @param setup Python that prepares Django and imports `sys`
 */
export function djangoPrograms(setup: string) {
    const django = `${setup}
from django.db import connection
connection.settings_dict["OPTIONS"].update(connect_timeout=2, tcp_user_timeout=5000)
`;
    return {
        /** Runs a statement and prints its rows. */
        query: [
            "python",
            "-c",
            `${django}
with connection.cursor() as cursor:
    cursor.execute(sys.argv[1])
    for row in cursor.fetchall() if cursor.description else []:
        print("\\t".join(str(value) for value in row))`,
        ],
        /** Writes numbered rows, as a Writer reads of them. */
        writer: [
            "python",
            "-uc",
            `${django}
import itertools, select
for n in itertools.count(int(sys.argv[1])):
    try:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO plinth_live (n) VALUES (%s)", [n])
        print("ok", n)
    except Exception as error:
        connection.close()
        print("failed", n, str(error).strip().split("\\n")[0])
    if select.select([sys.stdin], [], [], 0.05)[0] and not sys.stdin.read(1):
        break`,
        ],
    } as const;
}
