import FileFormat

/// By what a document is recognised as unchanged.
///
/// 128 bits: the high half over all that its vectors depend on (title, text, ready-made vector, how
/// it is cut in passages), the low half over its metadata. So a change of metadata alone is told
/// from a change of content, and needs no encoding. Only versions of one document are ever
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

    /// Whether only metadata differ.
    static func sameContent(_ a: ContentHash, _ b: ContentHash) -> Bool { a.high == b.high }
}
