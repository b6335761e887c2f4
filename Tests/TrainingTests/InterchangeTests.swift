import AutoRegEmbed
import Foundation
import Testing
import TrainingTestSupport
import Training

/// Adapters that PEFT made (Fixtures/make_peft_fixture.py); Fixtures/check_interchange.py shows the
/// way back.
struct InterchangeTests {
    private struct Expected: Decodable {
        let text: String
        let next: [Float]
        let own: [Float]

        enum CodingKeys: String, CodingKey {
            case text, next
            case own = "self"
        }
    }

    private static func expected() throws -> [Expected] {
        let data = try Data(contentsOf: URL(filePath: TrainingFixture.path("peft.json")))
        return try JSONDecoder().decode([Expected].self, from: data)
    }

    private func check(_ folder: String) throws {
        let embedder = try AutoRegEmbedder(folder: URL(filePath: folder))
        for expected in try Self.expected() {
            for (instruction, want) in [
                (Instruction.next, expected.next), (.self_, expected.own),
            ] {
                let got = try embedder.encode([expected.text], instruction: instruction)[0].vector
                #expect(got.count == want.count)
                for (a, b) in zip(got, want) { #expect(abs(a - b) < 1e-5, "\(expected.text)") }
            }
        }
    }

    /// The folder holds the adapter and nothing else: model, tokenizer and settings are the base's.
    @Test func anAdapterThatPEFTMadeGivesTheSameVectors() throws {
        try check(TrainingFixture.path("peft"))
    }

    /// Trained on for no distance at all, and saved as ours, apart and merged.
    @Test(arguments: [false, true])
    func anAdapterThatPEFTMadeIsTrainedOn(merges: Bool) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.contrast, model: TrainingFixture.path("peft"))
        options.adapterRank = 3
        options.learningRate = 0
        options.merges = merges
        _ = try fixture.losses(options)
        try check(options.output)
    }

    /// All weights trained on from an adapter: what it adds is in them.
    @Test func anAdapterIsMergedWhereAllWeightsAreTrained() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.contrast, model: TrainingFixture.path("peft"))
        options.learningRate = 0
        _ = try fixture.losses(options)
        try check(options.output)
    }
}
