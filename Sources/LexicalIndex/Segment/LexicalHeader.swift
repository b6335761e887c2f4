import Foundation

/// The header of a segment: the database it belongs to, and the passages it covers.
package struct LexicalHeader: Sendable, Equatable {
    /// The database that the segment belongs to.
    package var databaseIdentity: UUID
    /// The collection's key in that database.
    package var collection: Int64
    /// A place in the database's change log and the token that the log has there.
    package struct Place: Sendable, Equatable {
        /// The position in the change log.
        package var position: Int64
        /// The log's token at that position. It differs between copies of a database that diverged.
        package var token: Int64

        package init(position: Int64, token: Int64) {
            (self.position, self.token) = (position, token)
        }
    }

    /// Changes up to here are included.
    package var place: Place
    /// The place of the segment that this one continues; `nil` for the first.
    package var predecessor: Place?
    /// The segment covers the keys after the previous segment's up to this one: each is in it or
    /// deleted.
    package var throughKey: Int64

    package init(
        databaseIdentity: UUID, collection: Int64, place: Place, predecessor: Place? = nil,
        throughKey: Int64
    ) {
        self.databaseIdentity = databaseIdentity
        self.collection = collection
        self.place = place
        self.predecessor = predecessor
        self.throughKey = throughKey
    }
}

extension LexicalHeader {
    /// The header of a segment in memory, which is never compared with another.
    package static let transient = LexicalHeader(
        databaseIdentity: UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
        collection: 0, place: Place(position: 0, token: 0), throughKey: 0)
}
