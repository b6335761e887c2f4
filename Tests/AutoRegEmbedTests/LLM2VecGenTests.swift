import AutoRegEmbed
import Foundation
import Testing

/// LLM2Vec-Gen folders as transformers with PEFT computes them: Fixtures/make_llm2vec_gen.py.
@Suite struct LLM2VecGenTests {
    private struct Expected: Decodable {
        struct Text: Decodable {
            let text: String
            let instruction: String
            let task: String
            let tokens: [Int32]
            let states: [[Float]]
            let unnormalized: [Float]
            let vector: [Float]
            let decoded: String
            let likeliest: [[Int32]]
            let probabilities: [[Double]]

            var asked: (Instruction, EmbeddingTask) {
                get throws {
                    let task = try #require(EmbeddingTask(rawValue: task))
                    return switch instruction {
                    case "next": (.next, task)
                    case "self": (.self_, task)
                    default: (.none, task)
                    }
                }
            }
        }

        let texts: [Text]
        let scores: [EmbedderFixture.Score]

        static func read() throws -> Expected {
            try JSONDecoder().decode(
                Expected.self, from: Data(contentsOf: EmbedderFixture.folder("llm2vec-gen.json")))
        }
    }

    private func greatestDifference(_ a: [Float], _ b: [Float]) -> Float {
        guard a.count == b.count else { return .infinity }
        return zip(a, b).map { abs($0 - $1) }.max() ?? 0
    }

    @Test func equalsTransformersWithPEFT() throws {
        let embedder = try AutoRegEmbedder(folder: EmbedderFixture.folder("llm2vec-gen"))
        #expect(embedder.dimensions == 6)
        for text in try Expected.read().texts {
            let (instruction, task) = try text.asked
            let name = Comment(rawValue: "\(text.instruction) \(text.task) \(text.text)")
            #expect(
                embedder.inputTokens(text.text, instruction: instruction, task: task)
                    == text.tokens, name)
            let encoded = try embedder.encode([text.text], instruction: instruction, task: task)[0]
            #expect(greatestDifference(encoded.vector, text.vector) < 1e-5, name)
            #expect(encoded.tokenCount == text.tokens.count, name)
            let plain = try embedder.unnormalizedVectors(
                of: [text.text], instruction: instruction, task: task, isCancelled: { false })[0]
            #expect(greatestDifference(plain, text.unnormalized) < 2e-5, name)
            let states = try embedder.states(text.text, instruction: instruction, task: task)
            #expect(
                greatestDifference(states.flatMap { $0 }, text.states.flatMap { $0 }) < 2e-5, name)
        }
    }

    @Test func decodesAndScoresFromTheProjectedStates() throws {
        let embedder = try AutoRegEmbedder(folder: EmbedderFixture.folder("llm2vec-gen"))
        let expected = try Expected.read()
        for text in expected.texts.prefix(8) {
            let (instruction, task) = try text.asked
            #expect(
                try embedder.decode(
                    text.text, instruction: instruction, task: task, maximumTokens: 12)
                    == text.decoded)
        }
        let scores = try embedder.score(
            query: "what makes lift?", documents: expected.scores.map(\.document))
        for (found, want) in zip(scores, expected.scores) {
            #expect(abs(found.logProbability - want.log_probability) < 1e-4)
        }
    }

    /// The head is applied to the states themselves, not to their projections.
    @Test func theLensShowsTheLikeliestTokens() throws {
        let embedder = try AutoRegEmbedder(folder: EmbedderFixture.folder("llm2vec-gen"))
        for text in try Expected.read().texts {
            let (instruction, task) = try text.asked
            let readings = try embedder.readCompressedTokens(
                of: text.text, instruction: instruction, task: task, count: 3)
            #expect(readings.map(\.token) == (0..<5).map { "<EMBED\($0)>" })
            #expect(readings.map { $0.likeliest.map(\.id) } == text.likeliest)
            for (found, want) in zip(readings.flatMap(\.likeliest), text.probabilities.joined()) {
                #expect(abs(found.probability - want) < 1e-5)
            }
        }
    }

    /// An adapter made on the model with its head has the rows under another name, and those of a
    /// tied head once more.
    @Test func readsRowsOfEitherName() throws {
        let folder = try EmbedderFixture.copy("llm2vec-gen")
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        func vector() throws -> [Float] {
            try AutoRegEmbedder(folder: folder).encode(["a wing"], instruction: .next)[0].vector
        }
        let own = try vector()
        for name in ["adapter_config.json", "adapter_model.safetensors"] {
            let file = folder.appendingPathComponent(name)
            try FileManager.default.removeItem(at: file)
            try FileManager.default.copyItem(
                at: EmbedderFixture.folder("llm2vec-gen-head").appendingPathComponent(name),
                to: file)
        }
        #expect(try vector() == own)
    }

    @Test func anotherPoolingPassesTheProjectionsBy() throws {
        let folder = try EmbedderFixture.folder("llm2vec-gen")
        var options = AutoRegEmbedder.Options()
        options.pooling = .mean
        let embedder = try AutoRegEmbedder(folder: folder, options: options)
        options.template = "{bos}{text}"
        let base = try AutoRegEmbedder(folder: EmbedderFixture.folder("base"), options: options)
        #expect(embedder.dimensions == 16)
        #expect(
            try embedder.encode(["a wing"], instruction: .none)
                == base.encode(["a wing"], instruction: .none))
    }

    @Test func fingerprintTakesInTheProjections() throws {
        let folder = try EmbedderFixture.copy("llm2vec-gen")
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        func fingerprint() throws -> String { try AutoRegEmbedder(folder: folder).modelFingerprint }
        let original = try fingerprint()
        let file = folder.appendingPathComponent("projections.safetensors")
        var data = try Data(contentsOf: file)
        data[data.count - 3] ^= 1
        try data.write(to: file)
        #expect(try fingerprint() != original)
    }

    @Test func refusesWhatIsNotAFolderOfTheMethod() throws {
        let folder = try EmbedderFixture.copy("llm2vec-gen")
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        func problem(_ settings: [String: Any]) throws -> String? {
            try JSONSerialization.data(withJSONObject: settings)
                .write(to: folder.appendingPathComponent("autoregembed.json"))
            do {
                _ = try AutoRegEmbedder(folder: folder)
                return nil
            } catch { return "\(error)" }
        }
        let good: [String: Any] = ["method": "llm2vec-gen", "compressed_tokens": 5]
        #expect(try problem(good) == nil)
        for (key, changes): (String, [String: Any]) in [
            ("method", ["method": "llm2vec"]), ("method", ["method": 1]),
            ("projections", ["method": "autoregembed", "projections": "projections.safetensors"]),
            ("projections", ["projections": 1]),
            ("other.safetensors", ["projections": "other.safetensors"]),
            // The default is ten tokens, of which the tokenizer has five.
            ("<EMBED5>", ["compressed_tokens": NSNull()]),
        ] {
            let found = try problem(good.merging(changes) { $1 })
            #expect(found?.contains(key) == true, "\(changes): \(found ?? "taken")")
        }
        // A projection of states of another width: base/ has 16.
        let file = folder.appendingPathComponent("projections.safetensors")
        var data = try Data(contentsOf: file)
        let header = try #require(data.range(of: Data("[6,16]".utf8)))
        data.replaceSubrange(header, with: Data("[16,6]".utf8))
        try data.write(to: file)
        #expect(try problem(good)?.contains("alignment.weight") == true)
    }
}
