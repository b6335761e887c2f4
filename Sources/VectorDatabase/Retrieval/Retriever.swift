import LexicalIndex

/// Finds the documents of one collection, for one query: the seam between queries and what their
/// documents are found in.
///
/// Planning, fusion, re-ranking and reading hits do not know which one they have. A retriever is made
/// with the query's filter, which all of its searches apply.
///
/// Its searches may run at the same time. They may block, so call them on ``BlockingExecutor``.
package protocol Retriever: Sendable {
    /// The number of passages that match the filter; `nil` without a filter, or if they are too many to be
    /// counted for each query.
    var matchingPassages: Int? { get }

    /// The documents whose passages are nearest to a vector, best first; equal scores in the byte
    /// order of ids.
    ///
    /// - Parameters:
    ///   - vector: `[D]`, with as many components as the collection has dimensions.
    ///   - depth: the most documents; fewer only if no more match.
    ///   - ef: the number of candidates kept while a graph is searched; `nil` for the default.
    ///   - isExact: compares the vector with every passage's.
    func dense(
        _ vector: [Float], depth: Int, ef: Int?, isExact: Bool
    ) throws -> Candidates

    /// The documents whose passages have the highest BM25, best first; equal scores in the byte order
    /// of ids.
    ///
    /// - Parameter depth: the most documents; fewer only if no more match.
    func lexical(_ text: String, depth: Int, scoring: BM25) throws -> Candidates
}

/// What a search found, best first, and the work that it took.
package struct Candidates: Sendable {
    package var documents: [Candidate]
    package var cost: SearchCost

    package init(documents: [Candidate] = [], cost: SearchCost = SearchCost()) {
        self.documents = documents
        self.cost = cost
    }
}

/// The work that a search has done.
package struct SearchCost: Sendable {
    // Of a search by vector.
    package var distanceComputations = 0
    package var graphRows = 0
    package var tailRows = 0
    package var deletedRows = 0
    /// Whether the rows that were in a graph, and not, are those of the index's statistics.
    package var rowsAreTheIndexes = false
    package var placesWithoutEf = 0
    // Of a search by words.
    package var postings = 0
    package var scoredPassages = 0

    package init() {}
}
