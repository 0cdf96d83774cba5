package import Operators
import Graphs
import Tensors

/// What training minimises: a loss between what a network delivers and the targets of its images.
package protocol Objective: Sendable {
  /// Element type and extents of the targets that belong to an output [n, …].
  ///
  /// - Throws: where no loss of this kind can be taken of such an output.
  func targets(for output: ValueType) throws(TrainingError) -> ValueType

  /// Emits nodes that compute the loss, summed over the images, as a number.
  func loss(of output: String, against targets: String, in builder: inout GradientBuilder)
    throws(OperatorError) -> String
}

/// Cross-entropy between scores [n, classes] and classes [n].
package struct CrossEntropyObjective: Objective {
  /// The objective.
  package init() {}

  package func targets(for output: ValueType) throws(TrainingError) -> ValueType {
    guard output.shape.rank == 2 else {
      throw .unsuitable(
        "training a classifier needs scores of shape [images, classes], found \(output.shape)")
    }
    return ValueType(.int64, Shape([output.shape[0]]))
  }

  package func loss(of output: String, against targets: String, in builder: inout GradientBuilder)
    throws(OperatorError) -> String
  {
    try builder.emit(SoftmaxCrossEntropyLoss(isSum: true), [output, targets])
  }
}
