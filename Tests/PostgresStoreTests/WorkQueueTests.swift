import PostgresStore
import PostgresTestSupport
import Schema
import Storage
import TestSupport
import Testing

/// Jobs that several workers share, on a real server.
@Suite(.needsServer)
struct WorkQueueTests {
    private let location: PostgresLocation
    private let lease = Duration.seconds(60)

    init() throws { location = try TestServer.location() }

    private func units(_ count: Int, bytes: Int64 = 10) -> [WorkUnit] {
        (0..<count).map {
            WorkUnit(name: "file\($0 + 10) v1", path: "file\($0 + 10)", bytes: bytes, line: 7)
        }
    }

    /// A worker dies, or is stopped: its lease ends.
    private func expire(_ claims: [WorkClaim]) throws {
        try PostgresConnection(location.uri).run(
            "UPDATE vdb.work SET lease_until = now() - interval '1 s' WHERE unit = ANY($1)",
            [.texts(claims.map(\.unit))])
    }

    @Test("A job is registered once, and whoever has other files or options is refused")
    func registering() async throws {
        let store = try PostgresStore(location, mode: .create)
        let units = units(25_000)
        let jobs = try await withThrowingTaskGroup(of: WorkJob.self) { group in
            for _ in 0..<4 {
                group.addTask { [location] in
                    try PostgresStore(location, mode: .readWrite, timeout: .seconds(100))
                        .register(units.shuffled(), as: "j", settings: "s", ofCollection: "c")
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(jobs.count == 4 && jobs.allSatisfy { $0 == jobs[0] })
        #expect(try store.status(of: jobs[0]).open == units.count)
        #expect(try store.job(named: "j", ofCollection: "c") == jobs[0])
        #expect(try store.job(named: "j", ofCollection: "d") == nil)
        var changed = units
        changed[3] = WorkUnit(name: "file13 v2", path: "file13", bytes: 10)
        let refused: [([WorkUnit], String, StoreError.UnitDifference)] = [
            (changed, "file13", .changed), (Array(units.dropFirst()), "file10", .missing),
            (units + [WorkUnit(name: "z", path: "zz", bytes: 1)], "zz", .added),
        ]
        for (others, path, difference) in refused {
            #expect(throws: StoreError.unitDiffers(job: "j", path: path, difference: difference)) {
                try store.register(others, as: "j", settings: "s", ofCollection: "c")
            }
        }
        #expect(throws: StoreError.jobDiffers(job: "j", registered: "s", given: "t")) {
            try store.register(units, as: "j", settings: "t", ofCollection: "c")
        }
        #expect(try store.status(of: jobs[0]).open == units.count)
        // The same name in another collection is another job.
        let other = try store.register(
            [units[0]], as: "j", settings: "t", ofCollection: "d")
        #expect(other.id != jobs[0].id)
        #expect(try store.jobs(ofCollection: "d") == [other])
    }

    @Test(
        "Claims take units in order, as many as fit, and each only once",
        arguments: [SchemaFlavour.postgres, .citus])
    func claiming(flavour: SchemaFlavour) throws {
        if flavour == .citus { try StandIns.makeCitus(location.uri) }
        let store = try PostgresStore(location, mode: .create, flavour: flavour)
        let job = try store.register(units(5), as: "j", settings: "", ofCollection: "c")
        func claim(limit: Int, bytes: Int64) throws -> [WorkClaim] {
            try store.claim(from: job, worker: "w", lease: lease, limit: limit, bytes: bytes)
        }
        let first = try claim(limit: 9, bytes: 25)
        #expect(first.map(\.unit) == ["file10 v1", "file11 v1"])
        #expect(first.allSatisfy { $0.attempt == 1 && $0.position == 0 && $0.line == 7 })
        #expect(try claim(limit: 1, bytes: 100).map(\.unit) == ["file12 v1"])
        // One is always taken, however large it is.
        #expect(try claim(limit: 9, bytes: 1).map(\.unit) == ["file13 v1"])
        try store.release(first, of: job)
        #expect(try claim(limit: 9, bytes: 100).count == 3)
        #expect(try claim(limit: 9, bytes: 100).isEmpty)
        let status = try store.status(of: job)
        #expect(status.taken == 5 && status.open == 0 && !status.isFinished)
        #expect(status.workers.map(\.worker) == Array(repeating: "w", count: 5))
        #expect(status.workers.allSatisfy { $0.secondsLeft <= 60 })
    }

    @Test(
        "Many that claim at the same time never have the same unit",
        arguments: [SchemaFlavour.postgres, .citus])
    func contention(flavour: SchemaFlavour) async throws {
        if flavour == .citus { try StandIns.makeCitus(location.uri) }
        let job = try PostgresStore(location, mode: .create, flavour: flavour)
            .register(units(90), as: "j", settings: "", ofCollection: "c")
        let claimed = try await withThrowingTaskGroup(of: [String].self) { group in
            for worker in 0..<4 {
                group.addTask { [location, lease] in
                    let store = try PostgresStore(
                        location, mode: .readWrite, timeout: .seconds(100))
                    var units: [String] = []
                    // Empty-handed while there are units: another was faster, with the same.
                    while try store.status(of: job).open > 0 {
                        units += try store.claim(
                            from: job, worker: "\(worker)", lease: lease, limit: 2, bytes: 100
                        ).map(\.unit)
                    }
                    return units
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(claimed.count == 90)
        #expect(Set(claimed).count == 90)
    }

    @Test(
        "A unit continues after its last commit, and who slept cannot write over the heir",
        arguments: [1, 4])
    func fencing(places: Int) throws {
        let store = try PostgresStore(location, mode: .create, places: places)
        let collection = try store.makeCollection()
        let job = try store.register(
            units(1), as: "j", settings: "", ofCollection: collection.name)
        func claim(_ worker: String) throws -> WorkClaim {
            try #require(
                try store.claim(from: job, worker: worker, lease: lease, limit: 9, bytes: 9).first)
        }
        func write(_ ids: ClosedRange<Int>, _ text: String, _ claim: inout WorkClaim) throws {
            claim.position = Int64(ids.upperBound)
            claim.documents = Int64(ids.upperBound)
            _ = try store.write(
                ids.map { .sample("d\($0)", text) }, to: collection, onConflict: .replace,
                moving: [claim], of: job, lease: lease)
        }
        var first = try claim("first")
        try write(1...8, "by the first", &first)
        try expire([first])
        var heir = try claim("heir")
        #expect(heir.position == 8 && heir.documents == 8 && heir.attempt == 2)
        let lost = StoreError.workLost(unit: first.unit)
        #expect(throws: lost) { try write(9...16, "by the first", &first) }
        #expect(throws: lost) { try store.move([first], of: job, lease: lease) }
        #expect(throws: lost) { try store.finish([first], of: job) }
        try store.fail(first, of: job, error: "x")
        try store.release([first], of: job)
        #expect(try store.current(collection).documentCount == 8)
        #expect(try store.status(of: job).workers.map(\.worker) == ["heir"])
        try write(9...20, "by the heir", &heir)
        try store.finish([heir], of: job)
        // As if the answer had been lost.
        try store.finish([heir], of: job)
        #expect(throws: StoreError.workLost(unit: heir.unit)) {
            try write(21...22, "too late", &heir)
        }
        let status = try store.status(of: job)
        #expect(status.done == 1 && status.documents == 20 && status.isFinished)
        let stored = try store.documents(after: nil, limit: 100, in: collection)
        #expect(Set(stored.map(\.id)) == Set((1...20).map { "d\($0)" }))
        #expect(try store.check().isEmpty)
    }

    @Test("A batch that is refused moves nothing, and one without documents moves the claim")
    func atomicity() throws {
        let store = try PostgresStore(location, mode: .create, places: 2)
        let collection = try store.makeCollection()
        let job = try store.register(
            units(1), as: "j", settings: "", ofCollection: collection.name)
        var claim = try #require(
            try store.claim(from: job, worker: "w", lease: lease, limit: 1, bytes: 0).first)
        claim.position = 2
        #expect(throws: StoreError.invalidMetadata(document: "b")) {
            try store.write(
                [.sample("a", "x"), .sample("b", "x", metadata: "[")], to: collection,
                onConflict: .replace, moving: [claim], of: job, lease: lease)
        }
        try expire([claim])
        claim = try #require(
            try store.claim(from: job, worker: "w", lease: lease, limit: 1, bytes: 0).first)
        #expect(claim.position == 0)
        claim.position = 3
        claim.failed = 3
        _ = try store.write(
            [], to: collection, onConflict: .replace, moving: [claim], of: job, lease: lease)
        try expire([claim])
        let next = try #require(
            try store.claim(from: job, worker: "w", lease: lease, limit: 1, bytes: 0).first)
        #expect(next.position == 3 && next.failed == 3 && next.attempt == 3)
    }

    @Test("Units that failed are listed, and opened again on request")
    func failures() throws {
        let store = try PostgresStore(location, mode: .create)
        let job = try store.register(units(2), as: "j", settings: "", ofCollection: "c")
        let claims = try store.claim(from: job, worker: "w", lease: lease, limit: 9, bytes: 99)
        try store.fail(claims[1], of: job, error: "line 3: no\u{0} text")
        try store.finish([claims[0]], of: job)
        var status = try store.status(of: job)
        #expect(status.isFinished && status.failed == 1 && status.done == 1)
        #expect(
            status.failures == [.init(unit: "file11 v1", error: "line 3: no\u{FFFD} text")])
        #expect(try store.claim(from: job, worker: "w", lease: lease, limit: 9, bytes: 9) == [])
        #expect(try store.reopenFailed(of: job) == 1)
        status = try store.status(of: job)
        #expect(status.open == 1 && status.failures.isEmpty)
    }

    @Test("A collection's jobs go with it, and have its new name")
    func collections() throws {
        let store = try PostgresStore(location, mode: .create)
        let collection = try store.makeCollection()
        let job = try store.register(units(2), as: "j", settings: "", ofCollection: "notes")
        let renamed = try store.renameCollection(collection, to: "other")
        #expect(try store.jobs(ofCollection: "notes").isEmpty)
        #expect(try store.jobs(ofCollection: "other") == [job])
        try store.dropCollection(renamed)
        #expect(try store.jobs(ofCollection: "other").isEmpty)
        let again = try store.register(units(2), as: "j", settings: "", ofCollection: "other")
        #expect(try store.status(of: again).open == 2)
    }

    @Test("Workers that die and workers that sleep leave every document once")
    func everyDocumentOnce() async throws {
        let (unitCount, perUnit, batch) = (40, 12, 5)
        let store = try PostgresStore(location, mode: .create, places: 2)
        let collection = try store.makeCollection()
        let job = try store.register(
            units(unitCount), as: "j", settings: "", ofCollection: collection.name)
        let fenced = try await withThrowingTaskGroup(of: Int.self) { group in
            for worker in 0..<6 {
                var random = RandomSource.forTest(part: worker)
                let store = try PostgresStore(location, mode: .readWrite, timeout: .seconds(100))
                group.addTask { [lease] in
                    var fenced = 0
                    while !(try store.status(of: job)).isFinished {
                        let claims = try store.claim(
                            from: job, worker: "\(worker)", lease: lease, limit: 2, bytes: 20)
                        for var claim in claims {
                            do {
                                while claim.position < Int64(perUnit) {
                                    // It dies, or sleeps past its lease and continues.
                                    let fate = random.next() % 8
                                    if fate < 2 { try expire([claim]) }
                                    if fate == 0 { break }
                                    let end = min(Int(claim.position) + batch, perUnit)
                                    let documents = (Int(claim.position)..<end).map {
                                        DocumentWrite.sample("\(claim.unit) \($0)", "text \($0)")
                                    }
                                    claim.position = Int64(end)
                                    claim.documents = Int64(end)
                                    if fate == 1 { await Task.yield() }
                                    _ = try store.write(
                                        documents, to: collection, onConflict: .error,
                                        moving: [claim], of: job, lease: lease)
                                }
                                if claim.position == Int64(perUnit) {
                                    try store.finish([claim], of: job)
                                }
                            } catch StoreError.workLost { fenced += 1 }
                        }
                    }
                    return fenced
                }
            }
            return try await group.reduce(0, +)
        }
        let status = try store.status(of: job)
        #expect(status.done == unitCount)
        #expect(status.documents == Int64(unitCount * perUnit))
        let record = try store.current(collection)
        #expect(record.documentCount == unitCount * perUnit)
        let ids = try store.documents(after: nil, limit: 10_000, in: collection).map(\.id)
        #expect(ids.count == unitCount * perUnit && Set(ids).count == ids.count)
        #expect(try store.check().isEmpty)
        print("\(fenced) claims were fenced")
    }
}
