import Ranking
import Storage

/// The statement that finds the passages nearest to a vector, written out by place: each walks its own
/// graph. A row is a place, a passage, its document, the document's id, and the vector.
struct NearestQuery {
    let collection: CollectionRecord
    let layout: CollectionLayout
    let vector: [Float]
    let limit: Int
    /// On `document AS d`; `nil` for all documents. Its parameters come after ``parameters``.
    let condition: PostgresPredicate?
    /// The places that are on other servers. Of these a query must be one that postgres_fdw sends as a
    /// whole, with its order and limit, and whose columns have the distance, or they are not asked at once.
    var farPlaces: Set<Int> = []

    /// Those of every statement: `$1` and `$2`.
    static func parameters(_ vector: [Float], _ limit: Int) -> [PostgresValue] {
        [.vector(vector), .integer(Int64(limit))]
    }

    private var parameters: [PostgresValue] {
        condition?.parameters ?? Self.parameters(vector, limit)
    }

    /// - Parameter places: those that are searched.
    func statement(
        isExact: Bool, in places: some Sequence<Int>
    ) -> PostgresStatement {
        let parts = places.map { place in "(\(selection(place, isExact: isExact)))" }
        return PostgresStatement(parts.joined(separator: " UNION ALL "), parameters)
    }

    private func selection(_ place: Int, isExact: Bool) -> String {
        let vectors = "\(layout.part(place, of: layout.vectors)) AS v"
        let documents = "\(layout.part(place, of: layout.documents)) AS d"
        let atOnce = layout.flavour.rules.searchesAtOnce
        // The place is written out, but for a search of all of them.
        func samePlace(_ table: String, _ other: String) -> String {
            "\(table).place = \(atOnce ? "\(other).place" : "\(place)")"
        }
        let isHere = atOnce ? "true" : layout.isIn(place, "v")
        let isDocument = "\(samePlace("d", "v")) AND d.key = v.document"
        let order = "ORDER BY \(isExact ? exactDistance : graphDistance) LIMIT $2"
        var columns = "\(place), v.passage, v.document, d.id, v.value"
        let isFar = farPlaces.contains(place)
        if isFar {
            columns += ", \(isExact ? exactDistance : graphDistance) AS distance"
        } else if !farPlaces.isEmpty {
            columns += ", 0::float8 AS distance"
        }
        guard let condition else {
            if isFar || atOnce {
                return
                    "SELECT \(columns) FROM \(vectors) JOIN \(documents) ON \(isDocument) \(order)"
            }
            return """
                SELECT \(columns) FROM (
                    SELECT passage, document, value FROM \(vectors) WHERE \(isHere) \(order)) AS v
                JOIN \(documents) ON \(isDocument)
                """
        }
        if !isExact {
            return """
                SELECT \(columns) FROM \(vectors)
                JOIN \(documents) ON \(isDocument) AND \(isHere) AND \(condition.sql) \(order)
                """
        }
        // From the documents, of which few match, by the keys of their passages.
        return """
            SELECT \(columns) FROM \(documents)
            JOIN \(layout.part(place, of: layout.passages)) AS p
                ON \(samePlace("p", "d")) AND p.document = d.key
            JOIN \(vectors) ON \(samePlace("v", "d")) AND v.passage = p.key
            WHERE \(atOnce ? "d.\(layout.anyPlace)" : "d.place = \(place)") AND \(condition.sql) \(order)
            """
    }

    /// No index serves a sum.
    private var exactDistance: String { "(v.value \(collection.metric.operation) $1::vector) + 0" }

    private var graphDistance: String {
        layout.flavour.rules.graphDistance(collection.metric, dimensions: collection.dimensions)
    }
}
