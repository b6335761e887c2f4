import TextBytes
import Training
import VectorDatabase

/// Fitting how the collection is searched.
extension TuneRun {
    /// Fits how the collection is searched to the training queries: with the copy's vectors before
    /// training, and with the collection's own once it has a stage's model.
    mutating func fitSearch(_ point: TunePoint) async throws {
        guard options.fitsSearch else { return }
        let embedder = try model(at: point)
        let fingerprint = embedder.identity.fingerprint
        if journal.search?.contains(where: { $0.model == fingerprint }) == true { return }
        let copy = try point == .before ? tuner.openCopy(folder, embedder: embedder) : nil
        defer { try? copy?.database.close() }
        let collection = copy ?? tuner.collection
        guard try collection.recordedEmbedder?.fingerprint == fingerprint else {
            throw TuneError.resumedDifferently(.collectionModel)
        }
        let set = try collection.searchSettings
        // BM25's parameters hold with any model.
        let adopted = journal.search?.first(where: \.isAdopted)?.settings
        var current = adopted ?? set ?? .standard
        current.denseWeight =
            set?.denseWeight(forModel: fingerprint) ?? embedder.hybridWeight
            ?? Fusion().usualDenseWeight
        let texts = Dictionary(tuner.queries.map { (Identifier($0.id), $0.text) }) { $1 }
        // A model finds what it was trained on too well for a weight to be fitted to that.
        let spared = journal.split.validation?.map(\.id) ?? []
        let ids = (point == .before ? journal.split.training : []) + spared
        let training = ids.compactMap { id in
            texts[Identifier(id)].map {
                SearchGrid.Question(
                    id: id, text: $0, grades: tuner.judgments[Identifier(id)])
            }
        }
        let fit = try await SearchFit(
            training: training,
            heldOut: journal.split.heldOut.map {
                .init(id: $0.id, text: $0.text, grades: $0.grades)
            }, in: collection, current: current, model: fingerprint, seed: options.seed
        ) { [progress] in progress(.fittingSearch(done: $0, total: $1)) }
        journal.search = (journal.search ?? []) + [fit]
        try journal.save(folder.journal)
        progress(.fittedSearch(TuneReport.Search(fit)))
    }

    /// Sets the settings that help, fitted to the model that the collection has now. A weight that
    /// was fitted to the model before is not used.
    func applySearch() throws {
        guard let fit = journal.search?.last(where: \.isAdopted) else { return }
        try tuner.collection.setSearchSettings(fit.settings)
    }

    /// Whether the collection's model was replaced by that of a stage.
    var replacedBy: TrainingStage? {
        journal.replacement?.isDone == true ? journal.best?.stage : nil
    }
}
