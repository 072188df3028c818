#!/usr/bin/env python3
"""Runs Kernel Tuner's own strategies on recorded spaces, for `autotune replay --runs`.

    kernel_tuner_runs.py --strategy=genetic_algorithm --repeats=100 RECORDING... > genetic_algorithm.runs.json

Kernel Tuner's simulation mode answers from the recording; each strategy has its defaults. What is written is which
configurations each run asked for first, in order; what they cost and how good they were, `autotune replay` takes from
the recording, so that both tuners are scored by the same rule. Needs `pip install kernel-tuner`.
"""

import argparse
import copy
import json
import math
import os
import random
import subprocess
import sys
import time

import numpy
from kernel_tuner import interface, util
from kernel_tuner.runners.simulation import SimulationRunner
from kernel_tuner.searchspace import Searchspace


class Space:
    """One recording as Kernel Tuner sees it: its cache, and the space of exactly what was recorded."""

    def __init__(self, path):
        self.path = path
        content = subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE, check=True).stdout \
            if path.endswith(".zst") else open(path, "rb").read()
        self.file = json.loads(content)
        self.cache = self.file["cache"]
        for result in self.cache.values():
            result.pop("times", None)
            # Times that are words were how errors were written before "__error__".
            if isinstance(result["time"], str):
                result["__error__"] = result["time"]
            if "__error__" in result:
                result["__error__"] = util.ErrorConfig(str(result["__error__"]))
                result["time"] = result["__error__"]
        names = self.file["tune_params_keys"]
        recorded = {tuple(result[name] for name in names) for result in self.cache.values()}
        self.admits = lambda *values: values in recorded
        self.tune_params = {name: self.file["tune_params"][name] for name in names}
        self.restrictions = [util.FunctionConstraint(self.admits)]
        self.searchspace = Searchspace(self.tune_params, list(self.restrictions), 10**9)

    def fresh(self):
        """A searchspace that remembers nothing: its caches of neighbours would carry from run to run."""
        fresh = copy.copy(self.searchspace)
        for name, value in vars(self.searchspace).items():
            if "cache" in name:
                setattr(fresh, name, copy.deepcopy(value))
        return fresh

    def evaluations(self):
        """Half as many again as random search needs to come within 5 % of the way from median to optimum."""
        times = sorted((r["time"] for r in self.cache.values() if "__error__" not in r), reverse=True)
        target = times[-1] + 0.05 * (times[len(times) // 2] - times[-1])
        place = next(i for i, t in enumerate(times) if t <= target)
        return max(401, math.ceil(1.5 * place / (len(times) + 1 - place)))


class Recorder(SimulationRunner):
    """Kernel Tuner's own simulation, which also notes what is asked for the first time."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.asked = []

    def run(self, parameter_space, tuning_options):
        elements = list(parameter_space)
        before = set(self.visited_results)
        results = super().run(elements, tuning_options)
        for element in elements:
            key = ",".join(str(value) for value in element)
            if key in self.visited_results and key not in before:
                before.add(key)
                self.asked.append(key)
        return results


def options_of(space, max_fevals):
    options = {name: None for name in interface._tuning_options}
    options.update(tune_params=space.tune_params, restrictions=space.searchspace._modified_restrictions,
                   restrictions_unmodified=list(space.restrictions),
                   cache=space.cache, cachefile=None, objective=["time"], objective_higher_is_better=[False],
                   strategy_options=interface.Options({"max_fevals": max_fevals}), metrics=None,
                   simulation_mode=True, verbose=False, simulated_time=0, max_fevals=max_fevals,
                   budget=util.TuningBudget(None, max_fevals))
    return interface.Options(options)


def run(space, strategy, seed, max_evaluations):
    random.seed(seed)
    numpy.random.seed(seed)
    max_fevals = min(space.evaluations(), space.searchspace.size, max_evaluations)
    kernel_options = interface.Options({"kernel_name": space.file["kernel_name"]})
    recorder = Recorder(None, kernel_options, interface.Options({"quiet": True}), 7, None)
    try:
        interface.strategy_map[strategy].tune(space.fresh(), recorder, options_of(space, max_fevals))
    except util.StopCriterionReached:
        pass
    return recorder.asked


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--strategy", required=True, choices=sorted(interface.strategy_map))
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--evaluations", type=int, default=10**9, help="of a run at most")
    parser.add_argument("recordings", nargs="+", metavar="RECORDING")
    arguments = parser.parse_args()
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Kernel Tuner prints as it goes
    runs = []
    for path in arguments.recordings:
        space = Space(path)
        begun = time.monotonic()
        for seed in range(arguments.repeats):
            runs.append({"recording": path, "asked": run(space, arguments.strategy, seed, arguments.evaluations)})
        print(f"{arguments.strategy} {os.path.basename(path)}: {arguments.repeats} runs, "
              f"{time.monotonic() - begun:.1f} s", file=sys.stderr)
    json.dump({"strategy": "kernel_tuner." + arguments.strategy, "runs": runs}, out)
    out.write("\n")


if __name__ == "__main__":
    main()
