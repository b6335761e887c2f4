/// Something that is wrong in the database.
package struct StoreFinding: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case database, foreignKey, seal, checksum, text, vector, fieldValue, count
        case counter, changeLog
        /// Postings that a store keeps itself.
        case words
    }

    package let kind: Kind
    /// The collection concerned; `nil` if it is the database as a whole.
    package let collection: String?
    /// What is wrong, with keys and counts.
    package let detail: String

    /// Whether the part can be derived again from the rest of the database.
    package var isDerived: Bool { kind == .fieldValue || kind == .words }

    package init(kind: Kind, collection: String?, detail: String) {
        self.kind = kind
        self.collection = collection
        self.detail = detail
    }
}
