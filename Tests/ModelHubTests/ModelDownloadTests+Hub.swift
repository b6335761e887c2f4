import Foundation
import Synchronization
import TestSupport
import Testing

@testable import ModelHub

/// Gates, lists, redirects, hostile answers and settings of the hub.
extension ModelDownloadTests {
    @Test func tokensAndGates() throws {
        hub.change { $0.token = "hf_secret" }
        let page = hub.endpoint + "/owner/model"
        #expect(
            failure()
                == .denied(
                    repository: "owner/model", status: 401, isGated: true, tokenSource: nil,
                    page: page))
        #expect(
            failure(token: "hf_wrong")
                == .denied(
                    repository: "owner/model", status: 401, isGated: true,
                    tokenSource: "HF_TOKEN", page: page))
        #expect(entries == [])
        try expectWhole(download(token: "hf_secret"))
        // The other server never sees it.
        #expect(hub.storage.requests.count == 2)
        #expect(hub.storage.requests.allSatisfy { $0.headers["authorization"] == nil })
        #expect(hub.hub.requests.last?.headers["authorization"] == "Bearer hf_secret")
    }

    @Test func readsSettings() throws {
        func settings(_ environment: [String: String]) throws -> HubSettings {
            try HubSettings(environment: environment)
        }
        try scratch.write("home/.cache/huggingface/token", "hf_file\n")
        let home = ["HOME": scratch.file("home")]
        #expect(try settings(home).token == "hf_file")
        #expect(try settings(home.merging(["HF_TOKEN": "hf_x"]) { $1 }).token == "hf_x")
        #expect(throws: HubError.badToken(source: "HF_TOKEN")) {
            try settings(["HF_TOKEN": "a\r\nX-Evil: 1"])
        }
        for address in ["ftp://x", "huggingface.co", "https://user@host", "https://h/?q=1"] {
            #expect(throws: HubError.badEndpoint(address)) {
                try settings(["HF_ENDPOINT": address])
            }
        }
        #expect(try settings(["HF_HUB_OFFLINE": "1"]).isOffline)
        #expect(try !settings(["HF_HUB_OFFLINE": "0"]).isOffline)

        var hub = HubSettings()
        #expect(hub.sendsToken(to: "https://huggingface.co/a"))
        #expect(hub.sendsToken(to: "https://HuggingFace.co:443/a"))
        for other in [
            "http://huggingface.co/a", "https://huggingface.co.evil.com/", "https://cdn.hf.co/",
            "https://huggingface.co:444/", "https://huggingface.co@evil.com/",
        ] {
            #expect(!hub.sendsToken(to: other), "\(other)")
        }
        #expect(!hub.allowsRedirect(to: "http://huggingface.co/a"))
        #expect(!hub.allowsRedirect(to: "file:///etc/passwd"))
        #expect(hub.allowsRedirect(to: "https://elsewhere.org/a"))
        hub.endpoint = "http://mirror.example"
        #expect(hub.allowsRedirect(to: "http://elsewhere.org/a"))
        #expect(!hub.sendsToken(to: "http://mirror.example/a"))
    }

    @Test func offlineAsksNothing() {
        #expect(failure { $0.isOffline = true } == .offline("hf:owner/model"))
        #expect(hub.hub.requests.isEmpty)
    }

    @Test func saysWhatIsMissing() {
        func missing(_ what: HubError.Missing, _ repository: String = "owner/model") -> HubError {
            .notFound(what, repository: repository, endpoint: hub.endpoint)
        }
        #expect(failure("owner/other") == missing(.repository, "owner/other"))
        #expect(failure("owner/model@v9") == missing(.revision))
        #expect(
            failure("owner/model:none.gguf")
                == .noSuchFile(repository: "owner/model", file: "none.gguf"))
        #expect(
            failure("owner/model:pytorch_model.bin")
                == .refusedFile(repository: "owner/model", file: "pytorch_model.bin"))
        hub.change { $0.files = ["pytorch_model.bin": .init([1]), "config.json": .init([2])] }
        #expect(
            failure()
                == .nothingToLoad(repository: "owner/model", found: ["pytorch_model.bin"]))
        #expect(waited.all == [])
    }

    @Test func choosesAmongGGUFFiles() throws {
        let names = [
            "a-Q4.gguf", "a-Q8.gguf", "b-00001-of-00002.gguf", "b-00002-of-00002.gguf",
            "config.json",
        ]
        hub.change { behavior in
            behavior.files = Dictionary(
                uniqueKeysWithValues: names.map { ($0, .init(Array($0.utf8))) })
        }
        #expect(
            failure()
                == .severalModels(
                    repository: "owner/model",
                    files: ["a-Q4.gguf", "a-Q8.gguf", "b-00001-of-00002.gguf"]))
        let folder = try download("owner/model:b-00002-of-00002.gguf")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
                == ["b-00001-of-00002.gguf", "b-00002-of-00002.gguf", ModelOrigin.fileName])
    }

    /// Answers made to harm: names that lead elsewhere, sizes and numbers of files beyond reason.
    @Test func refusesHostileLists() {
        func list(_ siblings: String) -> HubError? {
            hub.change { behavior in
                behavior.intercept = { _, _ in
                    .init(200, body: Array(#"{"siblings":[\#(siblings)]}"#.utf8))
                }
            }
            return failure()
        }
        for path in [
            "../evil.json", "/etc/evil.json", "a/../../evil.json", "a//b.json", "..", "a/.",
            "a\\u0000.json", "a\\\\b.json", "a\\nb.json",
            String(repeating: "x", count: 300) + ".json",
            String(repeating: "d/", count: 40) + "x.json",
        ] {
            guard case .hostilePath? = list(#"{"rfilename":"\#(path)"}"#) else {
                Issue.record("\(path) is taken")
                continue
            }
        }
        for size in ["-1", "1e30", "99999999999999999999", "\"1\"", "4611686018427387904"] {
            guard case .badAnswer? = list(#"{"rfilename":"a.gguf","size":\#(size)}"#) else {
                Issue.record("size \(size) is taken")
                continue
            }
        }
        let many = repeatElement(#"{"rfilename":"a"}"#, count: 20_001).joined(separator: ",")
        #expect(
            list(many) == .tooManyFiles(repository: "owner/model", count: 20_001, limit: 20_000))
        guard case .badAnswer? = list(#"{"rfilename":"a"},{"rfilename":"a"}"#) else {
            Issue.record("a file twice is taken")
            return
        }
        let some = (0..<3000).map { #"{"rfilename":"\#($0).safetensors","size":1}"# }
        #expect(
            list(some.joined(separator: ","))
                == .tooManyFiles(repository: "owner/model", count: 3000, limit: 2000))
        guard
            case .diskFull(_, let needed, _)? = list(
                #"{"rfilename":"a.gguf","size":1125899906842624,"# + #""lfs":{"sha256":""#
                    + String(repeating: "0", count: 64) + #"","size":1125899906842624}}"#)
        else {
            Issue.record("a petabyte is taken")
            return
        }
        #expect(needed > 1_125_899_906_842_624)
        for text in ["", "[]", "{}", "{", #"{"siblings":1}"#, #"{"siblings":[{}]}"#] {
            hub.change { $0.intercept = { _, _ in .init(200, body: Array(text.utf8)) } }
            guard case .badAnswer? = failure() else {
                Issue.record("\(text) is taken")
                continue
            }
        }
    }

    @Test func anEndlessListIsStopped() {
        hub.change { behavior in
            behavior.intercept = { _, _ in
                var response = StandInServer.Response(
                    200, body: [UInt8](repeating: 32, count: 34 << 20))
                response.announced = 0
                return response
            }
        }
        guard case .badAnswer? = failure() else {
            Issue.record("no error")
            return
        }
    }

    @Test func followsRedirectsCarefully() {
        hub.change { behavior in
            behavior.intercept = { request, _ in
                .init(302, headers: [("Location", request.path + "?again")])
            }
        }
        guard case .tooManyRedirects? = failure() else {
            Issue.record("no error")
            return
        }
        for target in ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/"] {
            hub.change { $0.intercept = { _, _ in .init(302, headers: [("Location", target)]) } }
            guard case .insecureRedirect? = failure() else {
                Issue.record("\(target) is followed")
                continue
            }
        }
        #expect(entries == [])
    }

    @Test func oneProcessAtATime() throws {
        let other = try Workplace(store: store, name: "small")
        #expect(failure() == .busy(name: "small"))
        withExtendedLifetime(other) {}
    }

    /// Test vectors of FIPS 180-4, and `git hash-object` of an empty file.
    @Test func digests() throws {
        func digest(_ kind: ContentDigest.Kind, _ text: String) throws -> String {
            let digest = try #require(ContentDigest(kind))
            Array(text.utf8).withUnsafeBytes { digest.update($0) }
            return digest.finalize()
        }
        #expect(
            try digest(.sha256, "abc")
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            try digest(.sha256, "")
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            try digest(.gitBlob(size: 0), "") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
    }
}
