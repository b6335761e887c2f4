import FileFormat

/// The hash by which an unchanged document is recognized.
///
/// 128 bits: the high half covers everything that the vectors depend on (title, text, ready-made
/// vector, how the text is cut), the low half the metadata. So a change of metadata alone can be
/// told from a change of content, and needs no encoding. Only versions of one document are ever
/// compared, for which 64 bits each are ample.
enum ContentSignature {
    static func of(_ document: Document, metadata: String, chunking: String) -> ContentHash {
        let content = ContentHasher()
        content.update(document.title)
        content.update(document.text)
        content.update(chunking)
        if let vector = document.vector {
            vector.withUnsafeBytes { content.update($0) }
        }
        for passage in document.passages ?? [] {
            content.update("passage \(passage.start)")
            passage.vector?.withUnsafeBytes { content.update($0) }
        }
        let rest = ContentHasher()
        rest.update(metadata)
        return ContentHash(high: content.finalize().high, low: rest.finalize().high)
    }

    /// The signature of a document whose metadata alone change.
    static func replacingMetadata(of hash: ContentHash, with metadata: String) -> ContentHash {
        let rest = ContentHasher()
        rest.update(metadata)
        return ContentHash(high: hash.high, low: rest.finalize().high)
    }

    /// The signature of a document of which only some passages are stored yet. No complete version
    /// has it, so an ingest that is interrupted in a long document is recognized and resumed.
    static func incomplete(_ hash: ContentHash) -> ContentHash {
        ContentHash(high: ~hash.high, low: hash.low)
    }

    /// Whether only metadata differ.
    static func sameContent(_ a: ContentHash, _ b: ContentHash) -> Bool { a.high == b.high }
}

extension Chunking {
    /// The part of a signature that says how a text is cut.
    var signature: String { "\(maximumTokens) \(overlapTokens) \(cutsRecords)" }
}
