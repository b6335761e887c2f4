import HTTPServer
import Testing

@Suite struct APIKeyTests {
    /// The digest of `abc` in FIPS 180-4.
    private static let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    @Test func digests() throws { #expect(try APIKey.digest(of: "abc") == Self.digest) }

    @Test func randomKeysDiffer() {
        let keys = (0..<100).map { _ in APIKey.random() }
        #expect(Set(keys).count == 100)
        // 256 bits in base64, without padding.
        #expect(keys.allSatisfy { $0.hasPrefix("vdb_") && $0.utf8.count == 47 })
    }

    @Test func files() throws {
        let keys = try APIKey.keys(
            inFile: """
                {"name":"a","role":"read","sha256":"\(Self.digest)","collections":["x"]}

                {"name":"b","role":"write","sha256":"\(Self.digest.uppercased())"}
                """)
        #expect(keys.map(\.name) == ["a", "b"] && keys.map(\.role) == [.read, .write])
    }

    @Test(arguments: [
        "[]", "{}", #"{"name":"a"}"#, #"{"name":"a","role":"all","sha256":""}"#,
        #"{"name":"a","role":"read","sha256":"abc"}"#,
        #"{"name":"a","role":"read","sha256":"\#(digest)","colections":["x"]}"#,
        #"{"name":"a","role":"read","sha256":"\#(digest)","collections":"x"}"#,
        #"{"name":"a","role":"read","sha256":"\#(digest)","collections":[1]}"#,
    ])
    func refusedLines(_ line: String) {
        #expect { try APIKey.keys(inFile: "\n" + line) } throws: { error in
            guard case .invalidLine(2, _)? = error as? APIKeyError else { return false }
            return true
        }
    }
}
