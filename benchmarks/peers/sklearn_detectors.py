"""Fit and score 1000 rows of 4 metrics with scikit-learn's detectors.

Usage: python3 sklearn_detectors.py SECONDS
Prints "version V", then "case nanoseconds settings" for every case.
"""

import sys
import time

import numpy as np
import sklearn
from sklearn.ensemble import IsolationForest
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import LocalOutlierFactor

ROWS = 1000


def host_rows(seed):
    """Metrics that follow a common load."""
    rng = np.random.default_rng(seed)
    load = 0.5 + 0.3 * np.sin(np.arange(ROWS) / 60) + 0.1 * rng.standard_normal(ROWS)
    metric = np.arange(4)
    return 10 + metric + (50 - metric) * load[:, None] + 2 * rng.standard_normal((ROWS, 4))


def least(call, seconds):
    """The least time of a call in nanoseconds, over at least three calls."""
    best, end, calls = float("inf"), time.perf_counter() + seconds, 0
    while calls < 3 or time.perf_counter() < end:
        start = time.perf_counter_ns()
        call()
        best = min(best, time.perf_counter_ns() - start)
        calls += 1
    return best


DETECTORS = {
    "IsolationForest": (lambda: IsolationForest(random_state=1, n_jobs=1), "100 trees"),
    "GaussianMixture": (lambda: GaussianMixture(2, random_state=1), "2 components"),
    "LocalOutlierFactor": (lambda: LocalOutlierFactor(novelty=True, n_jobs=1), "20 neighbours"),
}


def main():
    seconds = float(sys.argv[1])
    x, later = host_rows(1), host_rows(2)
    print("version", sklearn.__version__)
    for name, (make, settings) in DETECTORS.items():
        fitted = make().fit(x)
        print(f"{name}/fit", least(lambda: make().fit(x), seconds), settings)
        print(f"{name}/score", least(lambda: fitted.score_samples(later), seconds), settings)


if __name__ == "__main__":
    main()
