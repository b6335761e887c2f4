import TestSupport
import Testing
import Training
import TrainingTestSupport

/// Which settings a stage has by default.
@Suite struct RecipeTests {
    /// The recipe for SmolLM2-135M, whose 30 layers have 106 million weights, or for fewer layers.
    private func recipe(layers: Int, rank: Int?) throws -> TrainingRecipe {
        let folder = TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        _ = try folder.write(
            "config.json",
            """
            {"model_type": "llama", "hidden_size": 576, "intermediate_size": 1536, "vocab_size": 49152,
             "num_hidden_layers": \(layers), "num_attention_heads": 9, "num_key_value_heads": 3,
             "head_dim": 64, "hidden_act": "silu", "max_position_embeddings": 8192,
             "rms_norm_eps": 1e-5, "rope_theta": 100000.0, "tie_word_embeddings": true}
            """)
        return try TrainingRecipe(model: folder.path, base: nil, adapterRank: rank)
    }

    @Test func adaptersOfSmallLanguageModelsHaveTheirOwn() throws {
        #expect(try recipe(layers: 30, rank: 32) == .small)
        #expect(try recipe(layers: 30, rank: nil) == .paper)
        // The table of embeddings does not count: two layers are no language model.
        #expect(try recipe(layers: 2, rank: 32) == .paper)
        let tiny = try TrainingFixture.path("tiny")
        #expect(try TrainingRecipe(model: tiny, base: nil, adapterRank: 4) == .paper)
    }

    @Test(arguments: TrainingStage.allCases)
    func thePapersIsWhatOptionsBeginWith(stage: TrainingStage) {
        let new = TrainingOptions(stage: stage, model: "m", data: "d", output: "o", threads: 1)
        var options = new
        options.use(.small)
        let differs = [.compress, .align, .contrast].contains(stage)
        #expect((options != new) == differs)
        options.use(.paper)
        #expect(options == new)
    }
}
