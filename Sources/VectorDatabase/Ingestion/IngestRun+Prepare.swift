import FileFormat
import JSON
import Storage
import TextBytes

extension IngestRun {
    /// The most bytes in a window, however small its documents.
    private static let windowWeight = 8 << 20

    /// First stage: pulls documents from the sequence.
    func read<Documents: AsyncSequence & Sendable>(
        _ source: Documents
    ) async where Documents.Element == Document {
        do {
            for try await document in source {
                progress.withLock { $0.bytesRead += document.text.utf8.count }
                try await documents.send(document, weight: document.weight)
            }
            documents.finish()
        } catch { documents.finish(throwing: error) }
    }

    /// Second stage: recognizes unchanged documents, refuses those that cannot be stored, and cuts
    /// the rest into passages.
    func prepare() async {
        do {
            var gone = try GoneDocuments(in: collection, record: currentRecord, options: options)
            while let window = try await documents.receive(
                .init(count: options.batchSize, weight: Self.windowWeight))
            {
                let result = try prepare(window, &gone)
                try await prepared.send(result, weight: result.reduce(0) { $0 + $1.weight })
            }
            prepared.finish()
        } catch { prepared.finish(throwing: error) }
    }

    private func prepare(
        _ window: [Document], _ gone: inout GoneDocuments
    ) throws -> [PendingDocument] {
        let stored = try currentRecord.map { record in
            try collection.store.signatures(ofIDs: window.map(\.id), in: record)
        }
        var result: [PendingDocument] = []
        result.reserveCapacity(window.count)
        for document in window {
            gone.forget(document.id)
            let pending = prepare(document, stored: stored?[Identifier(document.id)], &gone)
            if pending.isNew {
                inFlight.withLock { $0[Identifier(document.id), default: 0] += 1 }
            }
            result.append(pending)
        }
        update { $0.read += window.count }
        return result
    }

    private func prepare(
        _ document: Document, stored signature: DocumentSignature?,
        _ gone: inout GoneDocuments
    ) -> PendingDocument {
        let stored = signature?.contentHash
        let metadata =
            document.metadata.isEmpty ? nil : JSONValue.object(document.metadata).jsonText
        var pending = PendingDocument(
            document: document, metadata: metadata,
            signature: ContentSignature.of(
                document, metadata: metadata ?? "",
                chunking: chunkingDescription(of: document)), fate: .new,
            textBytes: document.text.utf8.count)
        // If another version of the document is in flight, its outcome is not known yet; the store
        // decides when this one's turn comes.
        let isInFlight = inFlight.withLock { $0[Identifier(document.id)] != nil }
        if !isInFlight, stored == pending.signature {
            pending.fate = .unchanged
            pending.hasMoved =
                signature?.source.map { Identifier($0) }
                != document.source.map { Identifier($0.path) }
            return pending
        }
        pending.resumes =
            !isInFlight && stored == ContentSignature.incomplete(pending.signature)
        if isInFlight || stored != nil, !pending.resumes {
            switch options.onConflict {
            case .replace: break
            case .skip:
                pending.fate = .skipped
                return pending
            case .error:
                pending.fate = .failed(
                    DatabaseError.documentExists(id: document.id, source: document.source))
                return pending
            }
        }
        do {
            try check(document)
            if isInFlight {
                pending.passages = passages(of: document)
            } else if let stored, ContentSignature.sameContent(stored, pending.signature) {
                // Only the metadata have changed.
                pending.kept = .all
            } else if stored != nil {
                pending.passages = passages(of: document)
                reuseStoredPassages(in: &pending)
            } else if let moved = gone.take(
                document, chunking: chunkingDescription(of: document)),
                let passages = try storedPassages(of: moved)
            {
                pending.passages = passages
                pending.replacedKey = moved.key
            } else {
                pending.passages = passages(of: document)
            }
        } catch { pending.fate = .failed(error) }
        return pending
    }

    private func check(_ document: Document) throws {
        guard !document.id.isEmpty else {
            throw DatabaseError.invalidDocument(
                id: "", source: document.source, fault: .emptyID)
        }
        let vectors = (document.passages?.map(\.vector) ?? [document.vector]).compactMap { $0 }
        guard !vectors.isEmpty else { return }
        let subject =
            document.source.map { "\($0.path):\($0.position)" } ?? "document '\(document.id)'"
        let record = currentRecord
        if let record, let recorded = EmbedderIdentity(record),
            let made = options.exported?()?.model,
            made.fingerprint != recorded.fingerprint
        {
            throw DatabaseError.embedderMismatch(
                collection: collection.name, recorded: recorded, given: made)
        }
        for vector in vectors {
            try VectorCheck.check(vector, dimensions: record?.dimensions, of: subject)
        }
    }

    /// The passages that the document itself defines, if it does.
    private func ownPassages(of document: Document) -> [PendingPassage]? {
        guard let passages = document.passages, passages.count > 1 else { return nil }
        let bytes = Array(document.text.utf8)
        let starts = passages.map(\.start)
        guard starts[0] == 0, zip(starts, starts.dropFirst()).allSatisfy(<),
            starts[starts.count - 1] <= bytes.count
        else { return nil }
        return passages.indices.map { index in
            let end = index + 1 < starts.count ? starts[index + 1] : bytes.count
            return PendingPassage(
                text: String(decoding: bytes[starts[index]..<end], as: UTF8.self), ordinal: index,
                start: starts[index], vector: passages[index].vector)
        }
    }

    /// Cuts a document. One with a ready-made vector is kept whole, since the vector is of the
    /// whole.
    private func passages(of document: Document) -> [PendingPassage] {
        if let own = ownPassages(of: document) { return own }
        guard document.vector == nil, let chunking = options.chunking else {
            return [PendingPassage(text: document.text, start: 0, vector: document.vector)]
        }
        let measure = passageMeasure
        let cuts = chunking.passages(
            of: document.text, layout: document.layout,
            longest: measure.longestPassage(afterTitle: document.title),
            tokenCount: measure.tokenCount)
        guard cuts.count > 1 else {
            return [PendingPassage(text: document.text, start: 0, vector: nil)]
        }
        // White space between passages belongs to the one before it, so that the stored passages
        // concatenate to the text.
        let bytes = Array(document.text.utf8)
        return cuts.indices.map { index in
            let start = index == 0 ? 0 : cuts[index].range.lowerBound
            let next = index + 1 < cuts.count ? cuts[index + 1].range.lowerBound : bytes.count
            let end = max(cuts[index].range.upperBound, next)
            return PendingPassage(
                text: String(decoding: bytes[start..<end], as: UTF8.self), ordinal: index,
                start: start, vector: nil)
        }
    }

    /// The part of the signature that depends on chunking. A text that is kept whole is the same in
    /// any layout.
    private func chunkingDescription(of document: Document) -> String {
        options.chunking == nil ? "" : "\(chunkingDescription) \(document.layout.rawValue)"
    }
}
