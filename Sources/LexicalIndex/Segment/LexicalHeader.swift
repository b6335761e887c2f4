import Foundation

/// What a segment says of itself: whose it is, and which passages it covers.
package struct LexicalHeader: Sendable, Equatable {
    /// The database that the segment belongs to.
    package var databaseIdentity: UUID
    /// The collection's key in that database.
    package var collection: Int64
    /// A place in the database's change log and the token that the log has there.
    package struct Place: Sendable, Equatable {
        /// In the change log.
        package var position: Int64
        /// The log's token there, which differs between copies of a database that were written to separately.
        package var token: Int64

        package init(position: Int64, token: Int64) {
            (self.position, self.token) = (position, token)
        }
    }

    /// Changes up to here are taken in.
    package var place: Place
    /// The segment that this one continues; `nil` for the first.
    package var predecessor: Place?
    /// Passages with keys up to here, from where the segment before it ends, are in it or gone.
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
