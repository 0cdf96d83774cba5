/// Cuts 0 ..< count into ranges for threads; below 32768 elements of work all is one range.
@inline(__always)
func forEachRange(_ count: Int, workPerItem: Int, _ options: KernelOptions, _ body: (Range<Int>) -> Void) {
  guard count > 0 else { return }
  let worthwhile = Int(min(Double(count) * Double(workPerItem) / 32_768, Double(options.threads * 4)))
  let parts = options.threads == 1 ? 1 : max(min(worthwhile, count), 1)
  // A multiple of 16 keeps two threads from writing into one cache line.
  let step = workPerItem == 1 ? 16 : 1
  parallelFor(parts, threads: options.threads) { part, _ in
    let range = evenPart(part, of: parts, count: count, step: step)
    if !range.isEmpty { body(range) }
  }
}
