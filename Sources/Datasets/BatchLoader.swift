import Dispatch
import Synchronization
public import Tensors

/// Images ready for the network, with what they are compared with.
public struct Batch: Sendable {
  /// Float [n, channels, H, W]; its memory is used again once the last copy of the tensor is gone.
  public let images: Tensor
  /// The targets [n, …], or nil where the loader reads none.
  public let targets: Tensor?
  /// The samples that the rows are of.
  public let samples: [Sample]
}

/// Decodes, transforms and batches images ahead of the consumer on a bounded number of threads.
///
/// The batches of an epoch depend on the samples, the options and (seed, epoch) alone, never on threads or timing: the order
/// is the permutation of key (seed, epoch), an image's augmentation has the key (seed, epoch, `Sample.index`). The last,
/// smaller batch is kept. A loader belongs to one thread; dropping it, or `cancel()`, stops the work ahead.
///
///     let loader = BatchLoader(samples, preprocessing: preprocessing, options: options)
///     for epoch in 0..<100 {
///       loader.start(epoch: epoch)
///       while let batch = try loader.next() { … }
///     }
public final class BatchLoader {
  /// How batches are made.
  public struct Options: Sendable {
    /// Images per batch.
    public var batchSize = 64
    /// Whether the order changes with the epoch; else it is that of the samples.
    public var isShuffled = true
    /// Random changes of the images.
    public var augmentation = Augmentation.none
    /// The run's seed.
    public var seed = 7
    /// Threads that decode.
    public var threads = 1
    /// Batches that are prepared ahead of the one in use, at least 1.
    public var lookAhead = 2
    /// Where decoded and resized images are kept, of this loader alone; nil decodes each time.
    public var cache: ImageCache?
    /// The formats that are read.
    package var formats = ImageFormats.standard

    /// The recipe's batch size and seed, shuffled, without augmentation.
    public init() {}
  }

  private let samples: [Sample]
  private let preprocessing: Preprocessing
  private let targets: (any TargetReader)?
  private let options: Options
  private let workers: WorkerQueue
  private let buffers: BatchBuffers
  private var epoch = 0
  private var order: [Int] = []
  private var nextStart = 0
  private var pending: [PendingBatch] = []

  /// A loader of these samples without their targets; `start(epoch:)` begins.
  public convenience init(_ samples: [Sample], preprocessing: Preprocessing, options: Options) {
    self.init(samples, preprocessing: preprocessing, targets: nil, options: options)
  }

  /// A loader of these samples; `start(epoch:)` begins.
  ///
  /// - Parameter targets: reads what the samples are compared with, or nil for images alone.
  package init(
    _ samples: [Sample], preprocessing: Preprocessing, targets: (any TargetReader)?, options: Options
  ) {
    precondition(options.batchSize > 0, "a batch has at least one image")
    self.samples = samples
    self.preprocessing = preprocessing
    self.targets = targets
    self.options = options
    workers = WorkerQueue(threads: options.threads)
    let largest = min(options.batchSize, max(samples.count, 1))
    buffers = BatchBuffers(byteCount: largest * preprocessing.elementCount * MemoryLayout<Float>.stride)
  }

  deinit { cancel() }

  /// Batches in an epoch.
  public var batchCount: Int { (samples.count + options.batchSize - 1) / options.batchSize }

  /// Begins an epoch at one of its batches; what was prepared for another one is dropped.
  public func start(epoch: Int, atBatch batch: Int = 0) {
    cancel()
    self.epoch = epoch
    var random = Random(options.seed, epoch)
    order = options.isShuffled ? random.permutation(of: samples.count) : Array(samples.indices)
    nextStart = min(max(batch, 0), batchCount) * options.batchSize
  }

  /// The next batch of the epoch, or nil after the last.
  ///
  /// - Parameter isInterrupted: asked while the call waits for images.
  /// - Throws: the error of the first image in the batch that cannot be read, or an error with the code `interrupted`; the epoch is
  ///   over then.
  public func next(isInterrupted: () -> Bool = { false }) throws -> Batch? {
    do {
      while pending.count <= max(options.lookAhead, 1), nextStart < order.count { try prepareNextBatch() }
      guard !pending.isEmpty else { return nil }
      return try pending.removeFirst().wait(isInterrupted)
    } catch {
      cancel()
      throw error
    }
  }

  /// Stops preparing; `next()` gives nil until another epoch is started.
  public func cancel() {
    workers.cancel()
    for batch in pending { batch.cancel() }
    pending = []
    order = []
    nextStart = 0
  }

