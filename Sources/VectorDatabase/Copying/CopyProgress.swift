/// What copying a collection to another database has done.
public struct CopyProgress: Sendable, Equatable {
    /// The number of documents in the collection when the call began.
    public var total = 0
    /// Documents written: new ones, and those whose content differed.
    public var written = 0
    /// Documents that the destination had already, with the same content.
    public var unchanged = 0

    /// The documents that are done.
    public var done: Int { written + unchanged }
}
