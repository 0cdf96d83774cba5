/// Cuts 0 ..< count into ranges for threads; below 32768 elements of work all is one range.
@inline(__always)
func forEachRange(_ count: Int, workPerItem: Int, _ options: KernelOptions, _ body: (Range<Int>) -> Void) {
  guard count > 0 else { return }
  body(0..<count)
}