  private func prepareNextBatch() throws(StorageError) {
    let end = min(nextStart + options.batchSize, order.count)
    let chosen = order[nextStart..<end].map { samples[$0] }
    nextStart = end
    let (preprocessing, targets, options, epoch) = (preprocessing, targets, options, epoch)
    let shape = Shape(
      [chosen.count, preprocessing.channels, preprocessing.outputHeight, preprocessing.outputWidth])
    let images = Tensor(elementType: .float32, shape: shape, storage: try buffers.lease())
    var targetRows: Tensor?
    if let form = targets?.form(under: preprocessing) {
      targetRows = try Tensor(zeros: Shape([chosen.count] + form.extents), of: form.elementType)
    }
    let batch = PendingBatch(images: images, targets: targetRows, samples: chosen)
    pending.append(batch)
    workers.submit(
      chosen.indices.map { position in
        {
          unsafe batch.fill(position) { sample, slot, target throws(DatasetError) in
            let image = try BatchLoader.preparedImage(of: sample, preprocessing, options)
            var random = Random(options.seed, epoch, sample.index)
            let (width, height) = (image.width, image.height)
            var place = preprocessing.placement(
              width: width, height: height, augmentation: options.augmentation, random: &random)
            if options.augmentation.crops, preprocessing.cutsAway(width: width, height: height),
              let focus = try targets?.focus(of: sample, random: &random)
            {
              place = preprocessing.centered(place, on: focus, width: width, height: height)
            }
            unsafe preprocessing.write(image, at: place, into: slot)
            guard let targets, let target else { return }
            let placement = ImagePlacement(
              preprocessing: preprocessing, place: place, width: width, height: height)
            try targets.write(sample, placed: placement, into: target)
          }
        }
      })
  }

  private static func preparedImage(
    of sample: Sample, _ preprocessing: Preprocessing, _ options: Options
  ) throws(DatasetError) -> PreparedImage {
    if let image = options.cache?.image(sample.index) { return image }
    let decoded = try ImageFile.read(sample, by: options.formats)
    guard let fitting = decoded.colored(channels: preprocessing.channels) else {
      throw .badImage(sample, preprocessing.refusal(of: decoded))
    }
    let image = preprocessing.prepared(fitting, for: options.augmentation)
    options.cache?.keep(image, as: sample.index)
    return image
  }
}

/// A batch whose images are being written, each slot by one job.
private final class PendingBatch: Sendable {
  private struct State {
    var remaining: Int
    var isCancelled = false
    var failures: [(position: Int, error: DatasetError)] = []
  }

  private let images: Tensor
  private let targets: Tensor?
  private let samples: [Sample]
  private let state: Mutex<State>
  private let isComplete = DispatchSemaphore(value: 0)

  init(images: Tensor, targets: Tensor?, samples: [Sample]) {
    self.images = images
    self.targets = targets
    self.samples = samples
    state = Mutex(State(remaining: samples.count))
  }

  /// Writes one image and its target, unless the batch was cancelled or has failed already.
  func fill(
    _ position: Int,
    _ write: (Sample, UnsafeMutableBufferPointer<Float>, TensorView?) throws(DatasetError) -> Void
  ) {
    var failure: DatasetError?
    if state.withLock({ !$0.isCancelled }) {
      // Jobs write disjoint slots of a buffer that nobody reads before all of them are done.
      let all = unsafe TensorView(images).buffer(of: Float.self)
      let size = images.shape.product(1..<4)
      let slot = unsafe UnsafeMutableBufferPointer(rebasing: all[position * size..<(position + 1) * size])
      let target = targets.map { TensorView($0.rows(position..<position + 1)) }
      do { unsafe try write(samples[position], slot, target) } catch { failure = error }
    }
    let isLast = state.withLock { state in
      if let failure { state.failures.append((position, failure)) }
      state.remaining -= 1
      return state.remaining == 0
    }
    if isLast { isComplete.signal() }
  }

  func cancel() { state.withLock { $0.isCancelled = true } }

  /// Blocks until every image is written.
  func wait(_ isInterrupted: () -> Bool) throws(DatasetError) -> Batch {
    repeat {
      guard !isInterrupted() else { throw .interrupted }
    } while isComplete.wait(timeout: .now() + .milliseconds(50)) == .timedOut
    let failures = state.withLock { $0.failures }
    if let first = failures.min(by: { $0.position < $1.position }) { throw first.error }
    return Batch(images: images, targets: targets, samples: samples)
  }
}
