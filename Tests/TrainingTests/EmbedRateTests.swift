import Foundation
import Tensors
import Testing
import TrainingTestSupport

@testable import Training

/// The learning rate of the compressed tokens' embeddings.
struct EmbedRateTests {
    private static let tiny = "tiny/model.safetensors"
    private static let table = "model.embed_tokens.weight"
    private static let adapterRows =
        "base_model.model.model.embed_tokens.token_adapter.trainable_tokens_delta"
    /// The tiny model's ids of `<EMBED0>` and `<EMBED1>`, its last.
    private static let first = 280

    /// How far a run moves every weight of the embedding matrix: those of the compressed tokens,
    /// and all others.
    private func moves(
        _ options: TrainingOptions, _ fixture: TrainingFixture
    ) throws -> (rows: [Float], others: [Float]) {
        _ = try fixture.losses(options)
        let before = try SafetensorsFile(path: TrainingFixture.path(Self.tiny))
            .tensor(named: Self.table)
        let cut = Self.first * before.shape[1]
        let old = before.floats()
        if options.adapterRank != nil {
            let new = try SafetensorsFile(path: options.output + "/adapter_model.safetensors")
                .tensor(named: Self.adapterRows).floats()
            return (zip(new, old[cut...]).map { $0 - $1 }, [])
        }
        let new = try SafetensorsFile(path: options.output + "/model.safetensors")
            .tensor(named: Self.table).floats()
        let all = zip(new, old).map { $0 - $1 }
        return (Array(all[cut...]), Array(all[..<cut]))
    }

    /// AdamW's first step is as long as its rate.
    @Test(arguments: [nil, 4] as [Int?], [TrainingStage.compress, .contrast])
    func theFirstStepIsAsLongAsItsRate(rank: Int?, stage: TrainingStage) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(stage)
        options.adapterRank = rank
        options.maximumSteps = 1
        options.weightDecay = 0
        options.learningRate = 1e-3
        let usual = try moves(options, fixture)
        options.compressedTokenLearningRate = 4e-3
        let own = try moves(options, fixture)
        #expect(own.others == usual.others)
        #expect(usual.rows.contains { abs($0) > 5e-4 })
        for (a, b) in zip(own.rows, usual.rows) { #expect(abs(a - 4 * b) < 1e-5) }
        options.compressedTokenLearningRate = 0
        #expect(try moves(options, fixture).rows.allSatisfy { $0 == 0 })
    }

    @Test func onlyTheRowsMoveIfTheOtherRateIsZero() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.compress)
        options.learningRate = 0
        options.compressedTokenLearningRate = 1e-2
        let moved = try moves(options, fixture)
        #expect(moved.others.allSatisfy { $0 == 0 })
        #expect(moved.rows.contains { $0 != 0 })
    }

    @Test(arguments: [nil, 4] as [Int?])
    func theSameRateWritesTheSameBytes(rank: Int?) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.compress)
        options.adapterRank = rank
        let usual = try fixture.losses(options)
        let name = rank == nil ? "/model.safetensors" : "/adapter_model.safetensors"
        let weights = try Data(contentsOf: URL(filePath: options.output + name))
        options.compressedTokenLearningRate = options.learningRate
        #expect(try fixture.losses(options) == usual)
        #expect(try Data(contentsOf: URL(filePath: options.output + name)) == weights)
    }

    @Test func rowsThatAreNotTrainedHaveNoRate() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var frozen = try fixture.options(.compress)
        frozen.frozen = ["model.embed_tokens"]
        let language = try fixture.options(.pretrain)
        var negative = try fixture.options(.compress)
        negative.compressedTokenLearningRate = -1
        for var options in [frozen, language, negative] {
            options.compressedTokenLearningRate = options.compressedTokenLearningRate ?? 1e-3
            #expect {
                try Trainer.run(options)
            } throws: { error in
                guard case TrainingError.badOption(let option, _) = error else { return false }
                return option == .compressedTokenLearningRate
            }
        }
    }
}
