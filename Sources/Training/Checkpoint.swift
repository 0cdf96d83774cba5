import Execution
package import TensorFiles
package import Tensors

/// Everything that a training run needs to go on bit for bit, in one safetensors file that is written atomically.
///
/// Tensors: parameters and moments under their variable names, the best parameters under `best/<name>`, the bytes of the data list
/// as `data/list`. The random numbers of a run are functions of (seed, epoch, image), so the epoch is all their state.
package struct Checkpoint {
  /// The best epoch so far.
  package struct Best {
    /// The epoch, counted from 1.
    package let epoch: Int
    /// How good it was on the validation images.
    package let score: [Double]
    /// The parameters after it.
    package let parameters: [(name: String, value: Tensor)]

    /// An epoch with its score.
    package init(epoch: Int, score: [Double], parameters: [(name: String, value: Tensor)]) {
      (self.epoch, self.score, self.parameters) = (epoch, score, parameters)
    }
  }

  /// Updates made.
  package var stepCount: Int
  /// Epochs finished.
  package var epochsDone: Int
  /// The best epoch on the validation images; nil without such images.
  package var best: Best?
  /// The learning rate of each group: one that was chosen stays when the run goes on.
  package var learningRates: [(group: String, rate: Double)]
  /// The run's options, so that a run can't go on with others by mistake.
  package var configuration: JSONObject
  /// What the run works on besides its images: the base model, the preparation of images, the recipe.
  package var origin: JSONObject
  /// The run's images, as text.
  package var dataList: [UInt8]
  /// Variables by name.
  package var variables: [(name: String, value: Tensor)]

  /// A checkpoint.
  package init(
    stepCount: Int, epochsDone: Int, best: Best?,
    learningRates: [(group: String, rate: Double)], configuration: JSONObject, origin: JSONObject = [:],
    dataList: [UInt8] = [],
    variables: [(name: String, value: Tensor)]
  ) {
    self.stepCount = stepCount
    self.epochsDone = epochsDone
    self.best = best
    self.learningRates = learningRates
    self.configuration = configuration
    self.origin = origin
    self.dataList = dataList
    self.variables = variables
  }

  private static let format = "dka-checkpoint-3"
  private static let dataListName = "data/list"

  /// Writes the checkpoint over an older one, which stays until the new one is complete.
  package func write(to path: String) throws {
    var entries = variables.map { SafeTensors.Entry(name: $0.name, tensor: $0.value) }
    // A tensor, not a text: the header of a file has a limit, the number of images has none.
    entries.append(SafeTensors.Entry(name: Checkpoint.dataListName, tensor: try Tensor(dataList)))
    var metadata = [
      (name: "format", text: Checkpoint.format), (name: "step", text: "\(stepCount)"),
      (name: "epoch", text: "\(epochsDone)"),
      (name: "configuration", text: JSONValue.object(configuration).text(indented: false)),
      (name: "origin", text: JSONValue.object(origin).text(indented: false)),
    ]
    metadata += learningRates.map { (name: "learning_rate/\($0.group)", text: "\($0.rate)") }
    if let best {
      entries += best.parameters.map { SafeTensors.Entry(name: "best/" + $0.name, tensor: $0.value) }
      metadata.append((name: "best_epoch", text: "\(best.epoch)"))
      // The bits, so that a later comparison is exact.
      metadata.append(
        (name: "best_score_bits", text: best.score.map { "\($0.bitPattern)" }.joined(separator: " ")))
    }
    try SafeTensors.write(entries, metadata: metadata, to: path)
  }

  /// Reads a checkpoint.
  package init(readingFrom path: String) throws {
    let file = try SafeTensors.read(path)
    func number(_ name: String) throws -> Int {
      guard let value = file.text(name).flatMap({ Int($0) }), value >= 0 else {
        throw TrainingError.checkpoint(path: path, message: "checkpoint has no valid field '\(name)'")
      }
      return value
    }
    guard file.text("format") == Checkpoint.format else {
      throw TrainingError.checkpoint(path: path, message: "is not a checkpoint of this version of the tool")
    }
    stepCount = try number("step")
    epochsDone = try number("epoch")
    func object(_ name: String) throws -> JSONObject {
      guard let text = file.text(name), let object = try JSONValue(parsing: text).object else {
        throw TrainingError.checkpoint(path: path, message: "checkpoint has no valid field '\(name)'")
      }
      return object
    }
    configuration = try object("configuration")
    learningRates = ["adapter", "head"].compactMap { group in
      file.text("learning_rate/\(group)").flatMap { Double($0) }.map { (group, $0) }
    }
    origin = try object("origin")
    guard let list = file[Checkpoint.dataListName], list.elementType == .uint8 else {
      throw TrainingError.checkpoint(path: path, message: "checkpoint lacks '\(Checkpoint.dataListName)'")
    }
    dataList = list.elements(of: UInt8.self)
    variables = file.entries.filter { !$0.name.hasPrefix("best/") && $0.name != Checkpoint.dataListName }
      .map { ($0.name, $0.tensor) }
    if let words = file.text("best_score_bits")?.split(separator: " "),
      case let bits = words.compactMap({ UInt64($0) }), bits.count == words.count
    {
      let parameters = file.entries.filter { $0.name.hasPrefix("best/") }
        .map { (name: String($0.name.dropFirst("best/".count)), value: $0.tensor) }
      best = Best(
        epoch: try number("best_epoch"), score: bits.map { Double(bitPattern: $0) }, parameters: parameters)
    }
  }
}

extension Trainer {
  /// Names of the variables that a checkpoint holds: parameters and their moments.
  private var checkpointNames: [String] {
    parameterNames.flatMap { [$0, UpdateGraph.moments(of: $0).first, UpdateGraph.moments(of: $0).second] }
  }

  /// The trainer's part of a checkpoint, copied.
  package func checkpointVariables() throws -> [(name: String, value: Tensor)] {
    try checkpointNames.compactMap { name in try variables.copy(of: name).map { (name, $0) } }
  }

  /// Goes back to what `checkpointVariables` gave before the first update.
  package func restart(from start: [(name: String, value: Tensor)]) throws {
    for entry in start { try variables.set(entry.name, to: entry.value) }
    stepCount = 0
  }

  /// Goes on from a checkpoint.
  ///
  /// - Throws: where a variable is missing or has another shape.
  package func restore(_ checkpoint: Checkpoint, path: String) throws {
    for name in checkpointNames {
      guard let entry = checkpoint.variables.first(where: { $0.name == name }) else {
        throw TrainingError.checkpoint(path: path, message: "checkpoint lacks '\(name)'")
      }
      try variables.set(name, to: entry.value)
    }
    for (group, rate) in checkpoint.learningRates { setLearningRate(rate, of: group) }
    stepCount = checkpoint.stepCount
  }
}
