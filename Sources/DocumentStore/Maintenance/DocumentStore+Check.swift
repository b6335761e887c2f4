import FileFormat
import Foundation
import GRDB

/// Something that is not as it should be.
package struct StoreFinding: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case database, foreignKey, fullText, text, vector, count, changeLog
    }

    package let kind: Kind
    /// The collection concerned, if it is one's.
    package let collection: String?
    package let detail: String
}

extension DocumentStore {
    /// Reads everything and reports what is wrong; empty means sound.
    package func check() throws(StoreError) -> [StoreFinding] {
        []
    }
}
