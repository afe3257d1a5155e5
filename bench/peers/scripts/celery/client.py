"""Reads {"picturePath", "jobs", "inFlight"} as JSON lines, runs that many Celery tasks and prints their median time."""

import base64
import itertools
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from jobs import effect

JOB_LIMIT_S = 60


def run(request, contrasts):
    with open(request["picturePath"], "rb") as file:
        picture = base64.b64encode(file.read()).decode()

    def one(_):
        start = time.perf_counter()
        effect.delay(picture, next(contrasts)).get(timeout=JOB_LIMIT_S)
        return (time.perf_counter() - start) * 1000

    with ThreadPoolExecutor(request["inFlight"]) as pool:
        times = sorted(pool.map(one, range(request["jobs"])))
    return {"p50Ms": times[len(times) // 2]}


def main():
    contrasts = itertools.count(1.0, 1e-4)
    for line in sys.stdin:
        try:
            answer = run(json.loads(line), contrasts)
        except Exception as error:  # The bench reports it and leaves this side out.
            answer = {"error": repr(error)}
        print(json.dumps(answer), flush=True)


main()
