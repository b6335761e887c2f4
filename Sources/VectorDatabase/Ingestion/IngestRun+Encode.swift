import Storage
import TextBytes

extension IngestRun {
    /// The most texts in one call of the embedder.
    private static let encodingBatch = 256

    /// Third stage: gives every passage its vector.
    func encode() async {
        do {
            while let windows = try await prepared.receive(.init(count: 1, weight: .max)) {
                for window in windows {
                    var rest = window[...]
                    while let first = rest.first {
                        if try isLong(first) {
                            rest.removeFirst()
                            try await encodeInPieces(first)
                            continue
                        }
                        var part = takePart(of: &rest)
                        try await encode(&part)
                        try await encoded.send(part, weight: part.reduce(0) { $0 + $1.weight })
                    }
                }
            }
            encoded.finish()
        } catch { encoded.finish(throwing: error) }
    }

    /// Whether a document takes too long to encode as a whole.
    private func isLong(_ document: PendingDocument) throws -> Bool {
        guard document.isNew, document.passages.count > 2 * pacing.current else { return false }
        let open = document.passages.count { $0.vector == nil }
        return try open > 2 * pacing.current && embedderForEncoding() != nil
    }

    /// Encodes a long document, and sends each piece to the store as soon as it is encoded. The first
    /// has all passages that need no encoding, so that a later version never loses vectors that an
    /// earlier one has.
    private func encodeInPieces(_ document: PendingDocument) async throws {
        var piece = document
        piece.document.text = ""
        piece.isLastPiece = false
        piece.passages = document.passages.filter { $0.vector != nil }
        var open = document.passages.filter { $0.vector == nil }[...]
        let bytes = document.textBytes / max(1, document.passages.count)
        var bytesLeft = document.textBytes
        while !open.isEmpty {
            let count = pacing.current
            piece.passages += open.prefix(count)
            open = open.dropFirst(count)
            piece.isLastPiece = open.isEmpty
            piece.textBytes = open.isEmpty ? bytesLeft : bytes * piece.passages.count
            bytesLeft -= piece.textBytes
            var part = [piece]
            try await encode(&part)
            if !part[0].isNew {
                part[0].isLastPiece = true
                part[0].textBytes += bytesLeft
                open = []
            }
            try await encoded.send(part, weight: part[0].weight)
            piece.passages = []
            piece.kept = .all
            piece.replacedKey = nil
            piece.isFirstPiece = false
        }
    }

    /// Takes documents until the pace's number of passages to encode is reached, at least one
    /// document. Unchanged documents count nothing, so a resumed ingest skips them at once and
    /// still acknowledges often afterwards.
    private func takePart(of rest: inout ArraySlice<PendingDocument>) -> [PendingDocument] {
        let limit = pacing.current
        var passages = 0
        let end = rest.firstIndex { document in
            let count = document.isNew ? document.passages.count { $0.vector == nil } : 0
            defer { passages += count }
            return passages > 0 && passages + count > limit
        }
        let part = Array(rest[..<(end ?? rest.endIndex)])
        rest = rest[(end ?? rest.endIndex)...]
        return part
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
            let began = ContinuousClock.now
            defer { pacing.record(count: places.count, took: ContinuousClock.now - began) }
            // Batches of similar lengths, so that an embedder that pads wastes little.
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

    private func set(_ embedding: EncodedText, of passage: Int, in document: inout PendingDocument)
    {
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
        document.passages[passage].wasEncoded = true
        if embedding.isTruncated { document.truncated += 1 }
    }

    /// The embedder of the collection; `nil` if it has words only.
    func embedderForEncoding() throws -> (any Embedder)? {
        let name = collection.name
        let resolver = collection.database.embedders
        guard let record = currentRecord else {
            guard options.encodesText else { return nil }
            let exported = options.exported?()?.model
            if let embedder = try resolver.embedder(for: exported, collection: name) {
                return embedder
            }
            throw DatabaseError.embedderMissing(collection: name, recorded: exported)
        }
        if record.dimensions == 0 { return nil }
        return try collection.requireEmbedder(for: record)
    }

    /// Creates the collection with the dimensions of the first document, and fails documents that
    /// do not fit.
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
        // An embedder that the application passed becomes the collection's even if the first
        // document brings its own vector; one that would have to be found does not.
        let embedders = collection.database.embedders
        let bringsVector =
            first.document.vector != nil || first.document.passages?.first?.vector != nil
        let exported = options.exported?()
        let identity: EmbedderIdentity?
        if dimensions == 0 {
            identity = nil
        } else if bringsVector, let model = exported?.model, model.dimensions == dimensions {
            identity = model
        } else if bringsVector && !embedders.isGiven {
            identity = nil
        } else {
            identity = try embedders.embedder(for: exported?.model, collection: collection.name)?
                .identity
        }
        let metric = options.metric ?? exported?.metric ?? .innerProduct
        let record: CollectionRecord
        do {
            record = try collection.create(
                dimensions: dimensions, metric: metric, identity: identity,
                index: exported?.index ?? options.index, search: exported?.search)
        } catch DatabaseError.collectionExists {
            // Of several processes that may write, another one was first.
            record = try collection.requireRecord()
            try check(record, metric: metric, identity: identity)
        }
        self.record.withLock { $0 = record }
        return record
    }

    /// - Throws: if this run's documents do not fit a collection that another process has made.
    private func check(
        _ record: CollectionRecord, metric: Metric, identity: EmbedderIdentity?
    ) throws {
        guard record.metric == metric else {
            throw DatabaseError.metricMismatch(
                collection: record.name, recorded: record.metric, given: metric)
        }
        guard let identity else { return }
        guard let recorded = EmbedderIdentity(record) else {
            throw DatabaseError.noRecordedEmbedder(collection: record.name, given: identity)
        }
        try EmbedderResolver.compare(recorded, identity, record.name)
    }
}
