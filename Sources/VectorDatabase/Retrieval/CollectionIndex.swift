import Storage

/// By what a collection's documents are found: the seam between the database and what it derives from
/// the store.
///
/// The store is the truth. An index can be made again from it at any time, and may do that by itself.
/// Calls that write are for the one writer of the database.
package protocol CollectionIndex: Sendable {
    // MARK: Reading

    /// - Parameters:
    ///   - filter: `nil` for all documents.
    ///   - isFresh: whether it must see commits that are not acknowledged yet, too.
    func retriever(
        for record: CollectionRecord, filter: MetadataPredicate?, isFresh: Bool
    ) throws -> any Retriever

    func statistics(of record: CollectionRecord) throws -> IndexStatistics

    /// The bytes on disk outside the store, by part.
    var bytesByPart: [PartBytes] { get }

    // MARK: Writing

    /// Called before a change of the store; with `nil` before the collection is created.
    func prepareForWriting(_ record: CollectionRecord?) throws

    /// Runs `body`, which commits to the store or writes the index, so that searches need not do what
    /// follows from that.
    func holding<Result>(
        for record: CollectionRecord, _ body: () throws -> Result
    ) throws -> Result

    /// What extends the index while documents come in.
    func follower() -> any IndexFollower

    /// Extends the index if it lags too far behind the store.
    func update(_ record: CollectionRecord) throws

    /// Makes the index of the vectors again, after all of them or its parameters have changed.
    func rebuildVectors(_ record: CollectionRecord) throws

    /// Prepares for vectors of another model, which are stored and will be taken into use.
    func prepareStaged(_ record: CollectionRecord, dimensions: Int) throws

    /// Makes everything again, without what has been deleted.
    func rebuild(_ record: CollectionRecord) throws

    /// Removes the index of a collection that does not exist.
    func remove()

    /// Takes the index along to the collection's new name.
    func move(to name: String)

    // MARK: Maintenance

    /// Compares the index with the store.
    func check(
        _ record: CollectionRecord
    ) throws -> (findings: [CheckReport.Finding], sampledRecall: Double?)

    /// Makes the parts again that the findings are about.
    func repair(_ findings: [CheckReport.Finding], of record: CollectionRecord) throws

    /// Gives back what is held in memory.
    func release()
}

extension CollectionIndex {
    package func prepareStaged(_ record: CollectionRecord, dimensions: Int) throws {}
}

/// Extends an index during an ingest. Used by one task at a time.
package protocol IndexFollower: AnyObject {
    /// Whether anything is being extended, so that ``save(_:)`` has something to write.
    var isFollowing: Bool { get }

    /// Applies the insertions and deletions since the last call.
    ///
    /// - Returns: the number of passages that the index lacks; `nil` if it is not being extended.
    func follow(_ record: CollectionRecord) throws -> Int?

    /// Writes what should be written, after bringing it up to date.
    func save(_ record: CollectionRecord) throws
}
