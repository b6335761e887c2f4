import FileFormat
import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing
import Transformer

/// Many texts generated at once are those generated one by one.
@Suite struct GenerationTests {
    /// Prompts of many lengths, some with the same beginning.
    private func prompts(_ tokens: [Int32]) -> [SequenceInput] {
        var generator = RandomSource.forTest()
        return (0..<23).map { number in
            let start =
                number % 3 == 0 ? 0 : Int.random(in: 0..<tokens.count / 2, using: &generator)
            let count = Int.random(in: 1...tokens.count / 2, using: &generator)
            return SequenceInput(tokens: Array(tokens[start..<start + count]))
        }
    }

    private func generate(
        _ model: LanguageModel, _ prompts: [SequenceInput], _ options: GenerationOptions,
        threads: Int
    ) throws -> [GeneratedTokens] {
        let table = ResultTable<GeneratedTokens>(count: prompts.count)
        try model.generate(
            count: prompts.count, options: options, threads: threads, prompt: { prompts[$0] }
        ) { table[$0] = $1 }
        return table.values
    }

    private func check(_ model: LanguageModel, tokens: [Int32]) throws {
        let prompts = prompts(tokens)
        // A token that the model likes, so that texts end at different steps.
        let whole = try model.generateGreedily(after: prompts[1], maximumTokens: 40)
        var options = GenerationOptions(
            maximumTokens: 40, stopping: Set(whole.dropFirst(5).prefix(1)))
        let alone = try prompts.map { prompt in
            try model.generateGreedily(
                after: prompt, maximumTokens: 40, stopping: options.stopping)
        }
        #expect(Set(alone.map(\.count)).count > 1, "the texts differ in length")
        for batchSize in [1, 3, 8] {
            for threads in [1, 2] {
                for prefix in [[], Array(tokens.prefix(2))] {
                    options.batchSize = batchSize
                    options.sharedPrefix = prefix
                    options.cacheBytes = batchSize == 8 ? 1 << 30 : 40_000
                    let found = try generate(model, prompts, options, threads: threads)
                    #expect(
                        found.map(\.tokens) == alone, "batch \(batchSize), \(threads) threads")
                    #expect(found.map(\.isFinished) == alone.map { $0.count < 40 })
                }
            }
        }
    }

    @Test(
        arguments: [
            "llama-tied", "mistral-window", "qwen2-windows", "qwen3", "llama-dynamic", "llama-yarn",
        ], ComputePrecision.allCases)
    func doesNotDependOnNeighbours(_ name: String, _ precision: ComputePrecision) throws {
        let fixture = try ModelFixture(name)
        let model = try LanguageModel(folder: fixture.folder, precision: precision)
        let tokens = try fixture.sequences.flatMap(\.self)
        try check(model, tokens: tokens)
    }

    /// With weights that are multiplied as they are stored.
    @Test(arguments: ["llama-types", "llama-k-types", "qwen3"])
    func doesNotDependOnNeighboursQuantized(_ name: String) throws {
        let fixtures = try #require(
            Bundle.module.url(forResource: "Fixtures/gguf", withExtension: nil))
        let file = try GGUFModel(path: fixtures.appendingPathComponent("\(name).gguf").path)
        let model = try LanguageModel(
            configuration: file.configuration, checkpoint: file.checkpoint)
        let vocabulary = Int32(model.configuration.vocabularySize)
        try check(model, tokens: (0..<90).map { $0 * 7 % vocabulary })
    }

    /// A text that has ended leaves its place at once: of one long and many short texts, those are
    /// delivered first.
    @Test func aShortTextDoesNotWaitForALongOne() throws {
        let fixture = try ModelFixture("llama-tied")
        let model = try LanguageModel(folder: fixture.folder, precision: .float32)
        let tokens = try fixture.tokens("tokens.2")
        // The first text repeats its tokens for ever; each other one ends with its second.
        let long = SequenceInput(tokens: tokens)
        let written = Set(try model.generateGreedily(after: long, maximumTokens: 64))
        let short = try (0..<48).compactMap { first -> (SequenceInput, Int32)? in
            let prompt = SequenceInput(tokens: [Int32(first), 5, 9])
            let second = try model.generateGreedily(after: prompt, maximumTokens: 2)[1]
            return written.contains(second) ? nil : (prompt, second)
        }
        try #require(short.count > 2)
        let prompts = [long] + short.map(\.0)
        var options = GenerationOptions(maximumTokens: 64, stopping: Set(short.map(\.1)))
        options.batchSize = 2
        let order = Mutex<[Int]>([])
        try model.generate(
            count: prompts.count, options: options, prompt: { prompts[$0] }
        ) { number, _ in
            order.withLock { $0.append(number) }
        }
        let delivered = order.withLock { $0 }
        #expect(delivered.sorted() == Array(prompts.indices))
        #expect(delivered.last == 0)
    }

    @Test func generatesNothingFromNoPrompts() throws {
        let model = try LanguageModel(folder: ModelFixture("llama-tied").folder)
        #expect(
            try generate(model, [], GenerationOptions(maximumTokens: 3), threads: 2).isEmpty)
        #expect(throws: ModelError.emptySequence) {
            try generate(
                model, [SequenceInput(tokens: [1]), SequenceInput(tokens: [])],
                GenerationOptions(maximumTokens: 3), threads: 2)
        }
    }
}
