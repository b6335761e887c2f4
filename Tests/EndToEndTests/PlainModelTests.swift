import Foundation
import Testing

/// A language model's folder as it comes from a hub, without compressed tokens.
struct PlainModelTests {
    let vdb = Program()

    init() throws {
        let fixture = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "TrainingTests/Fixtures/bare").path
        try FileManager.default.copyItem(atPath: fixture, toPath: vdb.path("plain"))
        try FileManager.default.removeItem(atPath: vdb.path("plain/autoregembed.json"))
        try vdb.write(
            "corpus.jsonl",
            #"{"_id":"a","text":"the wing lifts"}"# + "\n"
                + #"{"_id":"b","text":"air flows above"}"# + "\n")
    }

    private func fingerprint(_ database: String) throws -> String? {
        let model =
            try vdb.run("stats", "--db", database, "--format", "json").object["model"]
            as? [String: Any]
        return model?.string("fingerprint")
    }

    @Test func itEmbedsAndOneLineSaysHow() throws {
        let plain = try vdb.run(
            "ingest", "corpus.jsonl", "--db", "plain.vdb", "--model", "plain", "--quiet")
        #expect(plain.status == 0, "\(plain.errors)")
        #expect(
            plain.errors
                == "plain: has no compressed tokens, so the state at the last token is the "
                + "vector; 'vdb train compress' adds them\n")
        // The collection records it: nothing more is said, or asked for.
        let answer = try vdb.run(
            "query", "air", "--db", "plain.vdb", "--mode", "dense", "--format", "json")
        #expect(answer.status == 0 && answer.errors.isEmpty && answer.object.hitIDs.count == 2)
        let named = try vdb.run(
            "ingest", "corpus.jsonl", "--db", "named.vdb", "--model", "plain", "--pooling", "last",
            "--quiet")
        #expect(named.status == 0 && named.errors.isEmpty)
        #expect(try fingerprint("named.vdb") == fingerprint("plain.vdb"))
    }

    @Test func poolingAndInstructionsAreRecorded() throws {
        var fingerprints: Set<String?> = []
        for (number, options) in [
            ["--pooling", "last"], ["--pooling", "mean"],
            ["--pooling", "last", "--instruction", "none"],
            ["--pooling", "last", "--instruction", "next=What is it about?"],
            ["--pooling", "last", "--instruction", "self="],
        ].enumerated() {
            let database = "\(number).vdb"
            let ingested = try vdb.start(
                ["ingest", "corpus.jsonl", "--db", database, "--model", "plain", "--quiet"]
                    + options, input: FileHandle.nullDevice, output: FileHandle.nullDevice,
                errors: FileHandle.nullDevice)
            ingested.waitUntilExit()
            #expect(ingested.terminationStatus == 0)
            #expect(fingerprints.insert(try fingerprint(database)).inserted, "\(options)")
            let answer = try vdb.run(
                "query", "air", "--db", database, "--mode", "dense", "--format", "json")
            #expect(answer.status == 0 && answer.object.hitIDs.count == 2, "\(answer.errors)")
        }
        try vdb.fails(
            65, "was encoded by", "query", "air", "--db", "0.vdb", "--model", "plain", "--pooling",
            "mean", "--mode", "dense")
        try vdb.fails(
            64, "must be next=TEXT, self=TEXT or none", "query", "air", "--db", "0.vdb",
            "--instruction", "before=x")
    }

    @Test func aMisspeltKeyIsRefused() throws {
        try vdb.write("plain/autoregembed.json", #"{"poolling":"last"}"#)
        try vdb.fails(65, "\"poolling\": is not a key", "embed", "air", "--model", "plain")
    }
}
