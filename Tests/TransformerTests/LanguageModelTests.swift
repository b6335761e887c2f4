import Foundation
import Tensors
import Testing
import Transformer

@Suite struct LanguageModelTests {
    @Test(arguments: ModelFixture.names)
    func equalsTransformers(_ name: String) throws {
        let fixture = try ModelFixture(name)
        let model = try LanguageModel(folder: fixture.folder, precision: .float32)
        let sequences = try fixture.sequences.map { SequenceInput(tokens: $0) }
        let states = try model.states(of: sequences)
        for (number, states) in states.enumerated() {
            let expected = try fixture.floats("states.\(number)")
            #expect(greatestDifference(states, expected) < 1e-4, "states of sequence \(number)")
            let last = Array(states.suffix(model.configuration.hiddenSize))
            let logits = try model.logits(ofStates: last)
            #expect(
                greatestDifference(logits, try fixture.floats("logits.\(number)")) < 1e-4,
                "logits of sequence \(number)")
        }
    }

    /// As if the rows were added up one by one; a token without a row is a row of zeros.
    @Test(arguments: [[], [3], [0, 7, 7, 1, 100_000, -1]] as [[Int32]])
    func meanOfEmbeddingRows(tokens: [Int32]) throws {
        let model = try LanguageModel(folder: ModelFixture("llama-tied").folder)
        let rows = model.embeddingRows(of: tokens)
        let width = model.configuration.hiddenSize
        let expected = (0..<width).map { column in
            stride(from: column, to: rows.count, by: width).reduce(Float(0)) { $0 + rows[$1] }
                / Float(max(1, tokens.count))
        }
        #expect(model.meanEmbeddingRow(of: tokens) == expected)
    }

    /// A checkpoint that was saved for embedding has no output projection.
    @Test func needsNoOutputForStates() throws {
        let fixture = try ModelFixture("qwen3-bare")
        let model = try LanguageModel(folder: fixture.folder, precision: .float32)
        for number in 0..<ModelFixture.sequenceCount {
            let input = SequenceInput(tokens: try fixture.tokens("tokens.\(number)"))
            let states = try model.states(of: [input])[0]
            let expected = try fixture.floats("states.\(number)")
            #expect(greatestDifference(states, expected) < 1e-4)
        }
        let missing = ModelError.noOutput(
            path: fixture.folder.appendingPathComponent("model.safetensors").path)
        let input = SequenceInput(tokens: [3, 1, 4])
        #expect(throws: missing) {
            try model.generateGreedily(after: input, maximumTokens: 3)
        }
        #expect(throws: missing) {
            try model.logProbabilities(of: [.init(sequence: input, targetCount: 1)])
        }
        #expect(throws: missing) {
            try model.logits(ofStates: Array(repeating: 0, count: 24))
        }
    }

    @Test(arguments: ModelFixture.names)
    func generatesWhatTransformersGenerates(_ name: String) throws {
        let fixture = try ModelFixture(name)
        let model = try LanguageModel(folder: fixture.folder, precision: .float32)
        let text = try model.generateGreedily(
            after: SequenceInput(tokens: fixture.tokens("tokens.1")), maximumTokens: 12)
        #expect(try text == fixture.tokens("greedy"))
        let stop = try #require(text.dropFirst(3).first)
        let stopped = try model.generateGreedily(
            after: SequenceInput(tokens: fixture.tokens("tokens.1")), maximumTokens: 12,
            stopping: [stop])
        #expect(stopped == Array(text.prefix { $0 != stop }))
    }

    /// Bit for bit, in both precisions: alone, packed with others, on two threads, or with only its
    /// last rows asked for.
    @Test(arguments: ["llama-tied", "mistral-window", "qwen3"], ComputePrecision.allCases)
    func doesNotDependOnNeighbours(_ name: String, _ precision: ComputePrecision) throws {
        let fixture = try ModelFixture(name)
        let model = try LanguageModel(folder: fixture.folder, precision: precision)
        let width = model.configuration.hiddenSize
        let long = try fixture.tokens("tokens.2")
        let sequences = (0..<60).map {
            SequenceInput(tokens: Array((long + long).dropFirst($0).prefix(1 + $0 * 7 % 43)))
        }
        let together = try model.states(of: sequences)
        let threaded = try model.states(of: sequences, threads: 2)
        let ends = try model.states(of: sequences, selecting: .last(5))
        #expect(together == threaded)
        for (number, sequence) in sequences.enumerated() {
            #expect(try model.states(of: [sequence])[0] == together[number])
            #expect(ends[number] == Array(together[number].suffix(5 * width)))
        }
    }

    @Test func bfloat16IsCloseToFloat32() throws {
        for name in ["llama-tied", "mistral-window", "qwen2", "qwen3"] {
            let fixture = try ModelFixture(name)
            let inputs = try fixture.sequences.map { SequenceInput(tokens: $0) }
            let exact = try LanguageModel(folder: fixture.folder, precision: .float32)
                .states(of: inputs)
            let model = try LanguageModel(folder: fixture.folder)
            #expect(model.precision == .bfloat16)
            let rounded = try model.states(of: inputs)
            for (a, b) in zip(exact, rounded) {
                #expect(cosine(a, b) > 0.9995)
                #expect(a != b)
            }
        }
    }

    @Test func takesThePrecisionOfTheCheckpoint() throws {
        for (name, precision) in [
            ("llama-float32", ComputePrecision.float32), ("llama-float16", .float32),
            ("llama-tied", .bfloat16),
        ] {
            #expect(
                try LanguageModel(folder: ModelFixture(name).folder).precision == precision)
        }
    }

    /// The chain rule: the log-probability of a text is the sum over its tokens of log softmax of
    /// the logits before each.
    @Test(arguments: ["llama-tied", "llama-untied", "qwen2-windows"])
    func sumsLogProbabilities(_ name: String) throws {
        let fixture = try ModelFixture(name)
        let model = try LanguageModel(folder: fixture.folder, precision: .float32)
        let width = model.configuration.hiddenSize
        let tokens = try fixture.tokens("tokens.2")
        let prefix = (0..<3 * width).map { Float(($0 * 37) % 29 - 14) / 20 }
        var targets: [LanguageModel.TargetInput] = []
        var expected: [Double] = []
        for length in [1, 2, 11, 40] {
            let target = Array(tokens.prefix(length))
            let sequence = SequenceInput(prefix: prefix, rows: 3, tokens: target)
            targets.append(.init(sequence: sequence, targetCount: length))
            let states = try model.states(of: [sequence])[0]
            var sum = 0.0
            for (place, token) in target.enumerated() {
                let row = 2 + place
                let logits = try model.logits(
                    ofStates: Array(states[row * width..<(row + 1) * width])
                ).map(Double.init)
                let greatest = try #require(logits.max())
                let logSum = greatest + log(logits.reduce(0) { $0 + exp($1 - greatest) })
                sum += logits[Int(token)] - logSum
            }
            expected.append(sum)
        }
        let found = try model.logProbabilities(of: targets, threads: 2)
        for (a, b) in zip(found, expected) { #expect((a - b).magnitude < 1e-5 * b.magnitude) }
    }

    @Test func stopsWhenCancelled() throws {
        let fixture = try ModelFixture("llama-tied")
        let model = try LanguageModel(folder: fixture.folder)
        let input = SequenceInput(tokens: try fixture.tokens("tokens.1"))
        #expect(throws: ModelError.cancelled) {
            try model.states(of: [input], isCancelled: { true })
        }
        #expect(throws: ModelError.cancelled) {
            try model.generateGreedily(after: input, maximumTokens: 3, isCancelled: { true })
        }
    }

    @Test func refusesTokensWithoutEmbedding() throws {
        let model = try LanguageModel(folder: ModelFixture("llama-tied").folder)
        for token in [Int32(-1), 48, .max, .min] {
            #expect(throws: ModelError.tokenOutOfRange(token: token, vocabulary: 48)) {
                try model.states(of: [SequenceInput(tokens: [1, token])])
            }
        }
        #expect(throws: ModelError.emptySequence) {
            try model.states(of: [SequenceInput(tokens: [])])
        }
        #expect(try model.states(of: []).isEmpty)
    }
}
