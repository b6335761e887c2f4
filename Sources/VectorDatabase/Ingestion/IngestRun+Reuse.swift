import Storage
import TextBytes

extension IngestRun {
    /// Keeps what a document's new version has in common with the stored one, so that it is not
    /// encoded again: passages at the same place with the same text stay as they are, and others take
    /// the vector of a stored passage with the same text. A log that has grown costs what is new, and
    /// an ingest that was interrupted inside a document resumes there.
    ///
    /// Vectors are of the title, too, so nothing is kept if that has changed; ready-made vectors are
    /// never kept.
    func reuseStoredPassages(in pending: inout PendingDocument) {
        let document = pending.document
        if pending.resumes { pending.kept = .only([]) }
        let hasOwnVectors =
            document.vector != nil || document.passages?.contains { $0.vector != nil } == true
        // A damaged row is replaced.
        guard !hasOwnVectors, let record = currentRecord,
            let stored = try? collection.store.document(id: document.id, in: record),
            stored.title.hasSameBytes(as: document.title),
            let old = try? collection.store.passages(ofDocument: stored.key, in: record)
        else { return }
        // What has a ready-made vector has no tokens.
        let encoded = old.filter { $0.tokens > 0 || record.dimensions == 0 }
        let places = Dictionary(encoded.map { ($0.ordinal, $0) }) { first, _ in first }
        var kept: Set<Int64> = []
        var rest: [PendingPassage] = []
        for passage in pending.passages {
            if let same = places[passage.ordinal], same.start == passage.start,
                same.text.hasSameBytes(as: passage.text)
            {
                kept.insert(same.key)
            } else {
                rest.append(passage)
            }
        }
        if record.dimensions > 0, !rest.isEmpty {
            try? takeVectors(
                of: encoded.filter { !kept.contains($0.key) }, for: &rest, in: record)
        }
        if !kept.isEmpty || pending.resumes { pending.kept = .only(kept) }
        pending.passages = rest
    }

    /// Gives passages the vectors of stored ones with the same text.
    private func takeVectors(
        of stored: [PassageRecord], for passages: inout [PendingPassage],
        in record: CollectionRecord
    ) throws {
        let byText = Dictionary(stored.map { (Identifier($0.text), $0) }) { first, _ in first }
        let matches = passages.map { byText[Identifier($0.text)] }
        let keys = Set(matches.compactMap { $0?.key }).sorted()
        if keys.isEmpty { return }
        let vectors = try collection.store.vectors(forKeys: keys, in: record)
        let rows = Dictionary(vectors.keys.enumerated().map { ($1, $0) }) { first, _ in first }
        for (index, match) in matches.enumerated() {
            guard let match, let row = rows[match.key] else { continue }
            let start = row * record.dimensions
            passages[index].vector = Array(vectors.values[start..<start + record.dimensions])
            passages[index].tokens = match.tokens
        }
    }

    /// The passages of a stored document with their vectors; `nil` if some have none.
    func storedPassages(of stored: DocumentRecord) throws -> [PendingPassage]? {
        guard let record = currentRecord else { return nil }
        let passages = try collection.store.passages(ofDocument: stored.key, in: record)
        let vectors = try collection.store.vectors(forKeys: passages.map(\.key), in: record)
        guard record.dimensions == 0 || vectors.keys == passages.map(\.key) else { return nil }
        return passages.enumerated().map { index, passage in
            let row = index * record.dimensions..<(index + 1) * record.dimensions
            return PendingPassage(
                text: passage.text, ordinal: index, start: passage.start,
                vector: record.dimensions == 0 ? nil : Array(vectors.values[row]),
                tokens: passage.tokens)
        }
    }
}
