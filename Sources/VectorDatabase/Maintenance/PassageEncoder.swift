import Storage

/// Makes the vectors of stored passages by another embedder.
struct PassageEncoder: Sendable {
    let embedder: any Embedder
    /// Vectors that were made already.
    let copy: EncodedCopy?

    /// Passages encoded and committed together.
    static let batchSize = 512

    /// The vectors of passages, in the order of their keys.
    ///
    /// - Throws: `encodingFailed`, `dimensionMismatch`, `invalidVector`.
    func vectors(
        of passages: [PassageRecord]
    ) async throws -> [(passage: Int64, vector: [Float])] {
        var vectors = try copy?.vectors(of: passages) ?? [:]
        let open = passages.filter { vectors[$0.key] == nil }.sorted {
            $0.text.utf8.count < $1.text.utf8.count
        }
        let texts = open.map { Document.embeddedText(title: $0.title, text: $0.text) }
        let embeddings = try await EncodingCheck.embed(texts, with: embedder) {
            $0.isEmpty ? [] : try await embedder.embedDocuments($0)
        }
        for (passage, embedding) in zip(open, embeddings) {
            try VectorCheck.check(
                embedding.vector, dimensions: embedder.identity.dimensions,
                of: "document '\(passage.documentID)'")
            vectors[passage.key] = embedding.vector
        }
        return vectors.sorted { $0.key < $1.key }.map { (passage: $0.key, vector: $0.value) }
    }
}
