import Testing

@testable import VectorDatabase

/// The snapshot that searches share while a writer commits. Here it is a number: the last commit.
@Suite struct HeldSnapshotTests {
    private struct Failure: Error {}

    @Test func updatedBySearches() throws {
        let snapshot = HeldSnapshot<Int>()
        var commit = 1
        func value() throws -> Int {
            try snapshot.value(isFresh: false, fits: { _ in true }) { _ in commit }
        }
        #expect(try value() == 1)
        commit = 2
        #expect(try value() == 2)
        #expect(throws: Failure.self) {
            try snapshot.value(isFresh: false, fits: { _ in true }) { _ in throw Failure() }
        }
        // What there was is still there to begin with.
        #expect(try snapshot.value(isFresh: false, fits: { _ in true }) { ($0 ?? 0) + 1 } == 3)
    }

    /// While it is held, searches see what was acknowledged, and after it, the commit, without any work.
    @Test func held() throws {
        let snapshot = HeldSnapshot<Int>()
        var commit = 1
        var updates = 0
        func update(_ value: Int?) -> Int {
            updates += 1
            return commit
        }
        func value(isFresh: Bool = false, fits: Bool = true) throws -> Int {
            try snapshot.value(isFresh: isFresh, fits: { _ in fits }, update: update)
        }
        _ = try value()
        let result = try snapshot.holding(update: update) { () -> String in
            commit = 2
            updates = 0
            #expect(try value() == 1 && updates == 0)
            // Within it, another holder may be done first.
            try snapshot.holding(update: update) {}
            #expect(try value() == 2)
            commit = 3
            #expect(try value() == 2)
            #expect(try value(fits: false) == 3)
            commit = 4
            #expect(try value(isFresh: true) == 4)
            commit = 5
            return "done"
        }
        #expect(result == "done")
        commit = 6
        #expect(try snapshot.value(isFresh: false, fits: { _ in true }) { $0 ?? 0 } == 5)
    }

    @Test func failures() throws {
        let snapshot = HeldSnapshot<Int>()
        _ = try snapshot.value(isFresh: false, fits: { _ in true }) { _ in 1 }
        #expect(throws: Failure.self) {
            try snapshot.holding(update: { _ in 2 }) { throw Failure() }
        }
        // A commit whose snapshot cannot be made is seen all the same: by the next search.
        var isCommitted = false
        try snapshot.holding(update: { value in
            if isCommitted { throw Failure() }
            return value ?? 0
        }) {
            isCommitted = true
        }
        #expect(try snapshot.value(isFresh: false, fits: { _ in true }) { $0 ?? 3 } == 3)
    }

    /// Without searches, a writer leaves the work to them.
    @Test func notHeldWithoutSearches() throws {
        let snapshot = HeldSnapshot<Int>()
        try snapshot.holding(update: { _ in
            Issue.record("nobody searches")
            return 1
        }) {}
    }
}
