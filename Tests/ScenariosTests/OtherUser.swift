import Foundation
import TestSupport

/// A user without rights of its own, whom the permissions of files bind.
enum OtherUser {
  /// What starts a program as that user; nothing where the tests themselves have no special rights.
  static let starter: [String] =
    geteuid() == 0 ? ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : []

  /// Whether such a user can start the tool and read the models of the tests.
  static let isPossible: Bool = {
    guard let program = starter.first else { return true }
    guard FileManager.default.isExecutableFile(atPath: program) else { return false }
    guard let folder = try? TemporaryFolder(),
      let result = try? ToolProcess.runWithoutPrivileges(["inspect", Scenario.transformer], in: folder)
    else { return false }
    return result.code == 0
  }()
}
