/// How a database in PostgreSQL is made and filled.
public struct PostgresOptions: Sendable {
    /// The number of places of each collection that is made, 1 to 1,024. Every place has tables and a graph
    /// of its own, and the number is fixed when the collection is made: 1 for one server, 8 to 64 for what
    /// will need several.
    public var places = 1

    /// What the server of a database that is made is, if not PostgreSQL itself; `nil` for PostgreSQL, or for
    /// what a database that is there was made for.
    public var flavour: PostgresFlavour?

    /// The bytes of memory that the server may take to build the graph of a place, 1 MiB to 1 TiB; `nil` for
    /// what it is set to (`maintenance_work_mem`, usually 64 MiB). A graph of n vectors of D dimensions needs
    /// about n · (2 D + 500) bytes, and is built much more slowly with less.
    public var maintenanceMemory: Int?

    /// The passages from which a collection gets a graph; with fewer, all vectors are compared.
    package var smallestGraph = 10_000

    /// The defaults: collections of one place.
    public init() {}
}
