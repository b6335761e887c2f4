import HTTPTypes
import Hummingbird
import JSON
import VectorDatabase

/// Collections, and the indexes on their metadata fields.
struct CollectionEndpoints {
    let services: Services

    private static let collection = "/v1/collections/{collection}"
    private static let field = collection + "/fields/{field}"

    var routes: [Route] {
        [
            Route(.get, "/v1/collections", .read, list),
            Route(.put, Self.collection, .write, create),
            Route(.get, Self.collection, .read, statistics),
            Route(.delete, Self.collection, .write, delete),
            Route(.get, Self.collection + "/fields", .read, fields),
            Route(.put, Self.field, .write, indexField),
            Route(.delete, Self.field, .write, dropIndex),
        ]
    }

    private func list(_ call: Call) async throws -> Response {
        _ = try call.parameters()
        let database = services.database
        let entries = try await services.reading {
            try database.collectionNames().filter { call.caller.mayUse(collection: $0) }
                .compactMap { name -> JSONWriter? in
                    // It may have been deleted meanwhile.
                    do {
                        return try database.collection(name).statistics(includesBytes: false)
                            .summaryJSON
                    } catch DatabaseError.collectionMissing { return nil }
                }
        }
        var line = JSONWriter()
        line.set("collections", entries)
        return .json(line)
    }

    private func create(_ call: Call) async throws -> Response {
        let name = try call.collectionName()
        _ = try call.parameters()
        var fields = try await call.fields()
        let metric = try fields.choice("metric", Metric.self) ?? .innerProduct
        let dimensions = try fields.integer("dimensions", in: 0...65_536)
        let index = try Self.indexOptions(fields.object("index"))
        try fields.end()
        let database = services.database
        let isNew = try await services.writing {
            try await database.createCollection(
                name, metric: metric, dimensions: dimensions, index: index)
        }
        let entry = try await services.reading {
            try database.collection(name).statistics(includesBytes: false).summaryJSON
        }
        return .json(entry, status: isNew ? .created : .ok)
    }

    private static func indexOptions(
        _ object: JSONObject?
    ) throws(RequestFailure) -> IndexOptions {
        var options = IndexOptions()
        guard let object else { return options }
        var fields = Fields(object)
        if let m = try fields.integer("m", in: 2...128) { options.m = m }
        if let ef = try fields.integer("ef_construction", in: 1...100_000) {
            options.efConstruction = ef
        }
        if let quantization = try fields.choice("quantization", VectorQuantization.self) {
            options.quantization = quantization
        }
        try fields.end()
        return options
    }

    private func statistics(_ call: Call) async throws -> Response {
        let collection = try services.collection(of: call)
        let includesBytes = try call.parameters("bytes").boolean("bytes") ?? true
        return .json(
            try await services.reading {
                try collection.statistics(includesBytes: includesBytes)
                    .json(database: nil, collections: nil)
            })
    }

    private func delete(_ call: Call) async throws -> Response {
        let name = try call.collectionName()
        _ = try call.parameters()
        try await services.writing { try await services.database.dropCollection(name) }
        return Response(status: .noContent)
    }

    private func fields(_ call: Call) async throws -> Response {
        let collection = try services.collection(of: call)
        _ = try call.parameters()
        let fields = try await services.reading { try collection.fields().map(\.json) }
        var line = JSONWriter()
        line.set("fields", fields)
        return .json(line)
    }

    private func indexField(_ call: Call) async throws -> Response {
        let collection = try services.collection(of: call)
        _ = try call.parameters()
        try await services.writing { try await collection.indexField(call.part("field")) }
        return .json(Self.state(of: call.part("field"), isIndexed: true))
    }

    private func dropIndex(_ call: Call) async throws -> Response {
        let collection = try services.collection(of: call)
        _ = try call.parameters()
        try await services.writing { _ = try await collection.dropIndexField(call.part("field")) }
        return .json(Self.state(of: call.part("field"), isIndexed: false))
    }

    private static func state(of field: String, isIndexed: Bool) -> JSONWriter {
        var line = JSONWriter()
        line.set("field", field)
        line.set("indexed", .bool(isIndexed))
        return line
    }
}
