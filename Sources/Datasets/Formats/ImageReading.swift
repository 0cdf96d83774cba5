/// How images are made of files whose values are no grey levels, or that hold a volume: DICOM and NIfTI.
public struct ImageReading: Sendable, Hashable {
  /// Values that are shown from black to white.
  public struct Window: Sendable, Hashable {
    /// The value in the middle.
    public let center: Double
    /// How many values are told apart, at least 1.
    public let width: Double

    /// A window; nil for a width below 1 and for what is not finite.
    public init?(center: Double, width: Double) {
      guard center.isFinite, width.isFinite, width >= 1 else { return nil }
      (self.center, self.width) = (center, width)
    }

    /// The brightness from 0 to 1 of a value (DICOM PS3.3, C.11.2.1.2.1).
    func brightness(of value: Double) -> Double {
      guard width > 1 else { return value <= center - 0.5 ? 0 : 1 }
      return min(max((value - (center - 0.5)) / (width - 1) + 0.5, 0), 1)
    }
  }

  /// The direction in which a volume is cut into slices.
  public enum Axis: String, Sendable, CaseIterable {
    /// Slices from the feet to the head, the patient's front up.
    case axial
    /// Slices from the back to the front, the head up.
    case coronal
    /// Slices from the patient's left to the right, the head up and the front to the left.
    case sagittal
  }

  /// What is shown; nil leaves it to the file (DICOM) or to the volume's own values (NIfTI).
  public var window: Window?
  /// How volumes are cut.
  public var axis = Axis.axial
  /// Which volume of a file with several, from 0.
  public var volume = 0

  /// What files say themselves, axial slices of the first volume.
  public init(window: Window? = nil, axis: Axis = .axial, volume: Int = 0) {
    (self.window, self.axis, self.volume) = (window, axis, volume)
  }
}
