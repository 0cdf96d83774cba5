// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: Swift 6 mode, warnings are errors, unsafe code is marked.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// A module of ours.
///
/// `uses` is its complete list of allowed imports (Tools/check-imports compares it with the sources).
func module(_ name: String, uses dependencies: [Target.Dependency] = [], linking libraries: [String] = [])
  -> Target
{
  .target(
    name: name, dependencies: dependencies, exclude: ["README.md"], swiftSettings: strict,
    linkerSettings: libraries.map { .linkedLibrary($0) })
}

/// The tests of one module or of one scenario.
func tests(_ name: String, uses dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["TestSupport"], path: "Tests/\(name)", swiftSettings: strict)
}

let package = Package(
  name: "dka",
  products: [
    .library(name: "DKA", targets: ["DKA"]),
    .executable(name: "dka", targets: ["DKATool"]),
  ],
  targets: [
    // Layer 0: system libraries, generated code and C kernels.
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .target(name: "CPNG", exclude: ["README.md"], linkerSettings: [.linkedLibrary("png16")]),
    .target(name: "CTIFF", exclude: ["README.md"], linkerSettings: [.linkedLibrary("tiff")]),
    .target(
      name: "CGDCM", exclude: ["README.md"],
      linkerSettings: [
        .linkedLibrary("gdcmMSFF"), .linkedLibrary("gdcmDSED"), .linkedLibrary("gdcmDICT"),
        .linkedLibrary("gdcmCommon"), .linkedLibrary("z"),
      ]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(
      name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
    .systemLibrary(
      name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
    .target(name: "CONNXProto", dependencies: ["CProtobufC"], exclude: ["README.md", "onnx.proto"]),
    .target(
      name: "CONNXCheck", exclude: ["README.md"],
      linkerSettings: [.linkedLibrary("onnx"), .linkedLibrary("onnx_proto"), .linkedLibrary("protobuf")]),
    .target(name: "CKernels", exclude: ["README.md"]),

    // Layers 1 to 9: the library.
    module("Tensors", linking: ["m"]),
    module("Graphs", uses: ["Tensors"]),
    module("Kernels", uses: ["Tensors", "CKernels", "COpenBLAS"], linking: ["m"]),
    module("Datasets", uses: ["Tensors", "CPNG", "CTurboJPEG", "CTIFF", "CGDCM", "CZlib"], linking: ["m"]),
    module("TensorFiles", uses: ["Tensors"]),
    module(
      "ONNXFormat", uses: ["TensorFiles", "Graphs", "Tensors", "CONNXProto", "CProtobufC", "CONNXCheck"]),
    module("Operators", uses: ["Graphs", "Kernels", "Tensors"], linking: ["m"]),
    module("Rewriting", uses: ["Operators", "Graphs", "Tensors"]),
    module("Backbones", uses: ["Rewriting", "Operators", "Graphs", "Tensors"]),
    module("Execution", uses: ["Rewriting", "Operators", "Kernels", "Graphs", "Tensors"]),
    module("Adapters", uses: ["Backbones", "Rewriting", "TensorFiles", "Graphs", "Tensors"], linking: ["m"]),
    module(
      "Training",
      uses: [
        "Execution", "Rewriting", "Operators", "Kernels", "Datasets", "TensorFiles", "Graphs", "Tensors",
      ],
      linking: ["m"]),
    module("Analysis", uses: ["Execution", "Kernels", "Datasets", "Graphs", "Tensors"], linking: ["m"]),
    module(
      "Runs",
      uses: [
        "ONNXFormat", "Backbones", "Adapters", "Training", "Analysis", "Execution", "Rewriting", "Operators",
        "Kernels", "Datasets", "TensorFiles", "Graphs", "Tensors",
      ]),
    module(
      "DKA",
      uses: [
        "Tensors", "Graphs", "Kernels", "Datasets", "TensorFiles", "ONNXFormat", "Operators", "Rewriting",
        "Backbones", "Execution", "Adapters", "Training", "Analysis", "Runs",
      ]),

    // Layer 10: the command line tool.
    .executableTarget(
      name: "DKATool", dependencies: ["DKA", "TensorFiles", "Tensors"], exclude: ["README.md"],
      swiftSettings: strict),

    // Tests.
    .target(
      name: "TestSupport",
      dependencies: [
        "Backbones", "Execution", "ONNXFormat", "TensorFiles", "Operators", "Kernels", "Graphs", "Tensors",
      ],
      path: "Tests/Support", swiftSettings: strict),
    tests("TensorsTests", uses: ["Tensors"]),
    tests("GraphsTests", uses: ["Graphs", "Tensors"]),
    tests("KernelsTests", uses: ["Kernels", "Tensors", "CKernels", "COpenBLAS"]),
    tests("DatasetsTests", uses: ["Datasets", "TensorFiles", "Tensors"]),
    tests("TensorFilesTests", uses: ["TensorFiles", "Tensors"]),
    tests("ONNXFormatTests", uses: ["ONNXFormat", "Graphs", "Tensors", "CONNXProto", "CONNXCheck"]),
    tests("OperatorsTests", uses: ["Operators", "Graphs", "Kernels", "Tensors"]),
    tests("RewritingTests", uses: ["Rewriting", "Operators", "Kernels", "ONNXFormat", "Graphs", "Tensors"]),
    tests("BackbonesTests", uses: ["Backbones", "ONNXFormat", "Operators", "Kernels", "Graphs", "Tensors"]),
    tests("ExecutionTests", uses: ["Execution", "ONNXFormat", "Operators", "Kernels", "Graphs", "Tensors"]),
    tests(
      "AdaptersTests",
      uses: [
        "Adapters", "Backbones", "Rewriting", "ONNXFormat", "TensorFiles", "Operators", "Kernels", "Graphs",
        "Tensors",
      ]),
    tests(
      "TrainingTests",
      uses: [
        "Training", "Execution", "Rewriting", "Adapters", "Backbones", "ONNXFormat", "TensorFiles",
        "Operators", "Kernels", "Datasets", "Graphs", "Tensors",
      ]),
    tests(
      "RunsTests",
      uses: [
        "Runs", "Adapters", "Backbones", "Execution", "Rewriting", "Operators", "Kernels", "Training",
        "Datasets",
        "Graphs",
        "TensorFiles", "Tensors",
      ]),
    tests(
      "ScenariosTests",
      uses: ["Datasets", "ONNXFormat", "TensorFiles", "Graphs", "Kernels", "Tensors", "DKATool"]),
    tests("DKAToolTests", uses: ["DKATool", "TensorFiles", "Tensors"]),
    // As another package would use the library: what is public and nothing else.
    .testTarget(
      name: "DKATests", dependencies: ["DKA"], path: "Tests/DKATests", packageAccess: false,
      swiftSettings: strict),
  ]
)
