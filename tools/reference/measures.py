"""One function a statistic. Each gives the totals that a federation would add up ("totals") beside the statistics that numpy, scipy or statsmodels compute from
the rows themselves, so that the project's estimators can be tested from the totals alone."""

import math

import numpy as np
import statsmodels.api as sm
from scipy import linalg, stats
from statsmodels.duration.survfunc import SurvfuncRight, survdiff
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.proportion import confint_proportions_2indep
from statsmodels.stats.weightstats import ttest_ind


def totals(x):
    return {"n": len(x), "sum": math.fsum(x), "squares": math.fsum(v * v for v in x)}


def moments(x):
    x = np.asarray(x, float)
    return {"totals": totals(x), "mean": np.mean(x), "variance": np.var(x, ddof=1), "sd": np.std(x, ddof=1)}


def histogram(x, edges):
    """Bins [a, b), the last one [a, b], as numpy has them."""
    return {"edges": list(edges), "counts": np.histogram(x, edges)[0]}


def quantiles(x, at=(0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)):
    """Whole numbers: the inverse of the empirical distribution function (Hyndman and Fan's type 1), from a bin a value."""
    low, high = int(min(x)), int(max(x))
    return {
        "totals": {"from": low, "counts": np.histogram(x, np.arange(low, high + 2))[0]},
        "at": list(at),
        "values": np.quantile(x, at, method="inverted_cdf"),
    }


def binned_quantiles(x, edges, at=(0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)):
    """Declared bins: rows are taken as evenly spread in their bin, so the distribution function is a line between the edges."""
    counts = np.histogram(x, edges)[0]
    cumulative = np.concatenate(([0], np.cumsum(counts)))
    return {"totals": {"edges": list(edges), "counts": counts}, "at": list(at), "values": np.interp(np.multiply(at, cumulative[-1]), cumulative, edges)}


def _test(statistic, df, p):
    return {"statistic": statistic, "df": df, "p": p}


def compare(a, b):
    """Table 1, a number in two groups. Standardised difference: Austin, Statistics in Medicine 28 (2009)."""
    t, p, df = ttest_ind(a, b, usevar="pooled")
    wt, wp, wdf = ttest_ind(a, b, usevar="unequal")
    smd = (np.mean(a) - np.mean(b)) / math.sqrt((np.var(a, ddof=1) + np.var(b, ddof=1)) / 2)
    return {"groups": [moments(a), moments(b)], "smd": smd, "student": _test(t, df, p), "welch": _test(wt, wdf, wp)}


def anova(groups):
    f, p = stats.f_oneway(*groups)
    return {
        "groups": [moments(g) for g in groups],
        "f": f,
        "df_between": len(groups) - 1,
        "df_within": sum(map(len, groups)) - len(groups),
        "p": p,
    }


def contingency(a, b, rows, columns):
    table = np.array([[sum(1 for x, y in zip(a, b) if x == r and y == c) for c in columns] for r in rows])
    chi2, p, df, expected = stats.chi2_contingency(table, correction=False)
    result = {
        "rows": rows,
        "columns": columns,
        "totals": table,
        "row_shares": table / table.sum(axis=1, keepdims=True),
        "expected": expected,
        "pearson": _test(chi2, df, p),
    }
    if table.shape == (2, 2):
        chi2, p, df, _ = stats.chi2_contingency(table, correction=True)
        result["yates"] = _test(chi2, df, p)
    return result


def two_by_two(table):
    """Exposed and not exposed are the rows, with and without the event the columns. Woolf's and Katz's log intervals, Wald's for the difference; 95 %."""
    t = Table2x2(np.asarray(table, float))
    (a, b), (c, d) = table
    low, high = confint_proportions_2indep(a, a + b, c, c + d, compare="diff", method="wald")
    return {
        "totals": table,
        "odds_ratio": [t.oddsratio, *t.oddsratio_confint()],
        "relative_risk": [t.riskratio, *t.riskratio_confint()],
        "risk_difference": [a / (a + b) - c / (c + d), low, high],
    }


def category_smd(first, second):
    """Yang and Dalton (SAS Global Forum 2012, paper 335): the Mahalanobis distance of the shares of all labels but one."""
    p, q = (np.asarray(c, float) / np.sum(c) for c in (first, second))
    p, q = p[1:], q[1:]
    spread = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2
    return math.sqrt((p - q) @ linalg.solve(spread, p - q))


def cross_products(matrix):
    return {"n": len(matrix), "sums": matrix.sum(axis=0), "products": matrix.T @ matrix}


