import AutoRegEmbed
import Embedding
import RandomNumbers
import Training
import VectorDatabase

/// How long a run with a time limit may take for its parts.
extension TuneRun {
    /// Seconds that a stage may train: an equal part of what is left for the stages to come, each of
    /// which is also measured. Nil without a limit.
    func secondsLeft(for stage: TrainingStage) -> Double? {
        guard let limit = options.timeLimit else { return nil }
        let coming = stages.drop { $0 != stage }.count
        let measuring = max(
            journal.measurement(.before)?.seconds ?? 0, journal.encodingSeconds ?? 0)
        // The best stage's vectors are in the copy only if it is the last that was measured.
        let encodings = coming + (stages.count > 1 ? 1 : 0)
        let fitting = journal.search?.last?.seconds ?? 0
        let reserved = measuring * Double(encodings) + fitting
        return (limit - Self.seconds(since: began) - reserved) / Double(max(1, coming))
    }

    /// Seconds that encoding the collection takes, about, from a sample of its first documents: it has
    /// the model's vectors before training, so that the first measurement does not tell.
    func encodingSeconds(
        of collection: DocumentCollection, with embedder: AutoRegEmbedder
    ) async throws -> Double {
        let count = try collection.count()
        let looked = min(count, Self.mostSampledFrom)
        var texts: [String] = []
        var seen = 0
        for try await document in collection.export() {
            var generator = SeededGenerator(
                seed: options.seed, purpose: 11, SeededGenerator.hash(document.id))
            if generator.below(max(1, looked)) < Self.sampledTexts {
                texts.append(document.embeddedText)
            }
            seen += 1
            if seen == looked { break }
        }
        guard let first = texts.first else { return 0 }
        // The first text also makes the model ready.
        _ = try await embedder.embedDocuments([first])
        let began = ContinuousClock.now
        _ = try await embedder.embedDocuments(texts)
        return Self.seconds(since: began) * Double(count) / Double(texts.count)
    }

    private static let sampledTexts = 32
    private static let mostSampledFrom = 2048
}
