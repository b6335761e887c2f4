import AutoRegEmbed
import Foundation
import TestSupport
import Testing

/// `Fixtures/expected.json`: what transformers and sentence-transformers compute for the folders beside
/// it.
struct EncoderFixture: Decodable {
    struct Text: Decodable {
        let text: String
        let ids: [Int32]
        let vector: [Float]
        /// [rows, H], of the plain folders.
        let states: [Float]?
    }

    let none: [Text]
    let query: [Text]?
    let document: [Text]?

    static let plain = ["plain", "masked", "vocabulary"]
    static let sentences = ["mean", "cls"]

    static func folder(_ name: String) throws -> URL {
        try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
            .appendingPathComponent(name)
    }

    static func read(_ name: String) throws -> EncoderFixture {
        let all = try JSONDecoder().decode(
            [String: EncoderFixture].self, from: Data(contentsOf: folder("expected.json")))
        return try #require(all[name])
    }

    /// Calls `body` with a writable copy of the folder.
    static func withCopy(_ name: String, _ body: (URL) throws -> Void) throws {
        let place = TemporaryFolder.unusedURL()
        try FileManager.default.copyItem(at: folder(name), to: place)
        defer { try? FileManager.default.removeItem(at: place) }
        try body(place)
    }

    static func edit(_ file: URL, _ changes: [String: Any]) throws {
        let object =
            try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
        try JSONSerialization.data(withJSONObject: (object ?? [:]).merging(changes) { $1 })
            .write(to: file)
    }
}

/// The greatest difference of two vectors' elements.
func difference(_ one: [Float], _ other: [Float]) -> Float {
    one.count == other.count ? zip(one, other).map { ($0 - $1).magnitude }.max() ?? 0 : .infinity
}
