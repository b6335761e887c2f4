import Hummingbird
import JSON
import VectorDatabase

/// Whether the server lives and takes requests, and how it fares.
struct OperationEndpoints {
    let services: Services

    var routes: [Route] {
        [
            Route(.get, "/health", .open) { _ in .json(Self.status) },
            Route(.get, "/ready", .open) { _ in
                guard services.lifecycle.isReady else { throw RequestFailure.shuttingDown }
                return .json(Self.status)
            },
            Route(.get, "/openapi.json", .open) { _ in
                .text(HTTPServer.openAPI, type: "application/json")
            },
            Route(.get, "/metrics", .read, metrics),
        ]
    }

    private func metrics(_ call: Call) async throws -> Response {
        let database = services.database
        let collections = try await services.reading {
            try database.collectionNames().filter { call.caller.mayUse(collection: $0) }
                .compactMap { try? database.collection($0).statistics(includesBytes: false) }
        }
        return .text(
            services.metrics.text(collections),
            type: "text/plain; version=0.0.4; charset=utf-8")
    }

    private static var status: JSONWriter {
        var line = JSONWriter()
        line.set("status", "ok")
        return line
    }
}
