import Foundation
import Tensors
import Testing
import TrainingTestSupport

@testable import Training

/// Pre-training from a stream: blocks of texts that never lie in memory together.
struct PretrainTests {
    /// Texts of many lengths, one longer than any block.
    private func data(_ fixture: TrainingFixture, _ count: Int = 40) throws -> String {
        let words = "the wing of a plane lifts it when air flows faster above than below"
            .split(separator: " ")
        let rows = (0..<count).map { number in
            let length = number == 7 ? 300 : number * 5 % 23
            let text = (0..<length).map { words[($0 * 7 + number) % words.count] }
            return #"{"text":"\#(text.joined(separator: " "))"}"#
        }
        return try fixture.write(rows.joined(separator: "\n"), "texts.jsonl")
    }

    @Test(arguments: [2, 7, 64])
    func blocksCoverEveryTokenOnce(length: Int) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let data = try TrainingData(
            path: self.data(fixture), stage: .pretrain, needsNegative: false)
        // A text's tokens are its own numbers here.
        let tokens = { @Sendable (row: Int) -> [Int32] in
            (0..<Int32(row * 5 % 23)).map { Int32(row) * 1000 + $0 }
        }
        let file = try TokenFile(
            folder: fixture.output("out"), key: String(repeating: "a", count: 32),
            rows: data.count, threads: 3, progress: { _ in }, tokens: tokens)
        let source = try PretrainSource(data: data, tokens: file, maximumLength: length)
        var expected: [[Int32]] = []
        var lines: [Int] = []
        for row in 0..<data.count {
            let all = tokens(row)
            var start = 0
            while start + 1 < all.count {
                expected.append(Array(all[start..<min(all.count, start + length)]))
                lines.append(row + 1)
                start += length - 1
            }
        }
        #expect(source.count == expected.count)
        #expect(try (0..<source.count).map { try source.example($0).sequence } == expected)
        #expect((0..<source.count).map(source.line) == lines)
    }

    @Test func aTokenFileOfOtherDataIsNotRead() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        func tokens(_ key: Character, rows: Int, _ value: Int32) throws -> [Int32] {
            let file = try TokenFile(
                folder: fixture.output("out"), key: String(repeating: key, count: 32), rows: rows,
                threads: 1, progress: { _ in }, tokens: { _ in [value, value] })
            return try (0..<rows).flatMap { try file.tokens($0, 0..<2) }
        }
        #expect(try tokens("a", rows: 2, 1) == [1, 1, 1, 1])
        #expect(try tokens("a", rows: 2, 2) == [1, 1, 1, 1], "it is read again")
        #expect(try tokens("b", rows: 2, 3) == [3, 3, 3, 3])
        #expect(try tokens("b", rows: 3, 4) == [4, 4, 4, 4, 4, 4])
        // Cut short, as no writer of ours leaves it.
        let path = fixture.output("out/training-tokens.bin")
        let whole = try Data(contentsOf: URL(filePath: path))
        try whole.dropLast(9).write(to: URL(filePath: path))
        #expect(try tokens("b", rows: 3, 5) == [5, 5, 5, 5, 5, 5])
        // Ends that go backwards: [9, 4, 6] instead of [2, 4, 6].
        var damaged = try Data(contentsOf: URL(filePath: path))
        damaged[damaged.count - 48 - 24] = 9
        try damaged.write(to: URL(filePath: path))
        #expect(try tokens("b", rows: 3, 6) == [6, 6, 6, 6, 6, 6])
    }

    @Test func aResumedRunDrawsTheSameBlocks() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.pretrain, data: data(fixture), output: "whole")
        options.shuffles = true
        options.maximumLength = 9
        options.maximumSteps = 9
        let whole = try fixture.losses(options)
        options.output = fixture.output("parts")
        options.saveSteps = 4
        #expect(throws: TrainingError.self) { try fixture.losses(options, stoppingAfter: 5) }
        var tokenised = false
        var rest: [Float] = []
        _ = try Trainer.run(
            options, resuming: true,
            progress: {
                if case .preparing(.tokenizing, _, _) = $0 { tokenised = true }
                if case .step(let step) = $0 { rest.append(step.loss) }
            })
        #expect(rest == Array(whole[5...]))
        #expect(!tokenised, "the tokens of the run before are read")
        #expect(!FileManager.default.fileExists(atPath: options.output + "/training-tokens.bin"))
    }

    @Test func frozenWeightsStayAndTheOthersMove() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.pretrain)
        options.frozen = ["model.embed_tokens", "model.layers.0.self_attn.v_proj"]
        _ = try fixture.losses(options)
        let before = try SafetensorsFile(path: options.model + "/model.safetensors")
        let after = try SafetensorsFile(path: options.output + "/model.safetensors")
        for name in before.names {
            let isFrozen =
                name == "model.embed_tokens.weight"
                || name == "model.layers.0.self_attn.v_proj.weight"
            let (old, new) = (try before.tensor(named: name), try after.tensor(named: name))
            #expect(try (old.floats() == new.floats()) == isFrozen, "\(name)")
        }
    }

    @Test(arguments: [["model.embed"], ["model.layers.9"], ["model", "lm_head"], [""]])
    func whatCannotBeFrozenIsRefused(names: [String]) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.pretrain)
        options.frozen = names
        #expect {
            try fixture.losses(options)
        } throws: { error in
            guard case TrainingError.badOption(.frozen, .noSuchParameter) = error else {
                return false
            }
            return true
        }
    }
}
