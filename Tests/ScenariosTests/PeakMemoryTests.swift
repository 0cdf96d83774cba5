import Foundation
import TensorFiles
import TestSupport
import Testing

@Suite struct PeakMemoryTests {
  @Test func `the peak is the tool's own, whatever the process that starts it has used`() throws {
    let folder = try TemporaryFolder()
    // Pages of this process that have been written to.
    let ballast = [UInt8](repeating: 1, count: 1 << 30)
    let object = try ToolProcess.object(["bench", Scenario.transformer, "--runs", "1"], in: folder)
    let peak = try #require(object["peak_bytes"]?.integer)
    #expect(ballast[ballast.count - 1] == 1)
    #expect(peak > 1 << 20)
    #expect(peak < 1 << 30)
    let planned = try #require(object["planned_bytes"]?.integer)
    #expect((1...peak).contains(planned))
  }

  @Test func `a limit of memory that nothing fits ends with 1 and both sizes`() throws {
    let folder = try TemporaryFolder()
    let result = try ToolProcess.run(["bench", Scenario.transformer, "--memory", "10kB"], in: folder)
    #expect(result.code == 1, "\(result.errors)")
    #expect(result.errors.contains("the limit is 10000"), "\(result.errors)")
  }
}
