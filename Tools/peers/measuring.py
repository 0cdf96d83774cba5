"""What the peer timings share: a clean environment, rounds, and one JSON object as the result.

Import it before numpy, torch or any runtime: it reads `--threads` and `--intel-kernels` from the command line, takes
OPENBLAS_* out of the environment and sets the thread counts that the libraries read when they load.
"""

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

PRELOADED = "DKA_PEER_PRELOADED"

INTEL_SOURCE = """
int mkl_serv_intel_cpu_true(void) { return 1; }
int mkl_serv_intel_cpu(void) { return 1; }
"""


def add_options(parser, runs):
    """The options of every peer script."""
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=runs, help=f"timed rounds after the warm-up, default {runs}")
    parser.add_argument("--intel-kernels", action="store_true",
                        help="let MKL use its Intel kernels on any processor, through a small preloaded library")
    parser.add_argument("--rounds-from-stdin", action="store_true",
                        help="stay alive: one timed round and one JSON line for each input line 'go', or 'go CASE' for one of "
                             "several cases; any other line ends")


def value_of(option, default):
    """The value of `option` on the command line, before argparse runs."""
    for index, word in enumerate(sys.argv):
        if word == option and index + 1 < len(sys.argv):
            return sys.argv[index + 1]
        if word.startswith(option + "="):
            return word.split("=", 1)[1]
    return default


def clean_environment():
    """Removes OPENBLAS_*, sets thread counts, and restarts the process with the preloaded library where asked for."""
    threads = value_of("--threads", "2")
    for name in [name for name in os.environ if name.startswith("OPENBLAS_")]:
        del os.environ[name]
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = threads
    folder = os.environ.pop(PRELOADED, None)
    if folder:
        os.environ.pop("LD_PRELOAD", None)
        shutil.rmtree(folder, ignore_errors=True)
    elif "--intel-kernels" in sys.argv:
        folder = tempfile.mkdtemp()
        source, library = os.path.join(folder, "intel.c"), os.path.join(folder, "intel.so")
        with open(source, "w", encoding="ascii") as file:
            file.write(INTEL_SOURCE)
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, source], check=True)
        os.environ |= {PRELOADED: folder, "LD_PRELOAD": library}
        os.execv(sys.executable, [sys.executable, *sys.argv])


clean_environment()


def peak_bytes():
    """Largest resident size of this process so far, without what its parent had before exec."""
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError("no VmHWM in /proc/self/status")


def processor():
    """The processor's name as the kernel tells it."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()


def timed(function):
    """Seconds that one call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def summary(values):
    """Median, smallest and largest of a list of seconds."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def report(options, facts, one_round, finish=lambda seconds: {}):
    """Runs the rounds and prints the result. `one_round(cases)` gives {case: seconds} for the cases named, or for all where
    none is; `finish` derives more from the medians.

    With --rounds-from-stdin first a line {"ready": true, ...facts}, then {"seconds": {case: seconds}} for each "go".
    """
    facts = {**facts, "threads": options.threads, "processor": processor(), "intel_kernels": options.intel_kernels}
    collected = {}

    def round_once(*cases):
        seconds = one_round(*cases)
        for case, value in seconds.items():
            collected.setdefault(case, []).append(value)
        return seconds

    if options.rounds_from_stdin:
        print(json.dumps({"ready": True, **facts}), flush=True)
        for line in sys.stdin:
            words = line.split()
            if words[:1] != ["go"]:
                break
            print(json.dumps({"seconds": round_once(*words[1:]), "peak_bytes": peak_bytes()}), flush=True)
    else:
        for _ in range(options.runs):
            round_once()
    if not collected:
        return
    seconds = {case: summary(values) for case, values in collected.items()}
    runs = len(next(iter(collected.values())))
    medians = {case: value["median"] for case, value in seconds.items()}
    print(json.dumps({**facts, "runs": runs, "seconds": seconds, "peak_bytes": peak_bytes(), **finish(medians)}), flush=True)
