/// Runs `body(item, worker)` for each item in 0 ..< count on up to `threads` threads and returns when all are done.
///
/// Workers take the next item, in order, when they are free; `worker` in 0 ..< threads names the scratch an item may use: no two
/// items with the same worker run at once. Items must write disjoint memory, and what an item computes may depend on
/// `item` alone, never on `worker`, so that results are equal for every thread count. An item should take 10 µs or more.
///
/// One region uses the threads at a time: within an item, or while another thread runs one, all items run on the caller's.
package func parallelFor(_ count: Int, threads: Int, _ body: (_ item: Int, _ worker: Int) -> Void) {
  let workers = min(threads, count)
  if workers > 1, WorkerPool.shared.run(count, workers: workers, body) { return }
  for item in 0..<max(count, 0) { body(item, 0) }
}

/// The part of 0 ..< count that belongs to `part` of `parts`, cut at multiples of `step`.
package func evenPart(_ part: Int, of parts: Int, count: Int, step: Int = 1) -> Range<Int> {
  let steps = (count + step - 1) / step
  let lower = min(steps * part / parts * step, count)
  let upper = min(steps * (part + 1) / parts * step, count)
  return lower..<upper
}
