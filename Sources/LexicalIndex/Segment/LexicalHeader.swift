import Foundation

/// What a segment says of itself: whose it is, and which passages it covers.
package struct LexicalHeader: Sendable, Equatable {
    package var databaseIdentity: UUID
    package var collection: Int64
    /// A place in the database's change log and the token that the log has there.
    package struct Place: Sendable, Equatable {
        package var position: Int64
        package var token: Int64

        package init(position: Int64, token: Int64) {
            (self.position, self.token) = (position, token)
        }
    }

    /// Changes up to here are taken in.
    package var place: Place
    /// Of the segment that this one goes on from; nil for the first.
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
    /// Of a segment in memory, which nobody has to recognise.
    package static let transient = LexicalHeader(
        databaseIdentity: UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
        collection: 0, place: Place(position: 0, token: 0), throughKey: 0)
}
