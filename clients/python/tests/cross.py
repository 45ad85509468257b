#!/usr/bin/env python3
"""Holds this client's encoder against another program's: lines of JSON with schema and analysis (base64) and the query, on standard input.

Prints one line for each that differs, and how many were compared. Exit code 1 if one differs.
"""

import base64
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from secagg.analysis import QueryError, compile_query
from secagg.question import NOISE, micro, require_asked
from secagg.wire import decode, encode

count = wrong = 0
for line in sys.stdin:
    case = json.loads(line)
    expected = base64.b64decode(case["analysis"])
    try:
        query, schema = case["query"], decode("DatasetSchema", base64.b64decode(case["schema"]))
        found = compile_query(query, schema)
        require_asked(encode("Query", {"dataset": query["dataset"], "epsilon_micro": micro(query["epsilon"]), "noise": NOISE[query.get("noise", "local")], "study": query.get("study"), "analysis": found}),
                      query, schema)
        difference = None if found == expected else f"{decode('Analysis', found)}\n  expected {decode('Analysis', expected)}"
    except QueryError as fault:
        difference = f"refused: {fault}"
    count += 1
    if difference:
        wrong += 1
        print(f"{json.dumps(case['query'])}\n  {difference}")
print(f"{count} compared, {wrong} differ")
sys.exit(1 if wrong else 0)
