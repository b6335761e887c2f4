import Foundation
import Tensors
import TestSupport
import Testing
import Transformer

/// A folder of `Fixtures`, with what transformers computed from it.
struct ModelFixture {
    let folder: URL
    private let expected: SafetensorsFile

    static let names = [
        "llama-tied", "llama-untied", "llama-biases", "llama-float32", "llama-float16",
        "llama-shards", "llama-linear", "llama-dynamic", "llama-llama3", "llama-yarn",
        "qwen2-yarn", "llama-longrope", "mistral-window", "mistral-open", "qwen2",
        "qwen2-windows", "qwen3", "qwen3-layers", "mistral-layers", "qwen3-nested-rope",
    ]

    init(_ name: String) throws {
        let fixtures = try #require(
            Bundle.module.url(forResource: "Fixtures", withExtension: nil))
        folder = fixtures.appendingPathComponent(name)
        expected = try SafetensorsFile(
            path: folder.appendingPathComponent("expected.safetensors").path)
    }

    static let sequenceCount = 3

    func floats(_ name: String) throws -> [Float] { try expected.tensor(named: name).floats() }

    func tokens(_ name: String) throws -> [Int32] {
        let bytes = try expected.tensor(named: name).bytes
        return (0..<bytes.count / 8).map {
            Int32(bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self))
        }
    }

    var sequences: [[Int32]] {
        get throws { try (0..<Self.sequenceCount).map { try tokens("tokens.\($0)") } }
    }

    /// A writable copy, removed by the caller.
    func copy() throws -> URL {
        let copy = TemporaryFolder.unusedURL()
        try FileManager.default.copyItem(at: folder, to: copy)
        return copy
    }
}

func greatestDifference(_ a: [Float], _ b: [Float]) -> Float {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
}

func cosine(_ a: [Float], _ b: [Float]) -> Double {
    func product(_ x: [Float], _ y: [Float]) -> Double {
        zip(x, y).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    return product(a, b) / (product(a, a) * product(b, b)).squareRoot()
}
