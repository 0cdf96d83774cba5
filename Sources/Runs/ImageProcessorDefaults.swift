import Datasets

/// What an image processor of transformers does where its file leaves a field out.
struct ImageProcessorDefaults {
  /// The size before cropping; nil for the model's own.
  private(set) var size: Preprocessing.Resize?
  /// Whether a size of one number sets both sides; nil: where nothing is cropped.
  private(set) var resizesToSquare: Bool?
  /// Whether the centre is cut out; nil: where the file has a crop size.
  private(set) var crops: Bool?
  /// Whether zeros complete the image to the model's size.
  private(set) var pads = false
  /// How pixels between pixels are found.
  private(set) var interpolation = Interpolation.bilinear
  /// What is subtracted.
  private(set) var mean: [Float] = [0.5, 0.5, 0.5]
  /// What is divided by.
  private(set) var deviation: [Float] = [0.5, 0.5, 0.5]
  /// Whether the size is divided by `crop_pct`.
  private(set) var readsCropShare = false
  /// `crop_pct`.
  private(set) var cropShare: Double?
  /// Whether the normalised image is divided by the deviation again.
  private(set) var dividesTwice = false

  /// The processors that are known, in the order of the alphabet.
  static let names = [
    "Beit", "Bit", "Blip", "CLIP", "ChineseCLIP", "ConvNext", "DINOv3ViT", "DeiT", "EfficientNet",
    "MobileNetV1", "MobileNetV2", "PoolFormer", "Pvt", "Sam", "Segformer", "Siglip", "ViT",
  ].map { $0 + "ImageProcessor" }

  /// The defaults of a processor, whatever its backend; those of `ViTImageProcessor` where a file names none.
  init?(named name: String?) {
    guard let name else {
      readsCropShare = true
      return
    }
    var stem = name
    for suffix in ["Fast", "Pil", "ImageProcessor", "FeatureExtractor"] where stem.hasSuffix(suffix) {
      stem.removeLast(suffix.count)
    }
    guard Self.names.contains(stem + "ImageProcessor") else { return nil }
    let clip: ([Float], [Float]) = (
      [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
    )
    let imageNet = (Preprocessing.imageNetMean, Preprocessing.imageNetStandardDeviation)
    switch stem {
    case "ViT": setSquare(224, .bilinear)
    case "DeiT":
      setSquare(256, .bicubic)
      crops = true
    case "Beit", "Siglip": setSquare(224, .bicubic)
    case "EfficientNet":
      setSquare(346, .bicubic)
      dividesTwice = true
    case "Blip":
      setSquare(384, .bicubic)
      (mean, deviation) = clip
    case "Pvt":
      setSquare(224, .bicubic)
      (mean, deviation) = imageNet
    // With torchvision alone, which resizes without rounding between the passes: up to 1.02 of 255 from Pillow.
    case "DINOv3ViT":
      setSquare(224, .bilinear)
      (mean, deviation) = imageNet
    case "Segformer":
      setSquare(512, .bilinear)
      (mean, deviation) = imageNet
    case "Bit", "CLIP", "ChineseCLIP":
      setShorterSide(224, .bicubic, crops: true)
      (mean, deviation) = clip
    case "MobileNetV1", "MobileNetV2": setShorterSide(256, .bilinear, crops: true)
    case "ConvNext":
      setShorterSide(384, .bicubic, crops: false)
      (readsCropShare, cropShare) = (true, 0.875)
    case "PoolFormer":
      setShorterSide(224, .bicubic, crops: true)
      (readsCropShare, cropShare) = (true, 0.9)
      (mean, deviation) = imageNet
    default:
      size = .longerSide(1024)
      (crops, pads) = (false, true)
      (mean, deviation) = imageNet
    }
  }

  private mutating func setSquare(_ side: Int, _ interpolation: Interpolation) {
    (size, resizesToSquare, crops) = (.exact(width: side, height: side), true, false)
    self.interpolation = interpolation
  }

  private mutating func setShorterSide(_ side: Int, _ interpolation: Interpolation, crops: Bool) {
    (size, resizesToSquare, self.crops) = (.shorterSide(side), false, crops)
    self.interpolation = interpolation
  }
}
