#!/usr/bin/env python3
"""Writes ONNX's own backend test cases as folders and lists those that dka promises to pass.

    python backend_cases.py -o DIR [--exceptions exceptions.txt]

The wheel's `backend-test-tools generate-data` writes the model cases; newer wheels no longer write the single-operator
cases there, so these are written here from the wheel's own case list, in the same layout:
`DIR/<kind>/<case>/model.onnx` and `DIR/<kind>/<case>/test_data_set_N/{input,output}_K.pb`.

Files written beside them:
    cases.txt     a case folder per line (absolute): every operator is in OPERATORS and every tensor has an element type
                  of ELEMENT_TYPES, decided by reading model.onnx, its opset is at least --minimum-opset, and
                  the case is not in the exceptions file
    left-out.txt  `case reason` per line for all other cases

The exceptions file has `case reason` per line (the case's folder name, a space, free text); `#` starts a comment.
An exception whose case does not exist is an error, so that the file cannot rot.
"""

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig

import onnx
from onnx import TensorProto, numpy_helper

OPERATORS = frozenset("""
    Abs Add And ArgMax ArgMin Attention AveragePool BatchNormalization Cast CastLike Ceil Celu Clip Concat Constant
    ConstantOfShape Conv ConvTranspose Cos CumSum DepthToSpace Div Dropout Einsum Elu Equal Erf Exp Expand EyeLike Flatten
    Floor Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual GridSample
    GroupNormalization HardSigmoid HardSwish Identity If InstanceNormalization IsInf IsNaN LayerNormalization LeakyRelu Less
    LessOrEqual Log LogSoftmax Loop LpNormalization LRN MatMul Max MaxPool Mean MeanVarianceNormalization Min Mish Mod Mul
    Neg NegativeLogLikelihoodLoss NonMaxSuppression NonZero Not OneHot Or Pad Pow PRelu Range Reciprocal ReduceL1 ReduceL2
    ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize
    RMSNormalization RoiAlign Round ScatterElements ScatterND Selu Shape Sigmoid Sign Sin Size Slice Softmax
    SoftmaxCrossEntropyLoss Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Swish Tan Tanh ThresholdedRelu Tile
    TopK Transpose Trilu Unsqueeze Upsample Where Xor ai.onnx.preview.training::Adam
""".split())
ELEMENT_TYPES = frozenset(["FLOAT", "DOUBLE", "INT64", "INT32", "INT8", "UINT8", "BOOL"])


def serialized(value, value_info):
    """The bytes of one input or output in the layout of the wheel's own writer."""
    name = value_info.name
    kind = value_info.type.WhichOneof("value")
    if isinstance(value, TensorProto):
        return value.SerializeToString()
    writers = {"map_type": numpy_helper.from_dict, "sequence_type": numpy_helper.from_list,
               "optional_type": numpy_helper.from_optional}
    return writers.get(kind, numpy_helper.from_array)(value, name).SerializeToString()


def write_node_cases(directory):
    """Writes the single-operator cases of the installed onnx wheel."""
    from onnx.backend.test.case.node import collect_testcases

    for case in collect_testcases():
        folder = os.path.join(directory, case.kind, case.name)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "model.onnx"), "wb") as file:
            file.write(case.model.SerializeToString())
        for index, (inputs, outputs) in enumerate(case.data_sets):
            data = os.path.join(folder, f"test_data_set_{index}")
            os.makedirs(data, exist_ok=True)
            for word, values, infos in (("input", inputs, case.model.graph.input),
                                        ("output", outputs, case.model.graph.output)):
                for position, value in enumerate(values):
                    with open(os.path.join(data, f"{word}_{position}.pb"), "wb") as file:
                        file.write(serialized(value, infos[position]))


def copy_converted_cases(directory):
    """Copies the small PyTorch cases that the wheel carries as files."""
    source = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data")
    for kind in ("pytorch-converted", "pytorch-operator"):
        folder = os.path.join(source, kind)
        if os.path.isdir(folder):
            shutil.copytree(folder, os.path.join(directory, kind), dirs_exist_ok=True)


def reason_to_leave_out(model, minimum_opset):
    """Why dka does not promise this model, or None. Reads operators, opset and every element type in the model."""
    for entry in model.opset_import:
        if entry.domain in ("", "ai.onnx") and entry.version < minimum_opset:
            return f"opset {entry.version} is below {minimum_opset}"
    functions = {(function.domain, function.name): function for function in model.functions}
    return reason_to_leave_out_graph(model.graph, functions)


