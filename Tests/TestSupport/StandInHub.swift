import Foundation
import Synchronization

/// The hub's own API for one repository: its list of files, and their content, of large files by a
/// redirect to another server, with ETags and ranges.
package final class StandInHub: Sendable {
    package struct File: Sendable {
        package var bytes: [UInt8]
        /// Kept in large file storage.
        package var isLarge: Bool

        package init(_ bytes: [UInt8], isLarge: Bool = true) {
            (self.bytes, self.isLarge) = (bytes, isLarge)
        }
    }

    /// What a test changes while the hub runs.
    package struct Behavior: Sendable {
        package var files: [String: File] = [:]
        package var commit = String(repeating: "c0ffee12", count: 5)
        /// Whether the list has sizes and hashes, as `?blobs=true` asks.
        package var listsBlobs = true
        package var delay: Duration?
        /// Without it only who has it is let in.
        package var token: String?
        /// In place of true hashes.
        package var sha256: String?
        /// Answers first; nil leaves the request to the hub. Gets the number of the request.
        package var intercept: (@Sendable (StandInServer.Request, Int) -> StandInServer.Response?)?
    }

    package let repository: String
    private let behavior: Mutex<Behavior>
    private let counter = Mutex(0)
    private let servers: (hub: StandInServer, storage: StandInServer)

    package var endpoint: String { servers.hub.address }
    package var hub: StandInServer { servers.hub }
    /// Where large files come from: another origin than the hub's.
    package var storage: StandInServer { servers.storage }

    package init(repository: String = "owner/model", files: [String: File]) throws {
        self.repository = repository
        behavior = Mutex(Behavior(files: files))
        // The servers' handlers need the hub, which needs the servers.
        let holder = Holder()
        servers = (
            try StandInServer { holder.hub?.answer($0) ?? .init(500) },
            try StandInServer { holder.hub?.storedContent($0) ?? .init(500) }
        )
        holder.set(self)
    }

    private final class Holder: Sendable {
        private struct Weak: Sendable { weak var hub: StandInHub? }
        private let state = Mutex(Weak())
        var hub: StandInHub? { state.withLock { $0.hub } }
        func set(_ hub: StandInHub) { state.withLock { $0.hub = hub } }
    }

    package func change(_ body: (inout Behavior) -> Void) { behavior.withLock { body(&$0) } }

    private var current: Behavior { behavior.withLock { $0 } }

    private func next() -> Int {
        counter.withLock { number in
            number += 1
            return number
        }
    }

    /// What the hub says; a stand-in of a proxy asks, too.
    package func answer(_ request: StandInServer.Request) -> StandInServer.Response {
        let behavior = current
        if let response = behavior.intercept?(request, next()) { return response }
        if let token = behavior.token, request.headers["authorization"] != "Bearer \(token)" {
            return .init(401, headers: [("X-Error-Code", "GatedRepo")])
        }
        let revisions = ["main", behavior.commit]
        for revision in revisions {
            if request.path == "/api/models/\(repository)/revision/\(revision)" {
                return list(behavior)
            }
            let prefix = "/\(repository)/resolve/\(revision)/"
            if request.path.hasPrefix(prefix) {
                let name = String(request.path.dropFirst(prefix.count))
                return resolve(name.removingPercentEncoding ?? name, request, behavior)
            }
        }
        let isRepository = request.path.contains("/\(repository)/")
        return .init(
            404, headers: [("X-Error-Code", isRepository ? "RevisionNotFound" : "RepoNotFound")])
    }

    private func list(_ behavior: Behavior) -> StandInServer.Response {
        let siblings = behavior.files.sorted { $0.key < $1.key }.map {
            name, file -> [String: Any] in
            var entry: [String: Any] = ["rfilename": name]
            guard behavior.listsBlobs else { return entry }
            entry["size"] = file.bytes.count
            if file.isLarge {
                entry["lfs"] = [
                    "sha256": behavior.sha256 ?? SystemHash.sha256(file.bytes),
                    "size": file.bytes.count, "pointerSize": 134,
                ]
            } else {
                entry["blobId"] = SystemHash.gitBlob(file.bytes)
            }
            return entry
        }
        let json: [String: Any] = [
            "id": repository, "sha": behavior.commit, "siblings": siblings,
            "cardData": ["license": "apache-2.0"],
        ]
        let data = (try? JSONSerialization.data(withJSONObject: json)) ?? Data()
        return .init(200, headers: [("Content-Type", "application/json")], body: Array(data))
    }

    private func resolve(
        _ name: String, _ request: StandInServer.Request, _ behavior: Behavior
    ) -> StandInServer.Response {
        guard let file = behavior.files[name] else {
            return .init(404, headers: [("X-Error-Code", "EntryNotFound")])
        }
        guard file.isLarge else {
            return Self.content(
                file.bytes, tag: "\"\(SystemHash.gitBlob(file.bytes))\"", request, behavior)
        }
        let place = name.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? name
        return .init(
            302,
            headers: [
                ("Location", "\(servers.storage.address)/\(place)?signature=secret"),
                ("X-Linked-Size", "\(file.bytes.count)"),
                ("X-Linked-Etag", "\"\(behavior.sha256 ?? SystemHash.sha256(file.bytes))\""),
                ("X-Repo-Commit", behavior.commit),
            ])
    }

    private func storedContent(_ request: StandInServer.Request) -> StandInServer.Response {
        let behavior = current
        if let response = behavior.intercept?(request, next()) { return response }
        let name = request.path.dropFirst().removingPercentEncoding ?? ""
        guard let file = behavior.files[name] else { return .init(404) }
        return Self.content(
            file.bytes, tag: "\"\(SystemHash.sha256(file.bytes).prefix(32))\"", request, behavior)
    }

    /// With `Range` and `If-Range` (RFC 9110, section 14).
    private static func content(
        _ bytes: [UInt8], tag: String, _ request: StandInServer.Request, _ behavior: Behavior
    ) -> StandInServer.Response {
        var response = StandInServer.Response(200, headers: [("ETag", tag)], body: bytes)
        let isSame = request.headers["if-range"].map { $0 == tag } ?? true
        if isSame, let range = request.headers["range"], range.hasPrefix("bytes="),
            let start = Int(range.dropFirst(6).prefix { $0 != "-" })
        {
            guard start < bytes.count else {
                return .init(416, headers: [("Content-Range", "bytes */\(bytes.count)")])
            }
            response.status = 206
            response.body = Array(bytes[start...])
            response.headers.append(
                ("Content-Range", "bytes \(start)-\(bytes.count - 1)/\(bytes.count)"))
        }
        response.delay = behavior.delay
        return response
    }
}

/// Hashes by the system's own programs.
package enum SystemHash {
    private static let known = Mutex<[[UInt8]: String]>([:])

    package static func sha256(_ bytes: [UInt8]) -> String {
        known.withLock { known in
            if let hash = known[bytes] { return hash }
            let hash = run("sha256sum", bytes)
            known[bytes] = hash
            return hash
        }
    }

    /// Git's name of a file with that content.
    package static func gitBlob(_ bytes: [UInt8]) -> String {
        run("sha1sum", Array("blob \(bytes.count)\0".utf8) + bytes)
    }

    private static func run(_ program: String, _ bytes: [UInt8]) -> String {
        let folder = TemporaryFolder()
        guard let path = try? folder.write("bytes", bytes) else { return "" }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program, path]
        let output = Pipe.uninherited()
        process.standardOutput = output
        guard (try? process.start()) != nil else { return "" }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(String(decoding: data, as: UTF8.self).prefix { $0 != " " })
    }
}
