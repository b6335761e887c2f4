import AutoRegEmbed
import Foundation
import Testing

@Suite struct EncodingTests {
    @Test(arguments: EmbedderFixture.names, [Pooling.compressed, .last, .mean])
    func equalsPyTorch(_ name: String, _ pooling: Pooling) throws {
        let fixture = try EmbedderFixture.read(name)
        var options = AutoRegEmbedder.Options()
        options.pooling = pooling
        let embedder = try AutoRegEmbedder(
            folder: EmbedderFixture.folder(name), options: options)
        for instruction in [Instruction.next, .self_, .none] {
            let texts = fixture.texts.filter { $0.asked == instruction }
            let encoded = try embedder.encode(texts.map(\.text), instruction: instruction)
            for (text, found) in zip(texts, encoded) {
                let tokens = pooling == .compressed ? text.tokens : text.tokens.dropLast(5)
                #expect(embedder.inputTokens(text.text, instruction: instruction) == tokens)
                #expect(found.tokenCount == tokens.count)
                #expect(cosine(found.vector, text.vector(pooling)) > 0.99999)
                let length = found.vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
                #expect(abs(length - 1) < 1e-5)
                #expect(found.isTruncated == (text.text.count > 600))
                let alone = try embedder.encode([text.text], instruction: instruction)
                #expect(alone == [found])
            }
        }
    }

    @Test(arguments: EmbedderFixture.names)
    func scoresAsPyTorchDoes(_ name: String) throws {
        let fixture = try EmbedderFixture.read(name)
        let embedder = try AutoRegEmbedder(folder: EmbedderFixture.folder(name))
        let documents = fixture.scores.map(\.document)
        let scores = try embedder.score(query: "what makes lift?", documents: documents)
        for (expected, found) in zip(fixture.scores, scores) {
            let difference = abs(found.logProbability - expected.log_probability)
            #expect(difference < 2e-5 * abs(expected.log_probability))
        }
        #expect(scores.last?.tokenCount == 1)
    }

    @Test(arguments: EmbedderFixture.names)
    func questionsAreAsLikelyAsPyTorchFindsThem(_ name: String) async throws {
        let fixture = try EmbedderFixture.read(name)
        let embedder = try AutoRegEmbedder(folder: EmbedderFixture.folder(name))
        let documents = fixture.questions.map(\.document)
        let found = try await embedder.questionLogProbabilities(
            of: " what makes lift?\n", given: documents)
        for (expected, found) in zip(fixture.questions, found) {
            #expect(abs(found - expected.log_probability) < 2e-5 * abs(expected.log_probability))
        }
        let nothing = try await embedder.questionLogProbabilities(of: " ", given: documents)
        #expect(nothing == documents.map { _ in 0 })
    }

    @Test func statesPoolToTheVector() throws {
        let embedder = try AutoRegEmbedder(folder: EmbedderFixture.folder("lora"))
        let states = try embedder.states("A wing.", instruction: .self_)
        #expect(states.count == 5 && states.allSatisfy { $0.count == embedder.dimensions })
        let mean = (0..<embedder.dimensions).map { column in
            states.reduce(0) { $0 + $1[column] } / 5
        }
        let vector = try embedder.encode(["A wing."], instruction: .self_)[0].vector
        #expect(cosine(mean, vector) > 0.999999)
    }

    @Test func bfloat16IsCloseToFloat32() throws {
        let texts = try EmbedderFixture.read("base").texts.map(\.text)
        var options = AutoRegEmbedder.Options()
        options.precision = .bfloat16
        let rounded = try AutoRegEmbedder(
            folder: EmbedderFixture.folder("base"), options: options)
        let exact = try AutoRegEmbedder(folder: EmbedderFixture.folder("base"))
        #expect(exact.precision == .float32)
        #expect(rounded.precision == .bfloat16)
        #expect(exact.identity.fingerprint != rounded.identity.fingerprint)
        for (a, b) in zip(
            try exact.encode(texts, instruction: .self_),
            try rounded.encode(texts, instruction: .self_))
        {
            #expect(cosine(a.vector, b.vector) > 0.999)
            #expect(a.vector != b.vector)
        }
    }

    /// Many texts, tokenised in parallel and packed: in order, and each as if it were alone.
    @Test func keepsTheOrderOfManyTexts() throws {
        var options = AutoRegEmbedder.Options()
        options.threads = 2
        let embedder = try AutoRegEmbedder(
            folder: EmbedderFixture.folder("base"), options: options)
        let texts = (0..<101).map { "text \($0) " + String(repeating: "x", count: $0 * 13 % 70) }
        let together = try embedder.encode(texts, instruction: .next)
        options.threads = 1
        let single = try AutoRegEmbedder(
            folder: EmbedderFixture.folder("base"), options: options)
        for (text, found) in zip(texts, together) {
            #expect(try single.encode([text], instruction: .next) == [found])
        }
        #expect(try embedder.encode([], instruction: .next).isEmpty)
    }

    @Test func cancels() throws {
        let embedder = try AutoRegEmbedder(folder: EmbedderFixture.folder("base"))
        #expect(throws: CancellationError.self) {
            try embedder.encode(["a"], instruction: .next, isCancelled: { true })
        }
    }

    @Test func generatesFromTheCompressedText() throws {
        let embedder = try AutoRegEmbedder(folder: EmbedderFixture.folder("lora"))
        let text = try embedder.decode("A wing.", instruction: .self_, maximumTokens: 9)
        #expect(try embedder.decode("A wing.", instruction: .self_, maximumTokens: 9) == text)
        #expect(try embedder.decode("A wing.", instruction: .self_, maximumTokens: 0).isEmpty)
    }

    /// The model in memory is the model in the folder.
    @Test func takesAModelInMemory() throws {
        let folder = try EmbedderFixture.folder("base")
        let adapter = try EmbedderFixture.folder("lora")
        func bytes(_ folder: URL, _ name: String) throws -> UnsafeRawBufferPointer {
            let data = try Data(contentsOf: folder.appendingPathComponent(name))
            // Lasts as long as the tests, as a resource must.
            let copy = UnsafeMutableRawBufferPointer.allocate(
                byteCount: data.count, alignment: 1)
            copy.copyBytes(from: data)
            return UnsafeRawBufferPointer(copy)
        }
        for hasAdapter in [false, true] {
            let resource = try ModelResource(
                name: "memory", weights: bytes(folder, "model.safetensors"),
                configuration: bytes(folder, "config.json"),
                tokenizer: bytes(folder, "tokenizer.json"),
                tokenizerConfiguration: bytes(folder, "tokenizer_config.json"),
                adapter: hasAdapter
                    ? (
                        bytes(adapter, "adapter_config.json"),
                        bytes(adapter, "adapter_model.safetensors")
                    ) : nil)
            let memory = try AutoRegEmbedder(resource: resource)
            let disk = try AutoRegEmbedder(folder: hasAdapter ? adapter : folder)
            #expect(memory.identity.fingerprint == disk.identity.fingerprint)
            #expect(memory.identity.path == nil && memory.identity.name == "memory")
            #expect(
                try memory.encode(["A wing."], instruction: .next)
                    == disk.encode(["A wing."], instruction: .next))
        }
    }
}
