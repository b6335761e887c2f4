/// Passages near a vector, in no order, with their documents and vectors, so that they can be scored.
package struct NearestPassages: Sendable, Equatable {
    package struct Passage: Sendable, Equatable {
        package let key: Int64
        package let documentKey: Int64
        package let documentID: String
    }

    package private(set) var passages: [Passage] = []
    /// `[passages.count, dimensions]`, row-major.
    package private(set) var values: [Float] = []

    init() {}

    init(joining parts: some Sequence<NearestPassages>) {
        for part in parts {
            passages += part.passages
            values += part.values
        }
    }

    /// Adds a row of ``NearestQuery``.
    mutating func add(_ row: PostgresResult.Row) throws(PostgresError) {
        passages.append(
            Passage(
                key: try row.integer(1), documentKey: try row.integer(2),
                documentID: try row.text(3)))
        try row.appendVector(4, to: &values)
    }
}
