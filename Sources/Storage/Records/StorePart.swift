/// The bytes that one kind of content takes in the store.
package struct StorePart: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case text, vectors, metadata
        /// FTS5 tables, in formats 1 to 3 of SQLite's database; posting lists that a store keeps itself.
        case fullText = "full_text"
        case fieldIndexes = "field_indexes"
        case changeLog = "change_log"
        case other, free
        case writeAheadLog = "write_ahead_log"
    }

    package let kind: Kind
    package let bytes: Int

    package init(kind: Kind, bytes: Int) {
        self.kind = kind
        self.bytes = bytes
    }
}
