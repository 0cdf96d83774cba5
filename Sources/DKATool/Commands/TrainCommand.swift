import DKA

/// `dka train`: the main job.
struct TrainCommand: Command {
  static let name = "train"
  static let summary = "adapts a model to labelled images: inject, train, test, export"
  static let discussion = """
    --data is a folder DIR/{train,test}/<class>/… or DIR/<class>/… (20 % are then kept for the test), or a CSV
    manifest. The run folder receives model.onnx, adapter/, metrics.jsonl, config.json, summary.json and a checkpoint
    after each epoch, from which --resume goes on, bit for bit. Ctrl-C stops within a micro-batch.

    With --task segmentation every pixel gets a class: --data is a folder DIR/{train,test}/{images,masks} or
    DIR/{images,masks}, or a CSV manifest with columns image and mask. x_mask.png, x_mask_1.png … are masks of x.png,
    and so is masks/<class>/x.png, of that class. model.onnx then gives scores [images, classes, H, W].

    A model that dka has adapted before is trained further: its adapters, and its head where the classes are the same.

    'dka train --resume RUN' goes on with the run's own model, data and options, as RUN/config.json says; what is given
    besides must agree, but for --epochs under a constant schedule, --threads and --cpu. Beside -o --resume stands alone
    and means the folder of -o.
    """
  static let hasJSON = true
  static let readsConfiguration = true
  static let model = Positional("MODEL", .file, "the ONNX checkpoint to adapt")
  static let data = Option(required: "data", .text("DIR"), "folder or CSV manifest of labelled images")
  static let output = Option(required: "output", short: "o", .folder, "the run folder")
  static let task = Option(
    "task", .word(of: TaskRegistry.names), default: TaskRegistry.names[0], "what is learned")
  static let resume = Option(
    optionalValue: "resume", .folder, standsAloneBeside: "output",
    "go on from a run folder's checkpoint, with its options")

  static let keepBatch = Option(
    flag: "keep-batch",
    "leave the batch of a model that was exported for one image; without it model.onnx takes any number")
  static let newHead = Option(
    flag: "new-head", "start the classifier anew where an earlier run trained it for the same classes")

  static let epochs = Option(
    "epochs", .integer(1...100_000), "passes over the training images [100; segmentation 300]")
  static let batch = Option("batch", .integer(1...65536), "images per update [64; segmentation 1]")
  static let microBatch = Option(
    "micro-batch", .integer(1...65536), "images computed at a time; chosen without it")
  static let adapterRate = Option("lr-adapter", .number(above: 0), default: 1e-3, "learning rate of adapters")
  static let headRate = Option(
    "lr-head", .number(above: 0), "learning rate of the classifier [1e-4; linear tries 1e-4 to 1e-1]")
  static let optimizer = Option(
    "optimizer", .choice(of: OptimizerSettings.Rule.self), default: .adam, "the update rule")
  static let schedule = Option(
    "schedule", .choice(of: LearningRateSchedule.self), default: .constant, "how learning rates change")
  static let weightDecay = Option("weight-decay", .number(0...1), default: 0, "weight decay")
  static let clip = Option(
    "clip", .number(0...1e6), default: 1, "largest gradient norm per group; 0 for no limit")
  static let augment = Option(
    "augment", .choice(of: Augmentation.self), default: .standard,
    """
    random changes of training images
    none: the centre is cut out, as in evaluation; what does not change is computed once
    flip: mirrored left to right half of the time
    crop: the square is cut out at a random place
    standard: crop and flip
    """)
  static let fraction = Option("fraction", .number(0...1), default: 1, "share of the train part that is used")
  static let fold = Option(
    "fold", .integer(0...9999),
    "which subsample of that share, or the one fold of a cross-validation to run [0]")
  static let folds = Option(
    "folds", .integer(1...1000), default: 1,
    "N repeats with one test set, not a cross-validation: on subsamples that --fraction draws, each in RUN/fold-K"
  )
  static let crossValidation = Option(
    "cross-validation", .integer(2...1000),
    "K folds of all images: each image is tested once, groups stay together, each fold is a run in RUN/fold-K"
  )
  /// Number formats that are computed with.
  enum Precision: String, CaseIterable, Sendable { case fp32 }
  static let precision = Option("precision", .choice(of: Precision.self), default: .fp32, "number format")
  static let validation = Option(
    "validation-share", .number(0..<1), "share of it that chooses the epoch [0.1 where classes keep 8 images]"
  )

  static var arguments: [ArgumentGroup] {
    [
      ArgumentGroup("Arguments", [model]),
      ArgumentGroup("Options", [data, output, task, resume, newHead, keepBatch] as [any ArgumentDefinition]),
      ArgumentGroup(
        "Recipe",
        [
          epochs, batch, microBatch, adapterRate, headRate, optimizer, schedule, weightDecay, clip, augment,
          fraction, fold, folds, crossValidation, validation, precision,
        ] as [any ArgumentDefinition]), MethodOptions.group,
      SegmentationOptions.group, PreprocessingOptions.group,
    ]
  }
  static let examples = [
    CommandExample("the paper's recipe", "train vit.onnx --data images -o run"),
    CommandExample(
      "a head only, quickly",
      "train vit.onnx --data images -o probe --method linear --augment none --epochs 20"),
    CommandExample(
      "masks of lesions", "train vit.onnx --data lesions -o run --task segmentation --epochs 20 --batch 8"),
    CommandExample("go on after an interruption", "train --resume run"),
  ]

  let arguments: ParsedArguments
  private let overrides: PreprocessingOverrides

