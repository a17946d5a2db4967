"""Waits until the Tasks have set Open edX up for the first time, for clusters where nothing else keeps that order.

Later versions start at once: the data of an older one are migrated before them.
"""

import os
import sys
import time

import MySQLdb
import yaml

QUERY = "SELECT 1 FROM oauth2_provider_application WHERE client_id = 'cms-sso'"
deadline = time.monotonic() + float(os.environ.get("WAIT_SECONDS", "7200"))

with open(os.environ["LMS_CFG"], encoding="utf-8") as file:
    database = yaml.safe_load(file)["DATABASES"]["default"]

said = None
while True:
    try:
        connection = MySQLdb.connect(
            host=database["HOST"],
            port=int(database["PORT"]),
            user=database["USER"],
            passwd=database["PASSWORD"],
            db=database["NAME"],
            connect_timeout=5,
        )
        try:
            cursor = connection.cursor()
            problem = None if cursor.execute(QUERY) else "Studio is not registered at the LMS yet"
        finally:
            connection.close()
    except MySQLdb.Error as error:
        problem = str(error)
    if problem is None:
        break
    if time.monotonic() > deadline:
        sys.exit(f"FAILED: Open edX is not set up: {problem}")
    if problem != said:
        print(f"waiting: {problem}", flush=True)
        said = problem
    time.sleep(3)
