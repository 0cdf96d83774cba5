internal import CKernels
internal import Dispatch
internal import Glibc
internal import Synchronization

/// Threads that share the items of one region at a time with the thread that opens it.
///
/// A training step opens thousands of regions in a row, and waking a sleeping thread takes a virtual machine tens of microseconds, as
/// long as some regions last. So a worker stays awake for a moment after each region and sleeps only then (Decision 0013).
///
/// `@unchecked Sendable`: the region's fields are written by the thread that holds `isTaken` while nobody is inside
/// (`inside` = 0), and read by threads that have entered since.
final class WorkerPool: @unchecked Sendable {
  static let shared = WorkerPool()

  /// How long a worker looks for the next region before it sleeps.
  private static let patience = 100e-6

  private let isTaken = Atomic(false)
  /// Threads inside the open region; 0 when it is closed, and nobody enters then.
  private let inside = Atomic(0)
  /// Regions opened so far: what waiting workers look at.
  private let opened = Atomic(0)
  private let sleepers = Atomic(0)
  private let bell = DispatchSemaphore(value: 0)
  private var threadCount = 0

  private let nextItem = Atomic(0)
  private var itemCount = 0
  private var workers = 0
  private var body: ((_ item: Int, _ worker: Int) -> Void)?

  /// Runs the items on this thread and up to `workers` − 1 others; false, without running any, while another region is open.
  ///
  /// A thread that comes too late finds no item left and is not waited for.
  func run(_ count: Int, workers: Int, _ body: (_ item: Int, _ worker: Int) -> Void) -> Bool {
    guard !isTaken.exchange(true, ordering: .acquiring) else { return false }
    startThreads(workers - 1)
    withoutActuallyEscaping(body) { body in
      self.body = body
      itemCount = count
      self.workers = workers
      nextItem.store(0, ordering: .relaxed)
      inside.store(1, ordering: .releasing)
      opened.add(1, ordering: .sequentiallyConsistent)
      for _ in 0..<sleepers.exchange(0, ordering: .sequentiallyConsistent) { bell.signal() }
      takeItems(as: 0)
      inside.subtract(1, ordering: .acquiringAndReleasing)
      waitUntilEmpty()
      self.body = nil
    }
    isTaken.store(false, ordering: .releasing)
    return true
  }

  // Not inlined, so that nobody still holds on to the body when the thread leaves.
  @inline(never)
  private func takeItems(as worker: Int) {
    guard let body else { return }
    while true {
      let item = nextItem.wrappingAdd(1, ordering: .relaxed).oldValue
      guard item < itemCount else { return }
      body(item, worker)
    }
  }

  private func waitUntilEmpty() {
    let deadline = Self.now() + Self.patience
    while inside.load(ordering: .acquiring) != 0 {
      // Where threads share processors, the one waited for may need this one.
      if Self.now() > deadline { sched_yield() } else { dka_spin_hint() }
    }
  }

  /// Starts threads until there are `wanted`; where the system refuses one, those that are there do the work.
  private func startThreads(_ wanted: Int) {
    while threadCount < wanted {
      let start = unsafe Unmanaged.passRetained(Start(pool: self, worker: threadCount + 1))
      var thread = pthread_t()
      let status = unsafe pthread_create(
        &thread, nil,
        { context in
          guard let context = unsafe context else { return nil }
          let start = unsafe Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
          start.pool.work(as: start.worker)
        }, start.toOpaque())
      guard status == 0 else { return unsafe start.release() }
      pthread_detach(thread)
      threadCount += 1
    }
  }

  /// What a new thread is told.
  private final class Start: Sendable {
    let pool: WorkerPool
    let worker: Int

    init(pool: WorkerPool, worker: Int) {
      self.pool = pool
      self.worker = worker
    }
  }

  /// A worker's life.
  private func work(as worker: Int) -> Never {
    var known = 0
    while true {
      known = waitForRegion(after: known)
      guard enter() else { continue }
      if worker < workers { takeItems(as: worker) }
      inside.subtract(1, ordering: .acquiringAndReleasing)
    }
  }

  /// Enters the open region, if there is one.
  private func enter() -> Bool {
    var count = inside.load(ordering: .acquiring)
    while count > 0 {
      let (exchanged, original) = inside.compareExchange(
        expected: count, desired: count + 1, ordering: .acquiringAndReleasing)
      if exchanged { return true }
      count = original
    }
    return false
  }

  /// Returns the number of regions opened once it is another than `known`; sleeps after a while.
  private func waitForRegion(after known: Int) -> Int {
    let deadline = Self.now() + Self.patience
    while true {
      for _ in 0..<32 {
        let count = opened.load(ordering: .acquiring)
        if count != known { return count }
        dka_spin_hint()
      }
      if Self.now() > deadline { sleep(after: known) }
    }
  }

  /// Sleeps until a region is opened, unless one was since `known`.
  private func sleep(after known: Int) {
    sleepers.add(1, ordering: .sequentiallyConsistent)
    if opened.load(ordering: .sequentiallyConsistent) != known {
      // Stay awake, unless the bell is being rung for this thread already.
      var count = sleepers.load(ordering: .relaxed)
      while count > 0 {
        let (exchanged, original) = sleepers.compareExchange(
          expected: count, desired: count - 1, ordering: .sequentiallyConsistent)
        if exchanged { return }
        count = original
      }
    }
    bell.wait()
  }

  private static func now() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }
}
