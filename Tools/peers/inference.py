#!/usr/bin/env python3
"""Times a peer's float32 inference of an ONNX image model.

    python inference.py MODEL --peer onnxruntime|openvino [--batch 8] [--threads 2] [--runs 20]

One JSON object on standard output: seconds per call (median, min, max), images per second, seconds to load and compile, peak resident
bytes. A dynamic batch is bound to --batch before compiling where the peer can. OpenVINO is held to float32.
"""

import argparse
import time

import measuring
import numpy as np


def onnxruntime_caller(path, batch, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    return (lambda image: session.run(None, {entry.name: image})[0]), list(entry.shape), onnxruntime.__version__


def openvino_caller(path, batch, threads):
    import openvino

    core = openvino.Core()
    model = core.read_model(path)
    shape = [dimension.get_length() if dimension.is_static else None for dimension in model.input(0).partial_shape]
    if shape[0] is None:
        model.reshape([batch, *shape[1:]])
    compiled = core.compile_model(model, "CPU", {
        "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"})
    request = compiled.create_infer_request()
    return (lambda image: request.infer([image], share_inputs=True)[compiled.output(0)]), shape, openvino.__version__


CALLERS = {"onnxruntime": onnxruntime_caller, "openvino": openvino_caller}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--peer", choices=sorted(CALLERS), required=True)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--warm-up", type=int, default=3)
    measuring.add_options(parser, runs=20)
    options = parser.parse_args()

    __import__(options.peer)
    start = time.perf_counter()
    call, shape, version = CALLERS[options.peer](options.model, options.batch, options.threads)
    load_seconds = time.perf_counter() - start
    if isinstance(shape[0], int) and shape[0] != options.batch:
        raise SystemExit(f"{options.model}: the batch is fixed at {shape[0]}, --batch is {options.batch}")
    image = np.random.default_rng(7).standard_normal([options.batch, *shape[1:]], dtype=np.float32)
    for _ in range(options.warm_up):
        call(image)
    measuring.report(
        options, {"what": "inference", "peer": options.peer, "version": version, "batch": options.batch,
                  "load_seconds": load_seconds},
        lambda: {"call": measuring.timed(lambda: call(image))},
        lambda medians: {"images_per_second": options.batch / medians["call"]})


if __name__ == "__main__":
    main()
