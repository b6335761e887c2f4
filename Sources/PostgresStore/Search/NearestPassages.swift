/// Passages near a vector, in no order, with their documents and vectors, so that they can be scored.
package struct NearestPassages: Sendable, Equatable {
    package struct Passage: Sendable, Equatable {
        package let key: Int64
        package let documentKey: Int64
        package let documentID: String
        package let place: Int
    }

    package private(set) var passages: [Passage] = []
    /// `[passages.count, dimensions]`, row-major.
    package private(set) var values: [Float] = []
    /// The places that may have more: as many passages as were asked for came from each.
    package private(set) var unfinished: Set<Int> = []

    init() {}

    /// - Parameters:
    ///   - parts: by place.
    ///   - limit: the passages that were asked for of each.
    init(joining parts: [Int: NearestPassages], limit: Int) {
        for (place, part) in parts.sorted(by: { $0.key < $1.key }) {
            passages += part.passages
            values += part.values
            if part.passages.count >= limit { unfinished.insert(place) }
        }
    }

    /// Adds a row of ``NearestQuery``.
    mutating func add(_ row: PostgresResult.Row) throws(PostgresError) {
        passages.append(
            Passage(
                key: try row.integer(1), documentKey: try row.integer(2),
                documentID: try row.text(3), place: Int(try row.integer(0))))
        try row.appendVector(4, to: &values)
    }
}
