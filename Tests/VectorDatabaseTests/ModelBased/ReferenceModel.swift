import TestOracles
import TestSupport
import VectorDatabase

/// The expected content and answers of a database, kept in a plain dictionary.
struct ReferenceModel {
    var collections: [ReferenceCollection] = [
        ReferenceCollection(name: "default", metric: .innerProduct),
        ReferenceCollection(name: "an other", metric: .euclidean),
        ReferenceCollection(name: "third/é", metric: .cosine, quantization: .int8),
    ]
}

struct ReferenceCollection {
    let name: String
    let metric: Metric
    let quantization: VectorQuantization
    var exists = false
    /// The seed of the embedder that the collection records.
    var seed: UInt64 = 0
    var documents: [String: ReferenceDocument] = [:]
    var indexedFields: Set<String> = []

    static let dimensions = 12

    init(name: String, metric: Metric, quantization: VectorQuantization = .none) {
        self.name = name
        self.metric = metric
        self.quantization = quantization
    }

    func vector(of text: String) -> [Float] {
        HashEmbedding.vector(of: text, dimensions: Self.dimensions, seed: seed)
    }

    // MARK: Writing

    /// The outcome for a document.
    enum Outcome { case inserted, replaced, unchanged, skipped, refused, conflict }

    mutating func ingest(
        _ document: Document, chunk: Int, conflict: IngestOptions.Conflict
    ) -> Outcome {
        let old = documents[document.id]
        let sameContent = old.map { $0.isSameContent(document, chunk: chunk) } ?? false
        if sameContent, old?.document.metadata == document.metadata { return .unchanged }
        if old != nil {
            if conflict == .skip { return .skipped }
            if conflict == .error { return .conflict }
        }
        if document.vector?.allSatisfy(\.isFinite) == false { return .refused }
        exists = true
        var new = ReferenceDocument(document: document, chunk: chunk)
        if sameContent, let old {
            new.passages = old.passages
            new.vectors = old.vectors
        } else {
            new.passages = ReferenceDocument.passages(of: document, chunk: chunk)
            new.vectors =
                document.vector.map { [$0] }
                ?? new.passages.map {
                    vector(of: Document.embeddedText(title: document.title, text: $0))
                }
        }
        documents[document.id] = new
        return old == nil ? .inserted : .replaced
    }

    /// Every vector is computed again from its text.
    mutating func reencode(seed: UInt64) {
        self.seed = seed
        for (id, document) in documents {
            let vectors = document.passages.map {
                vector(of: Document.embeddedText(title: document.document.title, text: $0))
            }
            documents[id]?.vectors = vectors
        }
    }

    // MARK: Reading

    func matching(_ filter: Filter?) -> [ReferenceDocument] {
        documents.values.filter { document in
            filter.map { PredicateOracle.holds($0.predicate, for: document.document.metadata) }
                ?? true
        }
    }

    /// The vector scores of the documents that match.
    func denseScores(_ text: String, _ filter: Filter?) -> [String: Double] {
        let matching = matching(filter)
        let rows = matching.flatMap { document in
            document.vectors.map { (id: document.document.id, vector: $0) }
        }
        let scores = QueryTests.bruteForce(rows, vector(of: text), metric: metric)
        return Dictionary(scores.map { ($0.id, $0.score) }, uniquingKeysWith: max)
    }

    /// The word scores of the documents that match, with the statistics of the whole collection.
    func lexicalScores(_ text: String, _ filter: Filter?) -> [String: Double] {
        let rows = documents.values.flatMap { document in
            document.passages.map { (id: document.document.id, document.document.title + " " + $0) }
        }
        let allowed = Set(matching(filter).map(\.document.id))
        let scores = BM25Oracle(rows.map(\.1)).scores(text)
        return Dictionary(
            zip(rows, scores).compactMap { row, score in
                score.flatMap { allowed.contains(row.id) ? (row.id, $0) : nil }
            }, uniquingKeysWith: max)
    }
}

struct ReferenceDocument {
    var document: Document
    var chunk: Int
    var passages: [String] = []
    var vectors: [[Float]] = []

    init(document: Document, chunk: Int) {
        self.document = document
        self.chunk = chunk
    }

    func isSameContent(_ other: Document, chunk: Int) -> Bool {
        document.title == other.title && document.text == other.text && self.chunk == chunk
            && document.vector == other.vector
    }

    static func chunking(_ chunk: Int) -> Chunking? {
        switch chunk {
        case 1: Chunking(maximumTokens: 8, overlapTokens: 3, cutsRecords: true)
        case 2: Chunking(maximumTokens: 5, overlapTokens: 0, cutsRecords: true)
        default: nil
        }
    }

    /// The passages as chunking cuts them; white space between two belongs to the first.
    static func passages(of document: Document, chunk: Int) -> [String] {
        guard document.vector == nil, let chunking = chunking(chunk) else { return [document.text] }
        let cuts = chunking.passages(of: document.text, layout: document.layout) { text in
            text.split(separator: " ").count
        }
        guard cuts.count > 1 else { return [document.text] }
        let bytes = Array(document.text.utf8)
        return cuts.indices.map { index in
            let start = index == 0 ? 0 : cuts[index].range.lowerBound
            let next = index + 1 < cuts.count ? cuts[index + 1].range.lowerBound : bytes.count
            let end = max(cuts[index].range.upperBound, next)
            return String(decoding: bytes[start..<end], as: UTF8.self)
        }
    }
}

extension ScriptDocument {
    /// The document, every part of which follows from the numbers.
    func document() -> Document {
        var text = SampleTexts.text(self.text, words: 4 + self.text % 9)
        if self.text % 4 == 0 {
            text += (1...3).map { ". " + SampleTexts.text(self.text * 31 + $0, words: 6) }.joined()
        }
        if self.text % 17 == 0 { text = "" }
        return Document(
            id: "d\(id)", text: text,
            title: self.text % 3 == 0 ? "" : SampleTexts.text(self.text + 7, words: 2),
            metadata: Self.metadata(metadata),
            vector: isBad
                ? [Float](repeating: .nan, count: ReferenceCollection.dimensions)
                : hasVector
                    ? HashEmbedding.vector(
                        of: "given \(self.text)", dimensions: ReferenceCollection.dimensions)
                    : nil)
    }

    static func metadata(_ number: Int) -> JSONObject {
        guard number > 0 else { return [:] }
        var metadata: JSONObject = ["number": .integer(Int64(number % 10))]
        if number % 2 == 0 { metadata["even"] = true }
        if number % 3 == 0 { metadata["tags"] = .array([.string("t\(number % 4)"), "all", 5]) }
        if number % 5 == 0 { metadata["name"] = .string("Naïve \(number % 6)") }
        if number % 7 == 0 { metadata["number"] = .number(Double(number % 10) + 0.5) }
        if number % 8 == 0 { metadata["number"] = .string("\(number % 10)") }
        if number % 9 == 0 { metadata["name"] = .null }
        if number % 11 == 0 { metadata["inner"] = ["name": .integer(Int64(number % 4))] }
        return metadata
    }

    static let fields = ["number", "tags", "name", "even"]

    static let filters = [
        "number >= 5", "number < 3 OR even", "tags = 't1'", "NOT tags = 'all'", "name IS NULL",
        "name LIKE 'na%' AND number IN (0, 5, 5.5)", "number != 4", "number = '8'",
        "tags IN (5, 't2') AND NOT even", "FALSE", "inner IS NOT NULL", "even = FALSE",
        "inner.name > 0 OR NOT inner.name = 0",
    ]
}
