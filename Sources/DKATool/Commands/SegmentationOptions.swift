import DKA

/// The options of training for masks.
enum SegmentationOptions {
  static let classes = Option(
    "mask-classes", .text("NAME=VALUE,…"),
    "what the values of masks mean, ignore=VALUE what counts nowhere [the values of the training masks, ascending]"
  )
  static let head = Option(
    "head", .choice(of: DenseHead.Kind.self),
    """
    how features become classes of pixels [stages where a network has several grids, else mask]
    linear: one linear layer on every place of the last map
    mask: Segmenter's mask transformer of two layers
    stages: all grids brought to the largest one and mixed
    """)
  static let loss = Option(
    "loss", .choice(of: SegmentationLoss.Kind.self),
    """
    what training for masks minimises [ce]
    ce: cross-entropy of pixels
    dice: soft Dice per image and class
    bce: binary cross-entropy of every class
    ce+dice, bce+dice: the sum of two
    """)
  static let weights = Option(
    "class-weights", .list(of: .number(above: 0), example: "0.2,1,1"),
    "a weight per class in the loss [all 1]")

  static let argmax = Option(
    flag: "with-argmax", "give model.onnx a second output, mask [images, H, W]: the class of every pixel")
  static let tiles = Option(
    "tiles", .number(0..<1),
    "measure, and predict, images larger than the network's input in tiles that overlap by this share, such as 0.5; their scores are averaged [images are resized]"
  )

  static var group: ArgumentGroup {
    ArgumentGroup("Segmentation", [classes, head, loss, weights, tiles, argmax] as [any ArgumentDefinition])
  }

  /// The task of a name with what the command line says of it.
  static func task(_ arguments: ParsedArguments, named name: String) throws -> any Task {
    guard name == SegmentationTask.name else {
      let ours: [any ArgumentDefinition] =
        [classes, head, loss, weights, tiles] + (arguments[argmax] ? [argmax] : [])
      if let strange = ours.first(where: { arguments.isGiven($0) })?.form.spelling {
        throw UsageError("\(strange) is there for --task segmentation", field: strange)
      }
      return TaskRegistry.task(named: name)
    }
    var options = SegmentationTask.Options()
    options.classes = try arguments[classes].map { text in
      do throws(DatasetError) { return try MaskClasses(parsing: text) } catch {
        throw UsageError(
          error.message + (error.hint.map { "; " + $0 } ?? ""), field: classes.form.spelling)
      }
    }
    options.head = arguments[head]
    options.loss = arguments[loss] ?? .crossEntropy
    options.classWeights = arguments[weights]
    options.tiles = arguments[tiles].map { Tiles(overlap: $0) }
    options.hasArgMax = arguments[argmax]
    options.threads = arguments[CommonOptions.threads] ?? Processor.coreCount()
    return SegmentationTask(options)
  }
}
