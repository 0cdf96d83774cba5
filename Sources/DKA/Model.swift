public import Adapters
public import Graphs
import Kernels
import ONNXFormat
import Operators
import Runs
import Tensors

/// An ONNX model: as it was read from a file, adapted, or trained.
///
///     let model = try Model(contentsOf: "vit.onnx")
///     let adapted = try model.adapted(by: DualKernelAdapter(), head: .classifier(classes: 3))
///     let training = try FineTuning(of: adapted, on: try ImageFolder.read("images"))
///     while training.epochsDone < 20 { print(try training.runEpoch().loss) }
///     try training.model().write(to: "adapted.onnx")
///
/// A value: what changes it returns another one. Weights stay in the mapped file.
public struct Model: Sendable {
  let file: ModelFile
  let adaptation: AdaptedModel?
  /// Threads that the model's work may use; results do not depend on it.
  public var threads = Processor.coreCount()

  /// Opens an ONNX model; inline weights and those in external data are mapped, not read.
  ///
  /// - Parameter imageSide: side of the model's images in pixels where the file leaves it open; without it what the
  ///   metadata, a file beside the model or the position embedding say.
  /// - Throws: an error that names the file and the field where it is no model, or cannot be opened; where the file fixes another size.
  public init(contentsOf path: String, imageSide: Int? = nil) throws {
    let opened = try ModelFile(path)
    // Networks of other inputs stay open, and what needs a size says so.
    file =
      imageSide == nil
      ? (try? opened.bound(imageSide: nil)) ?? opened
      : try opened.located { try opened.bound(imageSide: imageSide) }
    adaptation = nil
  }

  /// A model made from this one.
  init(_ description: ModelDescription, from model: Model, _ adaptation: AdaptedModel?) {
    file = ModelFile(description, madeFrom: model.file)
    self.adaptation = adaptation
    threads = model.threads
  }

  /// The graph with everything that the file says of it.
  public var description: ModelDescription { file.declared }

  /// The tensors that `FineTuning` trains; empty for a model that was not adapted here.
  public var trainableTensors: [AdaptedModel.Parameter] { adaptation?.parameters ?? [] }

  /// Writes the model as an ONNX file: the nodes, names and operator sets that it came with, and what was added.
  ///
  /// A model that was not changed is written byte for byte. The file appears whole or not at all.
  ///
  /// - Throws: where the file cannot be written.
  public func write(to path: String) throws { try ONNXFile.write(description, to: path) }

  /// Threads and kernels; the best kernels of this processor.
  var context: ExecutionContext {
    ExecutionContext(options: KernelOptions(threads: threads, level: Processor.detectedLevel()))
  }
}
