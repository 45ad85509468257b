"""Which statistics of which columns: one function a file that is written."""

from collections import Counter, defaultdict

import measures as m
from rows import HEART_BOUNDS, HEART_LABELS


def _present(rows, *columns):
    """Complete cases."""
    return [r for r in rows if all(r[c] is not None for c in columns)]


def _column(rows, name):
    return [r[name] for r in rows]


def _split(rows, column, by, labels):
    rows = _present(rows, column, by)
    return [[r[column] for r in rows if r[by] == label] for label in labels]


def _flag(rows, column, label):
    return [float(r[column] == label) for r in rows]


def heart(rows):
    numbers = ("age", "trestbps", "chol", "thalach", "oldpeak")
    pain = list(HEART_LABELS["cp"].values())
    table1 = {}
    for name in numbers:
        table1[name] = m.compare(*_split(rows, name, "disease", [True, False]))
    categories = {}
    for name, labels in HEART_LABELS.items():
        known = _present(rows, name)
        table = m.contingency(_column(known, "disease"), _column(known, name), [True, False], list(labels.values()))
        categories[name] = table | {"smd": m.category_smd(*table["totals"])}
    sex = categories["sex"]["totals"].tolist()

    regression = _present(rows, "chol", "age", "sex", "trestbps")
    with_pain = _present(regression, "cp")
    base = lambda r: {"age": _column(r, "age"), "sex=male": _flag(r, "sex", "male"), "trestbps": _column(r, "trestbps")}  # noqa: E731
    dummies = {f"cp={label}": _flag(with_pain, "cp", label) for label in pain[1:]}
    logistic = _present(rows, "age", "sex", "trestbps", "thalach")
    vessels = _present(rows, "oldpeak", "age", "sex", "thalach")
    complete = _present(rows, *numbers)
    return {
        "moments": {name: m.moments(_column(_present(rows, name), name)) for name in numbers},
        "histogram": {
            "age": m.histogram(_column(rows, "age"), range(20, 90, 10)),
            "chol": m.histogram(_column(_present(rows, "chol"), "chol"), range(80, 640, 20)),
        },
        "quantiles": {name: m.quantiles(_column(_present(rows, name), name)) for name in ("age", "trestbps", "chol", "thalach")},
        "quantiles_of_bins": {
            "age": m.binned_quantiles(_column(rows, "age"), range(20, 95, 5)),
            "chol": m.binned_quantiles(_column(_present(rows, "chol"), "chol"), range(80, 640, 20)),
        },
        "compare": table1,
        "anova": {name: m.anova(_split(rows, name, "cp", pain)) for name in numbers},
        "categories": categories,
        # Exposed: men. Event: disease. The table above has disease as its rows.
        "two_by_two": {"sex": m.two_by_two([[sex[0][1], sex[1][1]], [sex[0][0], sex[1][0]]])},
        "covariance": {"numbers": m.covariance({name: _column(complete, name) for name in numbers})},
        "linear": {
            "chol": m.linear(_column(regression, "chol"), base(regression)),
            "chol_with_cp": m.linear(_column(with_pain, "chol"), base(with_pain) | dummies),
            "oldpeak": m.linear(
                _column(vessels, "oldpeak"),
                {"age": _column(vessels, "age"), "sex=male": _flag(vessels, "sex", "male"), "thalach": _column(vessels, "thalach")},
            ),
        },
        "generalised": {
            "disease": m.generalised(
                "logistic", _column(logistic, "disease"), base(logistic) | {"thalach": _column(logistic, "thalach")}, HEART_BOUNDS
            )
        },
        "roc": {
            name: m.roc(*zip(*((r[name], r["disease"]) for r in _present(rows, name))), edges)
            for name, edges in {"age": range(20, 91), "thalach": range(60, 225, 5), "oldpeak": [v / 2 for v in range(-6, 15)]}.items()
        },
    }


def indo_rct(rows):
    arms = ["indomethacin", "placebo"]
    table = m.contingency(_column(rows, "rx"), _column(rows, "outcome"), arms, [True, False])
    return {
        "moments": {name: m.moments(_column(rows, name)) for name in ("age", "risk")},
        "compare": {"age": m.compare(*_split(rows, "age", "rx", arms))},
        "categories": {"outcome": table | {"smd": m.category_smd(*table["totals"])}},
        "two_by_two": {"outcome": m.two_by_two(table["totals"].tolist())},
        "generalised": {
            "outcome": m.generalised(
                "logistic",
                _column(rows, "outcome"),
                {
                    "rx=indomethacin": _flag(rows, "rx", "indomethacin"),
                    "age": _column(rows, "age"),
                    "risk": _column(rows, "risk"),
                    "gender=male": _flag(rows, "gender", "male"),
                },
                {"age": (18, 90), "risk": (1, 6)},
            )
        },
    }


