import Hummingbird
import JSON
import VectorDatabase

/// A collection's documents in a plane, for the page's map.
struct ProjectionEndpoint {
    let services: Services

    var routes: [Route] {
        [Route(.post, "/v1/collections/{collection}/projection", .read, project)]
    }

    /// Characters of titles and values.
    private static let longestText = 100

    private func project(_ call: Call) async throws -> Response {
        let collection = try services.collection(of: call)
        _ = try call.parameters()
        var fields = try await call.fields()
        let sample = try fields.integer("sample", in: Limits.mapped) ?? 5000
        let seed = try fields.integer("seed", in: 0...1 << 53) ?? 0
        let color = try fields.string("color").map { name throws(RequestFailure) in
            guard let field = FieldPath(name) else {
                throw RequestFailure.wrongValue(
                    name: "color", expected: "the name of a metadata field, as a filter writes it")
            }
            return field
        }
        let queries = try fields.strings("queries", most: 100) ?? []
        let ids = try fields.strings("ids", most: Limits.items) ?? []
        let includesPoints = try fields.boolean("points") ?? true
        try fields.end()
        let vectors = try await vectors(of: queries, in: collection)
        let line = try await services.reading { () throws -> JSONWriter in
            let projection = try collection.projection(sample: sample, seed: UInt64(seed))
            let placed = try collection.places(ofDocuments: ids, in: projection)
            var line = JSONWriter()
            line.set("variance", .array(projection.variance.map { .number($0) }))
            if includesPoints {
                let values = try color.map { try collection.values(of: $0, at: projection) }
                line.set(
                    "points",
                    projection.points.enumerated().map { index, point in
                        var entry = Self.entry(point)
                        if let values { entry.set("color", Self.shortened(values[index])) }
                        return entry
                    })
            }
            line.set("documents", placed.map(Self.entry))
            line.set(
                "queries",
                vectors.map { vector in
                    let (x, y) = projection.place(vector)
                    var entry = JSONWriter()
                    entry.set("x", Self.number(x))
                    entry.set("y", Self.number(y))
                    return entry
                })
            return line
        }
        return .json(line)
    }

    /// The queries' vectors, encoded as a search does.
    private func vectors(
        of queries: [String], in collection: DocumentCollection
    ) async throws -> [[Float]] {
        if queries.isEmpty { return [] }
        try services.queue.admit()
        let answers = try await withTimeout(seconds: services.limits.timeout) {
            try await collection.query(queries.map { Query($0, limit: 1, mode: .dense) })
        }
        return answers.compactMap(\.vector)
    }

    private static func entry(_ point: Projection.Point) -> JSONWriter {
        var entry = JSONWriter()
        entry.set("id", point.id)
        entry.set("title", String(point.title.prefix(longestText)))
        entry.set("x", number(point.x))
        entry.set("y", number(point.y))
        return entry
    }

    /// With as few digits as tell a float from its neighbors.
    private static func number(_ value: Float) -> JSONValue {
        .number(Double(value.description) ?? Double(value))
    }

    private static func shortened(_ value: JSONValue?) -> JSONValue {
        guard case .string(let text) = value else { return value ?? .null }
        return .string(String(text.prefix(longestText)))
    }
}
