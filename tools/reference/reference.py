#!/usr/bin/env python3
"""Reference values for the statistics, from real rows. See README.md."""

import argparse
import json
import math
import pathlib
import sys

import numpy as np

import cases
import rows

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "tests" / "Statistics.Tests" / "Reference"
# Another processor or LAPACK moves the last digits only.
RELATIVE, ABSOLUTE = 1e-10, 1e-13


def plain(value):
    """numpy's numbers as JSON's; json writes a double with the 17 digits at most that give it back exactly."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(v) for v in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        number = float(value)
        if not math.isfinite(number):
            raise ValueError("A reference value is not a finite number.")
        return int(number) if number.is_integer() and abs(number) < 1e15 else number
    return value


def text(value, depth=0):
    """A key a line, lists and small tables on one."""
    if isinstance(value, dict):
        inside = ",\n".join("  " * (depth + 1) + f"{json.dumps(k)}: {text(v, depth + 1)}" for k, v in value.items())
        return "{\n" + inside + "\n" + "  " * depth + "}"
    if isinstance(value, list) and any(isinstance(v, dict) for v in value):
        inside = ",\n".join("  " * (depth + 1) + text(v, depth + 1) for v in value)
        return "[\n" + inside + "\n" + "  " * depth + "]"
    return json.dumps(value, ensure_ascii=False)


def differences(old, new, path=""):
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old.keys() | new.keys():
            if key not in old or key not in new:
                yield f"{path}/{key} is only in {'the file' if key in old else 'what was computed'}"
            else:
                yield from differences(old[key], new[key], f"{path}/{key}")
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            yield f"{path} has {len(old)} values in the file, {len(new)} computed"
        for i, (a, b) in enumerate(zip(old, new)):
            yield from differences(a, b, f"{path}[{i}]")
    elif isinstance(old, (int, float)) and isinstance(new, (int, float)) and not isinstance(old, bool):
        if not math.isclose(old, new, rel_tol=RELATIVE, abs_tol=ABSOLUTE):
            yield f"{path} is {old!r} in the file, {new!r} computed"
    elif old != new:
        yield f"{path} is {old!r} in the file, {new!r} computed"


def main():
    parser = argparse.ArgumentParser(description="Reference values for the statistics, written to tests/Statistics.Tests/Reference.")
    parser.add_argument("data", nargs="?", type=pathlib.Path, help="the data folder; default ../shared/data beside the repository")
    parser.add_argument("--check", action="store_true", help="compute again and compare; exit code 1 if a value differs")
    arguments = parser.parse_args()
    # A worktree lies one deeper than the repository.
    beside = [ROOT.parent / "shared" / "data", ROOT.parent.parent / "shared" / "data"]
    folder = arguments.data or next((f for f in beside if f.is_dir()), None)
    if folder is None:
        raise SystemExit(f"There is no {beside[0]}; give the data folder as the argument.")

    failed = False
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for name in ("heart", "indo_rct", "colon", "covid"):
        computed = plain(getattr(cases, name)(getattr(rows, name)(folder)))
        file = OUTPUT / f"{name}.json"
        if not arguments.check:
            file.write_text(text(computed) + "\n", encoding="utf-8")
            print(f"{file.relative_to(ROOT)}: written")
            continue
        found = list(differences(json.loads(file.read_text(encoding="utf-8")), computed)) if file.exists() else ["the file is missing"]
        failed |= bool(found)
        print(f"{file.relative_to(ROOT)}: " + ("\n  ".join(["differs", *found[:20]]) if found else "agrees"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
