import AutoRegEmbed
import Foundation
import TestSupport
import Testing

/// `Fixtures/expected.json`: what PyTorch computes for the folders beside it.
struct EmbedderFixture: Decodable {
    struct Text: Decodable {
        let text: String
        let instruction: String
        let tokens: [Int32]
        let compressed: [Float]
        let last: [Float]
        let mean: [Float]

        var asked: Instruction {
            switch instruction {
            case "next": .next
            case "self": .self_
            default: .none
            }
        }

        func vector(_ pooling: Pooling) -> [Float] {
            switch pooling {
            case .compressed: compressed
            case .last: last
            case .mean: mean
            case .first: []
            }
        }
    }

    struct Score: Decodable {
        let document: String
        let log_probability: Double
    }

    let texts: [Text]
    let scores: [Score]
    /// log p("what makes lift?" | document) a token.
    let questions: [Score]

    static let names = ["base", "lora", "rslora"]

    static func folder(_ name: String) throws -> URL {
        try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
            .appendingPathComponent(name)
    }

    static func read(_ name: String) throws -> EmbedderFixture {
        let all = try JSONDecoder().decode(
            [String: EmbedderFixture].self, from: Data(contentsOf: folder("expected.json")))
        return try #require(all[name])
    }

    /// A writable copy of all folders, removed by the caller; returns the one named.
    static func copy(_ name: String) throws -> URL {
        let place = TemporaryFolder.unusedURL()
        try FileManager.default.copyItem(at: folder(""), to: place)
        return place.appendingPathComponent(name)
    }
}

func cosine(_ a: [Float], _ b: [Float]) -> Double {
    func product(_ x: [Float], _ y: [Float]) -> Double {
        zip(x, y).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    return product(a, b) / (product(a, a) * product(b, b)).squareRoot()
}
