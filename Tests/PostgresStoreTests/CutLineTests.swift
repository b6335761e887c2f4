import Foundation
import PostgresStore
import Storage
import TestSupport
import Testing

/// The line to the server is cut at messages of every call that writes: at others with each seed.
///
/// The truth is what the same call answers and leaves on a line that nobody cuts.
@Suite(.needsServer)
struct CutLineTests {
    @Test(
        "A call whose line is cut once does what it would have done, and answers the same",
        arguments: WritingOperation.all)
    func once(_ operation: WritingOperation) throws {
        try CutLineBench(places: 2).cutOnce(operation)
    }

    @Test(
        "A call whose line stays cut does all or nothing and says so, and the next call finishes",
        arguments: WritingOperation.all)
    func forGood(_ operation: WritingOperation) throws {
        let bench = try CutLineBench(places: 1)
        let store = try PostgresStore(
            bench.location, mode: .readWrite, timeout: .milliseconds(20))
        _ = try operation.run(store, bench.reset(operation))
        let after = try bench.content()
        var random = RandomSource.forTest()
        for moment in LineCutter.Moment.allCases {
            // A fifth of the messages: each takes a while.
            let first = 1 + Int(random.next() % Self.share)
            for number in stride(from: first, to: .max, by: Int(Self.share)) {
                let collection = try bench.reset(operation)
                let before = try bench.content()
                bench.cutter.cut(moment, number, isFinal: true)
                let context: Comment = "\(moment) \(number)"
                do {
                    _ = try operation.run(store, collection)
                } catch StoreError.connectionLost {
                } catch { Issue.record("\(context): \(error)") }
                let wasCut = bench.cutter.mend()
                try bench.settle()
                let content = try bench.content()
                if operation.isOneTransaction {
                    #expect(content == before || content == after, context)
                }
                #expect(try bench.witness.check() == [], context)
                if !wasCut { break }
                let again = try PostgresStore(
                    bench.location, mode: .readWrite, timeout: .seconds(100))
                switch operation.secondCall {
                case .same: _ = try operation.run(again, collection)
                case .other(let finish): try finish(again, collection)
                case .none: continue
                }
                #expect(try bench.content() == after, context)
                #expect(try bench.witness.check() == [], context)
            }
        }
    }

    private static let share: UInt64 = 5

    @Test("A database is made whole or not at all", arguments: LineCutter.Moment.allCases)
    func creation(_ moment: LineCutter.Moment) throws {
        for number in 1... {
            let cutter = try LineCutter(server: TestServer.host())
            let uri = try TestServer.directDatabase()
            let location = try #require(PostgresLocation(cutter.uri(uri)))
            cutter.cut(moment, number)
            do {
                _ = try PostgresStore(location, mode: .create, timeout: .seconds(100))
            } catch StoreError.unavailable where number <= 2 {
                // The server could not be reached at all.
            } catch { Issue.record("\(number): \(error)") }
            if !cutter.mend() { break }
            let direct = try #require(PostgresLocation(uri))
            let store = try PostgresStore(direct, mode: .create)
            let collection = try store.makeCollection()
            _ = try store.write([.sample("a", "text")], to: collection, onConflict: .error)
            #expect(try store.check() == [])
        }
    }
}
