import Foundation
import Synchronization
import TestSupport
import Testing

@testable import ModelHub

/// Downloads from a stand-in of the hub on loopback, which serves what the hub serves and what goes
/// wrong with it.
@Suite(.serialized) struct ModelDownloadTests {
    let scratch = TemporaryFolder()
    let files: [String: StandInHub.File]
    let hub: StandInHub
    let store: ModelStore
    let waited = Waits()

    final class Waits: Sendable {
        private let seconds = Mutex<[Double]>([])
        var all: [Double] { seconds.withLock { $0 } }
        func add(_ wait: Double) { seconds.withLock { $0.append(wait) } }
    }

    init() throws {
        files = [
            "config.json": .init(Array(#"{"model_type":"llama"}"#.utf8), isLarge: false),
            "tokenizer.json": .init(Self.bytes(70_000), isLarge: true),
            "model.safetensors": .init(Self.bytes(300_000)),
            "pytorch_model.bin": .init(Self.bytes(10)),
            "modeling.py": .init(Self.bytes(10), isLarge: false),
            "README.md": .init(Self.bytes(10), isLarge: false),
            "onnx/config.json": .init(Self.bytes(10), isLarge: false),
            "1_Pooling/config.json": .init(Array("{}".utf8), isLarge: false),
        ]
        hub = try StandInHub(files: files)
        store = ModelStore(folder: scratch.url.appendingPathComponent("store"))
    }

    static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = RandomSource(seed: seed &+ UInt64(count))
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }

    func download(
        _ text: String = "owner/model", token: String? = nil,
        _ change: (inout HubSettings) -> Void = { _ in }
    ) throws -> URL {
        var environment = ["HF_ENDPOINT": hub.endpoint + "/"]
        environment["HF_TOKEN"] = token
        var settings = try HubSettings(environment: environment)
        settings.stallSeconds = 5
        change(&settings)
        var download = ModelDownload(settings: settings, store: store)
        let waited = waited
        download.pause = { waited.add($0) }
        let reference = try #require(HuggingFaceReference(text))
        return try download.run(reference, as: "small")
    }

    func failure(
        _ text: String = "owner/model", token: String? = nil,
        _ change: (inout HubSettings) -> Void = { _ in }
    ) -> HubError? {
        do { _ = try download(text, token: token, change) } catch { return error as? HubError }
        return nil
    }

    /// What is in the store, hidden files included.
    var entries: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: store.folder.path)) ?? []).sorted()
    }

    static let taken = [
        "config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json",
    ]

    func expectWhole(_ folder: URL, location: SourceLocation = #_sourceLocation) throws {
        let found = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter {
            !folder.appendingPathComponent($0).hasDirectoryPath && $0 != "1_Pooling"
        }
        #expect(
            Set(found) == Set(Self.taken + [ModelOrigin.fileName]), sourceLocation: location)
        for name in Self.taken {
            let data = try Data(contentsOf: folder.appendingPathComponent(name))
            #expect(Array(data) == files[name]?.bytes, "\(name)", sourceLocation: location)
        }
        #expect(entries == ["small"], sourceLocation: location)
    }

    @Test func takesWhatIsDataAndNothingElse() throws {
        let folder = try download()
        try expectWhole(folder)
        let origin = try #require(ModelOrigin(folder: folder))
        #expect(origin.license == "apache-2.0")
        #expect(origin.source == "hf:owner/model@\(String(repeating: "c0ffee12", count: 5))")
        #expect(throws: ModelStoreError.taken("small")) { try download() }
        // Nothing else was asked for.
        let asked = hub.hub.requests.map(\.path).filter { $0.contains("/resolve/") }
        #expect(asked.allSatisfy { !$0.contains(".bin") && !$0.contains(".py") })
    }

    /// A mirror that lists names only: sizes and hashes come with the files.
    @Test func listsWithoutSizes() throws {
        hub.change { $0.listsBlobs = false }
        try expectWhole(download())
    }

    @Test func refusesAWrongHash() throws {
        let wrong = String(repeating: "0", count: 64)
        for lists in [true, false] {
            hub.change { ($0.sha256, $0.listsBlobs) = (wrong, lists) }
            guard case .mismatch(_, "SHA-256", wrong, let found)? = failure() else {
                Issue.record("no mismatch")
                return
            }
            #expect(found == SystemHash.sha256(files["tokenizer.json"]?.bytes ?? []))
            #expect(entries == [])
        }
        // Git's hash of a small file.
        hub.change { behavior in
            behavior.sha256 = nil
            behavior.listsBlobs = true
            behavior.intercept = { request, _ in
                request.path.hasSuffix("/1_Pooling/config.json")
                    ? .init(200, body: Array("[]".utf8)) : nil
            }
        }
        guard case .mismatch("1_Pooling/config.json", "Git hash", _, _)? = failure() else {
            Issue.record("no mismatch")
            return
        }
        #expect(entries == [])
    }

    @Test func refusesAWrongSize() {
        hub.change { behavior in
            behavior.intercept = { request, _ in
                request.path == "/model.safetensors"
                    ? .init(200, body: Self.bytes(300_001)) : nil
            }
        }
        #expect(
            failure() == .wrongSize(file: "model.safetensors", expected: 300_000, found: 300_001))
        // Without a length the body is stopped where it becomes too long.
        hub.change { behavior in
            behavior.intercept = { request, _ in
                guard request.path == "/model.safetensors" else { return nil }
                var response = StandInServer.Response(200, body: Self.bytes(1 << 22))
                response.announced = 0
                return response
            }
        }
        let before = hub.storage.bytesSent
        guard case .wrongSize("model.safetensors", 300_000, _)? = failure() else {
            Issue.record("no wrong size")
            return
        }
        #expect(hub.storage.bytesSent - before < 5 << 20)
        #expect(entries == [])
    }

    /// The connection breaks several times; each time the download continues where it was.
    @Test func continuesAfterBrokenConnections() throws {
        let cuts = Mutex([70_000, 1, 90_000, 0, 100_000])
        hub.change { behavior in
            behavior.intercept = { [files] request, _ in
                guard request.path == "/model.safetensors", let file = files["model.safetensors"],
                    let cut = cuts.withLock({ $0.isEmpty ? nil : $0.removeFirst() })
                else { return nil }
                let start = request.headers["range"].flatMap {
                    Int($0.dropFirst(6).prefix { $0 != "-" })
                }
                var response = StandInServer.Response(
                    start == nil ? 200 : 206,
                    headers: [
                        ("ETag", "\"\(SystemHash.sha256(file.bytes).prefix(32))\""),
                        (
                            "Content-Range",
                            "bytes \(start ?? 0)-\(file.bytes.count - 1)/\(file.bytes.count)"
                        ),
                    ], body: Array(file.bytes[(start ?? 0)...]))
                response.cut = cut
                return response
            }
        }
        try expectWhole(download())
        let ranges = hub.storage.requests.filter { $0.path == "/model.safetensors" }
            .map { $0.headers["range"] }
        #expect(
            ranges == [
                nil, "bytes=70000-", "bytes=70001-", "bytes=160001-", "bytes=160001-",
                "bytes=260001-",
            ])
        #expect(waited.all == [0.5, 1, 0.5, 1, 0.5])
    }

    @Test func givesUpWithoutProgress() throws {
        hub.change { behavior in
            behavior.intercept = { request, _ in
                guard request.path == "/model.safetensors" else { return nil }
                var response = StandInServer.Response(200, body: Self.bytes(300_000))
                response.cut = 100
                return response
            }
        }
        guard case .transfer(let error)? = failure() else {
            Issue.record("no error")
            return
        }
        #expect(error.isTemporary)
        #expect(waited.all == [0.5, 1, 2, 4, 8])
        // What arrived waits for the next run, where no list shows it.
        #expect(entries == [".small.download"])
        #expect(try store.names() == [])
    }

    /// The part of an earlier run is continued if it is of the same content, else begun again.
    @Test(arguments: [false, true]) func continuesAnEarlierRun(isChanged: Bool) throws {
        let stop = Mutex(true)
        hub.change { behavior in
            behavior.listsBlobs = false
            behavior.intercept = { [files] request, _ in
                guard request.path == "/model.safetensors", stop.withLock({ $0 }),
                    let file = files["model.safetensors"]
                else { return nil }
                if request.headers["range"] != nil { return .init(500) }
                var response = StandInServer.Response(
                    200,
                    headers: [("ETag", "\"\(SystemHash.sha256(file.bytes).prefix(32))\"")],
                    body: file.bytes)
                response.cut = 200_000
                return response
            }
        }
        #expect(failure() != nil)
        stop.withLock { $0 = false }
        var expected = files
        if isChanged { expected["model.safetensors"] = .init(Self.bytes(300_000, seed: 9)) }
        hub.change { [expected] in $0.files = expected }
        let sent = hub.storage.bytesSent
        let folder = try download()
        let data = try Data(contentsOf: folder.appendingPathComponent("model.safetensors"))
        #expect(Array(data) == expected["model.safetensors"]?.bytes)
        // The tokenizer was whole and is not fetched again.
        #expect(hub.storage.bytesSent - sent == (isChanged ? 300_000 : 100_000))
    }

    /// Bytes of a part that changed on the disk do not survive the check, and cost no error.
    @Test func beginsADamagedPartAgain() throws {
        let stop = Mutex(true)
        hub.change { behavior in
            behavior.intercept = { [files] request, _ in
                guard request.path == "/model.safetensors", stop.withLock({ $0 }) else {
                    return nil
                }
                var response = StandInServer.Response(
                    200, headers: [("ETag", "\"x\"")], body: files["model.safetensors"]!.bytes)
                response.cut = 200_000
                return request.headers["range"] == nil ? response : .init(500)
            }
        }
        #expect(failure() != nil)
        stop.withLock { $0 = false }
        let parts = store.folder.appendingPathComponent(".small.download/parts")
        for name in try FileManager.default.contentsOfDirectory(atPath: parts.path)
        where !name.hasSuffix(".tag") {
            let file = parts.appendingPathComponent(name)
            var data = try Data(contentsOf: file)
            data[100] ^= 1
            try data.write(to: file)
        }
        // The tag is the same: only the hash at the end tells.
        hub.change { $0.intercept = nil }
        try expectWhole(download())
    }

    @Test func waitsAsLongAsItIsAsked() throws {
        let answers = Mutex(["7", "", "3"])
        hub.change { behavior in
            behavior.intercept = { request, _ in
                guard request.path.hasSuffix("/config.json"),
                    let wait = answers.withLock({ $0.isEmpty ? nil : $0.removeFirst() })
                else { return nil }
                return .init(429, headers: wait.isEmpty ? [] : [("Retry-After", wait)])
            }
        }
        try expectWhole(download())
        #expect(waited.all == [7, 1, 3])

        let now = Date(timeIntervalSince1970: 784_111_777)
        #expect(RetryAfter.seconds("Sun, 06 Nov 1994 08:49:47 GMT", now: now) == 10)
        #expect(RetryAfter.seconds("99999999999999999999", now: now) == .max)
        #expect(RetryAfter.seconds("soon", now: now) == nil)
    }

    @Test func doesNotWaitForHours() {
        hub.change { behavior in
            behavior.intercept = { _, _ in .init(429, headers: [("Retry-After", "86400")]) }
        }
        #expect(failure() == .limited(host: "127.0.0.1", status: 429, seconds: 86400))
        #expect(waited.all == [])
    }
}
