import FileFormat
import Storage
import TextBytes

/// Stored documents whose files no longer exist, to recognize renamed and moved files by their
/// content.
struct GoneDocuments {
    private let collection: DocumentCollection?
    private let record: CollectionRecord?
    private var ids: Set<Identifier> = []
    /// The ids by the hashes of their texts, once one is looked for.
    private var byText: [ContentHash: [String]]?

    /// Finds them; there are none unless the run synchronizes and knows which files exist.
    init(
        in collection: DocumentCollection?, record: CollectionRecord?, options: IngestOptions
    ) throws {
        self.record = record
        guard let collection, let record, let existing = options.existingSources else {
            self.collection = nil
            return
        }
        self.collection = collection
        let unreadable = options.unreadableSources?() ?? []
        let documents = try collection.store.documents(
            ofSources: options.synchronizedSources, in: record)
        for document in documents
        where !existing.contains(Identifier(document.source))
            && !document.source.isPath(in: unreadable)
        {
            ids.insert(Identifier(document.id))
        }
    }

    /// A document of this id is in this run, so it is not gone.
    mutating func forget(_ id: String) {
        if !ids.isEmpty { ids.remove(Identifier(id)) }
    }

    /// The document that a new one is a renamed version of. It is not returned again.
    ///
    /// Its title must be the same, or the name of the file both times.
    mutating func take(_ document: Document, chunking: String) -> DocumentRecord? {
        guard !ids.isEmpty, let collection, let record else { return nil }
        let texts = byText ?? hashes(in: collection.store, record)
        byText = texts
        let hash = Self.hash(of: document.text)
        for id in texts[hash] ?? [] where ids.contains(Identifier(id)) {
            guard let stored = try? collection.store.document(id: id, in: record),
                Self.hasSameTitle(stored, document)
            else { continue }
            var old = document
            old.title = stored.title
            let signature = ContentSignature.of(old, metadata: "", chunking: chunking)
            guard ContentSignature.sameContent(signature, stored.contentHash) else { continue }
            ids.remove(Identifier(id))
            return stored
        }
        return nil
    }

    private static func hasSameTitle(_ stored: DocumentRecord, _ document: Document) -> Bool {
        if stored.title.hasSameBytes(as: document.title) { return true }
        guard let old = stored.source, let new = document.source?.path else { return false }
        return isName(stored.title, of: old) && isName(document.title, of: new)
    }

    /// Whether a title is a file's name, with or without the extension.
    private static func isName(_ title: String, of path: String) -> Bool {
        let last = path.split(separator: "/").last.map(String.init) ?? path
        return title.hasSameBytes(as: last)
            || title.hasSameBytes(as: SourceFormat.title(ofFile: path))
    }

    private func hashes(
        in store: any Store, _ record: CollectionRecord
    ) -> [ContentHash: [String]] {
        var result: [ContentHash: [String]] = [:]
        for id in ids.sorted() {
            // A damaged document is not recognized.
            guard let stored = try? store.document(id: id.text, in: record),
                let text = try? store.text(ofDocument: stored.key, in: record)
            else { continue }
            result[Self.hash(of: text), default: []].append(id.text)
        }
        return result
    }

    private static func hash(of text: String) -> ContentHash {
        var text = text
        return text.withUTF8 { ContentHash(of: UnsafeRawBufferPointer($0)) }
    }
}

extension String {
    /// Whether this path, or a folder above it, is in `paths`.
    func isPath(in paths: Set<Identifier>) -> Bool {
        if paths.isEmpty { return false }
        var path = utf8[...]
        while true {
            if paths.contains(Identifier(String(Substring(path)))) { return true }
            guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return false }
            path = path[..<slash]
        }
    }
}
