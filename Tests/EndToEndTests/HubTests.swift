import Foundation
import TestSupport
import Testing

/// `vdb model add` as a user types it, against a stand-in of the hub.
@Suite(.serialized) struct HubTests {
    private let vdb = Program()

    private func environment(_ hub: StandInHub) -> [String: String] {
        [
            "HF_ENDPOINT": hub.endpoint, "VDB_MODELS": vdb.path("store"),
            "HF_HOME": vdb.path("hf"), "HF_TOKEN": "", "HF_HUB_OFFLINE": "",
        ]
    }

    private func hiddenFiles() -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: vdb.path("store"))) ?? []).sorted()
    }

    @Test func addsAndUses() throws {
        let hub = try StandInHub(
            repository: "owner/tiny", files: ["tiny-F32.gguf": .init(TinyGGUF.file())])
        // An ingest or a query downloads nothing.
        let absent = try vdb.run(
            "embed", "x", "--model", "hf:owner/tiny", environment: environment(hub))
        #expect(absent.status == 69 && absent.errors.contains("vdb model add hf:owner/tiny"))
        #expect(hub.hub.requests.isEmpty)
        let result = try vdb.run("model", "add", "hf:owner/tiny", environment: environment(hub))
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.hasPrefix("tiny is hf:owner/tiny@c0ffee12"))
        #expect(hiddenFiles() == ["tiny"])
        let embed = try vdb.run("embed", "x", "--model", "tiny", environment: environment(hub))
        #expect(embed.status == 0, "\(embed.errors)")
        let info = try vdb.run(
            "model", "info", "tiny", "--format", "json", environment: environment(hub)
        ).object
        #expect(info.string("license") == "apache-2.0")
        #expect(info.string("method") == "autoregembed")
        #expect(info.string("source")?.hasPrefix("hf:owner/tiny@c0ffee12") == true)

        let again = try vdb.run("model", "add", "hf:owner/tiny", environment: environment(hub))
        #expect(again.status == 73 && again.errors.contains("--name"))
        let named = try vdb.run(
            "model", "add", "hf:owner/tiny@main:tiny-F32.gguf", "--name", "other",
            environment: environment(hub))
        #expect(named.status == 0, "\(named.errors)")
        #expect(hiddenFiles() == ["other", "tiny"])
        // It is also found by the name that it was downloaded by.
        let whole = try vdb.run(
            "embed", "x", "--model", "hf:owner/tiny", environment: environment(hub))
        #expect(whole.status == 0 && whole.output == embed.output, "\(whole.errors)")
    }

    /// The hub's name resolves nowhere: only a proxy can reach it. Large files are on a host that
    /// `no_proxy` names.
    @Test func goesThroughAProxy() throws {
        let hub = try StandInHub(files: ["m.gguf": .init(TinyGGUF.file())])
        let origin = "http://hub.invalid"
        let proxy = try StandInServer { request in
            guard request.path.hasPrefix(origin) else { return .init(403) }
            var request = request
            request.path.removeFirst(origin.count)
            return hub.answer(request)
        }
        let through = [
            "HF_ENDPOINT": origin, "http_proxy": proxy.address, "https_proxy": proxy.address,
            "no_proxy": "127.0.0.1",
        ]
        let result = try vdb.run(
            "model", "add", "hf:owner/model",
            environment: environment(hub).merging(through) { $1 })
        #expect(result.status == 0, "\(result.errors)")
        #expect(hiddenFiles() == ["model"])
        #expect(!proxy.requests.isEmpty && hub.hub.requests.isEmpty)
        #expect(hub.storage.requests.count == 1)

        // HTTPS asks for a tunnel, which this proxy refuses.
        let refused = try vdb.run(
            "model", "add", "hf:owner/other",
            environment: environment(hub).merging(through) { $1 }
                .merging(["HF_ENDPOINT": "https://hub.invalid"]) { $1 })
        #expect(refused.status == 75, "\(refused.errors)")
        #expect(refused.errorLines.count == 1, "\(refused.errors)")
        let tunnel = try #require(proxy.requests.last)
        #expect(tunnel.method == "CONNECT" && tunnel.path == "hub.invalid:443")
    }

    @Test func shortNames() throws {
        let hub = try StandInHub(
            repository: "HuggingFaceTB/SmolLM2-135M-Instruct",
            files: ["m.gguf": .init(TinyGGUF.file())])
        let before = try vdb.run(
            "embed", "x", "--model", "smollm2-135m", environment: environment(hub))
        #expect(before.status == 69 && before.errors.contains("vdb model add smollm2-135m"))
        let result = try vdb.run("model", "add", "smollm2-135m", environment: environment(hub))
        #expect(result.status == 0, "\(result.errors)")
        // The stand-in's model is not the one that the adapter belongs to.
        #expect(result.errors.contains("does not fit"), "\(result.errors)")
        for name in ["smollm2-135m", "smollm2-135m-base"] {
            let after = try vdb.run("embed", "x", "--model", name, environment: environment(hub))
            #expect(after.status == 0, "\(after.errors)")
        }
    }

    /// The model as `make smollm2` gets it; nil if that has not run on this machine.
    private static let realModel: URL? = {
        let environment = ProcessInfo.processInfo.environment
        let data = environment["XDG_DATA_HOME"] ?? (environment["HOME"] ?? "") + "/.local/share"
        let store = environment["VDB_MODELS"] ?? data + "/vdb/models"
        let folder = URL(fileURLWithPath: store + "/smollm2-135m-base")
        let files = try? FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: nil)
        return files?.first { $0.pathExtension == "gguf" }
    }()

    /// SmolLM2 gets the adapter that the program carries.
    @Test(.enabled(if: realModel != nil, "needs the model; 'make smollm2' gets it"))
    func theKnownModelGetsItsAdapter() throws {
        let model = try #require(Self.realModel)
        let hub = try StandInHub(
            repository: "HuggingFaceTB/SmolLM2-135M-Instruct",
            files: ["m.gguf": .init([UInt8](Data(contentsOf: model)))])
        let environment = environment(hub)
        let result = try vdb.run("model", "add", "smollm2-135m", environment: environment)
        #expect(
            result.status == 0 && result.errors.contains("with vdb's adapter"), "\(result.errors)")
        let info = try vdb.run(
            "model", "info", "smollm2-135m", "--format", "json", environment: environment
        ).object
        #expect(info.string("pooling") == "compressed")
        let vectors = try ["smollm2-135m", "smollm2-135m-base"].map {
            try vdb.run("embed", "x", "--model", $0, environment: environment).output
        }
        #expect(vectors[0] != vectors[1])
        let again = try vdb.run("model", "add", "smollm2-135m", environment: environment)
        #expect(again.status != 0 && again.errors.contains("smollm2-135m"))
    }

    @Test func saysWhatToDo() throws {
        let hub = try StandInHub(files: ["m.gguf": .init(TinyGGUF.file())])
        func fails(
            _ status: Int32, _ words: String..., source: String = "hf:owner/model",
            with change: [String: String] = [:]
        ) throws {
            let result = try vdb.run(
                "model", "add", source, environment: environment(hub).merging(change) { $1 })
            #expect(result.status == status, "\(result.errors)")
            #expect(result.errorLines.count == 1, "\(result.errors)")
            for word in words { #expect(result.errors.contains(word), "\(result.errors)") }
            #expect(hiddenFiles() == [])
        }
        try fails(69, "HF_HUB_OFFLINE", with: ["HF_HUB_OFFLINE": "1"])
        try fails(64, "HF_ENDPOINT", with: ["HF_ENDPOINT": "nowhere"])
        try fails(66, "there is no such repository", source: "hf:owner/none")
        try fails(66, "after the @", source: "hf:owner/model@v7")
        hub.change { $0.token = "hf_secret" }
        try fails(69, "gated", "HF_TOKEN", "\(hub.endpoint)/owner/model")
        try fails(69, "the account that the token belongs to", with: ["HF_TOKEN": "hf_other"])
        hub.change { behavior in
            behavior.token = nil
            behavior.sha256 = String(repeating: "0", count: 64)
        }
        try fails(65, "m.gguf", "SHA-256", String(repeating: "0", count: 64))
        hub.change { $0.files = ["pytorch_model.bin": .init([1])] }
        try fails(65, "pytorch_model.bin")
        hub.change { behavior in
            behavior.intercept = { _, _ in .init(429, headers: [("Retry-After", "4000")]) }
        }
        try fails(75, "4000 s")
    }

    @Test func showsProgress() throws {
        let hub = try StandInHub(files: ["m.gguf": .init(TinyGGUF.file())])
        hub.change { $0.delay = .milliseconds(60) }
        for (name, value) in environment(hub) { setenv(name, value, 1) }
        defer { for name in environment(hub).keys { unsetenv(name) } }
        let shown = try vdb.onTerminal(["model", "add", "hf:owner/model"])
        #expect(shown.contains("kB") && shown.contains("/s"), "\(shown)")
        #expect(shown.contains("model is hf:owner/model@"), "\(shown)")
    }

    /// Killed ten times at random moments, the download ends with the same bytes; until then no list
    /// shows the model.
    @Test func survivesBeingKilled() throws {
        var random = RandomSource.forTest()
        let count = 6 << 20
        let large = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let small = (0..<50_000).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let hub = try StandInHub(files: [
            "model.safetensors": .init(large), "tokenizer.json": .init(small),
            "config.json": .init(Array("{}".utf8), isLarge: false),
        ])
        hub.change { $0.delay = .milliseconds(2) }
        let arguments = ["model", "add", "hf:owner/model", "--quiet"]
        var kills = 0
        while kills < 10 {
            let process = try vdb.start(
                arguments, input: FileHandle.nullDevice, output: FileHandle.nullDevice,
                errors: FileHandle.nullDevice, environment: environment(hub))
            // After so many more bytes, or before any.
            let target = hub.storage.bytesSent + Int.random(in: 0..<800_000, using: &random)
            while process.isRunning, hub.storage.bytesSent < target {
                Thread.sleep(forTimeInterval: 0.001)
            }
            Thread.sleep(forTimeInterval: Double.random(in: 0..<0.02, using: &random))
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            kills += 1
            let hasModel = FileManager.default.fileExists(atPath: vdb.path("store/model"))
            if hasModel { break }
            let list = try vdb.run("model", "list", environment: environment(hub))
            #expect(list.status == 0 && !list.output.contains("model\t"), "\(list.output)")
        }
        let sent = hub.storage.bytesSent
        if hiddenFiles() != ["model"] {
            hub.change { $0.delay = nil }
            let result = try vdb.run(arguments, environment: environment(hub))
            #expect(result.status == 0, "\(result.errors)")
        }
        print(
            "killed \(kills) times; \(sent) bytes were sent before the last run, then "
                + "\(hub.storage.bytesSent - sent) of \(count + small.count)")
        #expect(hiddenFiles() == ["model"])
        for (name, bytes) in ["model.safetensors": large, "tokenizer.json": small] {
            let data = try Data(contentsOf: URL(fileURLWithPath: vdb.path("store/model/\(name)")))
            #expect(Array(data) == bytes, "\(name)")
        }
        // Each run continued what the one before it had: what was sent twice is what was on its way.
        #expect(hub.storage.bytesSent < 2 * count)
    }
}
