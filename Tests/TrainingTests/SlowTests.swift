import Foundation
import Testing

extension Trait where Self == ConditionTrait {
  /// Runs a test only where the environment variable DKA_SLOW_TESTS is set.
  static var slow: Self {
    .enabled("slow; set DKA_SLOW_TESTS to run it") {
      ProcessInfo.processInfo.environment["DKA_SLOW_TESTS"] != nil
    }
  }
}
