import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import TextBytes
import VectorDatabase

/// Documents: reading, storing, changing and deleting them.
struct DocumentEndpoints {
    let services: Services

    private static let documents = "/v1/collections/{collection}/documents"
    private static let document = documents + "/{id}"

    var routes: [Route] {
        [
            Route(.get, Self.documents, .read, list),
            Route(.post, Self.documents, .write, ingest),
            Route(.post, Self.documents + "/get", .read, get),
            Route(.post, Self.documents + "/delete", .write, delete),
            Route(.get, Self.document, .read, getOne),
            Route(.put, Self.document, .write, putOne),
            Route(.patch, Self.document, .write, patchOne),
            Route(.delete, Self.document, .write, deleteOne),
        ]
    }

    // MARK: Reading

    private func list(_ call: Call) async throws -> Response {
        let collection = try services.collection(of: call)
        let parameters = try call.parameters("limit", "after", "where", "vectors")
        let limit = try parameters.integer("limit", in: Limits.page) ?? 100
        let includesVectors = try parameters.boolean("vectors") ?? false
        let filter = try parameters["where"].map { try Filter($0) }
        let after = parameters["after"]
        // One more than is shown tells whether there is another page.
        let found = try await services.reading { () throws -> [Document] in
            guard let filter else {
                return try collection.documents(
                    after: after, limit: limit + 1, includesVectors: includesVectors)
            }
            var page: [Document] = []
            for id in try collection.ids(where: filter) {
                if page.count > limit { break }
                if let after, !after.precedesByBytes(id) { continue }
                let document = try collection.document(id, includesVector: includesVectors)
                if let document { page.append(document) }
            }
            return page
        }
        let page = found.prefix(limit)
        var line = JSONWriter()
        line.set("documents", page.map { $0.jsonLine(idKey: "id") })
        line.set("next", found.count > limit ? page.last?.id : nil)
        return .json(line)
    }

    private func get(_ call: Call) async throws -> Response {
        let collection = try services.collection(of: call)
        _ = try call.parameters()
        var fields = try await call.fields()
        let ids = try Fields.require(fields.strings("ids", most: Limits.items), "ids")
        let includesVectors = try fields.boolean("vectors") ?? false
        try fields.end()
        let (found, missing) = try await services.reading {
            var found: [Document] = []
            var missing: [String] = []
            for id in ids {
                if let document = try collection.document(id, includesVector: includesVectors) {
                    found.append(document)
                } else {
                    missing.append(id)
                }
            }
            return (found, missing)
        }
        var line = JSONWriter()
        line.set("documents", found.map { $0.jsonLine(idKey: "id") })
        line.set("missing", .array(missing.map { .string($0) }))
        return .json(line)
    }

    private func getOne(_ call: Call) async throws -> Response {
        let collection = try services.collection(of: call)
        let includesVector = try call.parameters("vectors").boolean("vectors") ?? false
        let id = call.part("id")
        let document = try await services.reading {
            try collection.document(id, includesVector: includesVector)
        }
        guard let document else { throw DatabaseError.documentsMissing(ids: [id]) }
        let tag = "\"\(document.contentID)\""
        if call.has(version: tag) {
            return Response(status: .notModified, headers: [.eTag: tag])
        }
        return .json(document.jsonLine(idKey: "id"), headers: [.eTag: tag])
    }

    // MARK: Deleting

    private func delete(_ call: Call) async throws -> Response {
        let collection = try services.collection(of: call)
        _ = try call.parameters()
        var fields = try await call.fields()
        let ids = try fields.strings("ids", most: Limits.items)
        let filter = try fields.string("where").map { try Filter($0) }
        try fields.end()
        guard (ids == nil) != (filter == nil) else {
            throw RequestFailure.wrongValue(
                name: "ids", expected: "given, or 'where', but not both")
        }
        let deleted = try await services.writing {
            if let filter { return try await collection.delete(where: filter) }
            return try await collection.delete(ids ?? [])
        }
        return .json(Self.deleted(deleted))
    }

    private func deleteOne(_ call: Call) async throws -> Response {
        let collection = try services.collection(of: call)
        _ = try call.parameters()
        let id = call.part("id")
        let deleted = try await services.writing { try await collection.delete([id]) }
        guard deleted > 0 else { throw DatabaseError.documentsMissing(ids: [id]) }
        return .json(Self.deleted(deleted))
    }

    private static func deleted(_ count: Int) -> JSONWriter {
        var line = JSONWriter()
        line.set("deleted", count)
        return line
    }

    // MARK: Storing

    private func putOne(_ call: Call) async throws -> Response {
        let collection = try services.collection(of: call)
        let chunking = try IngestParameters.chunking(
            call.parameters("chunk_tokens", "chunk_overlap"))
        let id = call.part("id")
        let body = try await call.body()
        let decoder = DocumentDecoder(name: "body")
        let decoded = try body.readableBytesView.withUnsafeBytes { bytes in
            try decoder.document(in: bytes.assumingMemoryBound(to: UInt8.self), line: 1)
        }
        guard var document = decoded else { throw RequestFailure.notAnObject }
        // The id of the content stands for none.
        guard document.id.hasSameBytes(as: id) || document.id == document.contentID else {
            throw RequestFailure.wrongValue(name: "id", expected: "the id in the path, or absent")
        }
        document.id = id
        let summary = try await services.writing { [document] in
            try await services.commits.put(document, into: collection, chunking: chunking)
        }
        services.metrics.ingested(summary, collection: collection.name)
        return .json(summary.json, status: summary.inserted > 0 ? .created : .ok)
    }

    /// Changes metadata by a merge patch (RFC 7396); nothing is encoded.
    private func patchOne(_ call: Call) async throws -> Response {
        let collection = try services.collection(of: call)
        _ = try call.parameters()
        try call.requireMediaType(["application/json", "application/merge-patch+json"])
        var fields = try Fields(await call.body(of: call.mediaType ?? ""))
        let patch = try Fields.require(fields.object("metadata"), "metadata")
        try fields.end()
        let id = call.part("id")
        let updated = try await services.writing {
            try await collection.updateMetadata(ofDocuments: [id]) { $0.merge(patch: patch) }
        }
        let document = try await services.reading { try collection.document(id) }
        guard let document else { throw DatabaseError.documentsMissing(ids: [id]) }
        var line = JSONWriter()
        line.set("updated", updated)
        line.set("metadata", .object(document.metadata))
        return .json(line)
    }

    private func ingest(_ call: Call) async throws -> Response {
        let collection = try services.collection(of: call)
        let parameters = try IngestParameters(call)
        try call.requireMediaType(["application/json", "application/x-ndjson"])
        if call.mediaType == "application/x-ndjson" {
            return try await StreamIngest(
                services: services, collection: collection, parameters: parameters
            ).answer(to: call)
        }
        return try await JSONIngest(
            services: services, collection: collection, parameters: parameters
        ).answer(to: call)
    }
}

extension JSONObject {
    /// Changes members as RFC 7396 says: null removes one, an object changes one's members, anything else
    /// takes its place.
    mutating func merge(patch: JSONObject) {
        for (key, value) in patch {
            switch value {
            case .null: self[key] = nil
            case .object(let inner):
                var own = self[key]?.objectValue ?? [:]
                own.merge(patch: inner)
                self[key] = .object(own)
            default: self[key] = value
            }
        }
    }
}
