"""Rows of the data folder as dictionaries; None stands for a missing value. Missing values are those of examples/heart/schema.yaml and of the data's README."""

import csv
import pathlib


def _read(folder, name):
    files = sorted((pathlib.Path(folder) / name).glob("*.csv"))
    if not files:
        raise SystemExit(f"There is no CSV file in {folder}/{name}; give the data folder as the argument.")
    for file in files:
        with open(file, encoding="utf-8", newline="") as stream:
            yield from (row | {"file": file.stem} for row in csv.DictReader(stream))


def _number(text, *missing):
    if text in ("", "?"):
        return None
    value = float(text)
    return None if value in missing else value


HEART_LABELS = {
    "sex": {0: "female", 1: "male"},
    "cp": {1: "typical angina", 2: "atypical angina", 3: "non-anginal pain", 4: "asymptomatic"},
    "fbs": {0: "no", 1: "yes"},
    "restecg": {0: "normal", 1: "ST-T abnormality", 2: "left ventricular hypertrophy"},
    "exang": {0: "no", 1: "yes"},
}

# The schema's bounds: what the predictors of a regression over several rounds are scaled with.
HEART_BOUNDS = {"age": (20, 90), "trestbps": (80, 220), "chol": (80, 620), "thalach": (60, 220), "oldpeak": (-3, 7)}


def heart(folder):
    rows = []
    for raw in _read(folder, "heart"):
        row = {c: _number(raw[c], -9) for c in ("age", "thalach", "oldpeak", "num")}
        row |= {c: _number(raw[c], -9, 0) for c in ("trestbps", "chol")}
        for column, labels in HEART_LABELS.items():
            code = _number(raw[column], -9)
            row[column] = None if code is None else labels[code]
        row["disease"] = row["num"] > 0
        rows.append(row)
    return rows


def indo_rct(folder):
    return [
        {
            "age": float(raw["age"]),
            "risk": float(raw["risk"]),
            "gender": raw["gender"][2:],
            "outcome": raw["outcome"] == "1_yes",
            "rx": raw["rx"][2:],
        }
        for raw in _read(folder, "indo_rct")
    ]


def colon(folder):
    numbers = ("age", "sex", "obstruct", "adhere", "nodes", "time")
    return [
        {c: _number(raw[c]) for c in numbers}
        | {"rx": raw["rx"], "status": raw["status"] == "1", "outcome": "death" if raw["etype"] == "2" else "recurrence"}
        for raw in _read(folder, "colon")
    ]


def covid(folder):
    return [
        {
            "person": raw["subject_id"],
            "gender": raw["gender"],
            "result": raw["result"],
            "age": _number(raw["age"]),
            "ct_result": _number(raw["ct_result"]),
            "pan_day": _number(raw["pan_day"]),
            "payor_group": raw["payor_group"] or None,
            "site": raw["file"],
        }
        for raw in _read(folder, "covid")
    ]
