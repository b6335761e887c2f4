import AutoRegEmbed
import Foundation
import Tensors
import Testing
import TrainingTestSupport
import Training

/// LoRA: what it trains, what it saves, who loads it. Fixtures/check_interchange.py shows it
/// to transformers and PEFT.
struct AdapterTests {
    /// - Returns: the options of the run, whose folder has the adapter.
    private func trainedAdapter(_ fixture: TrainingFixture) throws -> TrainingOptions {
        var options = try fixture.options(.contrast, output: "adapter")
        options.adapterRank = 4
        options.learningRate = 1e-2
        _ = try fixture.losses(options)
        return options
    }

    private func vector(_ folder: String) throws -> [Float] {
        try AutoRegEmbedder(folder: URL(filePath: folder))
            .encode(["the wing lifts"], instruction: .next)[0].vector
    }

    @Test func anAdapterBeginsAsNothingAndLearns() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.compress, output: "full")
        let full = try fixture.losses(options)
        options.output = fixture.output("adapter")
        options.adapterRank = 4
        options.maximumSteps = 40
        options.learningRate = 1e-2
        let losses = try fixture.losses(options)
        #expect(abs(losses[0] - full[0]) < 1e-6)
        // Four batches are an epoch.
        let (first, last) = (losses.prefix(4).reduce(0, +), losses.suffix(4).reduce(0, +))
        #expect(last < first - 1)
        let saved = try SafetensorsFile(path: options.output + "/model.safetensors")
        let original = try SafetensorsFile(path: TrainingFixture.path("tiny/model.safetensors"))
        for name in original.names {
            #expect(
                try saved.tensor(named: name).floats() == original.tensor(named: name).floats(),
                "\(name) is frozen")
        }
    }

    @Test func adapterAndMergedWeightsEmbedAlike() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try trainedAdapter(fixture)
        options.output = fixture.output("merged")
        options.merges = true
        _ = try fixture.losses(options)
        let files = FileManager.default
        #expect(files.fileExists(atPath: fixture.output("adapter/adapter_config.json")))
        #expect(!files.fileExists(atPath: fixture.output("merged/adapter_config.json")))
        let (apart, merged) = (
            try vector(fixture.output("adapter")), try vector(fixture.output("merged"))
        )
        let before = try vector(TrainingFixture.path("tiny"))
        let cosine = zip(apart, merged).reduce(Float(0)) { $0 + $1.0 * $1.1 }
        #expect(cosine > 0.99999)
        #expect(zip(apart, before).reduce(Float(0)) { $0 + $1.0 * $1.1 } < 0.999)
    }

    /// What predicts the next token is the language model, not the encoder that the adapter made of it.
    @Test func pretrainingGoesOnFromTheBase() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let options = try trainedAdapter(fixture)
        var pretraining = try fixture.options(.pretrain, output: "language")
        pretraining.model = options.output
        pretraining.learningRate = 0
        _ = try fixture.losses(pretraining)
        let saved = try SafetensorsFile(path: fixture.output("language/model.safetensors"))
        let base = try SafetensorsFile(path: fixture.output("adapter/model.safetensors"))
        for name in base.names {
            #expect(try saved.tensor(named: name).floats() == base.tensor(named: name).floats())
        }
    }

    /// The decoder beside an adapter is the base as it was: its softmax leaves out the rows that the
    /// compressed tokens were given.
    @Test func theDecoderKeepsItsVocabulary() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(
            .compress, model: TrainingFixture.path("bare"), output: "full")
        options.learningRate = 0
        let full = try fixture.losses(options)
        options.output = fixture.output("adapter")
        options.adapterRank = 4
        #expect(try fixture.losses(options) == full)
        options.model = options.output
        options.output = fixture.output("again")
        #expect(try fixture.losses(options) == full)
        func score(_ folder: String) throws -> Double {
            try AutoRegEmbedder(folder: URL(filePath: fixture.output(folder)))
                .score(query: "the wing", documents: ["air flows"])[0].logProbability
        }
        #expect(abs(try score("adapter") - score("full")) < 1e-3)
        #expect(abs(try score("again") - score("full")) < 1e-3)
    }

    /// A further stage trains the same adapter on.
    @Test func theNextStageContinuesTheAdapter() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.compress, output: "first")
        options.adapterRank = 4
        options.learningRate = 1e-2
        _ = try fixture.losses(options)
        var next = try fixture.options(.contrast, model: options.output, output: "second")
        next.learningRate = 0
        next.adapterRank = 4
        _ = try fixture.losses(next)
        #expect(try vector(fixture.output("second")) == vector(fixture.output("first")))
    }

    /// A model whose table has more rows than the tokenizer ids, as Qwen's. The compressed tokens get
    /// the first spare ones; these are the frozen decoder's, too, whose softmax runs over all rows.
    @Test(arguments: [true, false])
    func spareRowsStayTheDecoders(isTied: Bool) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let original = fixture.output("spare")
        try FileManager.default.copyItem(
            atPath: TrainingFixture.path("bare"), toPath: original)
        let file = try SafetensorsFile(path: TrainingFixture.path("bare/model.safetensors"))
        let table = try file.tensor(named: "model.embed_tokens.weight")
        // Eight more rows, not like the mean, and likely ones.
        let spare = (0..<8 * 16).map { (place: Int) -> Float in Float(place * 7 % 11 - 5) / 5 }
        var tensors = Dictionary(
            uniqueKeysWithValues: try file.names.map {
                ($0, (try file.tensor(named: $0).shape, try file.tensor(named: $0).floats()))
            })
        tensors["model.embed_tokens.weight"] = ([288, 16], table.floats() + spare)
        if !isTied {
            tensors["lm_head.weight"] = ([288, 16], table.floats().map { -$0 } + spare)
        }
        try SafetensorsWriter.write(
            to: original + "/model.safetensors",
            tensors: tensors.keys.sorted().map {
                .init(name: $0, shape: tensors[$0]?.0 ?? [], elementType: .float32)
            }
        ) { declaration, write in
            try (tensors[declaration.name]?.1 ?? []).withUnsafeBytes { try write($0) }
        }
        let configuration = try String(contentsOfFile: original + "/config.json", encoding: .utf8)
            .replacing("\"vocab_size\": 280", with: "\"vocab_size\": 288")
            .replacing(
                "\"tie_word_embeddings\": true", with: "\"tie_word_embeddings\": \(isTied)")
        try Data(configuration.utf8).write(to: URL(filePath: original + "/config.json"))

        var options = try fixture.options(.compress, model: original, output: "trained")
        options.adapterRank = 4
        options.learningRate = 1e-2
        _ = try fixture.losses(options)
        let written = try SafetensorsFile(path: options.output + "/model.safetensors")
        for name in ["model.embed_tokens.weight"] + (isTied ? [] : ["lm_head.weight"]) {
            #expect(try written.tensor(named: name).floats() == tensors[name]?.1, "\(name)")
        }
        // The new tokens' rows are the adapter's, and started from the mean of the table.
        let adapter = try SafetensorsFile(path: options.output + "/adapter_model.safetensors")
        let name = try #require(adapter.names.first { $0.contains("trainable_tokens") })
        let rows = try adapter.tensor(named: name)
        #expect(rows.shape == [2, 16])
        let values = table.floats()
        let mean = (0..<16).map { (column: Int) -> Float in
            var sum: Float = 0
            for row in 0..<280 { sum += values[row * 16 + column] }
            return sum / 280
        }
        // Four steps of 1e-2 at most away from it.
        #expect(zip(rows.floats(), mean + mean).allSatisfy { abs($0 - $1) < 0.05 })

        // D as it is loaded again scores as the model that it was in training.
        func scores(_ folder: String) throws -> [Double] {
            try AutoRegEmbedder(folder: URL(filePath: folder))
                .score(query: "the wing", documents: ["air flows", "a plane"])
                .map(\.logProbability)
        }
        let reloaded = try scores(options.output)
        let settings = options.output + "/autoregembed.json"
        var object = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: settings)))
                as? [String: Any])
        object["decoder"] = original
        try JSONSerialization.data(withJSONObject: object).write(to: URL(filePath: settings))
        #expect(try scores(options.output) == reloaded)
    }

    @Test func aModelWithoutCompressedTokensGetsThem() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(
            .compress, model: TrainingFixture.path("bare"), output: "grown")
        options.learningRate = 0
        _ = try fixture.losses(options)
        let before = try SafetensorsFile(path: TrainingFixture.path("bare/model.safetensors"))
            .tensor(named: "model.embed_tokens.weight")
        let after = try SafetensorsFile(path: fixture.output("grown/model.safetensors"))
            .tensor(named: "model.embed_tokens.weight")
        let (rows, width) = (before.shape[0], before.shape[1])
        #expect(after.shape == [rows + 2, width])
        let (old, new) = (before.floats(), after.floats())
        #expect(Array(new.prefix(old.count)) == old)
        for column in 0..<width {
            let mean =
                (0..<rows).reduce(0.0) { $0 + Double(old[$1 * width + column]) }
                / Double(rows)
            for row in rows..<rows + 2 {
                #expect(abs(Double(new[row * width + column]) - mean) < 1e-6)
            }
        }
        let config = try String(
            contentsOfFile: fixture.output("grown/config.json"), encoding: .utf8)
        #expect(config.contains("\"vocab_size\": \(rows + 2)"))
        let embedder = try AutoRegEmbedder(folder: URL(filePath: fixture.output("grown")))
        let tokens = embedder.inputTokens("the wing", instruction: .next)
        #expect(tokens.suffix(2) == [Int32(rows), Int32(rows + 1)])
    }
}