def _components(matrix):
    values, vectors = linalg.eigh(matrix)
    values, vectors = values[::-1], vectors[:, ::-1]
    # The sign of a component is free: its greatest loading is positive.
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(len(values))])
    return {"variances": values, "loadings": vectors.T, "explained": values / values.sum()}


def covariance(columns):
    matrix = np.array(list(columns.values()), float).T
    correlations = np.corrcoef(matrix, rowvar=False)
    return {
        "columns": list(columns),
        "totals": cross_products(matrix),
        "covariance": np.cov(matrix, rowvar=False),
        "correlation": correlations,
        "correlation_p": [[1 if i == j else stats.pearsonr(a, b)[1] for j, b in enumerate(matrix.T)] for i, a in enumerate(matrix.T)],
        "pca_covariance": _components(np.cov(matrix, rowvar=False)),
        "pca_correlation": _components(correlations),
    }


def linear(outcome, predictors):
    """predictors: name to column. The totals are of the predictors, the outcome last."""
    x = np.array(list(predictors.values()), float).T
    y = np.asarray(outcome, float)
    fit = sm.OLS(y, sm.add_constant(x)).fit()
    interval = fit.conf_int(0.05)
    return {
        "coefficients": ["intercept", *predictors],
        "totals": cross_products(np.column_stack([x, y])),
        "values": fit.params,
        "se": fit.bse,
        "t": fit.tvalues,
        "p": fit.pvalues,
        "low": interval[:, 0],
        "high": interval[:, 1],
        "r2": fit.rsquared,
        "adjusted_r2": fit.rsquared_adj,
        "sigma": math.sqrt(fit.mse_resid),
        "df": fit.df_resid,
        "f": fit.fvalue,
        "f_p": fit.f_pvalue,
    }


def _evaluate(family, x, y, beta):
    eta = x @ beta
    if family == "logistic":
        mean = 1 / (1 + np.exp(-eta))
        weight = mean * (1 - mean)
        deviance = -2 * np.sum(np.where(y > 0, np.log(mean), np.log1p(-mean)))
    else:
        mean = np.exp(eta)
        weight = mean
        deviance = 2 * np.sum(np.where(y > 0, y * np.log(np.where(y > 0, y, 1) / mean), 0) - (y - mean))
    return {"coefficients": beta, "n": len(y), "deviance": deviance, "gradient": x.T @ (y - mean), "information": (x.T * weight) @ x}


def generalised(family, outcome, predictors, bounds):
    """The fit on the columns as they are, by statsmodels; and Newton's path from 0 on columns scaled to [-1, 1] by the bounds, as rounds
    would run it: a step that makes the deviance greater is halved."""
    x = np.array(list(predictors.values()), float).T
    y = np.asarray(outcome, float)
    family_of = sm.families.Binomial() if family == "logistic" else sm.families.Poisson()
    fit = sm.GLM(y, sm.add_constant(x), family=family_of).fit(maxiter=100, tol=1e-15, tol_criterion="params")
    interval = fit.conf_int(0.05)
    scale = [bounds.get(name, (-1, 1)) for name in predictors]
    middle = np.array([(low + high) / 2 for low, high in scale])
    unit = np.array([(high - low) / 2 for low, high in scale])
    scaled = sm.add_constant((x - middle) / unit)
    path, accepted, beta = [], None, np.zeros(scaled.shape[1])
    for _ in range(25):
        at = _evaluate(family, scaled, y, beta)
        path.append(at)
        if accepted is not None and at["deviance"] > accepted["deviance"] * (1 + 1e-9):
            beta = (beta + accepted["coefficients"]) / 2
            continue
        accepted = at
        step = linalg.solve(at["information"], at["gradient"], assume_a="pos")
        beta = beta + step
        if at["gradient"] @ step < 1e-20:
            break
    return {
        "family": family,
        "coefficients": ["intercept", *predictors],
        "middle": middle,
        "unit": unit,
        "path": path,
        "iterations": len(path),
        "values": fit.params,
        "se": fit.bse,
        "z": fit.tvalues,
        "p": fit.pvalues,
        "low": interval[:, 0],
        "high": interval[:, 1],
        "exp": np.exp(fit.params),
        "exp_low": np.exp(interval[:, 0]),
        "exp_high": np.exp(interval[:, 1]),
        "deviance": fit.deviance,
        "null_deviance": fit.null_deviance,
        "log_likelihood": fit.llf,
        "n": len(y),
    }


def event_table(time, status, bins):
    """Rows whose time is past the last bin are `beyond`."""
    time, status = np.asarray(time), np.asarray(status)
    inside = time < bins
    return {
        "events": np.bincount(time[inside & status], minlength=bins)[:bins],
        "censored": np.bincount(time[inside & ~status], minlength=bins)[:bins],
        "beyond": int(np.sum(~inside)),
    }


