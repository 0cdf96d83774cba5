#!/usr/bin/env python3
"""Counts ONNX's backend cases that dka and ONNX Runtime pass, side by side, into a page of the documentation.

    python backend_cases.py -o .cases
    python conformance.py --cases .cases --dka .build/release/dka -o Sources/DKA/Documentation.docc/Conformance.md

Counted are the cases whose operators are all in `backend_cases.OPERATORS`, except those that draw random numbers. Both runtimes
read the same folders; a result passes where type and shape are those of the case and |a − b| ≤ 1e-7 + 1e-3 · |b|, as ONNX's own
runner has it (for float16 10⁻³ in the place of 10⁻⁷).
"""

import argparse
import collections
import glob
import multiprocessing
import os
import subprocess
import tempfile

import numpy as np
import onnx
from onnx import numpy_helper

import backend_cases

RANDOM = ("test_training_dropout", "test_bernoulli", "test_dropout_random")


def operators(nodes, functions):
    """Operators of some nodes, of their subgraphs and of the functions that they call."""
    found = set()
    for node in nodes:
        if (node.domain, node.op_type) in functions:
            found |= operators(functions[node.domain, node.op_type].node, functions)
            continue
        found.add(node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}::{node.op_type}")
        for attribute in node.attribute:
            for graph in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs):
                found |= operators(graph.node, functions)
    return found


def scope(path):
    """The operators of a case and why not all of its values have types that are computed with, or None where it is not counted."""
    model = onnx.load(os.path.join(path, "model.onnx"))
    functions = {(function.domain, function.name): function for function in model.functions}
    found = operators(model.graph.node, functions)
    if not found <= backend_cases.OPERATORS or os.path.basename(path).startswith(RANDOM):
        return None
    return sorted(found), backend_cases.reason_to_leave_out(model, 1)


def run_case(path):
    """Whether ONNX Runtime passes a case."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    try:
        session = onnxruntime.InferenceSession(os.path.join(path, "model.onnx"), providers=["CPUExecutionProvider"])
        for data in sorted(glob.glob(os.path.join(path, "test_data_set_*"))):
            feeds = {}
            for index, value in enumerate(session.get_inputs()):
                feeds[value.name] = tensor(os.path.join(data, f"input_{index}.pb"))
            for index, found in enumerate(session.run(None, feeds)):
                expected = tensor(os.path.join(data, f"output_{index}.pb"))
                if found.shape != expected.shape or found.dtype != expected.dtype:
                    return False
                if found.dtype.kind == "f":
                    least = 1e-3 if found.dtype == np.float16 else 1e-7
                    if not np.allclose(found, expected, rtol=1e-3, atol=least, equal_nan=True):
                        return False
                elif not np.array_equal(found, expected):
                    return False
        return True
    except Exception:  # whatever it refuses or fails on is not passed
        return False


def tensor(path):
    with open(path, "rb") as file:
        return numpy_helper.to_array(onnx.TensorProto.FromString(file.read()))


def run_dka(program, paths):
    """Outcome and reason per case."""
    with tempfile.TemporaryDirectory() as folder:
        listing = os.path.join(folder, "cases.txt")
        with open(listing, "w", encoding="utf-8") as file:
            file.writelines(path + "\n" for path in paths)
        command = [program, "conformance", "--list", listing, "--output-dir", folder]
        lines = subprocess.run(command, check=False, capture_output=True, text=True).stdout.splitlines()
    outcomes = {}
    for line in lines:
        outcome, name, *reason = line.split(" ", 2)
        outcomes[name.strip()] = (outcome, " ".join(reason).strip())
    return outcomes


def page(cases, ours, theirs):
    """The page: totals, a table by operator, and every case that only one of both passes."""
    def passes(name):
        return ours.get(name, ("ERROR", ""))[0] == "PASS"

    computed = [name for name, (_, reason) in cases.items() if reason is None]
    others = [name for name, (_, reason) in cases.items() if reason is not None]
    lines = [
        "# Conformance", "",
        "ONNX's own backend cases, dka beside ONNX Runtime. Written by `Tools/goldens/conformance.py`.", "",
        f"Cases of onnx {onnx.__version__} whose operators are all implemented, those that draw random numbers aside; "
        f"ONNX Runtime {version_of_runtime()}, CPU. A case counts for every operator that it holds. Types that are computed with are "
        "float32, float64, int64, int32, int8, uint8 and bool.", "",
        "| | cases | dka | ONNX Runtime | only ONNX Runtime |", "|---|---|---|---|---|",
    ]
    for label, names in (("types that are computed with", computed), ("other types, sequences, optionals", others)):
        only = sum(name in theirs and not passes(name) for name in names)
        lines.append(
            f"| {label} | {len(names)} | {sum(map(passes, names))} | {sum(name in theirs for name in names)} | {only} |")
    lines += ["", "## By operator", "", "Types that are computed with.", "", "| operator | cases | dka | ONNX Runtime |",
              "|---|---|---|---|"]
    by_operator = collections.defaultdict(list)
    for name in computed:
        for operator in cases[name][0]:
            by_operator[operator].append(name)
    for operator in sorted(by_operator):
        names = by_operator[operator]
        lines.append(f"| {operator} | {len(names)} | {sum(map(passes, names))} | {sum(name in theirs for name in names)} |")
    missing = [name for name in computed if not passes(name)]
    lines += ["", "## Not passed", "", "Cases of types that are computed with which dka does not pass, with its reason.", "",
              "| case | ONNX Runtime | dka says |", "|---|---|---|"]
    for name in missing:
        outcome, reason = ours.get(name, ("ERROR", "no answer"))
        lines.append(f"| {name} | {'passes' if name in theirs else 'does not pass'} | {outcome}: {reason[:160]} |")
    return "\n".join(lines) + "\n"


def version_of_runtime():
    import onnxruntime

    return onnxruntime.__version__


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", required=True, metavar="DIR", help="what backend_cases.py wrote")
    parser.add_argument("--dka", required=True, metavar="PROGRAM")
    parser.add_argument("-o", "--output", required=True, metavar="FILE")
    options = parser.parse_args()

    cases, paths = {}, {}
    for kind in ("node", "simple", "pytorch-operator", "pytorch-converted"):
        folder = os.path.join(os.path.abspath(options.cases), kind)
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            path = os.path.join(folder, name)
            found = scope(path) if os.path.isfile(os.path.join(path, "model.onnx")) else None
            if found:
                cases[name], paths[name] = found, path
    # Processes of their own: a case may end the one that runs it.
    with multiprocessing.Pool(1, maxtasksperchild=200) as pool:
        passed = pool.map(run_case, list(paths.values()), chunksize=20)
    theirs = {name for name, has_passed in zip(paths, passed) if has_passed}
    ours = run_dka(options.dka, list(paths.values()))
    with open(options.output, "w", encoding="utf-8") as file:
        file.write(page(cases, ours, theirs))


if __name__ == "__main__":
    main()
