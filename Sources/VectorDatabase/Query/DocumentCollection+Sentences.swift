import Ranking

extension DocumentCollection {
    /// The most bytes of a text whose sentences are encoded.
    private static let longestText = 8192

    /// The sentence of each hit's text that is nearest to the query, by the embedder that encodes the
    /// collection's documents.
    ///
    /// Each sentence is encoded, so this takes about as long as to ingest the texts. Short sentences
    /// count together with the next. Texts of one sentence, and those longer than 8 KiB, are not
    /// searched.
    ///
    /// - Parameters:
    ///   - answer: tells the query's vector; in lexical mode there is none, and so no sentence.
    ///   - hits: hits of the answer, in the order of their importance.
    ///   - time: begins no further hit after this time, and none at all if to encode the query took
    ///     longer; `nil` for no bound.
    /// - Returns: the places in the hits' texts, by rank.
    /// - Throws: ``DatabaseError``: `embedderMissing` and others if the embedder cannot be loaded or
    ///   fails. Also `CancellationError`.
    public func nearestSentences(
        to answer: Answer, in hits: [Hit], within time: Duration? = nil
    ) async throws -> [Int: Range<String.Index>] {
        guard let query = answer.vector else { return [:] }
        let candidates = hits.compactMap { hit -> (hit: Hit, sentences: [Range<String.Index>])? in
            guard hit.text.utf8.count <= Self.longestText else { return nil }
            let sentences = Sentences.ranges(in: hit.text)
            return sentences.count > 1 ? (hit, sentences) : nil
        }
        if candidates.isEmpty { return [:] }
        if let time {
            let encoding = answer.explanation.phases.first { $0.name == "encode" }
            guard let encoding, .milliseconds(encoding.milliseconds) <= time else { return [:] }
        }
        return try await database.asReader { [self] in
            let record = try requireRecord()
            let embedder = try requireEmbedder(for: record)
            let began = ContinuousClock.now
            var found: [Int: Range<String.Index>] = [:]
            for (hit, sentences) in candidates {
                if let time, ContinuousClock.now - began >= time { break }
                let texts = sentences.map { String(hit.text[$0]) }
                let vectors = try await EncodingCheck.embed(texts, with: embedder) {
                    try await embedder.embedDocuments($0)
                }.map(\.vector)
                let scores = vectors.map { record.metric.score($0, query) }
                found[hit.rank] = zip(sentences, scores).max { $0.1 < $1.1 }?.0
            }
            return found
        }
    }
}

/// Cuts a passage into sentences.
enum Sentences {
    /// A text has at most this many, and none is shorter than its share.
    private static let most = 64
    /// Shorter ones, in bytes, such as headings, are joined with the next.
    private static let shortest = 24

    /// The places of the sentences, in order; short ones are joined.
    static func ranges(in text: String) -> [Range<String.Index>] {
        let bytes = Array(text.utf8)
        var segmenter = TextSegmenter(bytes, layout: .markdown)
        let shortest = max(shortest, bytes.count / most)
        var result: [Range<Int>] = []
        var start: Int?
        for segment in segmenter.segments() {
            let first = start ?? segment.range.lowerBound
            start = first
            if segment.range.upperBound - first >= shortest {
                result.append(first..<segment.range.upperBound)
                start = nil
            }
        }
        // A short rest belongs to the last.
        if let start, let end = bytes.lastIndex(where: { !isSpace($0) }) {
            let first = result.popLast()?.lowerBound ?? start
            result.append(first..<end + 1)
        }
        return result.map { range in
            text.utf8.index(
                text.startIndex, offsetBy: range.lowerBound)..<text.utf8.index(
                    text.startIndex, offsetBy: range.upperBound)
        }
    }
}

extension Metric {
    /// Higher for nearer vectors.
    fileprivate func score(_ a: [Float], _ b: [Float]) -> Double {
        var (dot, square, other, distance) = (0.0, 0.0, 0.0, 0.0)
        for (x, y) in zip(a, b) {
            let (x, y) = (Double(x), Double(y))
            dot += x * y
            square += x * x
            other += y * y
            distance += (x - y) * (x - y)
        }
        switch self {
        case .innerProduct: return dot
        case .cosine: return square * other > 0 ? dot / (square * other).squareRoot() : 0
        case .euclidean: return -distance
        }
    }
}