def kaplan_meier(time, status):
    """At every time with an event. Nelson-Aalen with Aalen's variance, the sum of d/n². Restricted mean: the area up to the last time that is seen."""
    fit = SurvfuncRight(time, np.asarray(status, int))
    steps = np.asarray(fit.n_events) / np.asarray(fit.n_risk)
    event = np.asarray(fit.n_events) > 0
    survival, se = fit.surv_prob, fit.surv_prob_se
    with np.errstate(divide="ignore", invalid="ignore"):
        half = stats.norm.ppf(0.975) * se / (survival * np.abs(np.log(survival)))
    return {
        "time": np.asarray(fit.surv_times)[event],
        "at_risk": np.asarray(fit.n_risk)[event],
        "survival": survival[event],
        "se": se[event],
        "low": (survival ** np.exp(half))[event],
        "high": (survival ** np.exp(-half))[event],
        "hazard": np.cumsum(steps)[event],
        "hazard_se": np.sqrt(np.cumsum(steps / np.asarray(fit.n_risk)))[event],
        "median": float(fit.quantile(0.5)) if survival.min() <= 0.5 else None,
    }


def restricted_mean(time, status, horizon):
    """The area under the curve to the horizon, and its standard error (Klein and Moeschberger 2003, section 4.5)."""
    fit = SurvfuncRight(time, np.asarray(status, int))
    times = np.asarray(fit.surv_times, float)
    kept = times < horizon
    edges = np.concatenate(([0.0], times[kept], [horizon]))
    areas = np.concatenate(([1.0], fit.surv_prob[kept])) * np.diff(edges)
    after = np.cumsum(areas[::-1])[::-1][1:]
    d, n = np.asarray(fit.n_events)[kept], np.asarray(fit.n_risk)[kept]
    return {"horizon": horizon, "value": areas.sum(), "se": math.sqrt(np.sum(after**2 * d / (n * (n - d))))}


def log_rank(time, status, group, labels):
    time, status, group = np.asarray(time), np.asarray(status, int), np.asarray(group)
    statistic, p = survdiff(time, status, group)
    expected = np.zeros(len(labels))
    for t in np.unique(time[status == 1]):
        risk = np.array([np.sum((time >= t) & (group == g)) for g in labels])
        expected += risk * np.sum((time == t) & (status == 1)) / risk.sum()
    observed = [int(np.sum(status[group == g])) for g in labels]
    return {"groups": labels, "observed": observed, "expected": expected, **_test(statistic, len(labels) - 1, p)}


def incidence(events, time, per):
    """Events a person-time; Garwood's exact Poisson interval."""
    low, high = stats.chi2.ppf(0.025, 2 * events) / 2, stats.chi2.ppf(0.975, 2 * (events + 1)) / 2
    return {"totals": {"events": events, "time": time}, "per": per, "rate": events / time * per, "low": low / time * per, "high": high / time * per}


def roc(score, outcome, edges):
    """Binned scores, ties count half: the area is Mann-Whitney's U over the pairs. Standard error: Hanley and McNeil, Radiology 143 (1982)."""
    bins = np.digitize(score, edges[1:-1])
    outcome = np.asarray(outcome, bool)
    events, others = bins[outcome], bins[~outcome]
    m, n = len(events), len(others)
    area = stats.mannwhitneyu(events, others).statistic / (m * n)
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (area * (1 - area) + (m - 1) * (q1 - area**2) + (n - 1) * (q2 - area**2)) / (m * n)
    at_least = lambda who: [float(np.mean(who >= b)) for b in range(len(edges))]  # noqa: E731
    return {
        "totals": {
            "edges": list(edges),
            "events": np.bincount(events, minlength=len(edges) - 1),
            "others": np.bincount(others, minlength=len(edges) - 1),
        },
        "auc": area,
        "se": math.sqrt(variance),
        "sensitivity": at_least(events),
        "false_positive_rate": at_least(others),
    }


def keys(values, domain, k):
    """Distinct values and the k most frequent over a declared domain; of equals the one declared first."""
    counts = [sum(1 for v in values if v == key) for key in domain]
    order = sorted(range(len(domain)), key=lambda i: (-counts[i], i))[:k]
    return {
        "domain": domain,
        "totals": counts,
        "distinct": sum(1 for c in counts if c > 0),
        "top": [{"key": domain[i], "count": counts[i]} for i in order if counts[i] > 0],
    }
