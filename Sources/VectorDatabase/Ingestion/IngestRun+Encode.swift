import DocumentStore

extension IngestRun {
    /// Texts handed to the embedder at once.
    private static let encodingBatch = 256

    /// Third stage: gives every passage its vector.
    func encode() async {
        do {
            while let windows = try await prepared.receive(.init(count: 1, weight: .max)) {
                for var window in windows {
                    let began = ContinuousClock.now
                    try await encode(&window)
                    pacing.record(count: window.count, took: ContinuousClock.now - began)
                    try await encoded.send(window, weight: window.reduce(0) { $0 + $1.weight })
                }
            }
            encoded.finish()
        } catch { encoded.finish(throwing: error) }
    }

    private func encode(_ window: inout [PendingDocument]) async throws {
        guard window.contains(where: \.isNew) else { return }
        var places: [(document: Int, passage: Int, text: String)] = []
        for index in window.indices where window[index].isNew {
            let document = window[index].document
            for (number, passage) in window[index].passages.enumerated()
            where passage.vector == nil {
                places.append(
                    (
                        index, number,
                        Document.embeddedText(title: document.title, text: passage.text)
                    )
                )
            }
        }
        if !places.isEmpty, let embedder = try embedderForEncoding() {
            // Texts of like length together: an embedder that pads wastes little.
            places.sort { $0.text.utf8.count < $1.text.utf8.count }
            for start in stride(from: 0, to: places.count, by: Self.encodingBatch) {
                let batch = places[start..<min(start + Self.encodingBatch, places.count)]
                let embeddings = try await EncodingCheck.embed(batch.map(\.text), with: embedder) {
                    try await embedder.embedDocuments($0)
                }
                for (place, embedding) in zip(batch, embeddings) {
                    set(embedding, of: place.passage, in: &window[place.document])
                }
            }
        }
        try settleRecord(for: &window)
    }

    private func set(_ embedding: Embedding, of passage: Int, in document: inout PendingDocument) {
        guard document.isNew else { return }
        do {
            try VectorCheck.check(
                embedding.vector, dimensions: nil, of: "document '\(document.document.id)'")
        } catch {
            document.fate = .failed(error)
            return
        }
        document.passages[passage].vector = embedding.vector
        document.passages[passage].tokens = embedding.tokenCount
        if embedding.isTruncated { document.truncated += 1 }
    }

    /// The embedder of the collection, or `nil` where this collection has words only.
    private func embedderForEncoding() throws -> (any Embedder)? {
        let name = collection.name
        let resolver = collection.database.embedders
        guard let record = currentRecord else {
            guard options.encodesText else { return nil }
            if let embedder = try resolver.embedder(for: nil, collection: name) { return embedder }
            throw DatabaseError.embedderMissing(collection: name, recorded: nil)
        }
        if record.dimensions == 0 { return nil }
        return try collection.requireEmbedder(for: record)
    }

    /// Makes the collection with the first vector at hand, and fails what does not fit it.
    private func settleRecord(for window: inout [PendingDocument]) throws {
        let record: CollectionRecord
        if let current = currentRecord {
            record = current
        } else {
            guard let first = window.first(where: \.isNew) else { return }
            record = try createCollection(for: first)
        }
        for index in window.indices where window[index].isNew {
            for passage in window[index].passages {
                let count = passage.vector?.count ?? 0
                if count != record.dimensions {
                    let document = window[index].document
                    let place = document.source.map { "\($0.path):\($0.position): " } ?? ""
                    window[index].fate = .failed(
                        DatabaseError.dimensionMismatch(
                            of: "\(place)document '\(document.id)'", expected: record.dimensions,
                            found: count))
                    break
                }
            }
        }
    }

    private func createCollection(for first: PendingDocument) throws -> CollectionRecord {
        let dimensions = first.passages.first?.vector?.count ?? 0
        // A model that the application names is the collection's, also where the first document
        // brings its vector; one that would only be looked for is not.
        let isReadyMade = first.document.vector != nil && !collection.database.embedders.isGiven
        let embedder =
            isReadyMade || dimensions == 0
            ? nil
            : try collection.database.embedders.embedder(for: nil, collection: collection.name)
        let record = try collection.create(
            dimensions: dimensions, metric: options.metric ?? .innerProduct,
            identity: embedder?.identity, index: options.index)
        self.record.withLock { $0 = record }
        return record
    }
}
