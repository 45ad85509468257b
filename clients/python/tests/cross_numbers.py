#!/usr/bin/env python3
"""Holds this client's layouts, statistics and regressions against another program's: lines of JSON on standard input.

{"analysis", "epsilon", "noise", "parties", "honest", "contributors", "bits", "packed", "confidence", "repairs", "statistics": [[name, unit, withheld, value, low, high], …]} is one total.
{"query", "schema", "rounds": [{"analysis", …, "packed"}, …], "converged", "failure", "coefficients"} is a regression over several rounds.
Prints what differs, the greatest differences, and how many were compared. Exit code 1 if one differs.
"""

import base64
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from secagg.analysis import compile_query
from secagg.answer import differs
from secagg.fit import ModelFit
from secagg.numbers import Layout, release
from secagg.question import micro
from secagg.wire import decode


def opened(case):
    """The layout and totals of a round."""
    layout = Layout(decode("Analysis", base64.b64decode(case["analysis"])), case["epsilon"], case["noise"], case["parties"], case["honest"])
    return layout, layout.centred(base64.b64decode(case["packed"]), case["bits"])


def one(case):
    """What differs in one total."""
    layout, totals = opened(case)
    found = release(layout, totals, case["contributors"], case["confidence"], repairs=case["repairs"])
    wanted = [dict(zip(("name", "unit", "withheld", "value", "low", "high"), row)) for row in case["statistics"]]
    if [s.name for s in found] != [w["name"] for w in wanted]:
        return [f"names {[s.name for s in found]}\n  expected {[w['name'] for w in wanted]}"]
    return [f"{s}\n  expected {w}" for s, w in zip(found, wanted) if differs(s, w) or s.withheld != w["withheld"] or s.unit != w["unit"]]


def fitted(case):
    """What differs in a regression: the bytes of each round's question, and where it ends."""
    schema, fit = decode("DatasetSchema", base64.b64decode(case["schema"])), ModelFit(case["query"])
    for n, line in enumerate(case["rounds"], 1):
        if fit.next is None:
            return [f"ended after {n - 1} rounds of {len(case['rounds'])}: {fit}"]
        if compile_query(fit.next, schema, fit.at) != base64.b64decode(line["analysis"]) or micro(fit.next["epsilon"]) != line["epsilon"]:
            return [f"round {n} asks {fit.at}, expected {decode('Analysis', base64.b64decode(line['analysis']))['measures']}"]
        fit.add(*opened(line), line["contributors"])
    out = []
    if (fit.next is None, fit.converged) != (True, case["converged"]) or fit.failure != case["failure"]:
        out.append(f"{fit}; expected {case['converged']} {case['failure']!r}")
    if len(fit.coefficients) != len(case["coefficients"]) or any(abs(a - b) > 1e-9 * (1 + abs(b)) for a, b in zip(fit.coefficients, case["coefficients"])):
        out.append(f"{fit.coefficients}; expected {case['coefficients']}")
    return out


count = wrong = 0
for line in sys.stdin:
    case = json.loads(line)
    count += 1
    if differences := (fitted if "rounds" in case else one)(case):
        wrong += 1
        print(f"{case.get('title', '')}: {len(differences)} differ, the first:\n" + "\n".join(differences[:4]))
print(f"{count} compared, {wrong} differ")
sys.exit(1 if wrong else 0)
