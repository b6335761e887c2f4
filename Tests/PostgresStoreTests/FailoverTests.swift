import Foundation
import PostgresStore
import Storage
import Synchronization
import TestSupport
import Testing

/// A synchronous standby takes the place of a server that crashes while workers write.
@Suite(.needsServer)
struct FailoverTests {
    private final class Log: Sendable {
        let acknowledged = Mutex<[String]>([])
        let failures = Mutex<[String]>([])
        var count: Int { acknowledged.withLock { $0.count } }
    }

    @Test("Nothing that was acknowledged is lost when the standby takes over, and nothing is twice")
    func promotion() throws {
        let (unitCount, perUnit, batch) = (16, 60, 10)
        let primary = try TestServer()
        let database = try primary.newDatabase()
        let name = try #require(database.split(separator: "?")[0].split(separator: "/").last)
        let standby = try TestServer(standbyOf: primary)
        let settings = try PostgresConnection(primary.uri("postgres"))
        try settings.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
        try settings.run("SELECT pg_reload_conf()")
        let location = try #require(
            PostgresLocation(
                "postgres://vdb@/\(name)?host=\(primary.host),\(standby.host)"
                    + "&target_session_attrs=read-write&connect_timeout=10"))
        let store = try PostgresStore(
            location, mode: .create, places: 2, timeout: .seconds(100))
        let collection = try store.makeCollection()
        let job = try store.register(
            (0..<unitCount).map { WorkUnit(name: "u\($0)", path: "u\($0)", bytes: 1) }, as: "j",
            settings: "", ofCollection: collection.name)
        let log = Log()
        let workers = DispatchGroup()
        for worker in 0..<2 {
            workers.enter()
            Thread.detachNewThread {
                defer { workers.leave() }
                do {
                    let store = try PostgresStore(
                        location, mode: .readWrite, timeout: .seconds(100))
                    while !(try store.status(of: job)).isFinished {
                        let claims = try store.claim(
                            from: job, worker: "\(worker)", lease: .seconds(600), limit: 1,
                            bytes: 1)
                        for var claim in claims {
                            while claim.position < Int64(perUnit) {
                                let ids = (Int(claim.position)..<Int(claim.position) + batch).map {
                                    "\(claim.unit) \($0)"
                                }
                                claim.position += Int64(batch)
                                claim.documents += Int64(batch)
                                _ = try store.write(
                                    ids.map { .sample($0, "text") }, to: collection,
                                    onConflict: .replace, moving: [claim], of: job,
                                    lease: .seconds(600))
                                log.acknowledged.withLock { $0 += ids }
                            }
                            try store.finish([claim], of: job)
                        }
                    }
                } catch { log.failures.withLock { $0.append("\(error)") } }
            }
        }
        func wait(_ condition: () -> Bool) {
            // A failure of a worker ends the wait.
            while !condition(), log.failures.withLock({ $0.isEmpty }) { usleep(2000) }
        }
        wait { log.count >= 150 }
        primary.stop()
        let before = log.count
        let promoted = try PostgresConnection(standby.uri("postgres"))
            .run("SELECT pg_promote(true, 60)")
        #expect(try promoted[0].boolean(0))
        // There is no other standby to wait for.
        let standbySettings = try PostgresConnection(standby.uri("postgres"))
        try standbySettings.run("ALTER SYSTEM SET synchronous_standby_names = ''")
        try standbySettings.run("SELECT pg_reload_conf()")
        workers.wait()
        #expect(log.failures.withLock { $0 } == [])
        #expect(before < unitCount * perUnit, "it was too late")
        let stored = try store.documents(after: nil, limit: 10_000, in: collection).map(\.id)
        #expect(Set(stored).count == stored.count)
        #expect(Set(stored) == Set(log.acknowledged.withLock { $0 }))
        #expect(stored.count == unitCount * perUnit)
        #expect(try store.current(collection).documentCount == stored.count)
        #expect(try store.check().isEmpty)
        #expect(try store.status(of: job).done == unitCount)
        standby.stop()
    }
}