  /// The folder of `--resume` is that of the run, and its `config.json` fills in what is not given.
  static func impliedConfiguration(_ text: (ArgumentForm) -> String?) -> ImpliedConfiguration? {
    guard let resume = text(Self.resume.form), resume != "false" else { return nil }
    var implied = ImpliedConfiguration()
    if resume != "true" {
      implied.texts = [(output.form, resume)]
      implied.path = resume + "/config.json"
    } else if let file = text(output.form).map({ $0 + "/config.json" }), Folder.exists(file) {
      implied.path = file
    }
    return implied
  }

  init(_ arguments: ParsedArguments) throws {
    self.arguments = arguments
    if case .value(let folder) = arguments[Self.resume], folder != arguments[Self.output] {
      throw UsageError(
        "--resume names '\(folder)', --output '\(arguments[Self.output])'; give one of them",
        field: "--resume")
    }
    overrides = try PreprocessingOptions.overrides(arguments)
    guard arguments[Self.fraction] > 0 else { throw UsageError("must be above 0", field: "--fraction") }
    try Self.checkFolds(arguments)
  }

  private static func checkFolds(_ arguments: ParsedArguments) throws(UsageError) {
    let count = arguments[Self.folds]
    if let folds = arguments[Self.crossValidation] {
      guard count == 1 else {
        throw UsageError("--folds and --cross-validation exclude each other", field: "--folds")
      }
      guard arguments[Self.fold] ?? 0 < folds else {
        throw UsageError("--cross-validation \(folds) has folds 0 to \(folds - 1)", field: "--fold")
      }
    } else if count > 1, arguments.isOnCommandLine(Self.fold) {
      throw UsageError(
        "--folds \(count) runs folds 0 to \(count - 1); leave --folds out to run one of them, or --fold to run all",
        field: "--fold")
    }
  }

  func run(_ console: Console) throws -> ExitCode {
    var options = arguments.configuration
    options["resume"] = nil
    // A run that is gone on with from another folder finds them too.
    options["model"] = .string(Destination.absolute(arguments[Self.model]))
    options["data"] = .string(Destination.absolute(arguments[Self.data]))
    var request = TrainingRun.Request(
      model: arguments[Self.model], data: arguments[Self.data], output: arguments[Self.output],
      injection: try MethodOptions.injection(arguments), options: options)
    request.openOptions = arguments.openKeys.filter { $0 != "resume" }
    let task = try SegmentationOptions.task(arguments, named: arguments[Self.task])
    request.task = task
    request.injection.bottleneck = task.defaults.bottleneck
    request.configuration = configuration(task.defaults)
    request.startsHeadAnew =
      arguments[Self.newHead] || arguments[SegmentationOptions.head] != nil
    request.keepsBatch = arguments[Self.keepBatch]
    request.overrides = overrides
    request.imageSide = arguments[PreprocessingOptions.imageSize]
    request.resumes = arguments[Self.resume] != .absent
    request.version = Tool.version
    let context = try ComputeOptions(arguments, console).context
    let renderer = EventRenderer(console)
    func train(_ request: TrainingRun.Request) throws -> TrainingReport {
      try TrainingRun(
        request, context: context, emit: renderer.show, isInterrupted: { console.isInterrupted }
      ).run()
    }
    let folds = arguments[Self.fold] == nil ? arguments[Self.crossValidation] : nil
    guard let folds = folds ?? (arguments[Self.folds] > 1 ? arguments[Self.folds] : nil) else {
      let report = try train(request)
      try console.result(json: .object(report.json), text: text(report))
      return .done
    }
    let folded = try FoldedTraining.run(request, count: folds, emit: renderer.show) { request in
      console.note("fold \(request.configuration.fold + 1) of \(folds), in \(request.output)")
      return try train(request)
    }
    try console.result(json: .object(folded.json), text: MetricsText.text(folded))
    return .done
  }

  private func configuration(_ defaults: TaskDefaults) -> TrainingConfiguration {
    var configuration = TrainingConfiguration()
    configuration.epochs = arguments[Self.epochs] ?? defaults.epochs
    configuration.batch = arguments[Self.batch] ?? defaults.batch
    configuration.microBatch = arguments[Self.microBatch]
    configuration.adapterLearningRate = arguments[Self.adapterRate]
    configuration.headLearningRate = arguments[Self.headRate]
    configuration.optimizer.rule = arguments[Self.optimizer]
    configuration.optimizer.clippingNorm = arguments[Self.clip] > 0 ? arguments[Self.clip] : nil
    configuration.schedule = arguments[Self.schedule]
    configuration.weightDecay = arguments[Self.weightDecay]
    configuration.augmentation = arguments[Self.augment]
    configuration.fraction = arguments[Self.fraction]
    configuration.fold = arguments[Self.fold] ?? 0
    configuration.crossValidationFolds = arguments[Self.crossValidation]
    configuration.validationShare = arguments[Self.validation]
    configuration.seed = arguments[MethodOptions.seed]
    return configuration
  }

  private func text(_ report: TrainingReport) -> String {
    var lines: [String] = []
    if let metrics = report.test ?? report.validation {
      let name = report.test == nil ? "validation" : "test"
      let epoch =
        report.bestEpoch.map { "epoch \($0), the best on the validation images" } ?? "the last epoch"
      lines += ["\(name) images, \(epoch)", MetricsText.text(metrics), ""]
    }
    lines.append("model         \(PrintableText.line(report.model))")
    lines.append(
      "              differs from the trained network by \(shortest(report.exportDifference)), relative")
    lines.append("took          \(Quantities.seconds(report.seconds))")
    return lines.joined(separator: "\n")
  }

  private func shortest(_ value: Double) -> String {
    value == 0 ? "0" : "\(Double(Float(value)))"
  }
}
