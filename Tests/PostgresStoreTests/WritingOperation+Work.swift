import Storage

@testable import PostgresStore

/// Calls on jobs.
extension WritingOperation {
    static let work = [
        WritingOperation(
            testDescription: "register a job",
            run: { store, collection in
                try store.register(units, as: "j", settings: "s", ofCollection: collection.name)
                    .name
            }),
        WritingOperation(
            testDescription: "claim units",
            prepare: { store, collection in
                _ = try register(store, collection)
            },
            run: { store, collection in
                let job = try register(store, collection)
                return "\(try claim(store, job))"
            },
            secondCall: .none),
        WritingOperation(
            testDescription: "a batch of a unit",
            prepare: { store, collection in
                _ = try claim(store, register(store, collection))
            },
            run: { store, collection in
                var claim = claims[0]
                (claim.position, claim.documents) = (9, 3)
                let batch: [DocumentWrite] = [
                    .sample("x", "xylem"), .sample("y", "yarn"), stored[0],
                ]
                return try describe(
                    store.write(
                        batch, to: collection, onConflict: .replace,
                        moving: [claim], of: register(store, collection), lease: lease))
            }),
        WritingOperation(
            testDescription: "a unit's end",
            prepare: { store, collection in
                _ = try claim(store, register(store, collection))
            },
            run: { store, collection in
                let job = try register(store, collection)
                try store.move([claims[0]], of: job, lease: lease)
                try store.extend([claims[0]], of: job, lease: lease)
                try store.finish([claims[0]], of: job)
                try store.fail(claims[1], of: job, error: "line 3")
                return ""
            },
            secondCall: .other { store, collection in
                let job = try register(store, collection)
                try store.finish([claims[0]], of: job)
                try store.fail(claims[1], of: job, error: "line 3")
            },
            isOneTransaction: false),
        WritingOperation(
            testDescription: "give units back",
            prepare: { store, collection in
                _ = try claim(store, register(store, collection))
            },
            run: { store, collection in
                try store.release(claims, of: register(store, collection))
                return ""
            }),
        WritingOperation(
            testDescription: "open what failed",
            prepare: { store, collection in
                let job = try register(store, collection)
                for claim in try claim(store, job) {
                    try store.fail(claim, of: job, error: "line 3")
                }
            },
            run: { store, collection in
                "\(try store.reopenFailed(of: register(store, collection)))"
            }),
    ]

    private static let lease = Duration.seconds(600)
    private static let units = (0..<3).map { WorkUnit(name: "u\($0)", path: "u\($0)", bytes: 1) }

    /// The first two units, claimed for the first time.
    private static let claims = (0..<2).map {
        WorkClaim(unit: "u\($0)", line: 0, attempt: 1, position: 0, documents: 0, failed: 0)
    }

    private static func register(
        _ store: PostgresStore, _ collection: CollectionRecord
    ) throws -> WorkJob {
        try store.register(units, as: "j", settings: "s", ofCollection: collection.name)
    }

    private static func claim(_ store: PostgresStore, _ job: WorkJob) throws -> [WorkClaim] {
        try store.claim(from: job, worker: "w", lease: lease, limit: 2, bytes: 99)
    }
}
