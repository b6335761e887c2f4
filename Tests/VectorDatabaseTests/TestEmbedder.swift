import TestSupport
import VectorDatabase

/// Hashes words, and counts the texts that it encodes.
final class TestEmbedder: ScoringEmbedder, Sendable {
    let identity: EmbedderIdentity
    let seed: UInt64
    let encoded = Counter()
    /// Waits this long for each call.
    let delay: Duration
    /// The number of words read of each text; the rest is truncated.
    let wordLimit: Int
    let hybridWeight: Double?

    init(
        name: String = "hash", dimensions: Int = 32, seed: UInt64 = 0, delay: Duration = .zero,
        wordLimit: Int = .max, hybridWeight: Double? = nil
    ) {
        identity = EmbedderIdentity(
            name: name, fingerprint: "\(name)-\(dimensions)-\(seed)", dimensions: dimensions)
        self.seed = seed
        self.delay = delay
        self.wordLimit = wordLimit
        self.hybridWeight = hybridWeight
    }

    func embedDocuments(_ texts: [String]) async throws -> [EncodedText] {
        if delay > .zero { try await Task.sleep(for: delay) }
        encoded.add(texts.count)
        return texts.map(embed)
    }

    func embedQueries(_ texts: [String]) async throws -> [EncodedText] { texts.map(embed) }

    func logProbabilities(of documents: [String], given query: String) async throws -> [Double] {
        // Longer texts are less likely; one that shares the query's first word is most likely.
        let first = query.split(separator: " ").first.map(String.init) ?? ""
        return documents.map { -Double($0.utf8.count) + ($0.contains(first) ? 0 : -1000) }
    }

    var maximumTokenCount: Int? { wordLimit == .max ? nil : wordLimit }

    func tokenCount(of text: String) -> Int { text.split(separator: " ").count }

    private func embed(_ text: String) -> EncodedText {
        let words = text.split(separator: " ")
        let vector = HashEmbedding.vector(
            of: words.prefix(wordLimit).joined(separator: " "),
            dimensions: identity.dimensions, seed: seed)
        return EncodedText(
            vector: vector, tokenCount: min(words.count, wordLimit),
            isTruncated: words.count > wordLimit)
    }
}
