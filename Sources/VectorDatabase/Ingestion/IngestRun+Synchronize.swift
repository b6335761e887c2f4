import Storage
import TextBytes

extension IngestRun {
    /// Deletes documents that their synchronized sources no longer have, unless they are more than
    /// may be deleted.
    func deleteUnseen() throws {
        guard !options.synchronizedSources.isEmpty, let record = currentRecord else { return }
        let stored = try rethrowing {
            try collection.store.documentsSeen(ofSources: options.synchronizedSources, in: record)
        }
        let deletions = Deletions(
            of: stored, isSeen: \.isSeen, unreadable: options.unreadableSources?() ?? [])
        try deletions.check(options)
        let deleted = try rethrowing {
            if let work = options.work { return try work.delete(deletions.documents, from: record) }
            return try collection.store.delete(
                documentKeys: deletions.documents.map(\.key), from: record
            ).deleted
        }
        update { $0.stored.deleted += deleted }
    }
}

/// What a synchronization deletes.
struct Deletions {
    /// The documents that are gone.
    let documents: [SourcedDocument]
    /// The documents that remain.
    private let rest: [SourcedDocument]

    /// - Parameters:
    ///   - stored: the documents of the synchronized sources.
    ///   - unreadable: files and folders of which nothing is deleted.
    init(
        of stored: [SourcedDocument],
        isSeen: (SourcedDocument) -> Bool, unreadable: Set<Identifier>
    ) {
        var (gone, rest) = ([SourcedDocument](), [SourcedDocument]())
        for document in stored {
            if isSeen(document) || document.source.isPath(in: unreadable) {
                rest.append(document)
            } else {
                gone.append(document)
            }
        }
        (documents, self.rest) = (gone, rest)
    }

    /// - Throws: `sourceEmptied` if all documents of a source are gone and the limit does not allow
    ///   that; `tooManyDeletions`.
    func check(_ options: IngestOptions) throws(DatabaseError) {
        let allowed: Double
        switch options.deletionLimit {
        case .notAll:
            for path in options.synchronizedSources {
                let source: Set = [Identifier(path)]
                let count = documents.count { $0.source.isPath(in: source) }
                if count > 0, !rest.contains(where: { $0.source.isPath(in: source) }) {
                    throw .sourceEmptied(path: path, documents: count)
                }
            }
            return
        case .documents(let count): allowed = Double(count)
        case .percent(let share): allowed = Double(documents.count + rest.count) * share / 100
        }
        if Double(documents.count) > allowed {
            throw .tooManyDeletions(
                documents: documents.count, total: documents.count + rest.count)
        }
    }
}
