import Foundation
import TestSupport
import Testing

/// `vdb train` and `vdb mine` as they are run.
struct TrainTests {
    private let vdb = Program()

    /// The tiny model of the training tests' fixtures.
    private static let tiny = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "TrainingTests/Fixtures/tiny").path

    private func writePairs() throws {
        let words = "the wing of a plane lifts it when air flows faster above".split(separator: " ")
        func text(_ number: Int) -> String {
            (0..<5).map { String(words[(number * 5 + $0 * $0) % words.count]) }
                .joined(separator: " ")
        }
        try vdb.write(
            "pairs.jsonl",
            (0..<24).map {
                #"{"query":"\#(text($0))","pos":["\#(text($0 + 3))"],"neg":["\#(text($0 + 9))"]}"#
            }.joined(separator: "\n"))
    }

    private func arguments(_ case: [String], out: String) -> [String] {
        ["train"] + `case`
            + [
                "--model", Self.tiny, "--data", "pairs.jsonl", "--out", out, "--batch-size", "4",
                "--max-steps", "20", "--learning-rate", "1e-3", "--save-steps", "3", "--resume",
                "--log", out + ".jsonl", "--quiet",
            ]
    }

    private func losses(_ out: String) throws -> [String] {
        let text = try String(contentsOfFile: vdb.path(out + ".jsonl"), encoding: .utf8)
        return text.split(separator: "\n").map {
            let step = Program.object(String($0))
            return "\(step["step"] ?? "") \(step["loss"] ?? "") \(step["grad_norm"] ?? "")"
        }
    }

    /// SIGKILL at moments that nothing prepares for; the same command until it comes to its end.
    @Test(arguments: [
        ["contrast", "--micro-batch-size", "1", "--in-batch-negatives"],
        ["compress", "--precision", "bfloat16"],
        ["align", "--lora-rank", "4", "--lora-dropout", "0.1"],
    ])
    func aKilledRunThatIsResumedEndsWithTheSameBytes(case: [String]) throws {
        try writePairs()
        let whole = try vdb.start(
            arguments(`case`, out: "whole"), input: FileHandle.nullDevice,
            output: FileHandle.nullDevice, errors: FileHandle.nullDevice)
        whole.waitUntilExit()
        #expect(whole.terminationStatus == 0)
        var kills = 0
        while true {
            let process = try vdb.start(
                arguments(`case`, out: "parts"), input: FileHandle.nullDevice,
                output: FileHandle.nullDevice, errors: FileHandle.nullDevice)
            // After some lines of the log, and a moment that is different each time.
            let goal = kills * 6 + 2
            while process.isRunning, kills < 3,
                (try? losses("parts").count) ?? 0 < goal
            {
                usleep(500)
            }
            if process.isRunning, kills < 3 {
                usleep(UInt32(kills * 1700))
                kill(process.processIdentifier, SIGKILL)
                kills += 1
            }
            process.waitUntilExit()
            if process.terminationReason == .exit {
                #expect(process.terminationStatus == 0)
                break
            }
        }
        #expect(kills > 0, "the runs ended before they could be killed: nothing was resumed")
        #expect(try losses("whole").count == 20)
        #expect(try losses("parts") == losses("whole"))
        let names = try FileManager.default.contentsOfDirectory(atPath: vdb.path("whole")).sorted()
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: vdb.path("parts")).sorted() == names
        )
        for name in names {
            #expect(
                try Data(contentsOf: URL(filePath: vdb.path("whole/\(name)")))
                    == Data(contentsOf: URL(filePath: vdb.path("parts/\(name)"))), "\(name)")
        }
    }

    @Test func resumingAFinishedRunSaysSo() throws {
        try writePairs()
        let arguments = [
            "train", "contrast", "--model", Self.tiny, "--data", "pairs.jsonl", "--out", "out",
            "--max-steps", "2", "--resume",
        ]
        func run() throws -> (status: Int32, text: String) {
            let errors = Pipe.uninherited()
            let process = try vdb.start(
                arguments, input: FileHandle.nullDevice, output: FileHandle.nullDevice,
                errors: errors)
            let text = String(
                decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return (process.terminationStatus, text)
        }
        let first = try run()
        #expect(first.status == 0)
        let lines = first.text.split(separator: "\n").filter { !$0.hasPrefix("warning: ") }
        #expect(lines.count == 3)
        #expect(lines.contains("no saved state to resume from; starting with step 1"))
        #expect(lines.contains { $0.hasPrefix("kernels ") })
        #expect(lines.last?.hasPrefix("2 steps") == true)
        let second = try run()
        #expect(second.status == 0)
        #expect(second.text == "out: this run has finished (2 steps); there is nothing to resume\n")
    }

    @Test func aModelIsNotOverwrittenUnasked() throws {
        try writePairs()
        let arguments = [
            "train", "contrast", "--model", Self.tiny, "--data", "pairs.jsonl", "--out", "out",
            "--max-steps", "1", "--warmup-ratio", "0", "-q",
        ]
        func run(_ more: String...) throws -> (status: Int32, text: String) {
            let errors = Pipe.uninherited()
            let process = try vdb.start(
                arguments + more, input: FileHandle.nullDevice, output: FileHandle.nullDevice,
                errors: errors)
            let text = String(
                decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return (process.terminationStatus, text)
        }
        #expect(try run() == (0, ""))
        func weights(_ folder: String) throws -> Data {
            try Data(contentsOf: URL(filePath: vdb.path(folder + "/model.safetensors")))
        }
        let first = try weights("out")
        // A finished run's model is kept beside the new one.
        #expect(try run("--learning-rate", "0.1") == (0, ""))
        #expect(try weights("out.1") == first)
        #expect(try weights("out") != first)
        // A run that writes nothing changes nothing.
        #expect(try run("--data", "missing.jsonl").status != 0)
        #expect(try weights("out.1") == first)
        #expect(try weights("out") != first)
        // Any other model is refused, and so is the one that the run reads.
        try FileManager.default.removeItem(atPath: vdb.path("out/training.json"))
        let refused = try run("--learning-rate", "0.1")
        #expect(refused.status == 73)
        #expect(
            refused.text == "vdb: out: already holds a model; choose another --out, or pass "
                + "--overwrite to replace it\n")
        #expect(try run("--model", "out.1", "--out", "out.1").status == 64)
        #expect(try weights("out.1") == first)
        #expect(try run("--overwrite", "--learning-rate", "0.1") == (0, ""))
        let noSuch = try run("--overwrite", "--epochs", "0")
        #expect(noSuch.status == 64 && noSuch.text == "vdb: --epochs must be 1 to 1048576\n")
    }

    @Test func minedTriplesSayWhatTheyWereMinedWith() throws {
        try vdb.ingestCorpus()
        try vdb.write("queries.tsv", "q1\tgas from yeast\nq2\tthe sea\nq3\tunknown\n")
        try vdb.write("qrels.tsv", "q1\tbread\t1\nq2\ttides\t1\nq2\tonions\t0\nq3\tgone\t1\n")
        func mine(_ out: String, _ threads: String) throws -> String {
            try vdb.run(
                "mine", "--queries", "queries.tsv", "--qrels", "qrels.tsv", "--from-rank", "1",
                "--negatives", "2", "--seed", "5", "--threads", threads, "--out", out
            ).errors
        }
        #expect(
            try mine("one.jsonl", "1")
                == "2 queries with 4 negatives in one.jsonl; 1 judged query left out, without a "
                + "text or a positive in the collection\n")
        _ = try mine("two.jsonl", "2")
        let one = try String(contentsOfFile: vdb.path("one.jsonl"), encoding: .utf8)
        #expect(try String(contentsOfFile: vdb.path("two.jsonl"), encoding: .utf8) == one)
        let rows = one.split(separator: "\n").map { Program.object(String($0)) }
        #expect(rows.map { $0.string("query_id") } == ["q1", "q2"])
        #expect(rows.map { $0["pos_ids"] as? [String] } == [["bread"], ["tides"]])
        #expect(
            rows.allSatisfy {
                ($0["neg"] as? [String])?.count == 2 && ($0["neg_ranks"] as? [Int])?.count == 2
                    && ($0["neg_scores"] as? [Double])?.count == 2
            })
        let record = Program.object(
            try String(contentsOfFile: vdb.path("one.jsonl.json"), encoding: .utf8))
        #expect(record.string("database_identity")?.count == 32)
        #expect(record.string("model")?.count == 32)
        #expect(record.string("queries_hash")?.count == 32)
        #expect(record.int("seed") == 5 && record.int("from_rank") == 1)
        #expect(record.int("to_rank") == 210 && record.int("negatives") == 2)
        // The set is training data as it is.
        let trained = try vdb.run(
            "train", "contrast", "--model", Self.tiny, "--data", "one.jsonl", "--out", "trained",
            "--max-steps", "1", "--quiet")
        #expect(trained.status == 0, "\(trained.errors)")
    }
}
