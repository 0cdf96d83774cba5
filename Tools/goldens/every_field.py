"""Writes Tests/Fixtures/format/: a model with every field of every ONNX message set, its large parts as an external file,
and single tensors of every element type. Needs the Python package onnx (1.23).

usage: every_field.py [FOLDER]
"""
import os
import sys

import numpy as np
import onnx
from google.protobuf import descriptor
from onnx import TensorProto, helper

folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "../../Tests/Fixtures/format")
os.makedirs(folder, exist_ok=True)
F = descriptor.FieldDescriptor
counter = 0


def number():
    global counter
    counter += 1
    return counter


def fill(message, depth):
    """Sets every field to a value of its own; messages down to `depth` more levels."""
    oneofs = {}
    for field in message.DESCRIPTOR.fields:
        if field.containing_oneof is not None:
            oneofs.setdefault(field.containing_oneof.name, []).append(field)
    skipped = {f.name for fields in oneofs.values() for f in fields[1:]}
    for field in message.DESCRIPTOR.fields:
        if field.name in skipped:
            continue
        repeated = field.is_repeated if hasattr(field, "is_repeated") else field.label == F.LABEL_REPEATED
        if field.type == F.TYPE_MESSAGE:
            if depth == 0 or field.message_type.name in SPECIAL:
                continue
            for _ in range(2 if repeated else 1):
                child = getattr(message, field.name)
                child = child.add() if repeated else child
                child.SetInParent()
                fill(child, depth - 1)
            continue
        if field.type in (F.TYPE_STRING, F.TYPE_BYTES):
            value = f"{field.name}-{number()}-é\0x"
            value = value.encode() if field.type == F.TYPE_BYTES else value
        elif field.type in (F.TYPE_FLOAT, F.TYPE_DOUBLE):
            value = number() + 0.5
        elif field.type == F.TYPE_ENUM:
            value = 1
        else:
            value = number()
        if repeated:
            getattr(message, field.name).extend([value, value])
        else:
            setattr(message, field.name, value)


# Messages whose fields exclude one another or must agree are made by hand.
SPECIAL = {"AttributeProto", "TensorProto", "SparseTensorProto", "TypeProto", "GraphProto"}


def common(message):
    message.doc_string = f"documentation {number()}"
    if hasattr(message, "metadata_props"):
        entry = message.metadata_props.add()
        entry.key, entry.value = f"key-{number()}", f"value-{number()}"
    return message


def tensor(name, values, dtype):
    return common(helper.make_tensor(name, dtype, [len(values)], values))


def sparse():
    values = tensor(f"sparse-{number()}", [1.0, 2.0], TensorProto.FLOAT)
    return helper.make_sparse_tensor(values, tensor("indices", [1, 4], TensorProto.INT64), [6])


def types():
    def denoted(type_proto):
        type_proto.denotation = f"denotation-{number()}"
        return type_proto

    array = denoted(helper.make_tensor_type_proto(TensorProto.FLOAT, [2, "N", None], ["A", "B", "C"]))
    unranked = helper.make_tensor_type_proto(TensorProto.INT64, None)
    scalar = helper.make_tensor_type_proto(TensorProto.INT2, [])
    thin = denoted(helper.make_sparse_tensor_type_proto(TensorProto.DOUBLE, [3, "M"]))
    mapping = denoted(helper.make_map_type_proto(TensorProto.STRING, array))
    opaque = onnx.TypeProto()
    opaque.opaque_type.domain, opaque.opaque_type.name = "opaque.domain", "opaque.name"
    sequence = denoted(helper.make_sequence_type_proto(helper.make_optional_type_proto(mapping)))
    return [array, unranked, scalar, thin, mapping, opaque, sequence, helper.make_optional_type_proto(unranked), onnx.TypeProto()]


def attributes(depth):
    kinds = onnx.AttributeProto
    result = []

    def add(kind, **fields):
        attribute = kinds(name=f"attribute-{number()}", type=kind, doc_string=f"documentation {number()}")
        for name, value in fields.items():
            if isinstance(value, list):
                getattr(attribute, name).extend(value)
            elif hasattr(value, "SerializeToString"):
                getattr(attribute, name).CopyFrom(value)
            else:
                setattr(attribute, name, value)
        result.append(attribute)

    add(kinds.FLOAT, f=1.5)
    add(kinds.INT, i=-7)
    add(kinds.STRING, s=b"bytes \xff\0 end")
    add(kinds.TENSOR, t=tensor("t", [1, 2, 3], TensorProto.INT64))
    add(kinds.SPARSE_TENSOR, sparse_tensor=sparse())
    add(kinds.TYPE_PROTO, tp=types()[0])
    add(kinds.FLOATS, floats=[1.0, -2.5])
    add(kinds.INTS, ints=[-1, 2, 3])
    add(kinds.STRINGS, strings=[b"", b"a\0b"])
    add(kinds.TENSORS, tensors=[tensor("t0", [1.0], TensorProto.DOUBLE), tensor("t1", [], TensorProto.FLOAT)])
    add(kinds.SPARSE_TENSORS, sparse_tensors=[sparse()])
    add(kinds.TYPE_PROTOS, type_protos=types())
    add(kinds.INT, ref_attr_name="outer attribute")
    if depth > 0:
        add(kinds.GRAPH, g=graph(depth - 1))
        add(kinds.GRAPHS, graphs=[graph(depth - 1), graph(0)])
    # A type number and a field of a later version.
    later = kinds(name="later", i=5)
    result.append(kinds.FromString(later.SerializeToString() + bytes([0xA0, 0x01, 0x63]) + bytes([0xF8, 0x07, 0x2A])))
    return result


