/// An operator that computes with one of several kernels, which differ in speed, and tells which.
package protocol KernelNaming: Operator {
  /// Name of the kernel that operands of these types get, as profiles print it.
  func kernel(_ inputs: InputTypes) -> String
}
