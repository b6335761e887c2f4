import Foundation
import PostgresTestSupport
import TestSupport
import Testing

/// `vdb tune` as a user runs it: killed, interrupted, refused, and with the model in the binary.
@Suite(.serialized) struct TuneTests {
    let vdb = Program()

    /// The tiny model of the training tests.
    private static let model = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../TrainingTests/Fixtures/tiny").standardizedFileURL.path

    /// 48 documents of few words, and 24 questions, each judged by two of them.
    private func writeTask() throws {
        let words = "the wing of a plane lifts it when air flows faster above than below"
            .split(separator: " ")
        func text(_ seed: Int, _ count: Int) -> String {
            (0..<count).map { String(words[(seed * 31 + $0 * (seed % 5 + 3)) % words.count]) }
                .joined(separator: " ")
        }
        try vdb.write(
            "corpus.jsonl",
            (0..<48).map { "{\"_id\":\"d\($0)\",\"text\":\"\(text($0, 4 + $0 % 7))\"}\n" }.joined())
        try vdb.write("queries.tsv", (0..<24).map { "q\($0)\t\(text($0, 3)) \($0)\n" }.joined())
        try vdb.write(
            "qrels.tsv",
            (0..<24).map { "q\($0)\td\(2 * $0)\t1\nq\($0)\td\(2 * $0 + 1)\t2\n" }.joined())
    }

    private func arguments(_ out: String, _ more: String...) -> [String] {
        [
            "tune", "--queries", "queries.tsv", "--qrels", "qrels.tsv", "--out", out,
            "--hold-out", "6", "--from-rank", "3", "--to-rank", "20", "--negatives", "2",
            "--max-steps", "3", "--batch-size", "4", "--save-steps", "1", "--format", "json",
            "--quiet",
        ] + more
    }

    private func start(_ arguments: [String], output: Any? = FileHandle.nullDevice) throws
        -> Process
    {
        try vdb.start(
            arguments, input: FileHandle.nullDevice, output: output,
            errors: FileHandle.nullDevice)
    }

    @Test func killedAtAnyMomentItEndsTheSame() throws {
        try writeTask()
        for name in ["whole.vdb", "killed.vdb"] {
            #expect(
                try vdb.run(
                    "ingest", "corpus.jsonl", "--db", name, "--model", Self.model, "--quiet"
                )
                .status == 0)
        }
        let began = ContinuousClock.now
        let whole = try start(arguments("whole", "--db", "whole.vdb", "--force"))
        whole.waitUntilExit()
        let duration = (ContinuousClock.now - began) / .seconds(1)
        #expect(whole.terminationStatus == 0)

