import LexicalIndex

/// Finds the documents of one collection, for one query: the seam between queries and what their
/// documents are found in.
///
/// Planning, fusion, re-ranking and reading hits do not know which one they have. A retriever is made
/// with the query's filter, which all of its searches apply.
///
/// Its searches may run at the same time. They may block, so call them on ``BlockingExecutor``.
protocol Retriever: Sendable {
    /// The number of passages that match the filter; `nil` without a filter.
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
struct Candidates: Sendable {
    var documents: [Candidate] = []
    var cost = SearchCost()
}

/// The work that a search has done.
struct SearchCost: Sendable {
    // Of a search by vector.
    var distanceComputations = 0
    var graphRows = 0
    var tailRows = 0
    var deletedRows = 0
    // Of a search by words.
    var postings = 0
    var scoredPassages = 0
}
