import TestSupport
import Testing
import Torture

/// The modelled disk itself: what it keeps and what it may lose.
struct DiskTraceTests {
    private static let page = [UInt8](repeating: 7, count: 4096)

    private static func trace(_ events: [DiskTrace.Event]) -> DiskTrace {
        var trace = DiskTrace()
        trace.events = events
        return trace
    }

    private static func remains(_ events: [DiskTrace.Event], _ loss: DiskTrace.Loss) -> Set<
        [String: [UInt8]]
    > {
        var random = RandomSource.forTest()
        let trace = trace(events)
        return Set(
            (0..<200).map { _ in
                trace.remains(after: events.count, losing: loss, random: &random).files
            })
    }

    @Test(arguments: DiskTrace.Loss.allCases)
    func whatWasSyncedIsThere(loss: DiskTrace.Loss) {
        let events: [DiskTrace.Event] = [
            .create("a"), .write("a", offset: 0, bytes: Self.page), .synchronize("a"),
            .rename("a", to: "b"), .synchronizeFolder,
        ]
        #expect(Self.remains(events, loss) == [["b": Self.page]])
    }

    @Test func aRenamedFileMayVanishBeforeItsFolderIsSynced() {
        let events: [DiskTrace.Event] = [
            .create("a"), .synchronizeFolder, .create("t"), .write("t", offset: 0, bytes: [1]),
            .synchronize("t"), .rename("t", to: "a"),
        ]
        #expect(Self.remains(events, .everything) == [["a": []]])
        #expect(Self.remains(events, .nothing) == [["a": [1]]])
        // The names move in their order …
        #expect(Self.remains(events, .some) == [["a": []], ["a": [], "t": [1]], ["a": [1]]])
        // … or each by itself.
        let apart = Self.remains(events, .names)
        #expect(apart.contains(["a": [1], "t": [1]]))
        #expect(apart.contains(["a": []]))
    }

    @Test func unsyncedWritesAreLostReorderedAndTorn() {
        let events: [DiskTrace.Event] = [
            .create("a"), .synchronizeFolder, .write("a", offset: 0, bytes: Self.page),
            .write("a", offset: 4096, bytes: Self.page),
        ]
        let some = Self.remains(events, .some)
        let zeros = [UInt8](repeating: 0, count: 4096)
        let contents: [[UInt8]] = [[], Self.page, zeros + Self.page, Self.page + Self.page]
        #expect(some == Set(contents.map { ["a": $0] }))
        let torn = Self.remains(events, .torn512).compactMap { $0["a"] }
        #expect(torn.contains { $0.count < 4096 && $0.count % 512 == 0 && !$0.isEmpty })
        #expect(torn.contains { $0.count == 8192 && $0.prefix(512).allSatisfy { $0 == 0 } })
        let tails = Self.remains(events, .zeroTails).compactMap { $0["a"] }
        #expect(tails == [zeros + zeros])
    }
}
