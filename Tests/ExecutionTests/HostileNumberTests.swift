import Execution
import Graphs
import Operators
import TestSupport
import Tensors
import Testing

/// Whatever integers a node has, it is computed or refused: a trap would end the process, and with it these tests.
@Suite struct HostileNumberTests {
  private static let context: ExecutionContext = {
    var context = ExecutionContext.testing(threads: 2)
    context.memoryLimit = 64 << 20
    return context
  }()

  @Test(arguments: OperatorCase.all)
  func `extreme numbers and lengths give a result or an error, and no large allocation`(
    _ testCase: OperatorCase
  ) throws {
    let variants = try HostileVariants(of: testCase).all()
    for variant in variants {
      // Which of both it is does not matter here.
      do {
        if OperatorRegistry.isInternal(testCase.operatorName.domain) {
          try Self.run(graphOf: testCase, variant)
        } else {
          try Self.run(modelOf: testCase, variant)
        }
      } catch is OperatorError {
      } catch is any ReportableError {}
    }
  }

  @Test(arguments: OperatorGradientTests.goldens)
  func `extreme integers in attributes of nodes that stand for others are no trap`(
    _ golden: OperatorGradientTests.Golden
  ) throws {
    let model = try ModelDescription(text: golden.model)
    let feeds = try golden.feeds(.float64)
    for (place, node) in model.graph.nodes.enumerated() {
      for (index, attribute) in node.attributes.enumerated() {
        for extreme in HostileVariants.extremes {
          var changed = model
          switch attribute.value {
          case .int: changed.graph.nodes[place].attributes[index].value = .int(Int64(extreme))
          case .ints(let values):
            changed.graph.nodes[place].attributes[index].value = .ints(values.map { _ in Int64(extreme) })
          default: continue
          }
          let run = ModelRun(changed, registry: .standard, context: Self.context)
          // Which of both it is does not matter here.
          _ = try? run.outputs(for: feeds)
          _ = try? run.gradients(for: feeds, by: golden.names)
        }
      }
    }
  }

  @Test func `memory stays within the limit while all of them are tried`() async {
    await #expect(processExitsWith: .success) {
      for testCase in OperatorCase.all where !OperatorRegistry.isInternal(testCase.operatorName.domain) {
        for variant in try HostileVariants(of: testCase).all() {
          try? HostileNumberTests.run(modelOf: testCase, variant)
        }
      }
      let peak = SystemMemory.text(of: "/proc/self/status").flatMap {
        SystemMemory.kibibytes("VmHWM", in: $0)
      }
      // The limit, twice it for what lies beside plans, and the program itself.
      #expect(try #require(peak) < 512 << 20)
    }
  }

  @Test(arguments: HostileVariants.extremes)
  func `the axis of a Concat is no trap when another batch is bound`(_ axis: Int) throws {
    let model = try ModelDescription(
      text: """
        <ir_version: 8, opset_import: ["" : 17]>
        g (float[1,3] x) => (float[a,b] y) { y = Concat <axis = 1> (x, x) }
        """)
    var changed = model
    changed.graph.nodes[0].attributes = [Attribute("axis", axis)]
    // Which of both it is does not matter here.
    _ = try? Lowering(registry: .standard, context: Self.context).lower(changed, batch: 2)
  }

  /// Outputs and gradients of a model of the one node: integers are initializers, everything else is fed.
  private static func run(modelOf testCase: OperatorCase, _ variant: HostileVariant) throws {
    var graph = Graph(name: "hostile", nodes: [testCase.node(attributes: variant.attributes)])
    var feeds: [String: Tensor] = [:]
    for (index, operand) in variant.operands.enumerated() {
      guard let operand else { continue }
      let name = graph.nodes[0].inputs[index]
      if operand.elementType.isFloatingPoint {
        graph.inputs.append(ValueDescription(name: name, type: .tensor(operand)))
        feeds[name] = operand
      } else {
        graph.initializers.append(TensorConstant(name: name, operand))
      }
    }
    graph.outputs = graph.nodes[0].outputs.map { ValueDescription(name: $0, type: nil) }
    let sets = [
      OperatorSet(domain: testCase.operatorName.domain, version: Int64(testCase.version))
    ]
    let model = ModelDescription(irVersion: 10, operatorSets: sets, graph: graph)
    let run = ModelRun(model, registry: .standard, context: context)
    _ = try run.outputs(for: feeds)
    guard case .none = testCase.gradient else {
      _ = try run.gradients(for: feeds, by: feeds.keys.sorted())
      return
    }
  }

  /// A plan and a run of the one node, as passes emit it.
  private static func run(graphOf testCase: OperatorCase, _ variant: HostileVariant) throws {
    let node = testCase.node(attributes: variant.attributes)
    let read = try OperatorRegistry.standard.lower(node, version: testCase.version)
    var graph = LoweredGraph()
    for (name, operand) in zip(node.inputs, variant.operands) {
      guard let operand else { continue }
      graph.types[name] = ValueType(operand.elementType, operand.shape)
      if operand.elementType.isFloatingPoint {
        graph.inputs.append(name)
      } else {
        graph.constants[name] = operand
      }
    }
    let lowered = try graph.complete(read)
    let types = try lowered.operation.inferTypes(graph.inputTypes(of: lowered))
    for (output, type) in zip(node.outputs, types) { graph.types[output] = type }
    graph.nodes = [lowered]
    graph.outputs = node.outputs
    let session = try Session(try Plan(graph, context: context))
    try session.run()
  }
}

extension TypeDescription {
  /// The type of a tensor.
  fileprivate static func tensor(_ tensor: Tensor) -> TypeDescription {
    TypeDescription(
      .tensor(
        elementType: tensor.elementType.rawValue,
        shape: tensor.shape.extents.map { Dimension(.value(Int64($0))) }))
  }
}
