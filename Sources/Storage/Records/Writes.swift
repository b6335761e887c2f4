import FileFormat

/// New metadata of a document.
package struct MetadataWrite: Sendable {
    package let id: String
    /// As JSON; `nil` for none.
    package let metadata: String?
    package let contentHash: ContentHash

    package init(id: String, metadata: String?, contentHash: ContentHash) {
        self.id = id
        self.metadata = metadata
        self.contentHash = contentHash
    }
}

/// The hash by which an unchanged document is recognized, and its source.
package struct DocumentSignature: Equatable, Sendable {
    package let contentHash: ContentHash
    package let source: String?

    package init(contentHash: ContentHash, source: String?) {
        self.contentHash = contentHash
        self.source = source
    }
}

/// A stored document of a source that is synchronized.
package struct SourcedDocument: Sendable {
    package let key: Int64
    package let id: String
    package let source: String
    /// Whether this run has seen it; `false` before ``beginSync()``.
    package let isSeen: Bool

    package init(key: Int64, id: String, source: String, isSeen: Bool) {
        self.key = key
        self.id = id
        self.source = source
        self.isSeen = isSeen
    }
}

/// What a deletion did.
package struct DeleteOutcome: Sendable, Equatable {
    /// The number of documents deleted.
    package let deleted: Int
    /// The log position after the commit.
    package let position: Int64

    package init(deleted: Int, position: Int64) {
        self.deleted = deleted
        self.position = position
    }
}
