import Datasets
package import TensorFiles
public import Training

extension SegmentationMetrics: PresentedMetrics {
  /// The mean intersection over union without the background; of equal ones the lower loss is the better.
  public var score: [Double] { [miouOfForeground ?? 0, -loss] }

  /// The mean Dice without the background.
  public var headline: (name: String, value: Double) { ("dice_foreground", diceOfForeground ?? 0) }

  /// The object that CLI.md calls `evaluate`.
  package var json: JSONObject {
    var object = overlaps
    object["hd95_mm"] = JSONValue(hausdorff95InMillimetres)
    let volumes = volumes
    object["dice_per_volume"] = JSONValue(dicePerVolume)
    object["volumes"] = .array(
      volumes.map { volume in
        [
          "image": .string(volume.file), "slices": .integer(volume.slices),
          "dice": .array(volume.dice.map { JSONValue($0) }),
        ]
      })
    return object
  }

  private var overlaps: JSONObject {
    [
      "images": .integer(images), "classes": JSONValue(classes),
      "iou": .array(perClass.map { JSONValue($0.iou) }), "miou": JSONValue(miou),
      "miou_foreground": JSONValue(miouOfForeground), "dice": .array(perClass.map { JSONValue($0.dice) }),
      "dice_mean": JSONValue(diceOfAll), "dice_foreground": JSONValue(diceOfForeground),
      "dice_per_image": JSONValue(dicePerImage),
      "dice_per_image_with_empty": JSONValue(dicePerImageWithEmpty), "hd95": JSONValue(hausdorff95),
      "surface_dice": JSONValue(surfaceDice), "surface_tolerance": .number(surfaceTolerance),
      "images_empty": .integer(imagesEmpty), "images_false_positive": .integer(imagesFalsePositive),
      "images_missed": .integer(imagesMissed), "loss": .number(loss), "prompt": .null,
      "absent_classes": JSONValue(absentClasses),
      "per_class": .array(
        perClass.map { figures in
          [
            "class": .string(figures.name), "images": .integer(figures.images),
            "iou": JSONValue(figures.iou), "dice": JSONValue(figures.dice),
            "dice_per_image": JSONValue(figures.dicePerImage),
            "dice_per_image_with_empty": JSONValue(figures.dicePerImageWithEmpty),
            "hd95": JSONValue(figures.hausdorff95),
            "hd95_mm": JSONValue(figures.hausdorff95InMillimetres),
            "surface_dice": JSONValue(figures.surfaceDice),
            "images_empty": .integer(figures.imagesEmpty),
            "images_false_positive": .integer(figures.imagesFalsePositive),
            "images_missed": .integer(figures.imagesMissed),
          ]
        }),
    ]
  }

  package var presentation: MetricsPresentation {
    func share(_ value: Double?) -> MetricsPresentation.Figure {
      value.map { .share($0) } ?? .text("undefined: no class occurs")
    }
    var figures: [(String, MetricsPresentation.Figure)] = [
      ("images", .count(images)), ("Dice, foreground", share(diceOfForeground)),
      ("mIoU, foreground", share(miouOfForeground)), ("mIoU", share(miou)),
      ("Dice per image", share(dicePerImage)),
    ]
    if imagesEmpty > 0 {
      figures.append(
        (
          "nothing in either",
          .text(
            "\(counted(imagesEmpty, "image")), not in that mean; as 1 in it \(percent(dicePerImageWithEmpty))"
          )
        ))
    }
    if imagesFalsePositive > 0 {
      figures.append(
        ("false positives", .text("\(counted(imagesFalsePositive, "image")) without a reference")))
    }
    if imagesMissed > 0 { figures.append(("missed", .text("\(counted(imagesMissed, "image"))"))) }
    if let dicePerVolume {
      figures.append(("Dice per volume", .share(dicePerVolume)))
      figures.append(("volumes", .count(volumes.count)))
    }
    if let millimetres = hausdorff95InMillimetres {
      figures.append(("HD95", .number(millimetres, remark: " mm")))
    } else if let hausdorff95 {
      figures.append(("HD95", .number(hausdorff95, remark: " pixels")))
    }
    if let surfaceDice {
      figures.append(
        ("surface Dice", .number(surfaceDice, remark: ", within \(Int(surfaceTolerance)) pixels")))
    }
    if !absentClasses.isEmpty {
      let names = absentClasses.map { "'\($0)'" }.joined(separator: ", ")
      figures.append(("left out", .text("of the means: \(names), neither in a reference nor predicted")))
    }
    return MetricsPresentation(figures, table: table)
  }

  private func percent(_ value: Double?) -> String {
    value.map { "\((($0 * 1000).rounded()) / 10) %" } ?? "undefined"
  }

  /// Figures by class.
  private var table: (columns: [String], rows: [[String]])? {
    guard classes.count <= 24 else { return nil }
    return (
      ["class", "images", "IoU", "Dice", "per image", "HD95", "surface Dice"],
      perClass.map { figures in
        [
          figures.name, "\(figures.images)", percent(figures.iou), percent(figures.dice),
          percent(figures.dicePerImage),
          figures.hausdorff95.map { "\(($0 * 10).rounded() / 10)" } ?? "–",
          figures.surfaceDice.map { percent($0) } ?? "–",
        ]
      }
    )
  }

  /// A row per image and class beside the background.
  package var imageTable: [[String]]? {
    func text(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
    let rows = comparisons.flatMap { image in
      foreground.map { index in
        let figures = image.classes[index]
        return [
          image.image, classes[index], text(figures.dice), text(figures.iou), text(figures.hausdorff95),
          text(figures.surfaceDice), "\(figures.both)", "\(figures.predictedOnly)", "\(figures.missed)",
        ]
      }
    }
    return [
      [
        "image", "class", "dice", "iou", "hd95", "surface_dice", "pixels_both", "pixels_predicted_only",
        "pixels_missed",
      ]
    ] + rows
  }

  package func pooled(with others: [any PresentedMetrics]) -> PooledFigures? {
    let all = [self] + others.compactMap { $0 as? SegmentationMetrics }.filter { $0.classes == classes }
    let pooled = SegmentationMetrics(
      all.flatMap(\.comparisons),
      MaskClasses(names: classes, values: classes.indices.map { foreground.contains($0) ? $0 + 1 : 0 }),
      tolerance: surfaceTolerance)
    return PooledFigures(json: pooled.json, table: pooled.table)
  }
}
