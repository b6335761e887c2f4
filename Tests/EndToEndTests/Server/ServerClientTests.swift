import Foundation
import Testing

/// Programs of others against `vdb serve`, and the examples that use them.
@Suite(.serialized) struct ServerClientTests {
    private let vdb = Program()

    private static let python = OfficialClientTests.python(that: "import openai")

    private static func example(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../Examples/Server/\(name)").standardizedFileURL.path
    }

    @Test(
        .enabled(
            if: python != nil,
            "Python's package openai is not installed; .ci/install-clients does that"))
    func openAI() throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb)
        let python = try #require(Self.python)
        let checked = OfficialClientTests.run(
            python, OfficialClientTests.script("check_openai.py"), server.url)
        #expect(checked.status == 0 && checked.text.hasSuffix("well\n"), "\(checked.text)")
        try finds(python, "openai_client.py", server)
    }

    private static let pythonForLangChain = OfficialClientTests.python(
        that: "import langchain_openai, numpy")

    @Test(
        .enabled(
            if: pythonForLangChain != nil,
            "Python's package langchain-openai is not installed; .ci/install-clients does that"))
    func langChain() throws {
        try vdb.ingestCorpus()
        try finds(
            #require(Self.pythonForLangChain), "langchain_client.py", RunningServer(vdb))
    }

    private static let pythonForLlamaIndex = OfficialClientTests.python(
        that: "import llama_index.core, llama_index.embeddings.openai_like")

    @Test(
        .enabled(
            if: pythonForLlamaIndex != nil,
            "Python's package llama-index-embeddings-openai-like is not installed; .ci/install-clients does that"
        ))
    func llamaIndex() throws {
        try vdb.ingestCorpus()
        try finds(
            #require(Self.pythonForLlamaIndex), "llamaindex_client.py", RunningServer(vdb))
    }

    /// Runs an example that searches three sentences.
    private func finds(_ python: String, _ example: String, _ server: RunningServer) throws {
        let found = OfficialClientTests.run(python, Self.example(example), server.url)
        #expect(
            found.text.hasSuffix("Bramleys keep until spring if they do not touch each other.\n"),
            "\(found.text)")
    }

    /// `VDB_SWIFT_CLIENT`, or what `swift build` makes of the package.
    private static let swiftClient = [
        ProcessInfo.processInfo.environment["VDB_SWIFT_CLIENT"],
        URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../Examples/SwiftClient/.build/debug/search")
            .standardizedFileURL.path,
    ].compactMap { $0 }.first { FileManager.default.isExecutableFile(atPath: $0) }

    @Test(
        .enabled(
            if: swiftClient != nil,
            "the Swift client is not built; 'swift build' in Examples/SwiftClient does that"))
    func swift() throws {
        let server = try RunningServer(vdb, database: "new.vdb")
        let found = OfficialClientTests.run(try #require(Self.swiftClient), server.url)
        #expect(
            found.text == "apples: Bramleys keep until spring if they do not touch.\n",
            "\(found.text)")
    }

    private static let pythonForAssistants = OfficialClientTests.python(
        that: "from mcp import Client; import jsonschema")

    /// The official client of the Model Context Protocol, in its three modes, over HTTP.
    @Test(
        .enabled(
            if: pythonForAssistants != nil,
            "Python's package mcp (2.3 or later) is not installed; .ci/install-clients does that"))
    func modelContextProtocol() throws {
        let result = OfficialClientTests.run(
            try #require(Self.pythonForAssistants), OfficialClientTests.script("check_mcp.py"),
            Program.path, "http")
        #expect(result.status == 0, "\(result.text)")
        #expect(result.text.split(separator: "\n").count { $0.hasSuffix(", well") } == 3)
    }

    @Test(
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: "/usr/bin/curl"),
            "/usr/bin/curl is not installed"))
    func curl() throws {
        let server = try RunningServer(vdb, database: "new.vdb")
        let result = OfficialClientTests.run("/bin/sh", Self.example("curl.sh"), server.url)
        #expect(result.status == 0, "\(result.text)")
        let objects = result.text.split(separator: "\n").map { Program.object(String($0)) }
        #expect(objects.compactMap { $0.int("inserted") }.last == 1)
        #expect(objects.contains { $0.hitIDs.contains("notes/apples") }, "\(result.text)")
        #expect(objects.last?.int("deleted") == 1)
    }
}
