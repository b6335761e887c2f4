import Foundation
import ModelHub
import TestSupport
import Testing

@Suite struct ModelLocatorTests {
    private let scratch: TemporaryFolder
    private let locator: ModelLocator

    init() throws {
        scratch = TemporaryFolder()
        locator = ModelLocator(environment: [
            "VDB_MODELS": scratch.file("store"), "HF_HOME": scratch.file("hf"),
            "OLLAMA_MODELS": scratch.file("ollama"),
        ])
    }

    @discardableResult
    private func write(_ name: String, _ text: String = "x") throws -> URL {
        let url = URL(fileURLWithPath: scratch.file(name))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
        return url
    }

    private func path(_ given: String) throws -> String {
        try locator.locate(given).url.path
    }

    private func failure(_ given: String) -> ModelLocationError? {
        do throws(ModelLocationError) {
            _ = try locator.locate(given)
            return nil
        } catch { return error }
    }

    @Test func findsPaths() throws {
        let file = try write("m.gguf")
        #expect(try path(file.path) == file.path)
        try write("folder/config.json")
        try write("folder/other.gguf")
        #expect(try path(scratch.file("folder")) == scratch.file("folder"))
        let only = try write("one/x.gguf")
        #expect(try path(scratch.file("one")) == only.path)
        let first = try write("parts/x-00001-of-00002.gguf")
        try write("parts/x-00002-of-00002.gguf")
        #expect(try path(scratch.file("parts")) == first.path)
        try write("one/y.gguf")
        #expect(
            failure(scratch.file("one"))
                == .severalFiles(folder: scratch.file("one"), files: ["x.gguf", "y.gguf"]))
        #expect(failure("./nothing") == .missing("./nothing", isName: false))
    }

    @Test func findsNamesInTheStore() throws {
        #expect(failure("mine-\(UUID().uuidString)").map { "\($0)" }?.contains("no such") == true)
        let name = "model-\(UUID().uuidString.lowercased())"
        let file = try write("store/\(name)/x.gguf")
        #expect(try path(name) == file.path)
        #expect(try locator.store?.names() == [name])
        let elsewhere = try write("elsewhere/config.json").deletingLastPathComponent()
        try FileManager.default.createSymbolicLink(
            atPath: scratch.file("store/linked"), withDestinationPath: elsewhere.path)
        #expect(try path("linked") == scratch.file("store/linked"))
        // A name never leaves the store.
        #expect(failure("../elsewhere") != nil)
        let known = try #require(KnownModel.named("smollm2-135m"))
        #expect(failure("smollm2-135m") == .notFetched(known))
    }

    @Test func findsTheStoreByTheEnvironment() {
        func folder(_ environment: [String: String]) -> String? {
            ModelStore(environment: environment)?.folder.path
        }
        #expect(folder(["VDB_MODELS": "/a", "XDG_DATA_HOME": "/b", "HOME": "/c"]) == "/a")
        #expect(folder(["XDG_DATA_HOME": "/b", "HOME": "/c"]) == "/b/vdb/models")
        #expect(folder(["HOME": "/c"]) == "/c/.local/share/vdb/models")
        #expect(folder([:]) == nil)
    }

    @Test func readsHuggingFacesCache() throws {
        let hash = "0123456789abcdef0123456789abcdef01234567"
        let root = "hf/hub/models--owner--repo"
        try write("\(root)/refs/main", hash + "\n")
        let file = try write("\(root)/snapshots/\(hash)/config.json")
        let gguf = try write("\(root)/snapshots/\(hash)/q/m.gguf")
        let snapshot = file.deletingLastPathComponent().path
        #expect(try path("hf:owner/repo") == snapshot)
        #expect(try path("hf:owner/repo@main") == snapshot)
        #expect(try path("hf:owner/repo@\(hash)") == snapshot)
        #expect(try path("hf:owner/repo:q/m.gguf") == gguf.path)
        for given in ["hf:owner/repo@v2", "hf:owner/other", "hf:owner/repo:none.gguf"] {
            #expect(
                failure(given) == .notInCache(given, cache: scratch.file("hf/hub")), "\(given)")
        }
        for given in [
            "hf:", "hf:owner", "hf:../..", "hf:owner/repo@../x", "hf:owner/repo:../../m.gguf",
            "hf:owner/repo:/etc/passwd", "hf:a/b/c", "hf:owner/.hidden",
        ] {
            #expect(failure(given) == .badReference(given), "\(given)")
        }
    }

    @Test func readsOllamasStore() throws {
        let digest = String(repeating: "ab", count: 32)
        func manifest(_ digest: String) -> String {
            """
            {"schemaVersion":2,"layers":[
              {"mediaType":"application/vnd.ollama.image.template","digest":"sha256:00"},
              {"mediaType":"application/vnd.ollama.image.model","digest":"\(digest)","size":1}]}
            """
        }
        let root = "ollama/manifests/registry.ollama.ai"
        try write("\(root)/library/small/latest", manifest("sha256:\(digest)"))
        #expect(
            failure("ollama:small")
                == .notInCache("ollama:small", cache: scratch.file("ollama")))
        let blob = try write("ollama/blobs/sha256-\(digest)")
        #expect(try path("ollama:small") == blob.path)
        #expect(try path("ollama:small:latest") == blob.path)
        try write("\(root)/owner/small/q8", manifest("sha256:\(digest)"))
        #expect(try path("ollama:owner/small:q8") == blob.path)
        let bad = try write("\(root)/library/bad/latest", manifest("sha256:../../x"))
        #expect(failure("ollama:bad") == .badManifest(path: bad.path))
        for given in ["ollama:", "ollama:a:b:c", "ollama:../x", "ollama:a/b/c"] {
            #expect(failure(given) == .badReference(given), "\(given)")
        }
    }

    @Test func addsAndRemovesEntries() throws {
        let store = ModelStore(folder: URL(fileURLWithPath: scratch.file("store")))
        let file = try write("elsewhere/m.gguf")
        try store.add(file, as: "linked", copying: false)
        try store.add(file, as: "copied", copying: true)
        #expect(try store.names() == ["copied", "linked"])
        #expect(throws: ModelStoreError.taken("linked")) {
            try store.add(file, as: "linked", copying: true)
        }
        for name in ["", "a/b", "..", ".hidden"] {
            #expect(throws: ModelStoreError.badName(name)) {
                try store.add(file, as: name, copying: false)
            }
            #expect(throws: ModelStoreError.missing(name)) { try store.remove(name) }
        }
        try store.remove("linked")
        #expect(FileManager.default.fileExists(atPath: file.path))
        try FileManager.default.removeItem(at: file)
        #expect(try path("copied") == scratch.file("store/copied"))
    }
}
