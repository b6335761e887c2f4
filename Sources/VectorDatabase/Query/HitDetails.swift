/// What is shown of hits beyond the answer, by rank.
package struct HitDetails: Sendable {
    /// Where the hits' texts are in their documents.
    package var places: [Int: TextPlace] = [:]
    /// The sentences that are nearest to the query.
    package var sentences: [Int: Range<String.Index>] = [:]

    package init() {}

    /// The places of an answer's hits, without nearest sentences.
    ///
    /// - Throws: ``DatabaseError``.
    package init(of answer: Answer, in collection: DocumentCollection) throws {
        for (hit, place) in zip(answer.hits, try collection.places(of: answer.hits)) {
            places[hit.rank] = place
        }
    }
}
