#!/usr/bin/env python3
"""Times a peer's float32 matrix product at the shapes of ViT-B/16.

    python matmul.py --peer numpy|onnxruntime|torch [--threads 2] [--runs 20]

The second operand is a constant weight (ONNX Runtime packs it). A round multiplies each shape as often as fits in about
--span seconds; "seconds" is per product. One JSON object on standard output, with GFLOP/s from the median.
"""

import argparse

import measuring
import numpy as np

ROWS = (197, 394, 1576)
WEIGHTS = ((768, 2304), (768, 768), (768, 3072), (3072, 768))


def numpy_product(a, b, threads):
    out = np.empty((a.shape[0], b.shape[1]), dtype=np.float32)
    return lambda: np.matmul(a, b, out=out)


def torch_product(a, b, threads):
    import torch

    torch.set_num_threads(threads)
    left, right = torch.from_numpy(a), torch.from_numpy(b)
    out = torch.empty(a.shape[0], b.shape[1])
    return lambda: torch.mm(left, right, out=out)


def onnxruntime_product(a, b, threads):
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        [helper.make_node("MatMul", ["a", "b"], ["c"])], "product",
        [helper.make_tensor_value_info("a", TensorProto.FLOAT, a.shape)],
        [helper.make_tensor_value_info("c", TensorProto.FLOAT, (a.shape[0], b.shape[1]))], [numpy_helper.from_array(b, "b")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    binding.bind_ortvalue_input("a", onnxruntime.OrtValue.ortvalue_from_numpy(a))
    result = onnxruntime.OrtValue.ortvalue_from_shape_and_type([a.shape[0], b.shape[1]], np.float32)
    binding.bind_ortvalue_output("c", result)
    return lambda: session.run_with_iobinding(binding)


PEERS = {"numpy": numpy_product, "torch": torch_product, "onnxruntime": onnxruntime_product}


def version(peer):
    """What multiplies: the package's version, for numpy its BLAS too."""
    module = __import__(peer)
    if peer == "numpy":
        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{module.__version__} ({blas['name']} {blas['version']})"
    return module.__version__


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", choices=sorted(PEERS), required=True)
    parser.add_argument("--span", type=float, default=0.1, help="seconds spent on each shape in a round, default 0.1")
    measuring.add_options(parser, runs=10)
    options = parser.parse_args()

    random = np.random.default_rng(7)
    products, repeats, operations = {}, {}, {}
    for rows in ROWS:
        for inner, columns in WEIGHTS:
            case = f"{rows}x{inner}x{columns}"
            a = random.standard_normal((rows, inner), dtype=np.float32)
            b = random.standard_normal((inner, columns), dtype=np.float32)
            products[case] = PEERS[options.peer](a, b, options.threads)
            operations[case] = 2 * rows * inner * columns
            products[case]()
            repeats[case] = max(1, round(options.span / max(1e-6, measuring.timed(products[case]))))

    def one_round(*cases):
        def repeat(case):
            for _ in range(repeats[case]):
                products[case]()
        return {case: measuring.timed(lambda: repeat(case)) / repeats[case] for case in cases or products}

    facts = {"what": "matmul", "peer": options.peer, "version": version(options.peer), "operations": operations}
    measuring.report(options, facts, one_round,
                     lambda medians: {"gflops": {case: operations[case] / medians[case] / 1e9 for case in medians}})


if __name__ == "__main__":
    main()
