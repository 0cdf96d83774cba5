import Tensors
import Testing

@Suite struct SystemMemoryTests {
  @Test func `what is free is read from the system`() {
    #expect((1 << 20...Int.addressable).contains(SystemMemory.availableByteCount))
  }

  @Test func `a line of /proc in kB is read by its name`() {
    let text = "MemTotal:       2000 kB\nMemAvailable:    123 kB\nAvailable: 7 kB\n"
    #expect(SystemMemory.kibibytes("MemAvailable", in: text) == 123 * 1024)
    #expect(SystemMemory.kibibytes("MemFree", in: text) == nil)
    #expect(SystemMemory.kibibytes("Huge", in: "Huge: 99999999999999999 kB") == .addressable)
  }

  @Test func `a control group gives its limit without what is used, idle file pages aside`() {
    let statistics = "anon 500\ninactive_file 300\nactive_file 100\n"
    #expect(SystemMemory.remaining(limit: "1000\n", used: "900\n", statistics: statistics) == 400)
    #expect(SystemMemory.remaining(limit: "1000\n", used: "1500\n", statistics: nil) == 0)
    #expect(SystemMemory.remaining(limit: "max\n", used: "900\n", statistics: statistics) == nil)
    #expect(SystemMemory.remaining(limit: nil, used: nil, statistics: nil) == nil)
  }

  @Test func `a product of sizes stops where no process can address more`() {
    #expect(Int.boundedProduct(3, 5, 7) == 105)
    #expect(Int.boundedProduct(0, .max, .max) == 0)
    #expect(Int.boundedProduct(.max, 2) == .addressable)
    #expect(Int.boundedProduct(1 << 40, 1 << 40, 3) == .addressable)
  }
}
