import Adapters
import Backbones
import Datasets
import Execution
import Graphs
import Operators
import Rewriting
import Runs
import TensorFiles
import Tensors
import Training

/// A second task in one folder: one number per image, the name of its folder in hundredths.
struct BrightnessTask: Task {
  static let name = "brightness"
  static let metadataName = "regress"
  let readingTitle: String? = nil

  func images(at source: String, _ reading: ImageReading, _ watch: ReadingWatch) throws -> LabelledImages {
    try ImageFolder.read(source)
  }
  func requireLearnable(_ images: LabelledImages, source: String) throws {}
  func requireComplete(_ train: LabelledImages, source: String) throws {}
  func remarks(onMeasuring images: LabelledImages, part: String) -> [DatasetNote] { [] }
  func targets(of images: LabelledImages) -> any TargetReader { NumberTargets(classes: images.classes) }
  func head(for images: LabelledImages) -> any TaskHead { NumberHead() }
  var objective: any Objective { SquaredError() }
  func trainedOutput(of adapted: AdaptedModel) throws -> String { NumberHead.output }
  func requireFit(of output: ValueType?, to images: LabelledImages) throws(TrainingError) {}
  func runningFigures(for images: LabelledImages) -> any RunningFigures { RunningError() }
  func measurement(of images: LabelledImages) -> any Measurement {
    ErrorMeasurement(targets: NumberTargets(classes: images.classes))
  }
  func answer(of model: ModelFile, context: ExecutionContext) throws -> any TaskAnswer {
    NumberAnswer(
      compiled: CompiledModel(
        model.description.delivering([NumberHead.output]), registry: .standard, context: context))
  }
  func metadata(of images: LabelledImages) -> [(key: String, value: String)] { [] }
  func description(of images: LabelledImages) -> String { "\(images.classes.count) shades" }
}

/// The number of a sample as float [1].
struct NumberTargets: TargetReader {
  let classes: [String]

  func number(of sample: Sample) -> Float { (Float(classes[sample.label]) ?? 0) / 100 }

  func form(under preprocessing: Preprocessing) -> (elementType: ElementType, extents: [Int]) {
    (.float32, [1])
  }

  func write(_ sample: Sample, placed placement: ImagePlacement, into row: TensorView) {
    unsafe row.buffer(of: Float.self)[0] = number(of: sample)
  }
}

/// The sum of squared differences.
struct SquaredError: Objective {
  func targets(for output: ValueType) throws(TrainingError) -> ValueType { output }

  func loss(of output: String, against targets: String, in builder: inout GradientBuilder)
    throws(OperatorError) -> String
  {
    let difference = try builder.emit(Sub(), [output, targets])
    let squares = try builder.emit(Mul(), [difference, difference])
    return try builder.emit(ReduceSum(keepsAxes: false), [squares])
  }
}

/// One linear unit on the vector that a classifier would read.
struct NumberHead: TaskHead {
  static let output = "number"
  func recipe(in layout: BackboneLayout) -> [(key: String, value: String)] { [("head", "number")] }

  func values(readIn layout: BackboneLayout) -> [String] { layout.headInput?.values ?? [] }

  func install(in graph: Graph, _ layout: BackboneLayout, _ context: HeadContext) throws(AdapterError)
    -> InstalledHead
  {
    guard let input = layout.headInput, let vector = input.values.first else {
      throw AdapterError(.unsupported, "no vector", tensor: layout.output)
    }
    do {
      var patch = GraphPatch(label: "number")
      patch.add("number/weight", try Tensor(zeros: [1, input.features]), group: .head)
      patch.add("number/bias", try Tensor(zeros: [1]), group: .head)
      patch.add(
        Node(
          OperatorName("Gemm"), name: "number", inputs: [vector, "number/weight", "number/bias"],
          outputs: [Self.output], attributes: [Attribute("transB", 1)]))
      let shape = [Dimension(.unknown), Dimension(.value(1))]
      let type = TypeDescription(.tensor(elementType: ElementType.float32.rawValue, shape: shape))
      patch.outputs = [ValueDescription(name: Self.output, type: type)]
      return InstalledHead(
        graph: try graph.keeping([vector]).applying(patch), output: Self.output,
        parameters: ["number/weight", "number/bias"])
    } catch { throw AdapterError(.workFailed, "\(error)") }
  }
}

/// The mean absolute error while training.
struct RunningError: RunningFigures {
  private var sum = 0.0
  private var images = 0

  mutating func add(_ output: Tensor, _ targets: Tensor) {
    for (number, target) in zip(output.elements(of: Float.self), targets.elements(of: Float.self)) {
      sum += Double(abs(number - target))
      images += 1
    }
  }

  var values: [(name: String, value: Double)] { [("error", sum / Double(max(images, 1)))] }
}

/// The model's number, whatever else it has.
struct NumberAnswer: TaskAnswer {
  let compiled: CompiledModel

  func images(at source: String, _ reading: ImageReading, for model: ModelFile, _ watch: ReadingWatch) throws
    -> (
      images: LabelledImages, remark: String?
    )
  {
    (try ImageFolder.read(source), nil)
  }

  func measurement(of images: LabelledImages) -> any Measurement {
    ErrorMeasurement(targets: NumberTargets(classes: images.classes))
  }

  func predictions(
    _ output: Tensor, of samples: [Sample], by model: ModelFile, into folder: PredictionFolder?
  ) throws -> [any PresentedPrediction] {
    output.elements(of: Float.self).map { NumberPrediction(number: Double($0)) }
  }
}

/// A number that a model gives an image.
struct NumberPrediction: PresentedPrediction {
  let number: Double
  var json: JSONObject { ["number": .number(number)] }
  var figures: [(name: String, figure: MetricsPresentation.Figure)] {
    [("number", .number(number, remark: ""))]
  }
  var cells: [(name: String, text: String)] { [("number", "\(number)")] }
}

/// Differences of the images measured so far.
struct ErrorMeasurement: Measurement {
  let targets: NumberTargets
  private(set) var metrics = ErrorMetrics()

  init(targets: NumberTargets) { self.targets = targets }

  mutating func add(_ output: Tensor, of samples: [Sample]) throws(NonFiniteScores) {
    let numbers = output.elements(of: Float.self)
    try NonFiniteScores.check(numbers, columns: 1)
    metrics.errors += zip(numbers, samples).map { Double($0 - targets.number(of: $1)) }
  }
}

/// The mean squared error and the share of images within a tenth.
struct ErrorMetrics: PresentedMetrics {
  var errors: [Double] = []

  var loss: Double { errors.reduce(0) { $0 + $1 * $1 } / Double(max(errors.count, 1)) }
  var score: [Double] { [-loss] }
  var headline: (name: String, value: Double) {
    ("within_a_tenth", Double(errors.count { abs($0) < 0.1 }) / Double(max(errors.count, 1)))
  }
  var json: JSONObject { ["images": .integer(errors.count), "squared_error": .number(loss)] }
  var presentation: MetricsPresentation {
    MetricsPresentation([("images", .count(errors.count)), ("squared error", .number(loss, remark: ""))])
  }
}
