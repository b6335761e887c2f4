import FileFormat

/// Vectors made of a text's words by hashing: the same on every machine, and nearer the more words
/// two texts share.
package enum HashEmbedding {
    /// The sum of a pseudo-random unit-range vector for each word, scaled to length one; of a
    /// text without words, the vector of the empty word.
    package static func vector(of text: String, dimensions: Int, seed: UInt64 = 0) -> [Float] {
        var sum = [Float](repeating: 0, count: dimensions)
        var words = text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
        if words.isEmpty { words = [""] }
        for word in words {
            var state = Array(word.utf8).withUnsafeBytes { Checksum.of($0) } ^ seed
            for index in sum.indices {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                sum[index] += Float(Int32(truncatingIfNeeded: state >> 32)) / Float(Int32.max)
            }
        }
        let length = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return length > 0 ? sum.map { $0 / length } : sum
    }
}