def colon(rows):
    arms = ["Lev", "Lev+5FU", "Obs"]
    result = {"kaplan_meier": {}, "kaplan_meier_30_days": {}, "log_rank": {}, "log_rank_30_days": {}, "incidence": {}, "restricted_mean_30_days": {}}
    days = (120, 180, 365, 730, 1095, 1826, 2555)
    for outcome in ("death", "recurrence"):
        events = [r for r in rows if r["outcome"] == outcome]
        time, status, group = ([int(t) for t in _column(events, "time")], _column(events, "status"), _column(events, "rx"))
        month = [t // 30 for t in time]
        # 111 bins hold everybody; 60 leave those who are followed longer than 1,800 days in `beyond`.
        result["log_rank"][outcome] = m.log_rank(time, status, group, arms)
        result["log_rank_30_days"][outcome] = m.log_rank(month, status, group, arms)
        result["log_rank_30_days"][outcome + "_1800_days"] = m.log_rank(
            [min(t, 60) for t in month], [s and t < 60 for s, t in zip(status, month)], group, arms
        )
        for arm in arms:
            mine = [(t, s) for t, s, g in zip(time, status, group) if g == arm]
            of_time, of_status = [t for t, _ in mine], [s for _, s in mine]
            of_month = [t // 30 for t in of_time]
            curve = m.kaplan_meier(of_time, of_status)
            # The curve on exact days is nearly the rows themselves: only its values on some days are kept.
            places = [sum(1 for t in curve["time"] if t <= day) - 1 for day in days]
            assert min(places) >= 0, "There is no event before the first of the days."
            kept = {key: [values[p] for p in places] for key, values in curve.items() if key not in ("time", "at_risk", "median")}
            name = f"{outcome}, {arm}"
            result["kaplan_meier"][name] = {"days": list(days), "median": curve["median"], **kept}
            for bins in (111, 60):
                table = m.event_table(of_month, of_status, bins)
                cut = m.kaplan_meier([min(t, bins) for t in of_month], [s and t < bins for s, t in zip(of_status, of_month)])
                result["kaplan_meier_30_days"][name if bins == 111 else name + ", 1800 days"] = {"totals": table, **cut}
            # Bin j's rows count at its end, day 30(j + 1).
            result["restricted_mean_30_days"][name] = m.restricted_mean([30 * (t + 1) for t in of_month], of_status, 1800)
            result["incidence"][name] = m.incidence(sum(of_status), sum(of_time), 1000)
    persons = [r for r in rows if r["outcome"] == "death"]
    counted = _present(persons, "nodes")
    result["generalised"] = {
        "nodes": m.generalised(
            "poisson",
            _column(counted, "nodes"),
            {name: _column(counted, name) for name in ("age", "sex", "obstruct", "adhere")},
            {"age": (18, 90)},
        )
    }
    result["moments"] = {name: m.moments(_column(_present(persons, name), name)) for name in ("age", "nodes", "time")}
    result["anova"] = {name: m.anova(_split(persons, name, "rx", arms)) for name in ("age", "nodes")}
    return result


def covid(rows):
    results = ["negative", "positive", "invalid"]
    genders = ["female", "male"]
    payors = sorted({r["payor_group"] for r in rows if r["payor_group"]}) + ["out of pocket"]
    persons = Counter(_column(rows, "person"))
    sites = defaultdict(list)
    for r in rows:
        sites[r["site"]].append(r)
    table = m.contingency(_column(rows, "result"), _column(rows, "gender"), results, genders)
    return {
        "persons": {
            "rows": len(rows),
            "persons": len(persons),
            "positive_persons": len({r["person"] for r in rows if r["result"] == "positive"}),
            "rows_per_person": [1, 2, 3, 5],
            "rows_kept": [sum(min(r, n) for n in persons.values()) for r in (1, 2, 3, 5)],
            # As outposts bound them: each clinic by itself.
            "rows_kept_in_each_clinic": {
                clinic: [sum(min(r, n) for n in Counter(_column(mine, "person")).values()) for r in (1, 2, 3, 5)] for clinic, mine in sites.items()
            },
        },
        "moments": {name: m.moments(_column(_present(rows, name), name)) for name in ("age", "ct_result", "pan_day")},
        "histogram": {"age": m.histogram(_column(rows, "age"), [0, 1, 2, 5, 12, 18, 40, 65, 140])},
        "quantiles": {"pan_day": m.quantiles(_column(rows, "pan_day"))},
        "quantiles_of_bins": {"ct_result": m.binned_quantiles(_column(_present(rows, "ct_result"), "ct_result"), range(10, 55, 5))},
        "categories": {"result": table},
        "keys": {"payor_group": m.keys(_column(_present(rows, "payor_group"), "payor_group"), payors, 3)},
    }
