import Adapters
import Backbones
import Foundation
import Graphs
import TensorFiles
import TestSupport
import Testing

@Suite struct ManifestTests {
  @Test func `an adapter folder gives back recipe, tensors and classes`() throws {
    let fixture = try #require(BackboneFixture.transformers.first)
    var adapter = InjectionTests.adapter()
    adapter.standing.blocks = try BlockSelection(parsing: "1")
    adapter.initialization = .reference
    let adapted = try AdaptedModel(
      try fixture.model(), try fixture.layout(), method: adapter, head: ClassificationHead(classes: 3),
      seed: 11)
    let folder = FileManager.default.temporaryDirectory.appending(path: "dka-" + UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let names = Set(adapted.parameters.map(\.name))
    let tensors = adapted.model.graph.initializers.filter { names.contains($0.name) }
      .compactMap { initializer in initializer.tensor.map { (name: initializer.name, tensor: $0) } }
    let manifest = AdapterManifest(
      adapted, seed: 11, head: ["classes": "3"], baseModelHash: String(repeating: "a", count: 64),
      baseModelName: fixture.file,
      classNames: ["benign", "malignant", "normal"], preprocessing: ["size": [32, 32]])
    try manifest.write(to: folder, tensors: tensors)
    let (found, stored) = try AdapterManifest.read(folder)
    #expect(found.baseModelHash == manifest.baseModelHash)
    #expect(found.classNames == ["benign", "malignant", "normal"])
    #expect(found.preprocessing == ["size": [32, 32]])
    #expect(found.points == adapted.points)
    #expect(Set(stored.entries.map(\.name)) == names)
    let method = try AdapterRegistry.standard.method(found.method, options: found.options)
    let again = try AdaptedModel(
      try fixture.model(), try fixture.layout(), method: method,
      head: try HeadRegistry.head(of: found.head), seed: found.seed)
    #expect(again.parameters == adapted.parameters)
    for (name, tensor) in tensors {
      let rebuilt = again.model.graph.initializers.first { $0.name == name }?.tensor
      #expect(rebuilt.map { haveEqualNumbers($0, tensor) } ?? false)
      #expect(stored[name].map { haveEqualNumbers($0, tensor) } ?? false)
    }
  }

  @Test func `a config that is none is refused by file and key`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "dka-" + UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(throws: AdapterError.self) { try AdapterManifest.read(folder) }
    try Folder.create(folder)
    try AtomicWrite.file(at: folder + "/adapter_config.json", bytes: Array(#"{"peft_type": "LORA"}"#.utf8))
    let error = #expect(throws: AdapterError.self) { try AdapterManifest.read(folder) }
    #expect(error?.field == "recipe")
    #expect(error?.file == folder + "/adapter_config.json")
  }
}