def node(depth):
    result = onnx.NodeProto()
    fill(result, 5)
    result.attribute.extend(attributes(depth))
    return result


def value(type_proto):
    return common(onnx.ValueInfoProto(name=f"value-{number()}", type=type_proto))


def initializers():
    kinds = [
        ("float", TensorProto.FLOAT, [1.5, -2.0]), ("complex64", TensorProto.COMPLEX64, [1 + 2j]),
        ("double", TensorProto.DOUBLE, [1e300]), ("complex128", TensorProto.COMPLEX128, [3 - 4j]),
        ("int64", TensorProto.INT64, [-(2**63), 2**63 - 1]), ("uint64", TensorProto.UINT64, [2**64 - 1]),
        ("uint32", TensorProto.UINT32, [2**32 - 1]), ("int32", TensorProto.INT32, [-(2**31)]),
        ("int16", TensorProto.INT16, [-32768, 32767]), ("uint16", TensorProto.UINT16, [65535]),
        ("int8", TensorProto.INT8, [-128, 127]), ("uint8", TensorProto.UINT8, [255, 0]),
        ("bool", TensorProto.BOOL, [True, False]), ("float16", TensorProto.FLOAT16, [1.5, -2.0]),
        ("bfloat16", TensorProto.BFLOAT16, [1.5]), ("string", TensorProto.STRING, [b"a\0b", b""]),
    ]
    for name in ("FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "FLOAT8E8M0", "FLOAT4E2M1", "FLOAT6E2M3", "FLOAT6E3M2"):
        kinds.append((name.lower(), getattr(TensorProto, name), [1.0, 2.0, 1.0, 2.0, 4.0]))
    kinds += [("uint4", TensorProto.UINT4, [1, 15, 3]), ("int4", TensorProto.INT4, [-8, 7, 1])]
    kinds += [("uint2", TensorProto.UINT2, [0, 1, 2, 3, 1]), ("int2", TensorProto.INT2, [-2, 1, 0, -1, 1])]
    result = []
    for name, kind, values in kinds:
        typed = common(helper.make_tensor(name, kind, [len(values)], values))
        result.append(typed)
        if kind != TensorProto.STRING:
            array = onnx.numpy_helper.to_array(typed)
            raw = onnx.numpy_helper.from_array(array, name + "-raw")
            result.append(common(raw))
    result.append(helper.make_tensor("scalar", TensorProto.FLOAT, [], [3.0]))
    result.append(helper.make_tensor("empty", TensorProto.FLOAT, [2, 0], []))
    return result


def graph(depth):
    result = common(onnx.GraphProto(name=f"graph-{number()}"))
    result.node.extend([node(depth), onnx.NodeProto(op_type="Identity", input=["a"], output=["b"])])
    result.initializer.extend(initializers() if depth == 1 else [tensor("w", [1.0], TensorProto.FLOAT)])
    result.sparse_initializer.extend([sparse()])
    result.input.extend(value(t) for t in types())
    result.output.extend([value(types()[0])])
    result.value_info.extend([value(types()[1])])
    annotation = result.quantization_annotation.add()
    fill(annotation, 2)
    return result


model = onnx.ModelProto()
fill(model, 5)
model.ir_version = onnx.IR_VERSION
model.opset_import.add(domain="", version=onnx.defs.onnx_opset_version())
model.graph.CopyFrom(graph(1))
for info in model.training_info:
    info.initialization.CopyFrom(graph(0))
    info.algorithm.CopyFrom(graph(0))
for function in model.functions:
    function.attribute_proto.extend(attributes(0))
    function.node.extend([node(0)])
    function.value_info.extend([value(types()[0])])
with open(os.path.join(folder, "every_field.onnx"), "wb") as file:
    # Fields of a later version stand last, as the encoder keeps them.
    file.write(model.SerializeToString() + bytes([0xA2, 0x3F, 0x03]) + b"new")

# The values of each tensor, told by Python, as bytes of raw_data.
with open(os.path.join(folder, "every_field.tensors.txt"), "w") as file:
    raw = {t.name[:-4]: t.raw_data.hex() for t in model.graph.initializer if t.name.endswith("-raw")}
    for name, content in raw.items():
        file.write(f"{name} {content}\n")

small = helper.make_model(
    helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Add", ["h", "b"], ["y"])], "external",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 32])],
        [onnx.numpy_helper.from_array(np.arange(2048, dtype=np.float32).reshape(64, 32), "w"),
         onnx.numpy_helper.from_array(np.arange(32, dtype=np.float32), "b")]),
    opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.save(small, os.path.join(folder, "external.onnx"), save_as_external_data=True, location="external.bin", size_threshold=64)
os.chmod(os.path.join(folder, "external.bin"), 0o644)
