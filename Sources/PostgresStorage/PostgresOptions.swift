/// How a database in PostgreSQL is made and filled.
public struct PostgresOptions: Sendable {
    /// The number of places of each collection that is made, 1 to 1,024. Every place has tables and a graph
    /// of its own, and the number is fixed when the collection is made: 1 for one server, 8 to 64 for what
    /// will need several.
    public var places = 1

    /// The passages from which a collection gets a graph; with fewer, all vectors are compared.
    package var smallestGraph = 10_000

    /// The defaults: collections of one place.
    public init() {}
}
