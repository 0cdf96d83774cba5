import Glibc
package import Tensors

/// One step of Adam on one tensor; results may be the memory of their operands.
package enum AdaptiveMoments {
  /// Numbers of one step, the same for every tensor of a group.
  package struct Step: Sendable {
    /// Decay of the running mean of gradients, and of their squares.
    package var alpha: Double
    package var beta: Double
    /// Added to the root of the running mean of squares.
    package var epsilon: Double
    /// Factor of the quotient of both.
    package var rate: Double
    /// What the root is divided by before `epsilon` is added.
    package var rootDivisor: Double
    /// Share of the parameter added to its gradient.
    package var coupledDecay: Double
    /// Factor of the parameter before the step, and after it.
    package var factorBefore: Double
    package var factorAfter: Double

    /// A step without decay.
    package init(alpha: Double, beta: Double, epsilon: Double, rate: Double, rootDivisor: Double = 1) {
      self.alpha = alpha
      self.beta = beta
      self.epsilon = epsilon
      self.rate = rate
      self.rootDivisor = rootDivisor
      coupledDecay = 0
      factorBefore = 1
      factorAfter = 1
    }
  }

  /// Parameter, running mean of gradients and of their squares.
  package struct State {
    package let parameter: TensorView
    package let mean: TensorView
    package let square: TensorView

    /// The three tensors of a parameter, of one shape.
    package init(parameter: TensorView, mean: TensorView, square: TensorView) {
      self.parameter = parameter
      self.mean = mean
      self.square = square
    }
  }

  /// The state after one step.
  ///
  ///     g ← g + λ · x;  v ← α · v + (1 − α) · g;  h ← β · h + (1 − β) · g²
  ///     x ← post · (pre · x − rate · v / (√h / divisor + ε))
  package static func update(
    _ state: State, gradient: TensorView, _ step: Step, into result: State, _ options: KernelOptions
  ) {
    switch gradient.elementType {
    case .float32: update(state, gradient, step, result, options, Float.self)
    default: update(state, gradient, step, result, options, Double.self)
    }
  }

  private static func update<Element: BinaryFloatingPoint>(
    _ state: State, _ gradient: TensorView, _ step: Step, _ result: State, _ options: KernelOptions,
    _ type: Element.Type
  ) {
    let (x, g) = unsafe (state.parameter.words(type), gradient.words(type))
    let (v, h) = unsafe (state.mean.words(type), state.square.words(type))
    let (newX, newV, newH) = unsafe (
      result.parameter.words(type), result.mean.words(type), result.square.words(type)
    )
    let (alpha, beta) = (Element(step.alpha), Element(step.beta))
    let (restAlpha, restBeta) = (Element(1 - step.alpha), Element(1 - step.beta))
    let (epsilon, rate, divisor) = (Element(step.epsilon), Element(step.rate), Element(step.rootDivisor))
    let (decay, before) = (Element(step.coupledDecay), Element(step.factorBefore))
    let after = Element(step.factorAfter)
    let parts = max(1, min(gradient.count / 32_768, options.threads * 4))
    parallelFor(parts, threads: options.threads) { part, _ in
      for i in evenPart(part, of: parts, count: gradient.count) {
        let slope = unsafe g[i] + decay * x[i]
        let mean = unsafe alpha * v[i] + restAlpha * slope
        let square = unsafe beta * h[i] + restBeta * (slope * slope)
        let quotient = mean / (square.squareRoot() / divisor + epsilon)
        unsafe newX[i] = after * (before * x[i] - rate * quotient)
        unsafe newV[i] = mean
        unsafe newH[i] = square
      }
    }
  }

  /// base^exponent for a step count.
  package static func power(_ base: Double, _ exponent: Int) -> Double { pow(base, Double(exponent)) }
}