def reason_to_leave_out_graph(graph, functions):
    """Why dka does not promise a graph, or None; `functions` by domain and name."""
    for value in list(graph.input) + list(graph.output) + list(graph.value_info):
        kind = value.type.WhichOneof("value")
        if kind != "tensor_type":
            return f"value '{value.name}' is a {kind}"
        element = TensorProto.DataType.Name(value.type.tensor_type.elem_type)
        if element not in ELEMENT_TYPES:
            return f"value '{value.name}' is {element}"
    if graph.sparse_initializer:
        return "has sparse initializers"
    for tensor in graph.initializer:
        element = TensorProto.DataType.Name(tensor.data_type)
        if element not in ELEMENT_TYPES:
            return f"initializer '{tensor.name}' is {element}"
    return reason_to_leave_out_nodes(graph.node, functions)


def reason_to_leave_out_nodes(nodes, functions):
    """Why dka does not promise some nodes, or None."""
    for node in nodes:
        if (node.domain, node.op_type) in functions:
            reason = reason_to_leave_out_nodes(functions[node.domain, node.op_type].node, functions)
            if reason:
                return reason
            continue
        operator = node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}::{node.op_type}"
        if operator not in OPERATORS:
            return f"operator {operator}"
        for attribute in node.attribute:
            if operator in ("If", "Loop") and attribute.HasField("g"):
                reason = reason_to_leave_out_graph(attribute.g, functions)
                if reason:
                    return reason
                continue
            if attribute.HasField("g") or attribute.graphs:
                return f"operator {operator} with a subgraph"
            if attribute.HasField("sparse_tensor"):
                return f"operator {operator} with a sparse tensor"
            if attribute.HasField("t"):
                element = TensorProto.DataType.Name(attribute.t.data_type)
            elif attribute.name == "to" and operator == "Cast" or attribute.name == "dtype" and operator == "EyeLike":
                element = TensorProto.DataType.Name(attribute.i)
            elif attribute.name in ("value_string", "value_strings"):
                element = "STRING"
            else:
                continue
            if element not in ELEMENT_TYPES:
                return f"operator {operator} with {element}"
    return None


def read_exceptions(path):
    """The exceptions file as {case: reason}."""
    exceptions = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.split("#", 1)[0].strip()
            if not line:
                continue
            case, _, reason = line.partition(" ")
            if not reason.strip():
                raise SystemExit(f"{path}:{number}: case '{case}' has no reason")
            exceptions[case] = reason.strip()
    return exceptions


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="folder to write, made when missing")
    parser.add_argument("--exceptions", metavar="FILE", help="`case reason` per line: cases to leave out of cases.txt")
    parser.add_argument("--minimum-opset", type=int, default=1)
    options = parser.parse_args()

    directory = os.path.abspath(options.output)
    os.makedirs(directory, exist_ok=True)
    tool = os.path.join(sysconfig.get_path("scripts"), "backend-test-tools")
    subprocess.run([tool, "generate-data", "-o", directory], check=True)
    write_node_cases(directory)
    copy_converted_cases(directory)

    exceptions = read_exceptions(options.exceptions) if options.exceptions else {}
    chosen, left_out, seen = [], [], set()
    for kind in ("node", "simple", "pytorch-operator", "pytorch-converted"):
        folder = os.path.join(directory, kind)
        for case in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            file = os.path.join(folder, case, "model.onnx")
            if not os.path.isfile(file):
                continue
            seen.add(case)
            reason = exceptions.get(case) or reason_to_leave_out(onnx.load(file), options.minimum_opset)
            if reason:
                left_out.append(f"{case} {reason}")
            else:
                chosen.append(os.path.join(folder, case))
    missing = sorted(set(exceptions) - seen)
    if missing:
        raise SystemExit(f"{options.exceptions}: no such case: {', '.join(missing)}")
    for name, lines in (("cases.txt", chosen), ("left-out.txt", left_out)):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)
    print(f"{len(chosen)} cases in {os.path.join(options.output, 'cases.txt')}, {len(left_out)} left out", file=sys.stderr)


if __name__ == "__main__":
    main()
