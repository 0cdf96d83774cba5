"""Writes models of one matrix product with a constant weight, at the shapes of ViT-B/16, for `dka bench`.

    python write_products.py -o DIR

Each file is named ROWSxINNERxCOLUMNS.onnx; its input is [1, ROWS, INNER].
"""

import argparse
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from matmul import ROWS, WEIGHTS


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", required=True, type=pathlib.Path)
    folder = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(7)
    for rows in ROWS:
        for inner, columns in WEIGHTS:
            weight = random.standard_normal((inner, columns), dtype=np.float32)
            graph = helper.make_graph(
                [helper.make_node("MatMul", ["a", "b"], ["c"])], "product",
                [helper.make_tensor_value_info("a", TensorProto.FLOAT, (1, rows, inner))],
                [helper.make_tensor_value_info("c", TensorProto.FLOAT, (1, rows, columns))],
                [numpy_helper.from_array(weight, "b")])
            model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
            onnx.save(model, str(folder / f"{rows}x{inner}x{columns}.onnx"))


if __name__ == "__main__":
    main()
