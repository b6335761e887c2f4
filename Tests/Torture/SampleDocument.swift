import Foundation
import TestSupport

/// A document that the kill loop writes: everything in it follows from its number and version, so that
/// the driver need not remember more.
struct SampleDocument: Hashable, Sendable {
    let number: Int
    let version: Int

    var id: String { "d\(number)" }
    var title: String { version % 3 == 0 ? "" : "Title \(number) \(version)" }

    /// Of a few words to a few hundred, so that some is compressed and some is not.
    var text: String {
        var random = RandomSource(seed: UInt64(number) << 20 ^ UInt64(version))
        let count = random.chance(0.05) ? 200 : Int.random(in: 3...25, using: &random)
        let words = (0..<count).map { _ in Self.words[Int.random(in: 0..<64, using: &random)] }
        return words.joined(separator: " ") + " \(number).\(version)"
    }

    private static let words = (0..<64).map { "word\($0 * 37 % 101)" }

    /// - Parameter dimensions: 0 for a document without a ready-made vector.
    func vector(dimensions: Int) -> [Float] {
        HashEmbedding.vector(
            of: "\(number) \(version)", dimensions: dimensions, seed: 7)
    }

    func line(dimensions: Int) -> String {
        var json =
            #"{"_id":"\#(id)","title":"\#(title)","text":"\#(text)","#
            + #""metadata":{"n":\#(number),"v":\#(version)}"#
        if dimensions > 0 {
            let numbers = vector(dimensions: dimensions).map { "\($0)" }
            json += #","vector":[\#(numbers.joined(separator: ","))]"#
        }
        return json + "}\n"
    }

    static func write(_ documents: [SampleDocument], dimensions: Int, to path: String) throws {
        let lines = documents.map { $0.line(dimensions: dimensions) }.joined()
        try Data(lines.utf8).write(to: URL(fileURLWithPath: path))
    }
}
