import Backbones
package import Datasets
import Graphs
import Kernels
import Operators
import Tensors

extension ModelFile {
  /// Side in pixels of the model's square image input [n, 3, S, S].
  ///
  /// - Parameter given: what the user says, for inputs that leave it open.
  package func imageSide(given: Int?) throws -> Int {
    guard let input = description.graph.requiredInputs.first else {
      throw InputError(message: "the model has no input", tensor: nil, hint: nil)
    }
    guard case .tensor(_, let dimensions?)? = input.type?.kind, dimensions.count == 4 else {
      throw InputError(
        message: "input '\(input.name)' is not declared as images [n,3,H,W]", tensor: input.name, hint: nil)
    }
    guard case .value(let height) = dimensions[2].extent, case .value(let width) = dimensions[3].extent else {
      if let given { return given }
      throw InputError(
        message: "input '\(input.name)' leaves the image size open", tensor: input.name,
        hint: "say it with --image-size")
    }
    guard height == width, let side = Int(exactly: height), (1...8192).contains(side) else {
      throw InputError(
        message: "input '\(input.name)' takes images of \(width)×\(height) pixels, expected squares",
        tensor: input.name, hint: nil)
    }
    guard given == nil || given == side else {
      throw InputError(
        message: "input '\(input.name)' takes images of \(side) pixels, --image-size says \(given ?? 0)",
        tensor: input.name, hint: nil)
    }
    return side
  }

  /// Preprocessing of the model's images, with what the command line says in place of what the model says.
  package func preprocessing(_ overrides: PreprocessingOverrides, imageSide: Int?) throws
    -> PreprocessingChoice
  {
    let side = try self.imageSide(given: imageSide)
    var found = try PreprocessingChoice.find(metadata: description.metadata, path: path, side: side)
    if found.isAssumed, hasInnerNormalization {
      found.preprocessing.mean = [0, 0, 0]
      found.preprocessing.standardDeviation = [1, 1, 1]
      found.source = "the graph, which normalises its images itself"
      found.isAssumed = false
    }
    var choice = try overrides.applied(to: found)
    if choice.preprocessing.outputWidth != side || choice.preprocessing.outputHeight != side {
      // A resize alone was given: the crop follows the model.
      choice.preprocessing.crop = side
      try choice.preprocessing.validate()
    }
    return choice
  }

  /// Whether the graph scales and shifts its images before the first convolution.
  private var hasInnerNormalization: Bool {
    let context = ExecutionContext(options: KernelOptions(threads: 1, level: Processor.detectedLevel()))
    let recognition = try? Injection.recognize(description, context: context)
    return recognition?.layout?.image?.normalization != nil
  }

  /// Labelled images of a folder or of a table that lists them.
  ///
  /// - Parameter classCount: number of the model's classes where a manifest may give indices only.
  package static func images(at path: String, classCount: Int? = nil) throws -> LabelledImages {
    CSVManifest.isTable(path)
      ? try CSVManifest.read(path, classCount: classCount) : try ImageFolder.read(path)
  }
}