        var generator = RandomSource.forTest()
        var kills = 0
        while kills < 6 {
            let hasBegun = FileManager.default.fileExists(
                atPath: vdb.path("killed/tune/journal.json"))
            let process = try start(
                arguments("killed", "--db", "killed.vdb", "--force")
                    + (hasBegun ? ["--resume"] : []))
            Thread.sleep(forTimeInterval: .random(in: 0...duration / 2, using: &generator))
            if !process.isRunning, process.terminationStatus == 0 { break }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            kills += 1
            #expect(try vdb.run("check", "--db", "killed.vdb").status == 0)
            let answer = try vdb.run(
                "query", "a wing", "--mode", "dense", "--db", "killed.vdb", "--format", "json")
            #expect(answer.object.hitIDs.count == 10, "\(answer.errors)")
        }
        let hasBegun = FileManager.default.fileExists(atPath: vdb.path("killed/tune/journal.json"))
        let last = try start(
            arguments("killed", "--db", "killed.vdb", "--force") + (hasBegun ? ["--resume"] : []))
        last.waitUntilExit()
        #expect(last.terminationStatus == 0)
        let models = try ["whole", "killed"].map {
            try Data(contentsOf: URL(fileURLWithPath: vdb.path($0 + "/model.safetensors")))
        }
        #expect(models[0] == models[1])
        let answers = try ["whole", "killed"].map {
            try vdb.run(
                "query", "a wing", "--mode", "dense", "--db", $0 + ".vdb", "--format", "trec")
        }
        #expect(answers[0].status == 0 && answers[0].output == answers[1].output)
        #expect(try vdb.run("check", "--db", "killed.vdb").status == 0)
    }

    @Test(.needsServer) func onPostgresItEndsAsOnAFile() throws {
        try writeTask()
        let places = ["corpus.vdb", try TestServer.database()]
        for (number, place) in places.enumerated() {
            let ingest = try vdb.run(
                "ingest", "corpus.jsonl", "--db", place, "--model", Self.model, "--quiet")
            #expect(ingest.status == 0, "\(ingest.errors)")
            let tune = try start(arguments("out\(number)", "--db", place, "--force"))
            tune.waitUntilExit()
            #expect(tune.terminationStatus == 0)
        }
        let models = try (0..<2).map {
            try Data(contentsOf: URL(fileURLWithPath: vdb.path("out\($0)/model.safetensors")))
        }
        #expect(models[0] == models[1])
        let answers = try places.map {
            try vdb.run(
                "query", "a wing", "--mode", "dense", "--exact", "--db", $0, "--format", "trec")
        }
        #expect(answers[0].status == 0 && answers[0].output == answers[1].output)
        #expect(!answers[0].output.isEmpty)
    }

    @Test func interruptedItSaysHowToGoOn() throws {
        try writeTask()
        try vdb.run("ingest", "corpus.jsonl", "--model", Self.model, "--quiet")
        let errors = Pipe.uninherited()
        let process = try vdb.start(
            arguments("out", "--force", "--max-steps", "100000"), input: FileHandle.nullDevice,
            output: FileHandle.nullDevice, errors: errors)
        let log = vdb.path("out/tune/compress.log.jsonl")
        while process.isRunning,
            (try? Data(contentsOf: URL(fileURLWithPath: log)))?.isEmpty != false
        {
            Thread.sleep(forTimeInterval: 0.02)
        }
        process.interrupt()
        let text = String(
            decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 130)
        // Before it stands a line that names the kernels.
        let last = text.split(separator: "\n").last ?? ""
        #expect(
            last.hasPrefix("vdb: interrupted after step ") && last.contains("--resume"), "\(text)")
        try vdb.fails(
            64, "--max-steps has changed", "tune", "--queries", "queries.tsv", "--qrels",
            "qrels.tsv", "--out", "out", "--resume")
    }

    @Test func whatCannotBeTunedIsRefused() throws {
        try writeTask()
        try vdb.write("vectors.jsonl", "{\"_id\":\"d0\",\"text\":\"a\",\"vector\":[1,0]}\n")
        try vdb.run("ingest", "vectors.jsonl", "--db", "vectors.vdb", "--quiet")
        let inputs = ["--queries", "queries.tsv", "--qrels", "qrels.tsv"]
        try vdb.fails(
            65, "its vectors were not made by a model", "tune", inputs[0], inputs[1], inputs[2],
            inputs[3],
            "--out", "out", "--db", "vectors.vdb")
        try vdb.fails(
            66, "there is no database here", "tune", inputs[0], inputs[1], inputs[2], inputs[3],
            "--out", "out", "--db", "nowhere.vdb")
        try vdb.run("ingest", "corpus.jsonl", "--model", Self.model, "--quiet")
        try vdb.fails(
            66, "no tuning run to resume", "tune", inputs[0], inputs[1], inputs[2], inputs[3],
            "--out", "out", "--resume")
        try vdb.fails(
            64, "--stages", "tune", inputs[0], inputs[1], inputs[2], inputs[3], "--out", "out",
            "--stages", "compress,distil")
        try vdb.write("few.tsv", "q1\td2\t1\n")
        try vdb.fails(
            65, "1 of 1 judged queries", "tune", inputs[0], inputs[1], "--qrels", "few.tsv",
            "--out", "out2")
        #expect(!FileManager.default.fileExists(atPath: vdb.path("out2")))
        try vdb.write("elsewhere.tsv", "q1\tx2\t1\n")
        try vdb.fails(
            65, "such as 'x2'", "tune", inputs[0], inputs[1], "--qrels", "elsewhere.tsv",
            "--out", "out3")
        try vdb.fails(
            73, "already exists", "tune", inputs[0], inputs[1], inputs[2], inputs[3],
            "--out", vdb.folder)
    }

    /// The base of smollm2-135m is a GGUF file, too. Training starts from it as tuning does.
    @Test func anAdapterOfAGGUFFileIsTuned() throws {
        try writeTask()
        let files = FileManager.default
        let adapter = vdb.path("adapter")
        try vdb.write(
            "pairs.jsonl", #"{"query":"air flows","pos":["a wing"],"neg":["a plane"]}"# + "\n")
        func train(_ model: String, out: String) throws {
            let trained = try vdb.run(
                "train", "contrast", "--model", model, "--data", "pairs.jsonl", "--out", out,
                "--lora-rank", "4", "--max-steps", "1", "--quiet")
            #expect(trained.status == 0, "\(trained.errors)")
        }
        try Data(TinyGGUF.file(layers: 2)).write(to: URL(fileURLWithPath: vdb.path("base.gguf")))
        try train("base.gguf", out: "adapter")
        for name in ["config.json", "model.safetensors"] {
            try files.removeItem(atPath: adapter + "/" + name)
        }
        let file = URL(fileURLWithPath: adapter + "/adapter_config.json")
        var object = Program.object(String(decoding: try Data(contentsOf: file), as: UTF8.self))
        object["base_model_name_or_path"] = "../base.gguf"
        try JSONSerialization.data(withJSONObject: object).write(to: file)
        try train("adapter", out: "trained")
        #expect(!files.fileExists(atPath: vdb.path("trained/base")))
        #expect(try vdb.run("embed", "a wing", "--model", "trained").status == 0)

        let ingest = try vdb.run("ingest", "corpus.jsonl", "--model", "adapter", "--quiet")
        #expect(ingest.status == 0, "\(ingest.errors)")
        let before = try vdb.run("stats", "--format", "json").object["model"] as? [String: Any]
        let tuned = try vdb.run(
            arguments("out", "--force", "--stages", "contrast", "--lora-rank", "4"))
        #expect(tuned.status == 0, "\(tuned.errors)")
        #expect(tuned.object["replaced"] as? Bool == true)
        #expect(tuned.object.list("stages").first?.int("steps") == 3)
        let after = try vdb.run("stats", "--format", "json").object["model"] as? [String: Any]
        #expect(after?.string("fingerprint") == tuned.object.string("fingerprint"))
        #expect(before?.string("fingerprint") != after?.string("fingerprint"))
        // It needs neither the file nor its conversion any more.
        try files.removeItem(atPath: vdb.path("base.gguf"))
        #expect(!files.fileExists(atPath: vdb.path("out/base")))
        let found = try vdb.run("query", "air flows", "--mode", "dense", "--format", "json")
        #expect(found.object.hitIDs.count == 10, "\(found.errors)")
    }

    /// The database has no model folder; afterwards it has one, and needs no flag to find it.
    @Test func theBuiltInModelIsTunedFromAFolder() throws {
        try writeTask()
        try vdb.run("ingest", "corpus.jsonl", "--quiet")
        let before = try vdb.run("stats", "--format", "json").object["model"] as? [String: Any]
        let output = vdb.path("report")
        FileManager.default.createFile(atPath: output, contents: nil)
        let process = try start(
            arguments("out", "--force", "--stages", "contrast", "--max-steps", "2"),
            output: FileHandle(forWritingAtPath: output))
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let report = Program.object(try String(contentsOfFile: output, encoding: .utf8))
        #expect(report["replaced"] as? Bool == true)
        #expect(report.list("stages").map { $0.string("stage") } == ["contrast"])
        let after = try vdb.run("stats", "--format", "json").object["model"] as? [String: Any]
        #expect(after?.string("fingerprint") == report.string("fingerprint"))
        #expect(before?.string("fingerprint") != after?.string("fingerprint"))
        let plain = try vdb.run("query", "air flows", "--mode", "dense", "--format", "json")
        let named = try vdb.run(
            "query", "air flows", "--mode", "dense", "--format", "json", "--model", "out")
        #expect(plain.object.hitIDs.count == 10 && plain.object.hitIDs == named.object.hitIDs)
        let card = try String(contentsOfFile: vdb.path("out/MODEL_CARD.md"), encoding: .utf8)
        #expect(card.contains("| after contrast |") && card.contains("](loss.svg)"))
        #expect(card.contains("the model after contrast") && card.contains("re-encoded with it"))
        for name in ["base/config.json", "MODEL_CARD.md", "loss.svg", "autoregembed.json"] {
            #expect(FileManager.default.fileExists(atPath: vdb.path("out/" + name)), "\(name)")
        }
        // The frozen decoder is found beside the model.
        #expect(try vdb.run("score", "air", "air flows", "--model", "out").status == 0)
    }
}
