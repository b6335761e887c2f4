import Storage
import TextBytes

/// Copies the documents of a collection from store to store, in the order of their ids.
struct CollectionCopy {
    let source: CollectionRecord
    let store: any Store
    let target: CollectionRecord
    let destination: DocumentCollection
    let report: (@Sendable (CopyProgress) -> Void)?

    /// Documents whose signatures are compared together.
    private static let page = 512
    /// Documents whose passages are read together. Long documents bound this: their texts and vectors
    /// are in memory until they are written.
    private static let slice = 32
    /// The bytes of texts and vectors after which documents are written.
    private static let largestWrite = 16 << 20

    func run() throws -> CopyProgress {
        var progress = CopyProgress()
        progress.total = source.documentCount
        var last: String?
        while true {
            let documents = try store.documents(after: last, limit: Self.page, in: source)
            guard let end = documents.last else { break }
            last = end.id
            let changed = try changed(documents)
            progress.unchanged += documents.count - changed.count
            try write(changed, &progress)
            report?(progress)
        }
        // Nothing may have been written, so check that the destination is still there.
        try destination.store.requireInPlace()
        return progress
    }

    /// Those that the destination does not have with the same content.
    private func changed(_ documents: [DocumentRecord]) throws -> [DocumentRecord] {
        let known = try destination.store.signatures(ofIDs: documents.map(\.id), in: target)
        return documents.filter {
            known[Identifier($0.id)]
                != DocumentSignature(contentHash: $0.contentHash, source: $0.source)
        }
    }

    private func write(_ documents: [DocumentRecord], _ progress: inout CopyProgress) throws {
        var batch: [DocumentWrite] = []
        var bytes = 0
        func commit() throws {
            guard !batch.isEmpty else { return }
            let outcome = try destination.index.holding(for: target) {
                try destination.store.write(batch, to: target, onConflict: .replace)
            }
            // The same content from another source.
            let moved = zip(batch, outcome.documents).filter { $1 == .unchanged }.map(\.0)
            if !moved.isEmpty { try destination.store.move(moved, in: target) }
            progress.written += batch.count
            batch.removeAll()
            bytes = 0
        }
        var rest = documents[...]
        while !rest.isEmpty {
            try Task.checkCancellation()
            let whole = try read(Array(rest.prefix(Self.slice)))
            rest = rest.dropFirst(Self.slice)
            batch += whole
            bytes += whole.reduce(0) { $0 + $1.bytes }
            if bytes >= Self.largestWrite { try commit() }
        }
        try commit()
    }

    /// Documents with all their passages and vectors. One that has been changed between these is read
    /// again; one that has been deleted is left out.
    private func read(_ documents: [DocumentRecord]) throws -> [DocumentWrite] {
        var whole: [DocumentWrite] = []
        var open = documents
        while !open.isEmpty {
            try Task.checkCancellation()
            let passages = try store.passages(ofDocuments: open.map(\.key), in: source)
            let vectors = try vectors(of: passages.values.flatMap { $0.map(\.key) })
            var changed: [DocumentRecord] = []
            for document in open {
                if let write = DocumentWrite(
                    document, passages[document.key] ?? [], vectors,
                    hasVectors: source.dimensions > 0)
                {
                    whole.append(write)
                } else if let newer = try store.document(id: document.id, in: source) {
                    guard newer != document else {
                        throw DatabaseError.damaged(
                            path: "document '\(document.id)'",
                            reason: "not all its passages have vectors")
                    }
                    changed.append(newer)
                }
            }
            open = changed
        }
        return whole
    }

    private func vectors(of keys: [Int64]) throws -> [Int64: [Float]] {
        let batch = try store.vectors(forKeys: keys.sorted(), in: source)
        var vectors: [Int64: [Float]] = [:]
        vectors.reserveCapacity(batch.count)
        for (row, key) in batch.keys.enumerated() {
            vectors[key] = Array(
                batch.values[row * batch.dimensions..<(row + 1) * batch.dimensions])
        }
        return vectors
    }
}

extension DocumentWrite {
    /// `nil` if a passage has no vector, or there is no passage.
    fileprivate init?(
        _ document: DocumentRecord, _ passages: [PassageRecord], _ vectors: [Int64: [Float]],
        hasVectors: Bool
    ) {
        var written: [PassageWrite] = []
        for passage in passages {
            guard let vector = hasVectors ? vectors[passage.key] : [] else { return nil }
            written.append(
                PassageWrite(
                    text: passage.text, ordinal: passage.ordinal, start: passage.start,
                    tokens: passage.tokens, vector: vector))
        }
        guard !written.isEmpty else { return nil }
        self.init(
            id: document.id, title: document.title, metadata: document.metadata,
            source: document.source, sourcePosition: document.sourcePosition,
            contentHash: document.contentHash, passages: written)
    }

    /// The size of its texts and vectors.
    fileprivate var bytes: Int {
        passages.reduce(0) { $0 + $1.text.utf8.count + $1.vector.count * MemoryLayout<Float>.size }
    }
}
