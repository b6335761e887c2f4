/// The state of a collection's vector index.
public struct IndexStatistics: Sendable, Equatable {
    /// How queries search the vectors.
    public enum State: String, Sendable, Codable {
        /// Every vector is scanned; the collection is too small for a graph to pay off.
        case scan
        /// A graph is searched, and a tail of rows beyond it is scanned.
        case graph
        /// The files are missing or belong to another state of the database. Readers scan the
        /// database until the next writer rewrites the files.
        case absent
        /// The graph is missing or incomplete, and every vector is compared until it is built: PostgreSQL
        /// only.
        case building
    }

    /// How queries search the vectors now.
    public var state: State
    /// The parameters that the graph is built with.
    public var options: IndexOptions
    /// Whether the graph has one-bit codes of each node's neighbors (``DatabaseOptions/neighborCodes``).
    public var hasNeighborCodes: Bool
    /// The number of rows in the graph; 0 without one.
    public var graphRows: Int
    /// The number of rows in the flat file of vectors; 0 without one.
    public var flatRows: Int
    /// The number of rows that the graph does not cover, which every query scans.
    public var tailRows: Int
    /// The number of rows deleted since the graph (or, without one, the flat file) was written.
    public var deletedRows: Int

    package init(
        state: State, options: IndexOptions, hasNeighborCodes: Bool = false, graphRows: Int = 0,
        flatRows: Int = 0, tailRows: Int = 0, deletedRows: Int = 0
    ) {
        self.state = state
        self.options = options
        self.hasNeighborCodes = hasNeighborCodes
        self.graphRows = graphRows
        self.flatRows = flatRows
        self.tailRows = tailRows
        self.deletedRows = deletedRows
    }
}
