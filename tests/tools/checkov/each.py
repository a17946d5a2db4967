"""Prints the failed checks of each file by itself, as JSON: {"file": [check, …], …}.

The command looks at all files together, so that a policy of one would stand for another's, and starts for seconds.
"""

import json
import sys

from checkov.kubernetes.runner import Runner
from checkov.runner_filter import RunnerFilter

found = {}
for file in sys.argv[1:]:
    report = Runner().run(root_folder=None, files=[file], runner_filter=RunnerFilter(framework=["kubernetes"]))
    if report.parsing_errors or not report.passed_checks:
        sys.exit(f"checkov has read nothing of {file}: {report.parsing_errors}")
    found[file] = [
        {
            "check_id": one.check_id,
            "check_name": one.check_name,
            "evaluated_keys": one.check_result.get("evaluated_keys", []),
            "file_line_range": one.file_line_range,
        }
        for one in report.failed_checks
    ]
json.dump(found, sys.stdout)
