import Adapters
import Tensors
import Testing

@Suite struct OptionTests {
  @Test(arguments: [
    (
      "dka", "kernel", "51",
      "method 'dka' has no option 'kernel': it has dim, kernels, placement, blocks, init, bias, inner-gelu, dropout"
    ),
    ("dka", "kernels", "50,5", "kernel '50' is no odd size from 1 to 1023"),
    ("dka", "kernels", "none,none", "both kernels are none, expected at least one"),
    ("dka", "kernels", "51", "expected two kernels, found 1 in '51'"),
    ("dka", "dim", "0", "dim is '0', expected a whole number from 1 to 65536"),
    (
      "dka", "placement", "after",
      "no placement named 'after'; known: both, both-shared, block, before-add, parallel"
    ),
    ("dka", "init", "zero", "no initialisation named 'zero'; known: default, reference, torch"),
    ("dka", "blocks", "3-1", "blocks '3-1' are no list of numbers and ranges"),
    ("dka", "dropout", "1", "dropout is '1', expected a number from 0.0 to below 1.0"),
    ("linear", "dim", "16", "method 'linear' has no option 'dim': it has none"),
    ("dkaa", "dim", "16", "no method named 'dkaa'; known: dka, full, linear"),
  ])
  func `a wrong option is refused by name`(
    _ method: String, _ key: String, _ value: String, _ message: String
  ) throws {
    let error = #expect(throws: AdapterError.self) {
      try AdapterRegistry.standard.method(method, options: AdapterOptions([(key, value)]))
    }
    #expect(error?.message == message)
    #expect(error?.failureCode == .usage)
  }

  @Test func `options read back give the same adapter`() throws {
    let texts: [(key: String, value: String)] = [
      ("dim", "8"), ("kernels", "3:25,none"), ("placement", "both-shared"), ("blocks", "0-3,8"),
      ("init", "torch"),
      ("bias", "true"), ("inner-gelu", "true"), ("dropout", "0.1"),
    ]
    let adapter = try DualKernelAdapter(reading: AdapterOptions(texts))
    #expect(adapter.large == DualKernelAdapter.Kernel(3, dilation: 25))
    #expect(adapter.small == nil)
    #expect(adapter.options.entries.map(\.key) == texts.map(\.key))
    #expect(adapter.options.entries.map(\.value) == texts.map(\.value))
  }

  @Test(arguments: [
    "", ",", "1,", "-1", "1-", "1-2-3", "3-0", "a", "٣", "1 2", "99999999999999999999",
    "0-99999999999999999999",
  ])
  func `what is no choice of blocks is refused`(_ text: String) {
    let error = #expect(throws: AdapterError.self) { try BlockSelection(parsing: text) }
    #expect(error?.failureCode == .usage)
  }

  @Test func `a choice of blocks is numbers and ranges`() throws {
    let blocks = try BlockSelection(parsing: "0-3,8")
    #expect((0..<10).filter(blocks.contains) == [0, 1, 2, 3, 8])
    #expect(blocks.highest == 8 && blocks.description == "0-3,8")
  }
}
